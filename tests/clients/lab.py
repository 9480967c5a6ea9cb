"""JupyterLab in a browser, and a person in front of it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import PATIENCE
from playwright.sync_api import expect, sync_playwright

PICTURES = Path(os.environ["DAGBOK_PICTURES"])
expect.set_options(timeout=PATIENCE * 1000)

# The themes' names, and what the page's body then says.
LIGHT, DARK = ("JupyterLab Light", "true"), ("JupyterLab Dark", "false")

# The extension that shows widgets alive, which the environment has.
EXTENSION = "@jupyter-widgets/jupyterlab-manager"


# The texts in outputs whose contrast with their background is below 3, with both colours.
FAINT_TEXTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (fore, back) => [0, 1, 2].map(i => fore[i] * fore[3] + back[i] * (1 - fore[3])).concat(1);
  const behind = element => element ? over(rgba(getComputedStyle(element).backgroundColor), behind(element.parentElement)) : [255, 255, 255, 1];
  const opacity = element => element ? getComputedStyle(element).opacity * opacity(element.parentElement) : 1;
  const faint = [];
  for (const element of document.querySelectorAll('.jp-OutputArea-output *')) {
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
    // What is disabled is to be faint.
    if (!text || !element.getClientRects().length || element.matches(':disabled') || element.closest('svg, script, style')) continue;
    const [r, g, b, a] = rgba(getComputedStyle(element).color);
    const back = behind(element);
    const fore = over([r, g, b, a * opacity(element)], back);
    const [lighter, darker] = [light(fore), light(back)].sort((x, y) => y - x);
    if ((lighter + 0.05) / (darker + 0.05) < 3) faint.push([text.slice(0, 40), fore, back]);
  }
  return faint;
}"""


class Lab:
    """A server of JupyterLab's, in a folder of its own, with or without the extension for widgets."""

    def __init__(self, folder, theme, has_widgets):
        self.folder = folder / "notebooks"
        self.folder.mkdir()
        settings = folder / "settings/@jupyterlab/apputils-extension"
        settings.mkdir(parents=True)
        (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
        # What `jupyter labextension disable` writes.
        config = folder / "config/labconfig"
        config.mkdir(parents=True)
        (config / "page_config.json").write_text(json.dumps({"disabledExtensions": {EXTENSION: not has_widgets}}))
        environment = {
            "JUPYTER_CONFIG_DIR": folder / "config",
            "JUPYTER_RUNTIME_DIR": folder / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
        }
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
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
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

    def restart(self):
        """Restarts the kernel as a person does."""
        self.button("notebook:restart-kernel")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)
        self.is_idle()

    def save(self):
        def is_written(response):
            return response.request.method == "PUT" and "/api/contents/" in response.url and response.ok

        with self.page.expect_response(is_written):
            self.page.keyboard.press("Control+s")

    def has_no_faint_texts(self):
        faint = self.page.evaluate(FAINT_TEXTS)
        assert faint == [], faint

    def has_no_errors(self, *known):
        errors = [error for error in self.errors if "favicon" not in error and error not in known]
        assert errors == [], errors

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


def server(tmp_path_factory, theme, has_widgets=False):
    lab = Lab(tmp_path_factory.mktemp("lab"), theme[0], has_widgets)
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    yield from server(tmp_path_factory, LIGHT)


@pytest.fixture(scope="module")
def dark(tmp_path_factory):
    yield from server(tmp_path_factory, DARK)


@pytest.fixture(scope="module")
def light_with_widgets(tmp_path_factory):
    yield from server(tmp_path_factory, LIGHT, has_widgets=True)


@pytest.fixture(scope="module")
def dark_with_widgets(tmp_path_factory):
    yield from server(tmp_path_factory, DARK, has_widgets=True)


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
