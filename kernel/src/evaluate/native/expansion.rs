//! `:expand`: a person's code with its macros expanded, without what Dagbok puts around it.

use std::collections::BTreeSet;

use super::compile::{Again, Request};
use super::failure;
use super::generate::Import;
use super::run::Object;
use super::source::Source;
use super::turn::Turn;
use crate::commands::Refusal;
use crate::evaluate::Cell;

const PRELUDE: &str = "use ::dagbok::prelude::*;\n";

/// The function around the code; the compiler prints it at the start of a line.
const OPENING: &str = "fn __dagbok() {";

impl Turn {
    /// `code` of `cell` with its macros expanded; only its macros and its syntax must be right.
    ///
    /// # Errors
    /// What the compiler says of a macro that is not there or does not match.
    pub(crate) fn expand(&mut self, cell: &Cell, code: &str) -> Result<String, Refusal> {
        let (split, idx, crate_name) = self.take_apart(cell.number, code)?;
        let needs = self.items.needs(&split, false, |_| true);
        let mut source = Source::default();
        source.glue("#![allow(unused)]\n");
        source.glue(PRELUDE);
        for import in &needs.imports {
            if let Import::Use(declaration) = import {
                source.glue(declaration);
            }
            source.glue("\n");
        }
        source.glue(OPENING);
        source.glue("\n");
        source.verbatim(idx, code, 0);
        source.glue("\n}\n");
        let linked = self.dependencies.linked(&needs.mentions, &BTreeSet::new());
        let mut crates = self
            .carried(&needs.mentions)
            .map_err(|error| failure::internal(&error))?;
        crates.extend(linked.externs);
        let cells: Vec<String> = needs.cells.iter().cloned().collect();
        let any_cell = |needs: fn(&Object) -> bool| {
            let mut objects = cells.iter().filter_map(|cell| self.objects.get(cell));
            objects.any(needs)
        };
        let needs_engine = !crates.is_empty() || any_cell(|object| object.needs_engine);
        let needs_dependencies =
            !linked.objects.is_empty() || any_cell(|object| object.needs_dependencies);
        let request = Request {
            cells: &cells,
            crates: &crates,
            dependencies: needs_dependencies.then(|| self.dependencies.folder()),
            needs_engine,
            ..Request::alone(&crate_name, source.text())
        };
        let expanded = self.compiler.expand(&request, &self.control);
        match expanded.map_err(|error| failure::internal(&error))? {
            Again::Done(text) => Ok(inner(&self.formatted(&text))),
            Again::Interrupted => Err(failure::interrupted().into()),
            Again::Failed(messages) => Err(failure::compile_error(
                &messages,
                &source,
                &self.history(),
                &|name: &str| self.variables.why_gone(name, &[]),
            )
            .into()),
        }
    }

    /// `text` as rustfmt writes it, if there is one.
    fn formatted(&self, text: &str) -> String {
        let Some(start) = text.find(&format!("\n{OPENING}")) else {
            return text.to_owned();
        };
        let own = &text[start + 1..];
        let rustfmt = self.toolchain.sysroot.join("bin/rustfmt");
        let file = self.folder.path().join("expanded.rs");
        let written = std::fs::write(&file, own).is_ok();
        let output = std::process::Command::new(rustfmt)
            .args([
                "--edition",
                "2024",
                "--quiet",
                "--config",
                "newline_style=Unix",
            ])
            .arg("--emit=stdout")
            .arg(&file)
            .stderr(std::process::Stdio::null())
            .output();
        match output {
            Ok(output) if written && output.status.success() => {
                String::from_utf8_lossy(&output.stdout).into_owned()
            }
            _ => own.to_owned(),
        }
    }
}

/// What stands in the function, moved to the margin; the lines of a text stay as they are.
fn inner(text: &str) -> String {
    let start = text.find('\n').map_or(text.len(), |end| end + 1);
    let end = text.rfind('}').unwrap_or(text.len()).max(start);
    let body = &text[start..end];
    let within = long_tokens(body);
    let mut inner = String::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let is_within = within
            .iter()
            .any(|token| token.start < at && at < token.end);
        let outer = if is_within {
            line
        } else {
            line.strip_prefix("    ").unwrap_or(line)
        };
        inner.push_str(outer);
        at += line.len();
    }
    inner.trim_end().to_owned()
}

/// Where tokens stand that are longer than a line.
fn long_tokens(code: &str) -> Vec<std::ops::Range<usize>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    for token in ra_ap_rustc_lexer::tokenize(code, ra_ap_rustc_lexer::FrontmatterAllowed::No) {
        let end = at + token.len as usize;
        let is_literal = matches!(token.kind, ra_ap_rustc_lexer::TokenKind::Literal { .. });
        if is_literal && code[at..end].contains('\n') {
            tokens.push(at..end);
        }
        at = end;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_lines() {
        let text =
            "fn __dagbok() {\n    f();\n    let s = \"a\n    b\";\n    {\n        g()\n    }\n}\n";
        assert_eq!(inner(text), "f();\nlet s = \"a\n    b\";\n{\n    g()\n}");
    }
}
