"""Widgets in JupyterLab: alive where it has the extension of ipywidgets, else as they were at the end of their cell."""

import re

import pytest
from lab import DARK, LIGHT, browser, dark_with_widgets, light, light_with_widgets, open_notebook  # noqa: F401
from playwright.sync_api import expect

ALL = r"""use dagbok::display::MimeBundle;
use dagbok::widgets::{Button, Checkbox, Dropdown, FloatProgress, FloatSlider, HBox, HTML, IntProgress, IntSlider, Label, Output, Text, Textarea, VBox};
let output = Output::new();
output.print("printed\n");
output.append(&MimeBundle::plain("plain").with("text/html", "<i>appended</i>"));
output.append(&Label::new().value("a label inside").build());
VBox::new([
    &IntSlider::new().max(10).value(3).description("whole").build(),
    &FloatSlider::new().max(10.0).value(2.5).description("real").build(),
    &IntProgress::new().value(40).description("count").build(),
    &FloatProgress::new().max(50.0).value(12.5).description("share").build(),
    &HBox::new([&Button::new().description("press").build(), &Checkbox::new().value(true).description("ticked").build()]),
    &Text::new().value("typed").description("line").build(),
    &Textarea::new().value("two\nlines").description("lines").build(),
    &Dropdown::new().options(["a", "b"]).value("b").description("letter").build(),
    &Label::new().value("a label").build(),
    &HTML::new().value("<b>bold</b> text").build(),
    &output,
])"""


@pytest.fixture
def open_alive(open_notebook, light_with_widgets):
    """Opens a notebook of these cells where widgets are alive; at the end, no page has had an error."""
    opened = []

    def open_alive(*cells, lab=light_with_widgets):
        page = open_notebook(*cells, lab=lab)
        opened.append(page)
        return page

    yield open_alive
    for page in opened:
        page.has_no_errors()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_each_widget_is_drawn_in(open_alive, light_with_widgets, dark_with_widgets, theme):
    page = open_alive(ALL, lab=light_with_widgets if theme is LIGHT else dark_with_widgets)
    page.run(0)
    page.has_run(0, 1)
    expect(page.page.locator("body")).to_have_attribute("data-jp-theme-light", theme[1])
    column = page.output(0).first
    sliders = column.get_by_role("slider")
    expect(sliders).to_have_count(2)
    expect(sliders.nth(0)).to_have_attribute("aria-valuenow", "3.0")
    expect(sliders.nth(1)).to_have_attribute("aria-valuenow", "2.5")
    expect(column.locator(".widget-readout")).to_have_text(["3", "2.50"])
    bars = column.locator(".progress-bar")
    expect(bars).to_have_count(2)
    expect(bars.nth(0)).to_have_attribute("style", re.compile("width: 40%"))
    expect(bars.nth(1)).to_have_attribute("style", re.compile("width: 25%"))
    row = column.locator(".widget-hbox")
    expect(row.get_by_role("button", name="press")).to_be_visible()
    expect(row.get_by_role("checkbox", name="ticked")).to_be_checked()
    expect(column.get_by_label("line", exact=True)).to_have_value("typed")
    expect(column.get_by_label("lines", exact=True)).to_have_value("two\nlines")
    expect(column.get_by_label("letter")).to_have_value("b")
    expect(column.get_by_text("a label", exact=True)).to_be_visible()
    expect(column.locator(".widget-html-content b")).to_have_text("bold")
    output = column.locator(".widget-output")
    expect(output.locator("pre")).to_have_text("printed\n")
    expect(output.locator("i")).to_have_text("appended")
    expect(output.get_by_text("a label inside")).to_be_visible()
    page.has_no_faint_texts()


SLIDER = """use dagbok::widgets::{IntSlider, Label, VBox};
let n = IntSlider::new().max(10).value(3).description("n").build();
let shown = Label::new().value("not moved").build();
let label = shown.clone();
n.on_change(move |n| {
    println!("printed {n}");
    label.set_value(format!("moved to {n}"));
});
VBox::new([&n, &shown])"""


def move(page, number, value):
    """Moves the slider in an output one step to the right, where it then says `value`."""
    handle = page.output(number).get_by_role("slider")
    handle.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuetext", value)


def test_a_slider_calls_back(open_alive):
    page = open_alive(SLIDER, "n.value()")
    page.run(0)
    page.has_run(0, 1)
    move(page, 0, "4")
    expect(page.output(0)).to_contain_text("moved to 4")
    page.run(1)
    expect(page.output(1)).to_have_text("4")
    # What belongs to no cell is in JupyterLab's log.
    page.menu("View", "Show Log Console")
    expect(page.page.locator(".jp-LogConsolePanel")).to_contain_text("printed 4")


def test_a_cell_moves_a_slider(open_alive):
    page = open_alive(SLIDER, "n.set_value(7);", "n.set_value(99); n.value()")
    page.run(0)
    page.has_run(0, 1)
    handle = page.output(0).get_by_role("slider")
    page.run(1)
    expect(handle).to_have_attribute("aria-valuetext", "7")
    page.run(2)
    expect(page.output(2)).to_have_text("10")
    expect(handle).to_have_attribute("aria-valuetext", "10")
    # Callbacks are for what the person does.
    expect(page.output(0)).to_contain_text("not moved")


BUTTON = """use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use dagbok::widgets::{Button, IntProgress, VBox};
let is_clicked = Arc::new(AtomicBool::new(false));
let clicked = is_clicked.clone();
let (button, bar) = (Button::new().description("go on").build(), IntProgress::new().build());
button.on_click(move || clicked.store(true, Ordering::Relaxed));
VBox::new([&bar, &button])"""
CLICKED = """bar.set_value(60);
while !is_clicked.load(Ordering::Relaxed) {
    dagbok::cancel::checkpoint();
    std::thread::sleep(std::time::Duration::from_millis(5));
}
"clicked" """


def test_a_running_cell_shows_and_hears(open_alive):
    page = open_alive(BUTTON, CLICKED)
    page.run(0)
    page.has_run(0, 1)
    page.run(1)
    expect(page.output(0).locator(".progress-bar")).to_have_attribute("style", re.compile("width: 60%"))
    expect(page.prompt(1)).to_have_text("[*]:")
    page.output(0).get_by_role("button", name="go on").click()
    page.has_run(1, 2)
    expect(page.output(1)).to_have_text('"clicked"')


FORM = """use dagbok::widgets::{Checkbox, Dropdown, Output, Text, Textarea, VBox};
let name = Text::new().description("name").build();
let more = Textarea::new().description("more").build();
let greeting = Dropdown::new().options(["Hello", "Hej"]).description("greeting").build();
let loud = Checkbox::new().description("loud").build();
let output = Output::new();
let log = output.clone();
name.on_submit(move |name| log.print(&format!("name {name}\\n")));
let log = output.clone();
more.on_change(move |more| log.print(&format!("more {more:?}\\n")));
let log = output.clone();
greeting.on_change(move |greeting| log.print(&format!("greeting {greeting}\\n")));
let log = output.clone();
loud.on_change(move |loud| log.print(&format!("loud {loud}\\n")));
VBox::new([&name, &more, &greeting, &loud, &output])"""


def test_what_is_entered_arrives(open_alive):
    page = open_alive(FORM, "(name.value(), more.value(), greeting.value(), loud.value())")
    page.run(0)
    page.has_run(0, 1)
    form = page.output(0).first
    log = form.locator(".widget-output")
    form.get_by_label("name").fill("Åsa")
    form.get_by_label("name").press("Enter")
    expect(log).to_contain_text("name Åsa")
    form.get_by_label("more").fill("1\n2")
    expect(log).to_contain_text(r'more "1\n2"')
    form.get_by_label("greeting").select_option("Hej")
    expect(log).to_contain_text("greeting Hej")
    form.get_by_label("loud").check()
    expect(log).to_contain_text("loud true")
    page.run(1)
    expect(page.output(1)).to_have_text(r'("Åsa", "1\n2", "Hej", true)')


def test_two_views_are_one_slider(open_alive):
    page = open_alive(SLIDER, "n")
    page.run(0)
    page.has_run(0, 1)
    page.run(1)
    page.has_run(1, 2)
    move(page, 1, "4")
    expect(page.output(0).get_by_role("slider")).to_have_attribute("aria-valuetext", "4")
    move(page, 0, "5")
    expect(page.output(1).get_by_role("slider")).to_have_attribute("aria-valuetext", "5")


def test_what_is_closed_goes_and_what_is_added_comes(open_alive):
    page = open_alive(SLIDER, "n", "n.close();", 'let row = VBox::new([&Label::new().value("first").build()]); row', 'row.set_children([&Label::new().value("second").build()]);')
    for number in range(4):
        page.run(number)
        page.has_run(number, number + 1)
    expect(page.output(0).get_by_role("slider")).to_have_count(0)
    expect(page.output(1).get_by_role("slider")).to_have_count(0)
    expect(page.output(3)).to_have_text("first")
    page.run(4)
    expect(page.output(3)).to_have_text("second")


def test_widgets_outlive_the_page(open_alive):
    page = open_alive(SLIDER, "n.set_value(8);", "n.value()")
    page.run(0)
    page.has_run(0, 1)
    move(page, 0, "4")
    expect(page.output(0)).to_contain_text("moved to 4")
    page.save()
    page.page.reload()
    page.is_idle()
    handle = page.output(0).get_by_role("slider")
    expect(handle).to_have_attribute("aria-valuetext", "4")
    expect(page.output(0)).to_contain_text("moved to 4")
    move(page, 0, "5")
    expect(page.output(0)).to_contain_text("moved to 5")
    page.run(1)
    expect(handle).to_have_attribute("aria-valuetext", "8")
    page.run(2)
    expect(page.output(2)).to_have_text("8")


def test_widgets_after_a_restart(open_alive):
    page = open_alive(SLIDER)
    page.run(0)
    page.has_run(0, 1)
    move(page, 0, "4")
    page.restart()
    # What is left of the old one is marked, and nobody hears of what is done to it.
    expect(page.output(0).locator(".widget-slider.jupyter-widgets-disconnected")).to_be_visible()
    page.output(0).get_by_role("slider").press("ArrowRight")
    page.run(0)
    expect(page.output(0).get_by_role("slider")).to_have_attribute("aria-valuetext", "3")
    page.has_run(0, 1)
    move(page, 0, "4")
    expect(page.output(0)).to_contain_text("moved to 4")


WAITING = """#[delayed]
fn wait(n: i64) -> i64 {
    while n > 0 {
        dagbok::cancel::checkpoint();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    n
}
let kept = 3i64;"""


@pytest.mark.parametrize("before", ["a start", "a restart", "a reset"])
def test_a_computation_is_cancelled_after(open_alive, before):
    """By a widget's button, not by an interrupt that the server is asked for."""
    page = open_alive(WAITING, "wait(kept).compute()?", "kept", ":reset")
    asked = []
    page.page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/interrupt") else None)
    if before == "a restart":
        page.restart()
    if before == "a reset":
        page.run(3)
        page.has_run(3, 1)
    page.menu("Run", "Run All Cells")
    button = page.cell(1).locator(".widget-button")
    expect(button).to_have_text("Cancel")
    expect(page.prompt(1)).to_have_text("[*]:")
    page.picture(f"{page.name}-running")
    button.click()
    expect(page.output(1).first).to_contain_text("■ cancelled 0 of 1 task")
    expect(page.output(1).last).to_have_text(re.compile("the computation was cancelled"))
    expect(button).to_have_count(0)
    page.run(2)
    expect(page.output(2)).to_have_text("3")
    assert asked == []


def test_widgets_without_the_extension(open_notebook):
    page = open_notebook(ALL)
    page.run(0)
    page.has_run(0, 1)
    output = page.output(0)
    expect(output.get_by_role("progressbar")).to_have_count(4)
    expect(output).to_contain_text("whole: ███░░░░░░░ 3 (0 to 10)")
    expect(output).to_contain_text("share: ███░░░░░░░ 25 %")
    expect(output.get_by_role("button", name="press")).to_be_disabled()
    for text in ["☑ ticked", "line: typed", "letter: b ▾", "a label", "bold text", "printed", "appended", "a label inside"]:
        expect(output).to_contain_text(text)
    page.has_no_faint_texts()
    # That is how JupyterLab says of each widget that it knows none.
    page.has_no_errors("Exception opening new comm")
