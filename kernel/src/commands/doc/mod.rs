//! The command `:doc`: what is written about a name, wherever it comes from: a cell, Dagbok, or Rust itself.

mod face;
mod html;
mod source;
mod standard;

use super::show::fenced;
use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;
use source::Entry;

/// `:doc NAME`
pub(super) struct Doc;

/// Crates whose documentation is not on this machine.
const ELSEWHERE: &[&str] = &["polars", "ndarray", "plotters", "rayon", "rand"];

impl Command for Doc {
    fn name(&self) -> &'static str {
        "doc"
    }

    fn arguments(&self) -> &'static str {
        "NAME"
    }

    fn summary(&self) -> &'static str {
        "show the documentation of a function, type, method, macro, keyword or variable"
    }

    fn details(&self) -> &'static str {
        "`:doc Vec::push`, `:doc Frame`, `:doc match`, `:doc v.push` for a method of the variable `v`. `?Vec::push` shows the same, \
         in a pager where the front end has one."
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let asked = call.arguments.trim_end_matches('?').trim();
        if asked.is_empty() {
            return Err("`:doc` takes a name: `:doc Vec::push`".into());
        }
        let name = of_variable(asked, evaluator)?.unwrap_or_else(|| asked.to_owned());
        let name = name.trim_end_matches("()");
        let is_macro = name.ends_with('!');
        let path: Vec<&str> = name.trim_end_matches('!').split("::").collect();
        if path.iter().any(|segment| !is_name(segment)) {
            return Err(
                format!("`{asked}` is no name; `:doc` takes one, as in `:doc Vec::push`").into(),
            );
        }
        if let Some(answer) = find(&path, is_macro, evaluator) {
            return Ok(answer);
        }
        let sentence = match path[0] {
            root if ELSEWHERE.contains(&root) => format!(
                "the documentation of `{root}` is not on this machine; it is at https://docs.rs/{root}"
            ),
            _ if standard::folder(evaluator).is_none() => format!(
                "nothing is known of `{asked}`, and Rust's own documentation is not installed (`rustup component add \
                 rust-docs`); https://doc.rust-lang.org/stable/std/?search={} searches it",
                path.join("%3A%3A")
            ),
            _ => format!(
                "nothing is known of `{asked}`; https://doc.rust-lang.org/stable/std/?search={} searches Rust's own \
                 documentation",
                path.join("%3A%3A")
            ),
        };
        Err(sentence.into())
    }
}

fn find(path: &[&str], is_macro: bool, evaluator: &Turn) -> Option<Answer> {
    let of_cells = || {
        let sources = evaluator.item_sources();
        let entries: Vec<Entry> = sources.flat_map(source::entries).collect();
        // The newest is the last.
        let newest = entries.into_iter().rev().find(|entry| entry.is_at(path))?;
        Some(written(&newest))
    };
    let of_face = || Some(written(&face::find(path)?));
    let of_standard = || standard::find(path, is_macro, evaluator).map(Answer::Markdown);
    of_cells().or_else(of_face).or_else(of_standard)
}

fn written(entry: &Entry) -> Answer {
    let docs = match entry.docs.trim() {
        "" => "*nothing is written about it*".to_owned(),
        docs => docs.to_owned(),
    };
    let signature = match entry.signature.as_str() {
        "" => String::new(),
        signature => fenced("rust", signature) + "\n\n",
    };
    Answer::Markdown(signature + &docs)
}

/// The path of `v.method` or `v` by the type of the variable `v`.
fn of_variable(asked: &str, evaluator: &Turn) -> Result<Option<String>, Refusal> {
    let (name, method) = match asked.split_once('.') {
        Some((name, method)) => (name.trim(), Some(method.trim())),
        None => (asked, None),
    };
    let variable = evaluator.variables().find(|(own, _)| *own == name);
    match (variable, method) {
        (Some((_, variable)), Some(method)) => Ok(Some(format!(
            "{}::{method}",
            type_path(&variable.type_name)
        ))),
        (Some((_, variable)), None) => Ok(Some(type_path(&variable.type_name).to_owned())),
        (None, Some(_)) => Err(format!("there is no variable `{name}`").into()),
        (None, None) => Ok(None),
    }
}

/// `Vec` for `Vec<f64>`, `std::str` for `&str`, `std::slice` for `&[u8]`.
fn type_path(type_name: &str) -> &str {
    let mut name = type_name.trim_start_matches('&').trim();
    if let Some((lifetime, rest)) = name.split_once(' ')
        && (lifetime.starts_with('\'') || lifetime == "mut")
    {
        name = rest;
    }
    match name.chars().next() {
        Some('[') if name.contains(';') => "std::array",
        Some('[') => "std::slice",
        Some('(') if name == "()" => "std::unit",
        Some('(') => "std::tuple",
        Some('*') => "std::pointer",
        _ if name.starts_with("fn(") => "std::fn",
        _ if name == "str" => "std::str",
        _ => name.split('<').next().unwrap_or(name),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_paths() {
        let check = |name, expected| assert_eq!(type_path(name), expected);
        check("Vec<Option<f64>>", "Vec");
        check("&'static str", "std::str");
        check("&mut [u8]", "std::slice");
        check("[u8; 3]", "std::array");
        check("fn(i32) -> i32", "std::fn");
        check("Array", "Array");
    }
}
