//! The card of a future: what it computes, and what has become of it.

use dagbok::display::MimeBundle;
use dagbok::engine::Submitted;
use dagbok::future::FutureStatus;

use super::TABLE_STYLE;
use super::format::bytes;
use super::text::escape;

/// What a card says of a future.
pub struct FutureView {
    pub function: String,
    pub key: String,
    pub status: FutureStatus,
    /// The line that submitted it.
    pub site: String,
    /// What it has come to: the type and size of the value, or the error.
    pub outcome: Option<String>,
}

impl FutureView {
    /// The view of `future`, as it is now.
    pub fn of(future: &dyn Submitted) -> Self {
        let outcome = future.outcome().map(|outcome| match outcome {
            Ok(value) => {
                let type_name = dagbok::value::short_type(value.type_name());
                format!("{type_name}, {}", bytes(value.bytes() as u128))
            }
            Err(error) => error.to_string(),
        });
        FutureView {
            function: future.key().operation().to_owned(),
            key: future.key().to_string(),
            // After the outcome, so that what is done has one.
            status: match outcome {
                Some(_) => future.status(),
                None => unfinished(future.status()),
            },
            site: future.site().to_string(),
            outcome,
        }
    }

    /// What the outcome is called.
    fn outcome_word(&self) -> &'static str {
        match self.status {
            FutureStatus::Error => "error",
            FutureStatus::Cancelled => "reason",
            FutureStatus::Pending | FutureStatus::Processing | FutureStatus::Finished => "value",
        }
    }
}

/// What has been done since the outcome was looked for is shown at the next look.
fn unfinished(status: FutureStatus) -> FutureStatus {
    match status.is_done() {
        true => FutureStatus::Processing,
        false => status,
    }
}

/// A sign for those who look, before the word.
fn sign(status: FutureStatus) -> &'static str {
    match status {
        FutureStatus::Pending => "…",
        FutureStatus::Processing => "▶",
        FutureStatus::Finished => "✓",
        FutureStatus::Error => "✗",
        FutureStatus::Cancelled => "■",
    }
}

/// A small table of function, status, key and outcome.
pub fn bundle(future: &FutureView) -> MimeBundle {
    let word = future.outcome_word();
    let mut plain = format!(
        "Future of `{}`\n  status {} {}\n  key    {}\n  made   {}",
        future.function,
        sign(future.status),
        future.status,
        future.key,
        future.site
    );
    let cell = |name: &str, text: &str| {
        format!(
            "<tr><th style=\"text-align:left\">{name}</th><td style=\"text-align:left\">{}</td></tr>",
            escape(text)
        )
    };
    let mut rows = cell("Key", &future.key) + &cell("Made in", &future.site);
    if let Some(outcome) = &future.outcome {
        plain.push_str(&format!(
            "\n  {word:<6} {}",
            outcome.replace('\n', "\n         ")
        ));
        let mut name = word.to_owned();
        name[..1].make_ascii_uppercase();
        rows.push_str(&cell(&name, outcome));
    }
    let html = format!(
        "{TABLE_STYLE}<div class=\"dagbok\" role=\"group\" aria-label=\"future\"><table><thead>\
         <tr><th style=\"text-align:left\">Future</th><th style=\"text-align:left\">{}</th></tr></thead><tbody>\
         <tr><th style=\"text-align:left\">Status</th><td style=\"text-align:left\">{} <b>{}</b></td></tr>{rows}</tbody></table></div>",
        escape(&future.function),
        sign(future.status),
        future.status,
    );
    MimeBundle::plain(plain).with("text/html", html)
}
