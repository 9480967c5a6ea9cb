//! The installed kernel under real Jupyter clients.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use dagbok_tests::{dagbok, python::python, release_dir, root};

/// A prefix of the tests' own that `dagbok install` has filled.
fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let prefix = release_dir().join("test-prefix");
        let output = dagbok()
            .args(["install", "--prefix"])
            .arg(&prefix)
            .output()
            .expect("`dagbok` runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        prefix
    })
}

/// Runs a Python program that sees the installed kernel, from an empty folder.
fn run_python(python: &Path, program: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Command::new(python)
        .args(["-c", program])
        .args(arguments)
        .current_dir(folder.path())
        .env("JUPYTER_PATH", prefix().join("share/jupyter"))
        .env("JUPYTER_PLATFORM_DIRS", "1")
        .output()
        .expect("Python runs")
}

#[track_caller]
fn check_python(program: &str, arguments: &[&str]) {
    let Some(python) = python() else { return };
    let output = run_python(python, program, arguments);
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_notebooks_run_under_nbclient() {
    let program = r#"
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="dagbok", resources={"metadata": {"path": sys.argv[2]}}).execute()
nbformat.validate(notebook)
code = [cell for cell in notebook.cells if cell.cell_type == "code"]
assert code and all(cell.execution_count for cell in code)
may_fail = [cell for cell in code if "raises-exception" in cell.metadata.get("tags", [])]
failed = [cell for cell in code if any(output.output_type == "error" for output in cell.outputs)]
assert failed == may_fail, failed
shown = {mime for cell in code for output in cell.outputs for mime in output.get("data", {})}
assert set(sys.argv[3:]) <= shown, shown
"#;
    let folder = root().join("notebooks");
    let check = |name: &str, shown: &str| {
        let notebook = folder.join(name).display().to_string();
        check_python(program, &[&notebook, &folder.display().to_string(), shown]);
    };
    check("tour.ipynb", "image/svg+xml");
    check("rust-in-a-notebook.ipynb", "text/html");
}

#[test]
fn jupyter_kernel_test_passes() {
    let program = r#"
import sys, unittest
import jupyter_kernel_test

class DagbokTests(jupyter_kernel_test.KernelTests):
    kernel_name = "dagbok"
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("test");'
    code_generate_error = 'panic!("oops")'
    code_execute_result = [{"code": "6 * 7", "result": "42"}]
    code_display_data = [{"code": 'display(&dagbok::display::MimeBundle::plain("x").with("image/svg+xml", "<svg/>"));', "mime": "image/svg+xml"}]
    complete_code_samples = ["1", "let x = 1;", "fn f() {}"]
    incomplete_code_samples = ["fn f() {", "vec![1,", "\"a"]
    invalid_code_samples = ["let = )"]

unittest.main(argv=["kernel"], verbosity=2)
"#;
    check_python(program, &[]);
}

#[test]
fn cells_ask_through_jupyter() {
    let program = r#"
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="dagbok")
try:
    def run(code, answers):
        shown, answers = [], list(answers)
        def answer(message):
            shown.append((message["content"]["prompt"], message["content"]["password"]))
            client.input(answers.pop(0))
        def show(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                shown.append(content["text"])
            elif message["msg_type"] == "execute_result":
                shown.append(content["data"]["text/plain"])
            elif message["msg_type"] == "error":
                shown.append(content["evalue"])
        reply = client.execute_interactive(code, allow_stdin=bool(answers), stdin_hook=answer, output_hook=show, timeout=60)
        return shown
    shown = run('input("name? ")', ["Ada"])
    assert shown == [("name? ", False), '"Ada"'], shown
    shown = run('print!("n = "); let mut n = String::new(); std::io::stdin().read_line(&mut n)?; n', ["7"])
    # What was printed and the question come over two sockets.
    assert shown[-1] == '"7\\n"' and sorted(map(str, shown[:-1])) == ["('', False)", "n = "], shown
    shown = run('dagbok::password("secret? ").len()', ["x\u00e5"])
    assert shown == [("secret? ", True), "3"], shown
    shown = run('input("nobody? ")', [])
    assert shown == ["this front end does not take input (`allow_stdin` is false)"], shown
    shown = run("1 + 1", [])
    assert shown == ["2"], shown
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"#;
    check_python(program, &[]);
}
