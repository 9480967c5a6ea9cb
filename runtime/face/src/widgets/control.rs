//! All widgets of this process, for front ends that connect to a notebook which has some already.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::core::Core;
use crate::comm::{Comm, Json, lock, register_target};
use crate::json;

/// What front ends register for the models of widgets.
pub(super) const WIDGET_TARGET: &str = "jupyter.widget";

/// What front ends with the extension of ipywidgets open when they connect.
const CONTROL_TARGET: &str = "jupyter.widget.control";

/// In the order in which they were made: what is in a box comes before it.
static WIDGETS: Mutex<Vec<Arc<Core>>> = Mutex::new(Vec::new());
static ARE_ALIVE: AtomicBool = AtomicBool::new(false);

/// Whether a front end has said that it shows widgets alive.
pub fn are_alive() -> bool {
    ARE_ALIVE.load(Ordering::Relaxed)
}

/// Tells front ends of the widgets that there are, when they ask; the session calls this when it starts. With `alive` it
/// is known already that one of them shows widgets.
pub fn serve(alive: bool) {
    ARE_ALIVE.store(alive, Ordering::Relaxed);
    register_target(CONTROL_TARGET, |comm, _| {
        ARE_ALIVE.store(true, Ordering::Relaxed);
        let answers = comm.clone();
        comm.on_message(move |message| {
            if message.data["method"].as_str() == Some("request_states") {
                tell_all(&answers);
            }
        });
    });
}

/// A front end that has gone again cannot be told.
fn tell_all(comm: &Comm) {
    let widgets = lock(&WIDGETS).clone();
    let states = widgets.into_iter().map(|widget| {
        let state = lock(&widget.state).members();
        let description = json!({
            "model_name": &state["_model_name"],
            "model_module": &state["_model_module"],
            "model_module_version": &state["_model_module_version"],
            "state": state,
        });
        (widget.comm.id().to_owned(), description)
    });
    let states = Json::Object(states.collect());
    let _ = comm.send(json!({"method": "update_states", "states": states, "buffer_paths": []}));
}

pub(super) fn add(widget: &Arc<Core>) {
    lock(&WIDGETS).push(widget.clone());
}

pub(super) fn remove(widget: &Core) {
    let mut widgets = lock(&WIDGETS);
    let place = widgets
        .iter()
        .position(|known| std::ptr::eq(&**known, widget));
    let removed = place.map(|place| widgets.remove(place));
    drop(widgets);
    drop(removed);
}
