"""Parameters of notebooks through papermill, as Rust."""

import json

import nbformat
import papermill
import pytest
from conftest import run
from papermill.exceptions import PapermillException
from papermill.translators import papermill_translators


def notebook(path, *cells, parameters=None, metadata=True):
    """Writes a notebook; the cell `parameters` goes first and has that tag."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    if parameters is not None:
        made.cells.insert(0, nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    made.metadata["kernelspec"] = {"name": "dagbok", "display_name": "Rust (Dagbok)", "language": "rust"}
    made.metadata["language_info"] = {"name": "rust"}
    nbformat.write(made, path)
    return path


def injected(given, parameters=None):
    """The cell that papermill adds, without its comment."""
    translator = papermill_translators.find_translator("dagbok", "rust")
    # The cell must live on: its types are known as long as the notebook is.
    cell = nbformat.v4.new_code_cell(parameters or "")
    if parameters is not None:
        translator.inspect(cell)
    comment, code = translator.codify(given).split("\n", 1)
    assert comment == "// Parameters"
    return code.rstrip("\n")


@pytest.mark.parametrize(
    ("default", "value", "expected"),
    [
        ("let n: u32 = 1;", 3, "let n: u32 = 3;"),
        ("let n = 1;", 3, "let n: i32 = 3;"),
        ("let n = 1;", 2**40, "let n: i64 = 1099511627776;"),
        ("let n = 1u8;", 3, "let n: u8 = 3;"),
        ("let n = 10 as u64;", 3, "let n: u64 = 3;"),
        ("let n = u64::MAX;", 3, "let n: u64 = 3;"),
        ("let n = 24 * 60;", 3, "let n: i32 = 3;"),
        ("let n: u8 = 1;", 300, "let n: u8 = 300;"),
        ("let n: f32 = 1.0;", 3, "let n: f32 = 3.0;"),
        ("let n = -1.5e3;", 3, "let n: f64 = 3.0;"),
        ("let n = 1;", 2.5, "let n: f64 = 2.5;"),
        ("let n: f32 = 0.0;", float("nan"), "let n: f32 = f32::NAN;"),
        ("let mut n = true;", False, "let mut n: bool = false;"),
        ("const N: usize = 1;", 8, "const N: usize = 8;"),
        ("pub static N: &str = \"a\";", "b", "static N: &str = \"b\";"),
        ('let n = "a";', 12, 'let n: &str = "12";'),
        ('let n = String::from("a");', "b", 'let n: String = String::from("b");'),
        ('let n = "a".to_string();', "b", 'let n: String = String::from("b");'),
        ("let n = 'a';", "'", r"let n: char = '\'';"),
        ("let n: std::path::PathBuf = \"a\".into();", "b/c d", 'let n: std::path::PathBuf = "b/c d".into();'),
        ("let n: Option<f64> = None;", 4, "let n: Option<f64> = Some(4.0);"),
        ("let n: Option<f64> = Some(1.0);", None, "let n: Option<f64> = None;"),
        ("let n = vec![1.0, 2.0];", [3], "let n: Vec<f64> = vec![3.0];"),
        ("let n = [0; 3];", [1, 2], "let n: [i32; 2] = [1, 2];"),
        ("let n: (i32, &'static str) = (1, \"a\");", [2, "b"], "let n: (i32, &'static str) = (2, \"b\");"),
        ("let n: Vec<(String, Option<u8>)> = vec![];", [["a", 1], ["b", None]], 'let n: Vec<(String, Option<u8>)> = vec![(String::from("a"), Some(1)), (String::from("b"), None)];'),
        ("let n: std::collections::HashMap<String, u8> = Default::default();", {"a": 1}, 'let n: std::collections::HashMap<String, u8> = [(String::from("a"), 1)].into();'),
        ("let n: serde_json::Value = ().into();", {"a": [1, None]}, 'let n: serde_json::Value = serde_json::from_str(r#"{"a": [1, null]}"#)?;'),
        # What does not fit a declared type is for the compiler to say.
        ("let n: bool = true;", "x", 'let n: bool = "x";'),
    ],
)  # fmt: skip
def test_the_defaults_type_is_kept(default, value, expected):
    name = expected.split(":")[0].split()[-1]
    assert injected({name: value}, default) == expected


def test_the_parameters_cell_is_read_as_rust():
    translator = papermill_translators.find_translator("any", "rust")
    cell = nbformat.v4.new_code_cell(
        ':dep hex = "0.4"\n'
        "use std::collections::HashMap; // let no = 1;\n"
        "/* let neither = 2; */\n"
        "let month: u32 = 1; // 1 to 12\n"
        'let text = "let nor = 3; // \\"";  /* said */\n'
        'let raw = r#"a"; let b = 4;"#; let (x, y) = (1, 2);\n'
        "fn f() { let inner = 5; }\n"
        "let table: HashMap<&str, Vec<f64>> = HashMap::new();\n"
        "let made = compute(1)?; let quote = '\"'; let last = 0xffu8"
    )
    assert [tuple(parameter) for parameter in translator.inspect(cell)] == [
        ("month", "u32", "1", "1 to 12"),
        ("text", "&str", '"let nor = 3; // \\""', "said"),
        ("raw", "&str", 'r#"a"; let b = 4;"#', ""),
        ("table", "HashMap<&str, Vec<f64>>", "HashMap::new()", ""),
        ("made", "None", "compute(1)?", ""),
        ("quote", "char", "'\"'", ""),
        ("last", "u8", "0xffu8", ""),
    ]


@pytest.mark.parametrize("source", ["", "// nothing", ":vars", "let", "let x", "let x =", "let = ;", "}}}", '"open', "'", "let x: = 1;", "😀"])
def test_cells_that_declare_nothing_or_are_wrong(source):
    translator = papermill_translators.find_translator("any", "rust")
    translator.inspect(nbformat.v4.new_code_cell(source))
    assert injected({"n": 1}, source) == "let n: i64 = 1;"


@pytest.mark.parametrize(
    ("given", "words"),
    [({"a b": 1}, "identifier"), ({"": 1}, "identifier"), ({"_": 1}, "identifier"), ({"self": 1}, "keyword"), ({"n": 2**130}, "128 bits"), ({"n": "\ud800"}, "surrogate")],
)
def test_what_rust_cannot_hold_is_said(given, words):
    with pytest.raises(PapermillException, match=f"`{next(iter(given))}`.*{words}"):
        injected(given)


def test_the_types_of_one_notebook_are_not_those_of_the_next():
    translator = papermill_translators.find_translator("dagbok", "rust")
    translator.inspect(nbformat.v4.new_code_cell("let n: u8 = 1;"))
    assert injected({"n": 3}) == "let n: i64 = 3;"
    assert injected({"n": 3}, "let n: u8 = 1;") == "let n: u8 = 3;"
    assert injected({"n": 3}) == "let n: i64 = 3;"


# Values without defaults, and what their variables show in a cell.
VALUES = {
    "int": (7, "7"), "negative": (-(2**63), "-9223372036854775808"), "unsigned": (2**64 - 1, "18446744073709551615"),
    "large": (2**100, "1267650600228229401496703205376"), "huge": (2**128 - 1, str(2**128 - 1)),
    "float": (0.1, "0.1"), "small": (1e-300, "1e-300"), "nan": (float("nan"), "NaN"), "infinite": (float("-inf"), "-inf"),
    "yes": (True, "true"), "none": (None, "None"),
    "text": ('a"b\\c\n\té😀', '"a\\"b\\\\c\\n\\té😀"'), "hidden": ("\u202e\0", '"\\u{202e}\\0"'), "empty": ("", '""'), "braces": ("{x}", '"{x}"'),
    "ints": ([1, 2], "[1, 2]"), "mixed_numbers": ([1, 2.5], "[1.0, 2.5]"), "gaps": ([1, None], "[Some(1), None]"),
    "nothing": ([], "[]"), "nested": ([[1], [], [2.5]], "[[1.0], [], [2.5]]"), "wide": ([-1, 2**64 - 1], "[-1, 18446744073709551615]"),
    "mixed": ([1, "a", None], '[Number(1), String("a"), Null]'),
    "map": ({"b": 1, "a": 2}, '{"a": 2, "b": 1}'), "numbered": ({2: "b", 1: "a"}, '{1: "a", 2: "b"}'), "no_map": ({}, "{}"),
    "deep": ({"x": {"y": [1]}, "z": {}}, '{"x": {"y": [1]}, "z": {}}'),
    "config": ({"rate": 0.5, "tags": ["a"], "off": None}, '{"off": Null, "rate": Number(0.5), "tags": Array [String("a")]}'),
    "type": (1, "1"), "UPPER": (2, "2"), "größe": (3, "3"),
}  # fmt: skip


def test_values_of_all_kinds(tmp_path):
    shown = [f'format!("{{:?}}", {"r#type" if name == "type" else name})' for name in VALUES]
    path = notebook(tmp_path / "in.ipynb", *shown)
    given = {name: value for name, (value, _) in VALUES.items()}
    done = papermill.execute_notebook(path, tmp_path / "out.ipynb", given, progress_bar=False)
    results = [json.loads(json.dumps(cell.outputs[0].data["text/plain"])) for cell in done.cells[1:]]
    expected = [f'"{escaped(text)}"' for _, text in VALUES.values()]
    assert dict(zip(VALUES, results)) == dict(zip(VALUES, expected))
    assert all(output.output_type != "stream" for output in done.cells[0].outputs), done.cells[0].outputs


def escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def test_on_the_command_line(tmp_path):
    parameters = 'let n: u32 = 1; // how many\nlet city = String::from("Lund");\nlet limit: Option<f64> = None;\nconst CHUNK: usize = 2;'
    path = notebook(tmp_path / "a in.ipynb", 'format!("{} {city} {limit:?} {}", n + 1, [0; CHUNK].len())', parameters=parameters)
    out = tmp_path / "out.ipynb"
    run("papermill", path, out, "-p", "n", "100", "-p", "city", 'Ume"å', "-p", "limit", "4", "-p", "CHUNK", "16", "--no-progress-bar")
    done = nbformat.read(out, as_version=4)
    assert done.cells[2].outputs[0].data["text/plain"] == '"101 Ume\\"å Some(4.0) 16"'
    # What has parameters already gets them in place of the former ones.
    run("papermill", out, tmp_path / "again.ipynb", "-y", "{n: 7, limit: null}", "--no-progress-bar")
    again = nbformat.read(tmp_path / "again.ipynb", as_version=4)
    assert len(again.cells) == 3
    assert again.cells[2].outputs[0].data["text/plain"] == '"8 Lund None 2"'


def test_help(tmp_path):
    path = notebook(tmp_path / "in.ipynb", parameters='let n: u32 = 10; // how many\nlet limit: Option<f64> = None;\nlet list = vec!["a"];')
    said = run("papermill", "--help-notebook", path)
    assert "n: u32 (default 10)" in said and "how many" in said
    assert "limit: Option<f64> (default None)" in said and "list: Vec<&str>" in said


def test_a_notebook_of_another_kernel(tmp_path):
    path = notebook(tmp_path / "in.ipynb", "n + 1", parameters="let n: u8 = 1;")
    made = nbformat.read(path, as_version=4)
    made.metadata = {"kernelspec": {"name": "rust", "display_name": "Rust", "language": "rust"}, "language_info": {"name": "Rust"}}
    nbformat.write(made, path)
    run("papermill", "--engine", "dagbok", path, tmp_path / "out.ipynb", "-p", "n", "9", "-k", "dagbok", "--no-progress-bar")
    assert nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[2].outputs[0].data["text/plain"] == "10"


def test_a_parameter_that_does_not_fit_fails_in_its_cell(tmp_path):
    path = notebook(tmp_path / "in.ipynb", parameters="let n: u8 = 1;")
    with pytest.raises(papermill.PapermillExecutionError, match="literal out of range for `u8`"):
        papermill.execute_notebook(path, tmp_path / "out.ipynb", {"n": 300}, progress_bar=False)
