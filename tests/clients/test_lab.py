"""JupyterLab in a browser: what a person sees and clicks.

Each test waits for what the page shows, and leaves a picture in the folder `DAGBOK_PICTURES`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import PATIENCE, needs
from playwright.sync_api import expect, sync_playwright

PICTURES = Path(os.environ["DAGBOK_PICTURES"])
expect.set_options(timeout=PATIENCE * 1000)

# The themes' names, and what the page's body then says.
LIGHT, DARK = ("JupyterLab Light", "true"), ("JupyterLab Dark", "false")


class Lab:
    """A server of JupyterLab's, in a folder of its own."""

    def __init__(self, folder, theme):
        self.folder = folder / "notebooks"
        self.folder.mkdir()
        settings = folder / "settings/@jupyterlab/apputils-extension"
        settings.mkdir(parents=True)
        (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
        environment = {"JUPYTERLAB_SETTINGS_DIR": folder / "settings", "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces", "JUPYTER_RUNTIME_DIR": folder / "runtime"}
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0",
                "--IdentityProvider.token=", f"--ServerApp.root_dir={self.folder}", "--LabApp.news_url=", "--LabApp.collaborative=False",
            ],
            env=os.environ | {name: str(value) for name, value in environment.items()},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.url, said = None, []
        for line in self.process.stderr:
            said.append(line)
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab", line):
                self.url = found[1]
                break
        assert self.url, "".join(said)
        # Nobody reads the rest, and a full pipe would stop the server.
        self.reader = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.reader.wait(timeout=PATIENCE)


class Page:
    """A notebook in the browser."""

    def __init__(self, lab, browser, name, cells):
        self.path = lab.folder / f"{name}.ipynb"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "dagbok", "display_name": "Rust (Dagbok)", "language": "rust"}
        nbformat.write(notebook, self.path)
        self.name = name
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(PATIENCE * 1000)
        self.errors = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.goto(f"{lab.url}/lab/tree/{name}.ipynb?reset")
        self.is_idle()

    def is_idle(self):
        """Waits until the kernel is there and has nothing to do."""
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("Rust (Dagbok) | Idle")

    def cell(self, number):
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def output(self, number):
        return self.cell(number).locator(".jp-OutputArea-output")

    def prompt(self, number):
        return self.cell(number).locator(".jp-InputPrompt")

    def has_run(self, number, count):
        expect(self.prompt(number)).to_have_text(f"[{count}]:")

    def run(self, number):
        """Runs one cell as a person does."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def menu(self, menu, item):
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{item}$")).click()

    def button(self, command):
        self.page.locator(f".jp-NotebookPanel-toolbar [data-command='{command}']").first.click()

    def type(self, number, text):
        """Types at the end of a cell."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(text)

    def picture(self, name=None):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name or self.name}.png")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=os.environ["DAGBOK_CHROMIUM"], args=quiet)
        yield browser
        browser.close()


def server(tmp_path_factory, theme):
    lab = Lab(tmp_path_factory.mktemp("lab"), theme)
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    yield from server(tmp_path_factory, LIGHT[0])


@pytest.fixture(scope="module")
def dark(tmp_path_factory):
    yield from server(tmp_path_factory, DARK[0])


@pytest.fixture
def open_notebook(light, browser, request):
    """Opens a notebook of these cells; a picture of a page is taken when its test ends, however it does."""
    opened = []

    def open_notebook(*cells, lab=light):
        name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
        page = Page(lab, browser, name, cells)
        opened.append(page)
        return page

    yield open_notebook
    for page in opened:
        page.picture()
        page.page.close()


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
    with page.page.expect_response(lambda response: response.request.method == "PUT" and response.ok):
        page.page.keyboard.press("Control+s")
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
    page.button("notebook:restart-kernel")
    page.page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.page.locator(".jp-Dialog")).to_have_count(0)
    page.is_idle()
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
    # The extension for widgets is not there: the button asks the server for an interrupt.
    expect(page.output(1).last).to_contain_text("Interrupted")
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
    faint = page.page.evaluate(FAINT_TEXTS)
    assert faint == [], faint
    assert [error for error in page.errors if "favicon" not in error] == []


# The texts in outputs whose contrast with their background is below 3, with both colours.
FAINT_TEXTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] > 0.5) return color;
    }
    return [255, 255, 255, 1];
  };
  const faint = [];
  for (const element of document.querySelectorAll('.jp-OutputArea-output *')) {
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
    // The colours of terminals are JupyterLab's own.
    if (!text || !element.getClientRects().length || element.closest('svg, script, style, [class*=ansi-]')) continue;
    const [fore, back] = [rgba(getComputedStyle(element).color), behind(element)];
    const [a, b] = [light(fore), light(back)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 3) faint.push([text.slice(0, 40), fore, back]);
  }
  return faint;
}"""
