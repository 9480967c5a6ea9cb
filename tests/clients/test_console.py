"""`jupyter console`, driven through pipes and through a terminal."""

import os
import re
import signal
import sys
from pathlib import Path

import pexpect
import pytest
from conftest import PATIENCE, needs, run


def test_cells_through_a_pipe():
    cells = ["1 + 1", "let x = vec![1, 2];", "x.len() + 40", 'println!("å😀")', 'panic!("oops")', "x"]
    said = run("jupyter", "console", "--kernel=dagbok", "--simple-prompt", input="\n".join(cells) + "\n")
    said = re.sub(r"\x1b\[[\d;]*m", "", said)
    assert "Dagbok" in said
    for shown in ("Out[1]: 2", "Out[3]: 42", "å😀", "Panic: oops", "Out[6]: [1, 2]"):
        assert shown in said, said


@pytest.fixture
def console():
    """A console in a terminal, at its first prompt."""
    program = str(Path(sys.executable).with_name("jupyter"))
    child = pexpect.spawn(
        program, ["console", "--kernel=dagbok"], encoding="utf-8", timeout=PATIENCE, dimensions=(40, 120),
        env={**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm"},
    )  # fmt: skip
    prompt(child, 1)
    yield child
    # Where the tests run without a terminal of their own, programs may ignore that theirs is gone.
    for last in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
        child.kill(last)
        try:
            child.expect(pexpect.EOF, timeout=10)
            break
        except pexpect.TIMEOUT:
            pass
    child.wait()


def prompt(console, number):
    # With colours in it.
    console.expect(rf"In \[[^\]]*?{number}[^\]]*?\]: ")


def test_a_cell_of_several_lines(console):
    console.send("fn next(n: i32) -> i32 {\r")
    console.expect(r"\.\.\.: ")
    console.send("n + 1\r}\r\r")
    prompt(console, 2)
    console.send("next(41)\r")
    console.expect("Out.*42")
    prompt(console, 3)


def test_an_interrupt_keeps_the_console(console):
    console.send('let kept = 7; println!("loop{}", "ing"); loop {}\r')
    console.expect("looping")
    console.send("\x03")
    prompt(console, 2)
    console.send("kept\r")
    prompt(console, 3)


def test_a_cell_asks(console):
    # What is typed does not look like the question.
    console.send('let name = dagbok::input(&format!("na{}? ", "me")); name.len()\r')
    console.expect(r"name\? ")
    console.send("four\r")
    console.expect("Out.*4")


@needs("completion")
def test_tab_completes(console):
    console.send("let remarkable = 40;\r")
    # Where all else is slow, the console may go on without the first answer; then there is no such variable.
    for count in range(2, 7):
        prompt(console, count)
        console.send("remark\t")
        # Only what is new may be drawn.
        console.expect("able")
        console.send(" + 2\r")
        if console.expect(["Out.*42", "cannot find value"]) == 0:
            return
    pytest.fail("Tab never completed")


@needs("history")
def test_the_arrow_brings_back_the_last_cell(console):
    console.send("6 * 7\r")
    console.expect("Out.*42")
    prompt(console, 2)
    console.send("\x1b[A\r")
    console.expect("Out.*42")
