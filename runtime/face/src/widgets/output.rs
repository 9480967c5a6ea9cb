//! A widget that shows what a cell would.

use super::Widget;
use super::core::Draft;
use super::kind;
use super::simple::handle;
use crate::comm::{Json, lock};
use crate::display::{MimeBundle, Render};
use crate::json;

/// A place for text and displays, anywhere among other widgets; callbacks write there, also long after their cell has ended.
///
/// ```
/// use dagbok::display::MimeBundle;
/// use dagbok::widgets::Output;
///
/// let output = Output::new();
/// output.print("one line\n");
/// output.append(&MimeBundle::plain("a picture"));
/// output.clear();
/// ```
#[derive(Clone)]
pub struct Output(Widget);

impl Output {
    /// An empty one.
    #[expect(
        clippy::new_without_default,
        reason = "a widget is on the screen from now on"
    )]
    pub fn new() -> Self {
        let mut draft = Draft::new(&kind::OUTPUT);
        draft.set("msg_id", Json::Text(String::new()));
        draft.set("outputs", Json::List(Vec::new()));
        Output(draft.build())
    }

    /// Adds text; it is put behind text that was added before.
    pub fn print(&self, text: &str) {
        self.push_text(text);
    }

    /// Adds what `value` looks like.
    pub fn append(&self, value: &(impl Render + ?Sized)) {
        self.push(display(&value.render()));
    }

    /// Shows `value` in place of all that there is.
    pub fn replace(&self, value: &(impl Render + ?Sized)) {
        let shown = display(&value.render());
        self.0.0.set("outputs", Json::List(vec![shown]));
    }

    /// Removes everything.
    pub fn clear(&self) {
        self.0.0.set("outputs", Json::List(Vec::new()));
    }

    fn push_text(&self, text: &str) {
        self.change(
            |outputs| match outputs.last().filter(|last| is_text(last)) {
                Some(last) => {
                    let text = format!("{}{text}", last["text"].as_str().unwrap_or_default());
                    outputs.pop();
                    outputs.push(stream(text));
                }
                None => outputs.push(stream(text.to_owned())),
            },
        );
    }

    fn push(&self, output: Json) {
        self.change(|outputs| outputs.push(output));
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Json>)) {
        self.0.0.change(|state| {
            let mut outputs = state.get("outputs").as_list().unwrap_or_default().to_vec();
            change(&mut outputs);
            state.set("outputs", Json::List(outputs))
        });
    }
}

handle!(Output);

fn is_text(output: &Json) -> bool {
    output["output_type"].as_str() == Some("stream")
}

fn stream(text: String) -> Json {
    json!({"output_type": "stream", "name": "stdout", "text": text})
}

fn display(bundle: &MimeBundle) -> Json {
    let data = bundle.iter().map(|(mime, data)| {
        let is_json = mime == "application/json" || mime.ends_with("+json");
        let data = match data.parse() {
            Ok(json) if is_json => json,
            _ => Json::from(data),
        };
        (mime.to_owned(), data)
    });
    let data = Json::Object(data.collect());
    json!({"output_type": "display_data", "data": data, "metadata": {}})
}

/// What is in it, as text and as HTML.
pub(super) fn texts(widget: &super::Core) -> Vec<(String, Option<String>)> {
    let state = lock(&widget.state);
    let outputs = state.get("outputs").as_list().unwrap_or_default();
    let texts = outputs.iter().map(|output| {
        let data = &output["data"];
        let text = output["text"].as_str().or(data["text/plain"].as_str());
        let html = data["text/html"].as_str().map(str::to_owned);
        (text.unwrap_or_default().to_owned(), html)
    });
    texts.collect()
}
