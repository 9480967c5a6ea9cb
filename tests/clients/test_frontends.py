"""Habits of front ends that the protocol does not speak of: VS Code's, qtconsole's, those of programs that run scripts.

`Raw` is a front end without any of Jupyter's programs, as VS Code is one: it starts the kernel by its kernelspec and writes its own
messages, byte for byte.
"""

import hashlib
import hmac
import json
import os
import re
import select
import signal
import socket
import subprocess
import uuid
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pygments.lexers
import pytest
import zmq
from conftest import PATIENCE, ROOT, run
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbconvert.exporters import get_exporter

CHANNELS = ("shell", "control", "stdin")
EVERY_KIND = [("tcp", "a key"), ("tcp", ""), ("ipc", "a key")]
DATE = "2026-01-01T00:00:00.000Z"


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


class Raw:
    """A kernel process and the sockets to it, which are there first."""

    def __init__(self, folder, transport="tcp", key="a key"):
        self.key = key.encode()
        self.folder = folder / "a folder å"
        self.folder.mkdir()
        names = ["shell_port", "control_port", "stdin_port", "iopub_port", "hb_port"]
        if transport == "ipc":
            self.ip, ports, between = str(folder / "k"), range(1, 6), "-"
        else:
            self.ip, ports, between = "127.0.0.1", free_ports(5), ":"
        self.ports = dict(zip(names, ports))
        connection = {"version": 5, "transport": transport, "ip": self.ip, "key": key, "signature_scheme": "hmac-sha256"} | self.ports
        self.context = zmq.Context()
        identity = str(uuid.uuid4()).encode()
        self.sockets = {}
        for channel in (*CHANNELS, "iopub"):
            made = self.context.socket(zmq.SUB if channel == "iopub" else zmq.DEALER)
            made.setsockopt(zmq.SUBSCRIBE if channel == "iopub" else zmq.ROUTING_ID, b"" if channel == "iopub" else identity)
            made.connect(f"{transport}://{self.ip}{between}{self.ports[f'{channel}_port']}")
            self.sockets[channel] = made
        file = self.folder / "kernel-v3 file.json"
        file.write_text(json.dumps(connection))
        spec = KernelSpecManager().get_kernel_spec("dagbok")
        argv = [argument.replace("{connection_file}", str(file)) for argument in spec.argv]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JPY_")} | spec.env
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(argv, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stderr=log)

    def send(self, channel, kind, content=None, metadata=None, parent=None, buffers=(), **header):
        """Sends a request with this header, a field of which is left out if it is `...`; the header."""
        usual = {"msg_id": str(uuid.uuid4()), "msg_type": kind, "session": "raw", "username": "", "version": "5.2", "date": DATE}
        header = {name: value for name, value in (usual | header).items() if value is not ...}
        parts = [json.dumps(part).encode() for part in (header, parent or {}, metadata or {}, content or {})]
        self.sockets[channel].send_multipart([b"<IDS|MSG>", self.sign(parts), *parts, *buffers])
        return header

    def sign(self, parts):
        return hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode() if self.key else b""

    def receive(self, channel):
        """The next message of a channel: header, parent header, metadata, content."""
        assert self.sockets[channel].poll(PATIENCE * 1000), f"nothing comes on {channel}"
        frames = self.sockets[channel].recv_multipart()
        signature, *parts = frames[frames.index(b"<IDS|MSG>") + 1 :][:5]
        assert signature == self.sign(parts)
        return [json.loads(part) for part in parts]

    def greeted(self):
        """From here on, nothing that is published is missed."""
        while self.receive("iopub")[0]["msg_type"] != "iopub_welcome":
            pass

    def ask(self, kind, content=None, channel="shell", **rest):
        """Sends a request; its reply, and what is published up to its end."""
        header = self.send(channel, kind, content, **rest)
        published = []
        while not published or published[-1][1] != header or published[-1][3].get("execution_state") != "idle":
            published.append(self.receive("iopub"))
        return self.receive(channel), published

    def execute(self, code, **rest):
        (_, _, _, reply), published = self.ask("execute_request", {"code": code}, **rest)
        results = [content["data"]["text/plain"] for header, _, _, content in published if header["msg_type"] == "execute_result"]
        return results[0] if results else reply

    def processes(self, parent=None):
        """The numbers of all processes below the kernel's."""
        parent = self.process.pid if parent is None else parent
        children = [int(pid) for file in Path(f"/proc/{parent}/task").glob("*/children") for pid in file.read_text().split()]
        return [pid for child in children for pid in (*self.processes(child), child)]

    def close(self):
        self.context.destroy(linger=0)
        self.process.kill()
        self.process.wait()


@pytest.fixture
def raw(tmp_path):
    raw = Raw(tmp_path)
    yield raw
    raw.close()


@contextmanager
def all_end(pids):
    """What happens inside ends these processes."""
    watched = [os.pidfd_open(pid) for pid in pids]
    yield
    for process in watched:
        ready, _, _ = select.select([process], [], [], PATIENCE)
        assert ready, f"of {pids}, one goes on"
        os.close(process)


# Start and end


@pytest.mark.parametrize(("transport", "key"), EVERY_KIND)
def test_a_kernel_that_no_jupyter_starts(tmp_path, transport, key):
    raw = Raw(tmp_path, transport, key)
    try:
        # VS Code asks on both channels, again and again, before anyone listens.
        asked = [raw.send(channel, "kernel_info_request") for _ in range(3) for channel in ("shell", "control")]
        raw.greeted()
        answered = [raw.receive(channel)[1] for channel in ("shell", "control") for _ in range(3)]
        assert sorted(answered, key=asked.index) == asked
        # It looks whether ports are in use, too.
        if transport == "tcp":
            silent = [socket.create_connection((raw.ip, raw.ports[port])) for port in ("shell_port", "iopub_port")]
            silent[0].close()
        assert raw.execute("std::env::current_dir()?") == f'"{raw.folder}"'
        assert list(raw.folder.glob("*.json")) == [raw.folder / "kernel-v3 file.json"]
    finally:
        raw.close()


def test_clients_that_do_not_wait_for_their_reply(raw):
    raw.greeted()
    for _ in range(20):
        with raw.context.socket(zmq.DEALER) as hurried:
            hurried.connect(f"tcp://{raw.ip}:{raw.ports['shell_port']}")
            usual, raw.sockets["shell"] = raw.sockets["shell"], hurried
            raw.send("shell", "kernel_info_request")
            raw.sockets["shell"] = usual
    assert raw.execute("1 + 1") == "2"


def busy_kernel(raw):
    """All that a kernel may have started is there, and a cell runs."""
    raw.greeted()
    raw.ask("complete_request", {"code": "std::", "cursor_pos": 5})
    raw.send("shell", "execute_request", {"code": 'println!("running"); loop {}'})
    while raw.receive("iopub")[0]["msg_type"] != "stream":
        pass
    below = raw.processes()
    assert below
    return below


def test_the_end_of_the_children_then_of_the_kernel(raw):
    """VS Code sends no `shutdown_request`: it ends all processes, from below."""
    below = busy_kernel(raw)
    with all_end(below):
        for pid in below:
            os.kill(pid, signal.SIGTERM)
        raw.process.terminate()
    raw.process.wait(timeout=PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_kernel_that_is_ended_leaves_no_process(raw, number):
    with all_end(busy_kernel(raw)):
        raw.process.send_signal(number)
    raw.process.wait(timeout=PATIENCE)


@pytest.mark.parametrize("now", [True, False])
def test_a_restart_at_the_same_ports(kernel, now):
    """Jupyter kills or shuts down, then starts again; the front end's sockets stay."""
    kernel.execute("let before = 1;")
    kernel.manager.restart_kernel(now=now)
    kernel.client.wait_for_ready(timeout=PATIENCE)
    ended = kernel.execute("before")
    assert (ended.reply["status"], ended.reply["execution_count"]) == ("error", 1)
    assert kernel.execute("1 + 1").result == "2"


@pytest.mark.parametrize("content", [{}, {"restart": True}])
def test_shutdown_on_the_channel_of_old_clients(raw, content):
    raw.greeted()
    request = raw.send("shell", "shutdown_request", content)
    _, parent, _, reply = raw.receive("shell")
    assert (parent, reply) == (request, {"status": "ok", "restart": content.get("restart", False)})
    raw.process.wait(timeout=PATIENCE)


def test_the_log_of_a_front_end_shows_no_colours(raw):
    raw.greeted()
    raw.sockets["shell"].send_multipart([b"<IDS|MSG>", b"no signature", b"{}", b"{}", b"{}", b"{}"])
    raw.ask("kernel_info_request")
    log = raw.log.read_text()
    assert "dropping a message" in log and "\x1b" not in log


# Messages


@pytest.mark.parametrize("date", [DATE, "2026-01-01T00:00:00.123456", "2026-01-01T02:00:00+02:00", "yesterday", 1767225600, None, ...])
def test_the_header_of_a_request_goes_back_as_it_came(raw, date):
    raw.greeted()
    unknown = {"msg_id": "not/a uuid å", "version": ..., "username": ..., "subshell_id": None, "n": 12345678901234567890, "x": {"y": [1.5, None]}}
    metadata = {"cellId": "vscode-notebook-cell:/a.ipynb#W0sZmlsZQ%3D%3D", "trusted": True, "deletedCells": [], "recordTiming": False}
    content = {"code": "println!(); 1", "cell_id": "a", "unknown": [{}]}
    (_, parent, _, reply), published = raw.ask("execute_request", content, metadata=metadata, buffers=[b"\xff"], **{**unknown, "date": date})
    assert reply["status"] == "ok" and parent["n"] == unknown["n"]
    assert [header["msg_type"] for header, *_ in published] == ["status", "execute_input", "stream", "execute_result", "status"]
    assert all(about == parent for _, about, _, _ in published)
    assert parent == {name: value for name, value in {**parent, **unknown, "date": date}.items() if value is not ...}


def test_the_newest_status_while_a_cell_runs_is_busy(raw):
    """Front ends and Jupyter's server, which ends kernels that are idle for long, take it for the kernel's."""
    raw.greeted()
    running = raw.send("shell", "execute_request", {"code": 'dagbok::input("go on? ")', "allow_stdin": True})
    question, *_ = raw.receive("stdin")
    for kind, content in [("complete_request", {"code": "", "cursor_pos": 0}), ("history_request", {"hist_access_type": "tail", "n": 1})]:
        raw.ask(kind, content)
        _, parent, _, content = raw.receive("iopub")
        assert (parent, content) == ({}, {"execution_state": "busy"})
    raw.send("stdin", "input_reply", {"status": "ok", "value": "yes"}, parent=question)
    assert raw.receive("shell")[1] == running
    assert [raw.receive("iopub")[1::2] for _ in range(2)][-1] == [running, {"execution_state": "idle"}]


def test_answers_name_their_question(raw):
    """As VS Code answers; a prompt that is dismissed is an empty line."""
    raw.greeted()
    code = 'let name = dagbok::input("name? "); (name, dagbok::password("pass? "))'
    raw.send("shell", "execute_request", {"code": code, "allow_stdin": True})
    first, _, _, asked = raw.receive("stdin")
    assert asked == {"prompt": "name? ", "password": False}
    raw.send("stdin", "input_reply", {"status": "ok", "value": ""}, parent=first)
    second, _, _, asked = raw.receive("stdin")
    assert asked == {"prompt": "pass? ", "password": True}
    raw.send("stdin", "input_reply", {"status": "ok", "value": "twice"}, parent=first)
    raw.send("stdin", "input_reply", {"status": "ok", "value": "s3cret"}, parent=second)
    shown = [raw.receive("iopub") for _ in range(4)]
    assert shown[2][3]["data"]["text/plain"] == '("", "s3cret")'


# Cells


FOREIGN = [
    # What VS Code runs at the start, if a person's settings say so, whichever language the kernel has.
    ("import sys\nsys.path.append('lib')", {"store_history": False, "stop_on_error": False, "allow_stdin": True}),
    ("%matplotlib inline\n%load_ext autoreload", {"store_history": False, "stop_on_error": False}),
    # What others run unseen.
    ("import sys; sys.path.extend(['/lib'])", {"silent": True, "store_history": False, "stop_on_error": False}),
    ("get_ipython().run_line_magic('colors', 'linux')", {"silent": True}),
]


@pytest.mark.parametrize(("code", "options"), FOREIGN)
def test_python_that_a_front_end_runs_by_itself(shared, code, options):
    before = shared.execute("let foreign = 7; foreign").reply["execution_count"]
    own = shared.submit(code, **options)
    cell = shared.submit("foreign")
    shown = shared.finish(own).outputs
    assert not shown or not options.get("silent")
    ended = shared.finish(cell)
    assert (ended.result, ended.reply["execution_count"]) == ("7", before + 1)
    tail = {"hist_access_type": "tail", "n": 2, "output": False, "raw": True}
    assert [entry[2] for entry in shared.ask("history_request", tail).reply["history"]] == ["let foreign = 7; foreign", "foreign"]


def test_expressions_without_a_cell(shared):
    """qtconsole looks at values by an empty silent cell."""
    shared.execute("let watched = vec![1, 2];")
    ended = shared.execute("", silent=True, user_expressions={"a": "watched.len()", "b": "no_such_name"})
    assert ended.outputs == []
    assert ended.reply["user_expressions"]["a"]["data"]["text/plain"] == "2"
    assert ended.reply["user_expressions"]["b"]["status"] == "error"


LINES = [
    ("let a = 1;\r\nlet b = 2;\r\na + b", "3"),
    ("fn f() -> i32 {\r\n    1\r\n}\r\n\r\nf()\r\n", "1"),
    (":opt 1\r\n:opt auto\r\n\r\n1 + 1\r\n", "2"),
    ("%%time\r\n2 + 2\r\n", "4"),
    ('"a\r\nb".len()', "3"),
    ("// a comment\r\n1 // another\r\n", "1"),
    ("\ufeff1 + 1", "2"),
    ("1 +\u20281", "2"),
]


@pytest.mark.parametrize(("code", "result"), LINES)
def test_ends_of_lines_of_other_systems(shared, code, result):
    assert shared.execute(code).result == result


def test_the_place_of_an_error_behind_such_ends(shared):
    ended = shared.execute('let c = 1;\r\n\r\nlet d: i32 = "x";\r\n')
    assert re.search(r"cell \d+:3:14", "\n".join(ended.reply["traceback"]))
    assert shared.execute("!echo shell\r\n").stdout == "shell\n"


@pytest.mark.parametrize(
    "code", ['let wrong: i32 = "x";', 'panic!("no")', 'std::fs::read("none")?', "let = )", ":no_such_command", "dagbok::input(\"? \")"]
)
def test_an_error_has_colours_in_its_traceback_alone(shared, code):
    """Front ends take ename and evalue as they are, and know no escape but those of colours."""
    reply = shared.execute(code).reply
    assert reply["status"] == "error"
    assert reply["ename"].isidentifier() and "\x1b" not in reply["evalue"]
    plain = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(reply["traceback"]))
    assert plain.strip() and "\x1b" not in plain


TEXTS = [
    (r'print!("10 %\r20 %\r\n");', "10 %\r20 %\r\n"),
    (r'print!("ab\x08c");', "ab\x08c"),
    (r'print!("\x1b[31mred\x1b[0m \x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\");', "\x1b[31mred\x1b[0m \x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\"),
    (r'print!("no end of the line");', "no end of the line"),
    (r'print!("a\0b");', "a\0b"),
    (r'use std::io::Write; std::io::stdout().write_all(b"\xff ok\n")?;', "\ufffd ok\n"),
    (r'println!("{}", "😀".repeat(1_000_000));', "😀" * 1_000_000 + "\n"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text"), TEXTS, ids=range(len(TEXTS)))
def test_text_arrives_as_it_was_printed(shared, code, text):
    assert shared.execute(code).stdout == text


def test_a_cursor_anywhere(shared):
    """VS Code counts in UTF-16, so that cursors stand behind where they should, and cuts code at the cursor's column."""
    code = "/*😀😀*/\r\n\"a\".to_upp()"
    for cursor in (*range(0, len(code), 4), len(code), len(code) + 2):
        reply = shared.ask("complete_request", {"code": code, "cursor_pos": cursor}).reply
        assert reply["status"] == "ok" and 0 <= reply["cursor_start"] <= reply["cursor_end"] <= len(code), cursor
        types = reply["metadata"]["_jupyter_types_experimental"]
        assert [described["text"] for described in types] == reply["matches"]
        assert all((described["start"], described["end"]) == (reply["cursor_start"], reply["cursor_end"]) for described in types)
        cut = {"code": code[:cursor] + "to_uppercase", "cursor_pos": cursor + 12, "detail_level": 0}
        assert shared.ask("inspect_request", cut).reply["status"] == "ok"


def test_documentation_in_what_front_ends_prefer(shared):
    """Some show Markdown, some HTML; VS Code and qtconsole know plain text alone."""
    data = shared.ask("inspect_request", {"code": "String::from_utf8", "cursor_pos": 17, "detail_level": 1}).reply["data"]
    assert set(data) == {"text/plain", "text/markdown", "text/html"}
    assert "```" in data["text/markdown"] and "<code" in data["text/html"]
    assert "from_utf8" in data["text/plain"] and not re.search(r"\x1b|```|</", data["text/plain"])


# Interrupts


@pytest.mark.parametrize("channel", ["control", "shell"])
def test_an_interrupt_of_a_kernel_that_does_nothing(kernel, channel):
    assert kernel.ask("interrupt_request", channel=channel).reply == {"status": "ok"}
    assert kernel.execute("1 + 1").result == "2"
    assert kernel.ask("interrupt_request", channel=channel).reply == {"status": "ok"}
    ended = kernel.execute("2 + 2")
    assert (ended.result, ended.reply["execution_count"]) == ("4", 2)


def test_an_interrupt_by_a_signal(shared):
    """From front ends that do not read `interrupt_mode`, and from a terminal."""
    shared.execute("let signalled = 5;")
    running = shared.submit('println!("loop"); loop {}')
    while shared.receive("iopub", running)["msg_type"] != "stream":
        pass
    os.kill(shared.manager.provisioner.process.pid, signal.SIGINT)
    assert shared.finish(running).reply["status"] == "error"
    assert shared.execute("signalled").result == "5"


# What is saved, and programs without a notebook


def test_what_a_notebook_says_of_its_language_can_be_used(shared):
    spec = KernelSpecManager().get_kernel_spec("dagbok")
    info = shared.ask("kernel_info_request").reply
    language = info["language_info"]
    assert [argument for argument in spec.argv if "{connection_file}" in argument] == ["{connection_file}"]
    assert (spec.language, spec.interrupt_mode, spec.metadata["debugger"]) == (language["name"], "message", False)
    assert "debugger" not in info["supported_features"]
    lexer = pygments.lexers.get_lexer_by_name(language["pygments_lexer"])
    assert lexer.name == pygments.lexers.get_lexer_for_filename("a" + language["file_extension"]).name == "Rust"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")], metadata={"language_info": language})
    nbformat.validate(notebook)
    text, resources = get_exporter(language["nbconvert_exporter"])().from_notebook_node(notebook)
    assert text.strip() == "1" and resources["output_extension"] == ".rs"


def test_widgets_are_saved_with_what_they_show():
    cells = ["use dagbok::widgets::IntSlider; let n = IntSlider::new().value(3).build(); n", "n.set_value(4);"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=PATIENCE, kernel_name="dagbok").execute()
    data = notebook.cells[0].outputs[0].data
    view = data["application/vnd.jupyter.widget-view+json"]
    saved = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]
    model = saved["state"][view["model_id"]]
    assert (model["model_name"], model["state"]["value"]) == ("IntSliderModel", 4)
    assert {"text/plain", "text/html"} <= set(data)


def test_pages_need_no_network(shared):
    """Notebooks are shown in frames that reach nothing outside, and without a network."""
    weather = str(ROOT / "notebooks/data/seattle-weather.csv")
    cells = ["arange(1000)", "arange(1000).sum(()).visualize()?", f'read_csv("{weather}")?', "plot::bar([1, 2], [3, 4])"]
    pages = [content["data"]["text/html"] for cell in cells for _, content in shared.execute(cell).outputs]
    assert len(pages) == 4
    for page in pages:
        assert not re.search(r"""<link|@import|(src|href)\s*=\s*["']?(https?:)?//|url\(\s*["']?(https?:)?//|fetch\(""", page), page


def test_a_script_is_run(tmp_path):
    script = tmp_path / "script.rs"
    script.write_text('let x = 41;\nprintln!("x is {x}");\nx + 1\n')
    said = run("jupyter", "run", "--kernel=dagbok", script)
    assert "x is 41" in said and "42" in said


def test_a_console_joins_a_kernel_and_leaves_it_running(kernel):
    kernel.execute("let joined = 6 * 7;")
    said = run("jupyter", "console", "--existing", kernel.manager.connection_file, "--simple-prompt", input="joined\n")
    assert re.search(r"Out.*: 42", re.sub(r"\x1b\[[\d;]*m", "", said)), said
    assert kernel.execute("joined").result == "42"
