//! A graph as a file: what its name ends in says which format it gets.

use std::io;
use std::path::Path;

use dagbok::visualize::Options;
use dagbok::{Error, ErrorKind, Result};
use graphviz_rust::cmd::{CommandArg, Format, Layout};

use super::{Sketch, text_formats};
use crate::planner::Plan;

/// The graph of `plan` in the format that `path` ends in.
///
/// # Errors
/// [`ErrorKind::Value`] if it ends in none that there is, [`ErrorKind::Io`] if Graphviz's `dot` is needed and missing.
pub fn file(plan: &Plan, options: &Options, path: &Path) -> Result<Vec<u8>> {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let ending = ending.to_ascii_lowercase();
    let text = match ending.as_str() {
        "svg" => super::svg(plan, options),
        "dot" | "gv" => super::dot(plan, options),
        "mmd" | "mermaid" => super::mermaid(plan, options),
        "md" => format!("```mermaid\n{}```\n", super::mermaid(plan, options)),
        "png" => return drawn_by_graphviz(plan, options, path, Format::Png),
        "jpg" | "jpeg" => return drawn_by_graphviz(plan, options, path, Format::Jpg),
        "pdf" => return drawn_by_graphviz(plan, options, path, Format::Pdf),
        _ => {
            let text = format!(
                "cannot write a task graph to `{}`: its name has to end in `.svg`, `.png`, `.jpg`, `.pdf`, `.dot`, `.mmd` or \
                 `.md`",
                path.display()
            );
            return Err(Error::new(ErrorKind::Value, text));
        }
    };
    Ok(text.into_bytes())
}

/// The picture as the SVG has it, drawn by Graphviz.
fn drawn_by_graphviz(
    plan: &Plan,
    options: &Options,
    path: &Path,
    format: Format,
) -> Result<Vec<u8>> {
    let sketch = Sketch::of(plan, options);
    let layout = sketch.layout(options);
    let source = text_formats::dot(&sketch.drawing, options.rankdir, Some(&layout));
    let arguments = vec![
        CommandArg::Layout(Layout::Neato),
        CommandArg::Custom("-n2".to_owned()),
        CommandArg::Format(format),
    ];
    graphviz_rust::exec_dot(source, arguments).map_err(|error| undrawn(path, &error))
}

fn undrawn(path: &Path, error: &io::Error) -> Error {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => {
            "Graphviz draws such files, and its program `dot` is not installed; install the package `graphviz`, or write \
             `.svg` instead"
                .to_owned()
        }
        _ => format!("Graphviz's `dot` says: {}", error.to_string().trim()),
    };
    let text = format!("cannot write `{}`: {problem}", path.display());
    Error::new(ErrorKind::Io, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named() {
        let error = undrawn(Path::new("g.png"), &io::ErrorKind::NotFound.into());
        assert_eq!(
            error.to_string(),
            "cannot write `g.png`: Graphviz draws such files, and its program `dot` is not installed; install the package \
             `graphviz`, or write `.svg` instead"
        );
        let error = undrawn(Path::new("g.png"), &io::Error::other("syntax error\n"));
        assert_eq!(
            error.to_string(),
            "cannot write `g.png`: Graphviz's `dot` says: syntax error"
        );
    }
}
