//! One widget on this side: its comm, its members, and who is to hear of changes.

use std::sync::{Arc, Mutex};

use super::kind::{Kind, LAYOUT, View};
use super::state::State;
use super::{Layout, Style, UPDATE_PERIOD, Widget, control};
use crate::comm::{Callbacks, Comm, Json, Later, Message, Received, lock, sink};
use crate::raise::raise;
use crate::{Error, ErrorKind, cancel, json};

/// What all handles of a widget share.
pub(crate) struct Core {
    pub(crate) kind: &'static Kind,
    pub(crate) comm: Comm,
    pub(crate) state: Mutex<State>,
    /// What is in it, if it is a box.
    pub(crate) children: Mutex<Vec<Widget>>,
    /// The models of its layout and its style.
    layout: Mutex<Option<Arc<Core>>>,
    style: Mutex<Option<Arc<Core>>>,
    /// The person has changed the value.
    changed: Callbacks<Json>,
    /// The person has clicked it, or entered a text.
    acted: Callbacks<Json>,
}

/// A widget that is still being described.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) kind: &'static Kind,
    pub(crate) members: Vec<(String, Json)>,
    pub(crate) layout: Option<Layout>,
    pub(crate) style: Option<Style>,
}

impl Draft {
    pub(crate) fn new(kind: &'static Kind) -> Self {
        Draft {
            kind,
            members: Vec::new(),
            layout: None,
            style: None,
        }
    }

    pub(crate) fn set(&mut self, key: &str, value: Json) {
        self.members.retain(|(name, _)| name != key);
        self.members.push((key.to_owned(), value));
    }

    /// # Panics
    /// If its bounds are the wrong way round.
    #[track_caller]
    pub(crate) fn build(&self) -> Widget {
        let mut state = State::default();
        for (key, value) in identity(self.kind) {
            state.put(key, value.into());
        }
        for (key, value) in &self.members {
            state.set(key, value.clone());
        }
        let (min, max) = (state.get("min"), state.get("max"));
        if matches!((min.as_f64(), max.as_f64()), (Some(min), Some(max)) if min > max) {
            let name = self.kind.name;
            let text = format!("the `min` of this `{name}` is {min}, above its `max`, {max}");
            raise(Error::new(ErrorKind::Value, text));
        }
        let layout = self
            .layout
            .as_ref()
            .map(|layout| part(&LAYOUT, &layout.members));
        let style = self.kind.style.zip(self.style.as_ref());
        let style = style.map(|(kind, style)| part(kind, &style.members));
        for (key, part) in [("layout", &layout), ("style", &style)] {
            if let Some(part) = part {
                state.put(key, reference(part.comm.id()));
            }
        }
        state.forget_unsent();
        let core = open(self.kind, state);
        *lock(&core.layout) = layout;
        *lock(&core.style) = style;
        Widget(core.into())
    }
}

/// A layout or a style.
fn part(kind: &'static Kind, members: &[(String, Json)]) -> Arc<Core> {
    let mut state = State::default();
    for (key, value) in identity(kind) {
        state.put(key, value.into());
    }
    for (key, value) in members {
        state.put(key, value.clone());
    }
    open(kind, state)
}

fn open(kind: &'static Kind, state: State) -> Arc<Core> {
    let data = json!({"state": state.members(), "buffer_paths": []});
    let comm = Comm::open_with(
        control::WIDGET_TARGET,
        Message {
            metadata: json!({"version": "2.1.0"}),
            ..Message::from(data)
        },
    );
    let core = Arc::new(Core {
        kind,
        comm,
        state: Mutex::new(state),
        children: Mutex::default(),
        layout: Mutex::default(),
        style: Mutex::default(),
        changed: Callbacks::default(),
        acted: Callbacks::default(),
    });
    control::add(&core);
    let (hears, ends) = (core.clone(), core.clone());
    core.comm
        .on_message(move |message| hears.hear(&message.data));
    core.comm.on_close(move |_| control::remove(&ends));
    core
}

/// By what the front end knows which model to make.
fn identity(kind: &'static Kind) -> [(&'static str, String); 6] {
    let (view_package, view) = match kind.view {
        View::Of(view) => (kind.package, view),
        View::Style => (super::kind::Package::Base, "StyleView"),
    };
    [
        ("_model_name", format!("{}Model", kind.name)),
        ("_model_module", kind.package.name().to_owned()),
        ("_model_module_version", kind.package.version().to_owned()),
        ("_view_name", view.to_owned()),
        ("_view_module", view_package.name().to_owned()),
        ("_view_module_version", view_package.version().to_owned()),
    ]
}

/// How one widget names another.
pub(crate) fn reference(model_id: &str) -> Json {
    Json::Text(format!("IPY_MODEL_{model_id}"))
}

impl Core {
    pub(crate) fn get(&self, key: &str) -> Json {
        lock(&self.state).get(key).clone()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        let state = lock(&self.state);
        state.get(key).as_str().unwrap_or_default().to_owned()
    }

    /// Sets a member here and, at once or in a moment, in the front end.
    pub(crate) fn set(self: &Arc<Self>, key: &str, value: Json) {
        self.change(|state| state.set(key, value));
    }

    /// Lets `change` change members; it says whether there is something to tell.
    pub(crate) fn change(self: &Arc<Self>, change: impl FnOnce(&mut State) -> bool) {
        let mut state = lock(&self.state);
        if !change(&mut state) || state.is_due {
            return;
        }
        let is_soon = state
            .sent_at
            .is_some_and(|sent_at| sent_at.elapsed() < UPDATE_PERIOD);
        match sink().filter(|_| is_soon) {
            Some(sink) => {
                state.is_due = true;
                drop(state);
                sink.later(self.clone());
            }
            None => self.send(&mut state),
        }
    }

    /// Sends what the front end has not heard of. Under the lock, so that nothing overtakes what is newer.
    fn send(&self, state: &mut State) {
        if let Some(members) = state.take_unsent() {
            self.update("update", members);
        }
    }

    /// A comm that is closed has nobody to hear of changes.
    fn update(&self, method: &str, members: Json) {
        let update = json!({"method": method, "state": members, "buffer_paths": []});
        let _ = self.comm.send(update);
    }

    /// Takes in what the front end says.
    fn hear(&self, data: &Json) {
        match data["method"].as_str() {
            Some("update") => self.take_in(data["state"].as_object().unwrap_or_default()),
            Some("request_state") => {
                let mut state = lock(&self.state);
                state.take_unsent();
                self.update("update", state.members());
            }
            Some("custom") => go_on(self.acted.call(&data["content"])),
            _ => {}
        }
    }

    fn take_in(&self, members: &[(String, Json)]) {
        let mut state = lock(&self.state);
        let before = self.kind.value.map(|key| state.get(key).clone());
        state.take_in(members);
        // Other front ends on the same notebook hear of it too.
        self.update("echo_update", Json::Object(members.to_vec()));
        self.send(&mut state);
        let after = self.kind.value.map(|key| state.get(key).clone());
        drop(state);
        if before != after
            && let Some(value) = after
        {
            go_on(self.changed.call(&value));
        }
    }

    pub(crate) fn on_change(&self, callback: Box<dyn FnMut(&Json) + Send>) {
        self.changed.add(callback);
    }

    pub(crate) fn on_act(&self, callback: Box<dyn FnMut(&Json) + Send>) {
        self.acted.add(callback);
    }

    pub(crate) fn set_layout(self: &Arc<Self>, layout: Layout) {
        self.set_part("layout", &self.layout, &LAYOUT, &layout.members);
    }

    pub(crate) fn set_style(self: &Arc<Self>, style: Style) {
        if let Some(kind) = self.kind.style {
            self.set_part("style", &self.style, kind, &style.members);
        }
    }

    fn set_part(
        self: &Arc<Self>,
        key: &str,
        slot: &Mutex<Option<Arc<Core>>>,
        kind: &'static Kind,
        members: &[(String, Json)],
    ) {
        let mut slot = lock(slot);
        if let Some(part) = &*slot {
            return part.change(|state| {
                let changes = members
                    .iter()
                    .map(|(key, value)| state.set(key, value.clone()));
                changes.fold(false, |any, change| any | change)
            });
        }
        let part = part(kind, members);
        self.set(key, reference(part.comm.id()));
        *slot = Some(part);
    }

    /// Ends it in the front end and here.
    pub(crate) fn close(&self) {
        self.comm.close(json!({}));
        control::remove(self);
        let parts = [lock(&self.layout).take(), lock(&self.style).take()];
        parts.iter().flatten().for_each(|part| part.close());
        self.changed.clear();
        self.acted.clear();
        lock(&self.children).clear();
    }
}

/// An interrupt ends not only the callback but whatever called it.
fn go_on(received: Received) {
    if received == Received::Interrupted {
        cancel::unwind();
    }
}

impl Later for Core {
    fn now(&self) {
        let mut state = lock(&self.state);
        state.is_due = false;
        self.send(&mut state);
    }
}
