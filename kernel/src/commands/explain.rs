//! The command `:explain`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:explain ERROR`
pub(super) struct Explain;

impl Command for Explain {
    fn name(&self) -> &'static str {
        "explain"
    }

    fn arguments(&self) -> &'static str {
        "[ERROR]"
    }

    fn summary(&self) -> &'static str {
        "explain an error of the compiler, or the last one there was"
    }

    fn details(&self) -> &'static str {
        "`:explain E0382`"
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let codes = match call.arguments {
            "" => last_codes(evaluator)?,
            arguments => arguments
                .split(|c: char| c.is_whitespace() || c == ',')
                .filter(|code| !code.is_empty())
                .map(normal)
                .collect::<Result<Vec<String>, Refusal>>()?,
        };
        let explained: Result<Vec<String>, Refusal> = codes
            .iter()
            .map(|code| {
                Ok(format!(
                    "## {code}\n\n{}",
                    runnable(&evaluator.explanation(code)?)
                ))
            })
            .collect();
        Ok(Answer::Markdown(explained?.join("\n\n")))
    }
}

fn last_codes(evaluator: &Turn) -> Result<Vec<String>, Refusal> {
    match evaluator.last_codes() {
        None => Err("there was no compile error yet; `:explain E0382` explains one".into()),
        Some([]) => Err("the last compile error has no code that could be explained".into()),
        Some(codes) => Ok(codes.to_owned()),
    }
}

/// `382`, `e382` and `E0382` are one.
fn normal(code: &str) -> Result<String, Refusal> {
    let digits = code.trim_start_matches(['E', 'e']);
    match digits.parse::<u32>() {
        Ok(number) if number < 10_000 => Ok(format!("E{number:04}")),
        _ => Err(format!("`{code}` is no code of an error; they look like `E0382`").into()),
    }
}

/// `markdown` with blocks in Rust, where the compiler has its own words for what they show.
fn runnable(markdown: &str) -> String {
    let mut is_within = false;
    let lines = markdown.lines().map(|line| {
        let Some(language) = line.strip_prefix("```") else {
            return line;
        };
        is_within = !is_within;
        match language {
            "text" | "toml" | "sh" => line,
            _ if is_within => "```rust",
            _ => "```",
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
