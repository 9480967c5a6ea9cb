"""The project's notebooks under the programs that run notebooks."""

import asyncio
import shutil

import nbformat
import pytest
from conftest import NOTEBOOKS, PATIENCE, run
from nbclient import NotebookClient

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def check_executed(notebook):
    """All code cells ran, and those that may fail did."""
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and all(cell.execution_count for cell in code)
    may_fail = [cell for cell in code if "raises-exception" in cell.metadata.get("tags", [])]
    failed = [cell for cell in code if any(output.output_type == "error" for output in cell.outputs)]
    assert failed == may_fail, [cell.source for cell in failed]


@every_notebook
def test_nbclient(path):
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=PATIENCE * 3, kernel_name="dagbok", resources=resources).execute()
    check_executed(notebook)


def fails_nowhere(path):
    """Whether papermill, which stops at any error, runs it to its end."""
    cells = nbformat.read(path, as_version=4).cells
    return all("raises-exception" not in cell.metadata.get("tags", []) for cell in cells)


@pytest.mark.parametrize("path", filter(fails_nowhere, NOTEBOOKS), ids=lambda path: path.stem)
def test_papermill(path, tmp_path):
    run("papermill", path, tmp_path / "out.ipynb", "--cwd", path.parent, "--no-progress-bar", "--execution-timeout", PATIENCE * 3)
    check_executed(nbformat.read(tmp_path / "out.ipynb", as_version=4))


@every_notebook
def test_nbval(path):
    said = run("python", "-m", "pytest", "-p", "no:cacheprovider", "--nbval-lax", f"--nbval-cell-timeout={PATIENCE * 3}", path, cwd=path.parent)
    assert " passed" in said and "failed" not in said


@every_notebook
def test_nbconvert(path, tmp_path):
    copy = shutil.copytree(path.parent, tmp_path / "notebooks", ignore=shutil.ignore_patterns("*.html", "*.executed.*"))
    said = run("jupyter", "nbconvert", "--execute", "--to=html", "--output=page", copy / path.name)
    page = (copy / "page.html").read_text(encoding="utf-8")
    assert "language-rust" in page or "highlight-rust" in page or 'class="highlight' in page, said
    run("jupyter", "nbconvert", "--to=script", "--output=script", copy / path.name)
    assert (copy / "script.rs").stat().st_size > 100


def test_what_a_display_shows_in_the_end_is_saved():
    cells = ['let live = display(&dagbok::display::MimeBundle::plain("1"));', 'live.update(&dagbok::display::MimeBundle::plain("2"));']
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=PATIENCE, kernel_name="dagbok").execute()
    assert [output.data["text/plain"] for output in notebook.cells[0].outputs] == ["2"]
    assert notebook.cells[1].outputs == []


def test_a_failing_cell_ends_the_run():
    cells = ["let x = 1;", "x + y", "x"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=PATIENCE, kernel_name="dagbok")
    with pytest.raises(Exception, match="cannot find value `y`"):
        client.execute()
    assert notebook.cells[2].execution_count is None
    assert notebook.cells[1].outputs[0].ename == "CompileError"


def test_a_cell_that_takes_too_long_is_interrupted():
    cells = ["let x = 41;", "loop {}", "x + 1"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    slow = notebook.cells[1]
    times = {cells[1]: 2}
    client = NotebookClient(
        notebook, timeout_func=lambda cell: times.get(cell.source, PATIENCE), kernel_name="dagbok", interrupt_on_timeout=True, allow_errors=True
    )
    client.execute()
    assert [output.output_type for output in slow.outputs] == ["error"]
    assert notebook.cells[2].outputs[0].data["text/plain"] == "42"


def test_several_notebooks_at_the_same_time():
    def one(number):
        cells = [f"let n = {number};", "n * 2"]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        return notebook, NotebookClient(notebook, timeout=PATIENCE, kernel_name="dagbok").async_execute()

    async def all_of_them():
        notebooks, runs = zip(*(one(number) for number in range(3)))
        await asyncio.gather(*runs)
        return [notebook.cells[1].outputs[0].data["text/plain"] for notebook in notebooks]

    assert asyncio.run(all_of_them()) == ["0", "2", "4"]
