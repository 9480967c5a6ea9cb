//! The command `:history`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::{Turn, Typed};

/// `:history`
pub(super) struct History;

impl Command for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["hist"]
    }

    fn arguments(&self) -> &'static str {
        "[N|A-B|-N]"
    }

    fn summary(&self) -> &'static str {
        "show the cells so far, one of them, some of them, or the last ones"
    }

    fn details(&self) -> &'static str {
        "`:history 3` shows cell 3, `:history 3-5` the cells 3, 4 and 5, `:history -2` the last two."
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let all = evaluator.typed();
        let chosen: Vec<&Typed> = match Choice::parse(call.arguments)? {
            Choice::All => all.iter().collect(),
            Choice::Last(n) => all.iter().skip(all.len().saturating_sub(n)).collect(),
            Choice::Between(first, last) => all
                .iter()
                .filter(|typed| (first..=last).contains(&typed.number))
                .collect(),
        };
        if chosen.is_empty() {
            return Ok(Answer::Text(match call.arguments {
                "" => "there are no cells yet".to_owned(),
                _ => format!("there is no cell `{}`", call.arguments),
            }));
        }
        let listed: Vec<String> = chosen.into_iter().map(listed).collect();
        Ok(Answer::Text(listed.join("\n")))
    }
}

/// Which cells to show.
#[derive(Debug, PartialEq, Eq)]
enum Choice {
    All,
    Last(usize),
    Between(u32, u32),
}

impl Choice {
    fn parse(text: &str) -> Result<Choice, Refusal> {
        let wrong = || {
            format!(
                "`:history` takes a cell's number, two with a `-` between, or `-N` for the last N; `{text}` is neither"
            )
        };
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wrong());
        if text.is_empty() {
            return Ok(Choice::All);
        }
        match text.split_once('-') {
            None => number(text).map(|n| Choice::Between(n, n)),
            Some(("", last)) => number(last).map(|n| Choice::Last(n as usize)),
            Some((first, last)) => Ok(Choice::Between(number(first)?, number(last)?)),
        }
        .map_err(Refusal::from)
    }
}

/// The lines of a cell, behind its number.
fn listed(typed: &Typed) -> String {
    let number = typed.number.to_string();
    let failed = if typed.succeeded { "" } else { "  // failed" };
    let mut lines = typed.code.trim_end().lines();
    let first = lines.next().unwrap_or_default();
    let mut text = format!("{number}: {first}{failed}");
    for line in lines {
        text += &format!("\n{}  {line}", " ".repeat(number.len()));
    }
    text
}
