"""JupyterLab in a browser: what a person sees and clicks.

Each test waits for what the page shows, and leaves a picture in the folder `DAGBOK_PICTURES`.
"""

import re

import nbformat
import pytest
from conftest import needs
from lab import DARK, LIGHT, browser, dark, light, open_notebook  # noqa: F401
from playwright.sync_api import expect


def test_run_all_stops_at_an_error(open_notebook):
    page = open_notebook("1 + 1", 'panic!("oops")', "3 + 3")
    page.menu("Run", "Run All Cells")
    page.has_run(0, 1)
    expect(page.output(0)).to_have_text("2")
    page.has_run(1, 2)
    expect(page.output(1)).to_contain_text("Panic: oops")
    page.is_idle()
    expect(page.prompt(2)).not_to_have_text("[*]:")
    expect(page.output(2)).to_have_count(0)


@needs("aborted_count")
def test_what_was_not_run_has_no_number(open_notebook):
    page = open_notebook('panic!("oops")', "3 + 3")
    page.menu("Run", "Run All Cells")
    page.has_run(0, 1)
    expect(page.prompt(1)).to_have_text("[ ]:")


def test_what_is_shown_is_saved(open_notebook):
    page = open_notebook('println!("å😀"); vec![1, 2]')
    page.run(0)
    page.has_run(0, 1)
    expect(page.output(0)).to_have_count(2)
    page.save()
    saved = nbformat.read(page.path, as_version=4)
    assert saved.cells[0].outputs[0].text == "å😀\n"
    assert saved.cells[0].outputs[1].data["text/plain"] == "[1, 2]"
    assert saved.metadata.language_info.name == "rust"


def test_the_stop_button_keeps_variables(open_notebook):
    page = open_notebook("let kept = 7;", 'println!("loop{}", "ing"); loop {}', "kept", "kept + 1")
    page.run(0)
    page.has_run(0, 1)
    page.run(1)
    expect(page.output(1)).to_have_text("looping")
    page.run(2)
    expect(page.prompt(2)).to_have_text("[*]:")
    page.button("notebook:interrupt-kernel")
    page.has_run(1, 2)
    expect(page.output(1)).to_have_count(2)
    # What waited behind it does not run.
    expect(page.prompt(2)).not_to_have_text("[*]:")
    expect(page.output(2)).to_have_count(0)
    page.run(3)
    expect(page.output(3)).to_have_text("8")


def test_restarting_drops_variables(open_notebook):
    page = open_notebook("let gone = 1;", "gone", "2")
    page.run(0)
    page.has_run(0, 1)
    page.restart()
    page.run(1)
    expect(page.output(1)).to_contain_text("cannot find value `gone`")
    page.has_run(1, 1)
    page.run(2)
    expect(page.output(2)).to_have_text("2")


def test_a_cell_asks(open_notebook):
    page = open_notebook('let name = dagbok::input("name? "); name.to_uppercase()')
    page.run(0)
    box = page.cell(0).locator(".jp-Stdin-input")
    box.fill("ada")
    box.press("Enter")
    expect(page.output(0).last).to_have_text('"ADA"')


# Tasks that go on until the test lets them.
WAITING = """#[delayed]
fn wait(n: i64) -> i64 {
    while n > 1 && !std::path::Path::new("NAME").exists() {
        dagbok::cancel::checkpoint();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    n
}
#[delayed]
fn add(a: i64, b: i64) -> i64 {
    a + b
}"""
COMPUTING = "let kept = 3; add(add(wait(0), wait(1)), wait(2)).compute()?"


def test_progress_is_live(open_notebook, light):
    page = open_notebook(WAITING.replace("NAME", "go-on"), COMPUTING)
    page.menu("Run", "Run All Cells")
    expect(page.cell(1).locator("progress, [role=progressbar]").first).to_be_visible()
    expect(page.prompt(1)).to_have_text("[*]:")
    page.picture("progress_is_live-running")
    (light.folder / "go-on").touch()
    page.has_run(1, 2)
    expect(page.output(1).last).to_have_text("3")


@needs("cancel")
def test_a_computation_is_cancelled(open_notebook):
    page = open_notebook(WAITING.replace("NAME", "never"), COMPUTING, "kept")
    page.menu("Run", "Run All Cells")
    button = page.cell(1).get_by_role("button", name="Cancel")
    expect(button).to_be_visible()
    page.picture("a_computation_is_cancelled-running")
    button.click()
    page.has_run(1, 2)
    # Where widgets are not alive, the button asks the server for an interrupt.
    expect(page.output(1).last).to_contain_text("Interrupted")
    expect(page.output(1).first).to_contain_text("■ interrupted")
    expect(button).to_have_count(0)
    page.run(2)
    expect(page.prompt(2)).to_have_text(re.compile(r"\[\d\]:"))


@needs("inspection")
def test_the_tooltip_documents(open_notebook):
    page = open_notebook("/// Adds one to a number.\nfn plus_one(n: i64) -> i64 { n + 1 }", "")
    page.run(0)
    page.has_run(0, 1)
    page.type(1, "plus_one(")
    page.page.keyboard.press("Shift+Tab")
    tooltip = page.page.locator(".jp-Tooltip")
    expect(tooltip).to_contain_text("fn plus_one(n: i64) -> i64")
    expect(tooltip).to_contain_text("Adds one to a number.")
    page.picture("the_tooltip_documents-open")


@needs("completion")
def test_the_completer_lists_with_icons(open_notebook):
    page = open_notebook("let words = vec![String::new()];", "")
    page.run(0)
    page.has_run(0, 1)
    page.type(1, "words.pu")
    # One match is inserted at once, several are listed. JupyterLab waits a second; the first answer takes longer.
    for _ in range(20):
        page.page.keyboard.press("Tab")
        try:
            expect(page.cell(1).locator(".cm-content")).to_contain_text("words.push", timeout=3000)
            break
        except AssertionError:
            pass
    expect(page.cell(1).locator(".cm-content")).to_contain_text("words.push")
    page.type(1, ";\nwords.i")
    page.page.keyboard.press("Tab")
    items = page.page.locator(".jp-Completer-item")
    expect(items.filter(has_text="iter").first).to_be_visible()
    expect(items.first.locator(".jp-Completer-icon, .jp-Completer-monogram").first).to_be_visible()
    page.picture("the_completer_lists_with_icons-open")
    page.page.keyboard.press("Escape")


SHOWN = [
    "let a = arange(1_000_000).rechunk([100_000]);\na",
    "(&a * 2).sum(0).visualize()?",
    'read_csv("weather.csv")?.compute()?',
    'eprintln!("to stderr"); let x: i32 = "two";',
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_outputs_can_be_read_in(open_notebook, light, dark, theme):
    """All text of outputs stands out from what is behind it."""
    lab = light if theme is LIGHT else dark
    (lab.folder / "weather.csv").write_text("day,rain\n1,0.5\n2,\n3,2.25\n")
    page = open_notebook(*SHOWN, lab=lab)
    page.menu("Run", "Run All Cells")
    page.has_run(3, 4)
    expect(page.page.locator("body")).to_have_attribute("data-jp-theme-light", theme[1])
    page.has_no_faint_texts()
    page.has_no_errors()
