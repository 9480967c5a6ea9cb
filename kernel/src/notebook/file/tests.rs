//! Notebook files: read, refused, and written as Jupyter writes them.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::{read, write};

/// What Jupyter has written is written again byte for byte.
fn check_round_trip(text: &str) {
    let notebook = read(text).expect("a notebook");
    assert_eq!(write(&notebook), text);
}

fn check_error(text: &str, expect: Expect) {
    expect.assert_eq(&read(text).map(|_| ()).expect_err("no notebook"));
}

fn check_cell_error(cell: &Value, expect: Expect) {
    let notebook = json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]});
    check_error(&notebook.to_string(), expect);
}

#[test]
fn writes_as_jupyter_does() {
    check_round_trip(include_str!("tests/as-jupyter-writes.ipynb"));
}

#[test]
fn completes_what_the_format_requires() {
    let sparse = r##"{"nbformat_minor": 5, "nbformat": 4, "cells": [
        {"cell_type": "markdown", "source": ["# one\n", "two"]},
        {"cell_type": "code", "id": "same", "source": "1"},
        {"cell_type": "code", "id": "same", "source": "é\u2028b\r\nc", "metadata": {"trusted": true}}
    ]}"##;
    expect![[r##"
        {
         "cells": [
          {
           "cell_type": "markdown",
           "id": "cell-1",
           "metadata": {},
           "source": [
            "# one\n",
            "two"
           ]
          },
          {
           "cell_type": "code",
           "execution_count": null,
           "id": "same",
           "metadata": {},
           "outputs": [],
           "source": [
            "1"
           ]
          },
          {
           "cell_type": "code",
           "execution_count": null,
           "id": "cell-3",
           "metadata": {},
           "outputs": [],
           "source": [
            "é ",
            "b\r\n",
            "c"
           ]
          }
         ],
         "metadata": {},
         "nbformat": 4,
         "nbformat_minor": 5
        }
    "##]]
    .assert_eq(&write(&read(sparse).expect("a notebook")));
}

#[test]
fn says_what_is_not_a_notebook() {
    check_error("", expect!["is not a notebook: it is empty"]);
    check_error(
        "fn main() {}",
        expect!["is not a notebook: it is not valid JSON (expected ident at line 1 column 2)"],
    );
    check_error(
        "[1]",
        expect!["is not a notebook: it holds a list, not an object"],
    );
    check_error(
        "{}",
        expect!["is not a notebook: it is JSON, but has no `nbformat`"],
    );
    check_error(
        r#"{"nbformat": "4"}"#,
        expect!["is not a valid notebook: `nbformat` is text, not a number"],
    );
    check_error(
        r#"{"nbformat": 3, "worksheets": []}"#,
        expect![
            "is a notebook of the old format 3: open and save it in JupyterLab, or run `jupyter nbconvert --to notebook --nbformat 4` on it"
        ],
    );
    check_error(
        r#"{"nbformat": 5}"#,
        expect!["is a notebook of format 5, and Dagbok knows format 4"],
    );
    check_error(
        r#"{"nbformat": 4}"#,
        expect!["is not a valid notebook: it has no `nbformat_minor`"],
    );
    check_error(
        r#"{"nbformat": 4, "nbformat_minor": 0.5}"#,
        expect!["is not a valid notebook: `nbformat_minor` is not a whole number"],
    );
    check_error(
        r#"{"nbformat": 4, "nbformat_minor": 2}"#,
        expect!["is not a valid notebook: it has no `cells`"],
    );
    check_error(
        r#"{"nbformat": 4, "nbformat_minor": 2, "cells": {}}"#,
        expect!["is not a valid notebook: `cells` is an object, not a list"],
    );
    check_error(
        r#"{"nbformat": 4, "nbformat_minor": 2, "cells": [], "metadata": []}"#,
        expect!["is not a valid notebook: `metadata` is a list, not an object"],
    );
}

#[test]
fn says_what_is_wrong_with_a_cell() {
    check_cell_error(
        &json!(1),
        expect!["is not a valid notebook: cell 1: it is a number, not an object"],
    );
    check_cell_error(
        &json!({"source": ""}),
        expect!["is not a valid notebook: cell 1: it has no `cell_type`"],
    );
    check_cell_error(
        &json!({"cell_type": "heading", "source": ""}),
        expect![
            "is not a valid notebook: cell 1: `cell_type` is `heading`, not `code`, `markdown` or `raw`"
        ],
    );
    check_cell_error(
        &json!({"cell_type": "code"}),
        expect!["is not a valid notebook: cell 1: it has no `source`"],
    );
    check_cell_error(
        &json!({"cell_type": "code", "source": 1}),
        expect!["is not a valid notebook: cell 1: `source` is a number, not text"],
    );
    check_cell_error(
        &json!({"cell_type": "code", "source": ["a", 1]}),
        expect![
            "is not a valid notebook: cell 1: `source` is a list of other things than text, not text"
        ],
    );
    check_cell_error(
        &json!({"cell_type": "code", "source": "", "metadata": 1}),
        expect!["is not a valid notebook: cell 1: `metadata` is a number, not an object"],
    );
    check_cell_error(
        &json!({"cell_type": "code", "source": "", "outputs": 1}),
        expect!["is not a valid notebook: cell 1: `outputs` is a number, not a list"],
    );
    let with_output =
        |output: Value| json!({"cell_type": "code", "source": "", "outputs": [output]});
    check_cell_error(
        &with_output(json!(1)),
        expect!["is not a valid notebook: cell 1: output 1: it is a number, not an object"],
    );
    check_cell_error(
        &with_output(json!({})),
        expect!["is not a valid notebook: cell 1: output 1: it has no `output_type`"],
    );
    check_cell_error(
        &with_output(json!({"output_type": "pyout"})),
        expect![
            "is not a valid notebook: cell 1: output 1: its `output_type` `pyout` is not one of nbformat 4"
        ],
    );
    check_cell_error(
        &with_output(json!({"output_type": "stream"})),
        expect!["is not a valid notebook: cell 1: output 1: it has no `text`"],
    );
    check_cell_error(
        &with_output(json!({"output_type": "stream", "text": 1})),
        expect!["is not a valid notebook: cell 1: output 1: `text` is a number, not text"],
    );
    check_cell_error(
        &with_output(json!({"output_type": "display_data", "data": 1})),
        expect!["is not a valid notebook: cell 1: output 1: it has no `data`"],
    );
}

#[test]
fn refuses_other_languages() {
    let with = |metadata: Value| {
        json!({"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": []}).to_string()
    };
    check_error(
        &with(json!({"kernelspec": {"name": "python3", "language": "python"}})),
        expect![
            "is a notebook for the language `python` (kernel `python3`), and Dagbok runs Rust: if its cells are Rust, choose the Dagbok kernel in JupyterLab and save it"
        ],
    );
    check_error(
        &with(json!({"kernelspec": {"name": "python3"}})),
        expect![
            "is a notebook for the kernel `python3`, and Dagbok runs Rust: if its cells are Rust, choose the Dagbok kernel in JupyterLab and save it"
        ],
    );
    check_error(
        &with(json!({"language_info": {"name": "julia"}})),
        expect![
            "is a notebook for the language `julia`, and Dagbok runs Rust: if its cells are Rust, choose the Dagbok kernel in JupyterLab and save it"
        ],
    );
    for metadata in [
        json!({}),
        json!({"kernelspec": {"name": "dagbok", "language": "rust"}}),
        json!({"kernelspec": {"name": "evcxr", "language": "Rust"}}),
        json!({"kernelspec": {"name": "my-rust"}}),
        json!({"kernelspec": 1, "language_info": []}),
    ] {
        read(&with(metadata)).expect("a Rust notebook");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "code",
        "markdown",
        "stream",
        "display_data",
        "error",
        "a\nb",
        "text/plain",
        "",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 64.0)),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    let keys = [
        "cells",
        "cell_type",
        "source",
        "metadata",
        "outputs",
        "output_type",
        "text",
        "data",
        "id",
        "attachments",
        "tags",
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(keys.to_vec()), inner), 0..8).prop_map(
                |entries| Value::Object(
                    entries
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect()
                )
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(4),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever the JSON, it is refused or read, and what is read is written so that it reads the same.
    #[test]
    fn any_json_is_read_or_refused(cells in any_json(), metadata in any_json()) {
        let text = json!({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}).to_string();
        if let Ok(notebook) = read(&text) {
            let written = write(&notebook);
            prop_assert_eq!(write(&read(&written).expect("what was written")), written);
        }
    }
}
