//! The card of a delayed call: which function, on what.

use std::fmt::Write;

use dagbok::delayed::DelayedNode;
use dagbok::display::MimeBundle;
use dagbok::engine::CollectionRef;

use super::TABLE_STYLE;
use super::format::counted;
use super::text::escape;

const INPUTS_MAX: usize = 8;

/// What a card says of a delayed call.
pub struct DelayedView {
    pub function: String,
    pub key: String,
    /// The names of its arguments that are lazy themselves.
    pub inputs: Vec<String>,
    /// The line that made the call.
    pub site: String,
}

impl DelayedView {
    /// The view of `node`.
    pub fn of(node: &DelayedNode) -> Self {
        DelayedView {
            function: node.name().operation().to_owned(),
            key: node.name().to_string(),
            inputs: node
                .inputs()
                .map(|input| {
                    let kind = match input {
                        CollectionRef::Array(_) => "array",
                        CollectionRef::Frame(_) => "frame",
                        CollectionRef::Delayed(_) => "delayed",
                    };
                    format!("{} ({kind})", input.name().operation())
                })
                .collect(),
            site: node.site().to_string(),
        }
    }

    fn input_text(&self) -> String {
        if self.inputs.is_empty() {
            return "nothing lazy".to_owned();
        }
        let mut text = self.inputs[..self.inputs.len().min(INPUTS_MAX)].join(", ");
        if self.inputs.len() > INPUTS_MAX {
            let _ = write!(text, ", … {} more", self.inputs.len() - INPUTS_MAX);
        }
        text
    }
}

/// A small table of function, key and arguments.
pub fn bundle(call: &DelayedView) -> MimeBundle {
    let plain = format!(
        "Delayed call of `{}`\n  key    {}\n  takes  {}\n  made   {}",
        call.function,
        call.key,
        call.input_text(),
        call.site
    );
    let html = format!(
        "{TABLE_STYLE}<div class=\"dagbok\"><table><thead><tr><th style=\"text-align:left\">Delayed</th><th style=\"text-align:left\">{}</th></tr></thead><tbody>\
         <tr><th style=\"text-align:left\">Key</th><td style=\"text-align:left\">{}</td></tr>\
         <tr><th style=\"text-align:left\">Takes</th><td style=\"text-align:left\" title=\"{}\">{}</td></tr>\
         <tr><th style=\"text-align:left\">Made in</th><td style=\"text-align:left\">{}</td></tr></tbody></table></div>",
        escape(&call.function),
        escape(&call.key),
        counted(call.inputs.len(), "lazy argument"),
        escape(&call.input_text()),
        escape(&call.site),
    );
    MimeBundle::plain(plain).with("text/html", html)
}
