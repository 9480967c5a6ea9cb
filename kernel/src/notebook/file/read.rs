//! From the text of a file to a [`Notebook`], or a sentence that says why it is none and what to do.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Cell, CellKind, Notebook, Object, is_json};

type Result<T> = std::result::Result<T, String>;

/// Reads a notebook of nbformat 4.
///
/// # Errors
/// What the file is instead, to be read after its name: "is not …".
pub(in crate::notebook) fn read(text: &str) -> Result<Notebook> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err("is not a notebook: it is empty".into());
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| format!("is not a notebook: it is not valid JSON ({error})"))?;
    let Value::Object(mut rest) = value else {
        return Err(format!(
            "is not a notebook: it holds {}, not an object",
            kind_of(&value)
        ));
    };
    let minor = check_format(&rest)?;
    let cells = match rest.shift_remove("cells") {
        Some(Value::Array(cells)) => cells,
        Some(other) => {
            return Err(format!(
                "is not a valid notebook: `cells` is {}, not a list",
                kind_of(&other)
            ));
        }
        None => return Err("is not a valid notebook: it has no `cells`".into()),
    };
    require_object(&mut rest, "metadata")
        .map_err(|error| format!("is not a valid notebook: {error}"))?;
    let mut cells = cells
        .into_iter()
        .enumerate()
        .map(|(index, cell)| {
            read_cell(cell)
                .map_err(|error| format!("is not a valid notebook: cell {}: {error}", index + 1))
        })
        .collect::<Result<Vec<_>>>()?;
    if minor >= 5 {
        complete_ids(&mut cells);
    }
    let notebook = Notebook { rest, cells };
    check_language(notebook.metadata())?;
    Ok(notebook)
}

/// The minor version, if the major one is 4.
fn check_format(notebook: &Object) -> Result<u64> {
    let major = match notebook.get("nbformat") {
        Some(Value::Number(number)) => number,
        Some(other) => {
            return Err(format!(
                "is not a valid notebook: `nbformat` is {}, not a number",
                kind_of(other)
            ));
        }
        None => return Err("is not a notebook: it is JSON, but has no `nbformat`".into()),
    };
    match major.as_u64() {
        Some(4) => (),
        Some(1..=3) => {
            return Err(format!(
                "is a notebook of the old format {major}: open and save it in JupyterLab, or run `jupyter nbconvert --to notebook --nbformat 4` on it"
            ));
        }
        _ => {
            return Err(format!(
                "is a notebook of format {major}, and Dagbok knows format 4"
            ));
        }
    }
    match notebook.get("nbformat_minor").map(Value::as_u64) {
        Some(Some(minor)) => Ok(minor),
        Some(None) => Err("is not a valid notebook: `nbformat_minor` is not a whole number".into()),
        None => Err("is not a valid notebook: it has no `nbformat_minor`".into()),
    }
}

/// Refuses notebooks that say they are in another language than Rust.
fn check_language(metadata: &Object) -> Result<()> {
    let text = |field: &str, key: &str| metadata.get(field)?.get(key)?.as_str();
    let kernel = text("kernelspec", "name");
    let language = text("kernelspec", "language").or_else(|| text("language_info", "name"));
    let is_rust = match (language, kernel) {
        (Some(language), _) => language.eq_ignore_ascii_case("rust"),
        (None, Some(kernel)) => ["rust", "dagbok", "evcxr"]
            .iter()
            .any(|name| kernel.to_lowercase().contains(name)),
        (None, None) => true,
    };
    if is_rust {
        return Ok(());
    }
    let what = match (language, kernel) {
        (Some(language), Some(kernel)) => {
            format!("for the language `{language}` (kernel `{kernel}`)")
        }
        (Some(language), None) => format!("for the language `{language}`"),
        (None, kernel) => format!("for the kernel `{}`", kernel.unwrap_or_default()),
    };
    Err(format!(
        "is a notebook {what}, and Dagbok runs Rust: if its cells are Rust, choose the Dagbok kernel in JupyterLab and save it"
    ))
}

fn read_cell(cell: Value) -> Result<Cell> {
    let Value::Object(mut rest) = cell else {
        return Err(format!("it is {}, not an object", kind_of(&cell)));
    };
    let source = match rest.shift_remove("source") {
        Some(source) => joined(source).map_err(|found| format!("`source` is {found}, not text"))?,
        None => return Err("it has no `source`".into()),
    };
    require_object(&mut rest, "metadata")?;
    join_attachments(&mut rest);
    let kind = match rest.shift_remove("cell_type") {
        Some(Value::String(kind)) => match kind.as_str() {
            "code" => read_code(&mut rest)?,
            "markdown" => CellKind::Markdown,
            "raw" => CellKind::Raw,
            _ => {
                return Err(format!(
                    "`cell_type` is `{kind}`, not `code`, `markdown` or `raw`"
                ));
            }
        },
        _ => return Err("it has no `cell_type`".into()),
    };
    Ok(Cell { kind, source, rest })
}

fn read_code(rest: &mut Object) -> Result<CellKind> {
    let execution_count = rest
        .shift_remove("execution_count")
        .as_ref()
        .and_then(Value::as_u64);
    let outputs = match rest.shift_remove("outputs") {
        None => Vec::new(),
        Some(Value::Array(outputs)) => outputs
            .into_iter()
            .enumerate()
            .map(|(index, output)| {
                read_output(output).map_err(|error| format!("output {}: {error}", index + 1))
            })
            .collect::<Result<_>>()?,
        Some(other) => return Err(format!("`outputs` is {}, not a list", kind_of(&other))),
    };
    Ok(CellKind::Code {
        execution_count,
        outputs,
    })
}

fn read_output(output: Value) -> Result<Object> {
    let Value::Object(mut output) = output else {
        return Err(format!("it is {}, not an object", kind_of(&output)));
    };
    match output.get("output_type").and_then(Value::as_str) {
        Some("stream") => {
            let text = output.get_mut("text").ok_or("it has no `text`")?;
            let whole =
                joined(text.take()).map_err(|found| format!("`text` is {found}, not text"))?;
            *text = whole.into();
        }
        Some("display_data" | "execute_result") => {
            require_object(&mut output, "metadata")?;
            match output.get_mut("data") {
                Some(Value::Object(data)) => join_bundle(data),
                _ => return Err("it has no `data`".into()),
            }
        }
        Some("error") => (),
        Some(other) => {
            return Err(format!(
                "its `output_type` `{other}` is not one of nbformat 4"
            ));
        }
        None => return Err("it has no `output_type`".into()),
    }
    Ok(output)
}

/// Makes sure that `object` has an object under `key`.
fn require_object(object: &mut Object, key: &str) -> Result<()> {
    match object.entry(key).or_insert_with(|| json!({})) {
        Value::Object(_) => Ok(()),
        other => Err(format!("`{key}` is {}, not an object", kind_of(other))),
    }
}

fn join_attachments(cell: &mut Object) {
    let Some(Value::Object(attachments)) = cell.get_mut("attachments") else {
        return;
    };
    for attachment in attachments.values_mut() {
        if let Value::Object(bundle) = attachment {
            join_bundle(bundle);
        }
    }
}

fn join_bundle(bundle: &mut Object) {
    for (mime, data) in bundle.iter_mut() {
        if !is_json(mime)
            && data.is_array()
            && let Ok(text) = joined(data.clone())
        {
            *data = text.into();
        }
    }
}

/// Text that may be a list of lines.
fn joined(value: Value) -> std::result::Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Array(lines) => lines
            .iter()
            .map(|line| line.as_str().ok_or("a list of other things than text"))
            .collect(),
        other => Err(kind_of(&other)),
    }
}

/// From 4.5 on each cell has an id of its own: gives one to those that have none, or another's.
fn complete_ids(cells: &mut [Cell]) {
    let mut taken: HashSet<String> = cells
        .iter()
        .filter_map(|cell| id(cell).map(str::to_owned))
        .collect();
    let mut seen = HashSet::new();
    for (index, cell) in cells.iter_mut().enumerate() {
        if id(cell).is_some_and(|id| seen.insert(id.to_owned())) {
            continue;
        }
        let fresh = (index + 1..)
            .map(|n| format!("cell-{n}"))
            .find(|fresh| taken.insert(fresh.clone()));
        if let Some(fresh) = fresh {
            seen.insert(fresh.clone());
            cell.rest.insert("id".into(), fresh.into());
        }
    }
}

fn id(cell: &Cell) -> Option<&str> {
    cell.rest.get("id")?.as_str().filter(|id| !id.is_empty())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
