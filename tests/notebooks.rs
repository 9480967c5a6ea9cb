//! Notebooks through `dagbok run`, with no Python and no Jupyter.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use dagbok_tests::{dagbok, root};
use serde_json::{Value, json};

/// Runs the notebook in `file`; what was executed is written to `executed.ipynb` and `page.html` beside it.
fn run(file: &Path) -> Output {
    let folder = file.parent().expect("a file is in a folder");
    dagbok()
        .arg("run")
        .arg(file)
        .arg("--output")
        .arg(folder.join("executed.ipynb"))
        .arg("--html")
        .arg(folder.join("page.html"))
        .output()
        .expect("`dagbok` runs")
}

/// A notebook whose code cells are `cells`; one that starts with `!` may fail.
fn notebook(cells: &[&str]) -> Value {
    let cells: Vec<Value> = cells
        .iter()
        .enumerate()
        .map(|(idx, code)| {
            let (tags, code) = match code.strip_prefix('!') {
                Some(code) => (vec!["raises-exception"], code),
                None => (vec![], *code),
            };
            json!({"cell_type": "code", "id": format!("c{idx}"), "metadata": {"tags": tags}, "source": code,
                   "outputs": [], "execution_count": null})
        })
        .collect();
    json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
}

/// Runs `cells` and returns the executed notebook's code cells.
#[track_caller]
fn run_cells(cells: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("test.ipynb");
    std::fs::write(&file, notebook(cells).to_string()).expect("the notebook");
    let output = run(&file);
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    code_cells(&folder.path().join("executed.ipynb"))
}

fn code_cells(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("the executed notebook");
    let notebook: Value = serde_json::from_str(&text).expect("JSON");
    let cells = notebook["cells"].as_array().expect("cells");
    cells
        .iter()
        .filter(|cell| cell["cell_type"] == "code")
        .cloned()
        .collect()
}

/// `cells` fails with the error `name` whose text holds `words`; then the cells `after` show `shown`.
#[track_caller]
fn check_failure(
    before: &str,
    failing: &str,
    name: &str,
    words: &[&str],
    after: &str,
    shown: &str,
) {
    let cells = run_cells(&[before, &format!("!{failing}"), after]);
    let errors: Vec<&Value> = cells[1]["outputs"]
        .as_array()
        .expect("outputs")
        .iter()
        .filter(|output| output["output_type"] == "error")
        .collect();
    let [error] = errors[..] else {
        panic!("one error is expected, got {}", cells[1]["outputs"])
    };
    assert_eq!(error["ename"], name, "{error}");
    let text = format!("{} {}", error["evalue"], error["traceback"]);
    words
        .iter()
        .for_each(|word| assert!(text.contains(word), "`{word}` is not in {text}"));
    assert!(
        cells[2]["outputs"].to_string().contains(shown),
        "`{shown}` is not in {}",
        cells[2]["outputs"]
    );
}

#[test]
fn the_tour_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = dagbok()
        .arg("run")
        .arg(root().join("notebooks/tour.ipynb"))
        .arg("--output")
        .arg(folder.path().join("tour.ipynb"))
        .arg("--html")
        .arg(folder.path().join("tour.html"))
        .output()
        .expect("`dagbok` runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );

    let cells = code_cells(&folder.path().join("tour.ipynb"));
    assert!(cells.iter().all(|cell| cell["execution_count"].is_u64()));
    let shown: String = cells
        .iter()
        .map(|cell| cell["outputs"].to_string())
        .collect();
    for part in ["image/svg+xml", "text/html", "precipitation"] {
        assert!(shown.contains(part), "the tour shows no {part}");
    }
    let page = std::fs::read_to_string(folder.path().join("tour.html")).expect("the page");
    assert!(
        !page.contains("src=\"http") && !page.contains("href=\"/"),
        "the page needs other files"
    );
}

/// Runs a notebook of the project: the cells that may fail do, and no others.
#[track_caller]
fn check_notebook(name: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let executed = folder.path().join("executed.ipynb");
    let output = dagbok()
        .arg("run")
        .arg(root().join("notebooks").join(name))
        .args(["--no-html", "--output"])
        .arg(&executed)
        .output()
        .expect("`dagbok` runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    for cell in code_cells(&executed) {
        let may_fail = cell["metadata"]["tags"]
            .to_string()
            .contains("raises-exception");
        let failed = cell["outputs"]
            .to_string()
            .contains("\"output_type\":\"error\"");
        assert_eq!(failed, may_fail, "{}: {}", cell["source"], cell["outputs"]);
    }
}

#[test]
fn rust_in_a_notebook_runs() {
    check_notebook("rust-in-a-notebook.ipynb");
}

#[test]
fn computing_runs() {
    check_notebook("computing.ipynb");
}

#[test]
fn widgets_run() {
    check_notebook("widgets.ipynb");
}

#[test]
fn a_cell_that_does_not_compile() {
    check_failure(
        "let x = 40;",
        "let y: i32 = \"two\";",
        "CompileError",
        &["E0308", "mismatched types"],
        "x + 2",
        "42",
    );
}

#[test]
fn a_cell_that_panics() {
    check_failure(
        "let x = vec![40];",
        "x[3]",
        "Panic",
        &["index out of bounds", "cell 2"],
        "x[0] + 2",
        "42",
    );
}

#[test]
fn a_task_that_fails_three_collections_deep() {
    let set_up = "let x = 40; #[delayed] fn check(a: NdArray) -> Result<i64, String> { Err(format!(\"bad sum of {}\", a.len())) } #[delayed] fn next(a: i64) -> i64 { a }";
    check_failure(
        set_up,
        "next(check((arange(10) * 2).rechunk([5]))).compute()?",
        "Error",
        &["bad sum of 10", "check-"],
        "x + 2",
        "42",
    );
}

#[test]
fn a_stack_overflow() {
    check_failure(
        "let x = 40;",
        "fn deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { deep(std::hint::black_box(n + 1)) + 1 } } deep(0)",
        "Crash",
        &["stack overflow"],
        "40 + 2",
        "42",
    );
}

#[test]
fn an_abort() {
    check_failure(
        "fn two() -> i32 { 2 }",
        "std::process::abort()",
        "Crash",
        &["abort"],
        "40 + two()",
        "42",
    );
}

#[test]
fn an_error_through_the_question_mark() {
    check_failure(
        "let x = 40;",
        "let n: i32 = \"many\".parse()?;",
        "Error",
        &["invalid digit"],
        "x + 2",
        "42",
    );
}

#[test]
fn the_first_failing_cell_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("test.ipynb");
    std::fs::write(
        &file,
        notebook(&["1 + 1", "panic!(\"no\")", "2 + 2"]).to_string(),
    )
    .expect("the notebook");
    let output = run(&file);
    assert_eq!(output.status.code(), Some(1));
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("cell 2") && text.contains("no"), "{text}");
    let cells = code_cells(&folder.path().join("executed.ipynb"));
    assert_eq!(
        cells[2]["execution_count"],
        Value::Null,
        "nothing runs after a failure"
    );
}

/// `dagbok run` on a file that holds `text` says `words` and runs nothing.
#[track_caller]
fn check_refused(text: &str, words: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("test.ipynb");
    std::fs::write(&file, text).expect("the file");
    let output = run(&file);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(words), "`{words}` is not in {said}");
    assert!(!folder.path().join("executed.ipynb").exists());
}

#[test]
fn files_that_are_no_notebooks() {
    check_refused("", "not a notebook");
    check_refused("# Title", "not a notebook");
    check_refused("[1, 2]", "not a notebook");
    check_refused(
        "{\"worksheets\": [], \"nbformat\": 3, \"nbformat_minor\": 0}",
        "nbformat",
    );
}

#[test]
fn what_cells_ask_is_read_from_stdin() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("test.ipynb");
    let cells = [
        r#"input("name? ")"#,
        r#"let mut line = String::new(); std::io::stdin().read_line(&mut line)?; line"#,
        r#"attempt(|| input("more? ")).unwrap_err().to_string()"#,
    ];
    std::fs::write(&file, notebook(&cells).to_string()).expect("the notebook");
    let mut run = dagbok()
        .arg("run")
        .arg(&file)
        .arg("--output")
        .arg(folder.path().join("executed.ipynb"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("`dagbok` runs");
    let mut stdin = run.stdin.take().expect("a pipe");
    stdin.write_all("Ada\nå b".as_bytes()).expect("it reads");
    drop(stdin);
    assert!(run.wait().expect("it ends").success());
    let results: Vec<Value> = code_cells(&folder.path().join("executed.ipynb"))
        .iter()
        .map(|cell| {
            let outputs = cell["outputs"].as_array().expect("outputs");
            outputs.last().expect("a result")["data"]["text/plain"][0].clone()
        })
        .collect();
    assert_eq!(
        results,
        ["\"Ada\"", "\"å b\\n\"", "\"the input has ended\""]
    );
}

/// A cell that has connected to the test goes on for ever; the connection ends with the session process.
#[track_caller]
fn check_ends_with_the_kernel(for_ever: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let listener = UnixListener::bind(folder.path().join("socket")).expect("a socket");
    let file = folder.path().join("test.ipynb");
    let cell = format!(
        r#"use std::io::Write; let mut test = std::os::unix::net::UnixStream::connect("socket")?; writeln!(test, "here")?; {for_ever}"#
    );
    std::fs::write(&file, notebook(&[&cell]).to_string()).expect("the notebook");
    let mut run = dagbok()
        .args(["run", "--no-output"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("`dagbok` runs");
    let (session, _) = listener.accept().expect("the cell connects");
    session
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a timeout");
    let mut session = BufReader::new(session);
    let mut line = String::new();
    session.read_line(&mut line).expect("the cell writes");
    assert_eq!(line, "here\n");
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    let rest = session.read_to_end(&mut Vec::new());
    assert!(rest.is_ok(), "the session goes on with `{for_ever}`");
}

#[test]
fn the_session_ends_with_the_kernel() {
    for for_ever in [
        "loop {}",
        "unsafe extern \"C\" { fn pause() -> i32; } unsafe { pause(); }",
        "std::thread::sleep(std::time::Duration::MAX);",
        "loop { println!(\"flood\"); }",
    ] {
        check_ends_with_the_kernel(for_ever);
    }
}
