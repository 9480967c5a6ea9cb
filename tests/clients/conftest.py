"""What the tests under real Jupyter clients share: a kernel, and what it says.

No test waits for a time to pass: cells and tests meet through inputs, statics and replies.
"""

import os
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from jupyter_kernel_test.msgspec_v5 import validate_message

ROOT = Path(os.environ["DAGBOK_ROOT"])
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").glob("*.ipynb") if ".executed" not in path.name)
# The longest that one answer may take; nothing takes that long unless it never comes.
PATIENCE = 120

# What is tested already, but not there yet.
NOT_YET = set()


def needs(*features):
    """A test that is left out as long as the kernel lacks one of these."""
    missing = sorted(NOT_YET.intersection(features))
    return pytest.mark.skipif(bool(missing), reason=f"not yet: {', '.join(missing)}")


@pytest.fixture(scope="session", autouse=True)
def declared():
    """The first completion on a machine finds nothing yet: meanwhile what crates declare is written down."""
    manager, client = start_new_kernel(kernel_name="dagbok")
    deadline = time.monotonic() + PATIENCE
    try:
        while "HashMap" not in client.complete("std::collections::HashM", reply=True, timeout=PATIENCE)["content"]["matches"]:
            assert time.monotonic() < deadline, "completion never knew std"
            try:
                client.get_iopub_msg(timeout=0.3)
            except Empty:
                pass
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@dataclass
class Execution:
    """What came of one request: its reply's content, and what was published for it."""

    reply: dict
    published: list = field(default_factory=list)

    @property
    def outputs(self):
        """Type and content of everything that is neither a status nor the echo of the input."""
        return [(m["msg_type"], m["content"]) for m in self.published if m["msg_type"] not in ("status", "execute_input")]

    @property
    def stdout(self):
        return "".join(content["text"] for kind, content in self.outputs if kind == "stream" and content["name"] == "stdout")

    @property
    def result(self):
        """The plain text of the cell's value."""
        assert self.reply["status"] == "ok", self.reply
        results = [content["data"]["text/plain"] for kind, content in self.outputs if kind == "execute_result"]
        return results[0] if results else None

    @property
    def statuses(self):
        return [m["content"]["execution_state"] for m in self.published if m["msg_type"] == "status"]


class Client:
    """A front end. Messages are kept by the request that they belong to, whichever is waited for."""

    def __init__(self, client):
        self.client = client
        self.inbox = {channel: defaultdict(list) for channel in ("shell", "control", "iopub", "stdin")}

    def send(self, kind, content=None, channel="shell", subshell=None):
        """Sends a request; its id."""
        message = self.client.session.msg(kind, content or {})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        getattr(self.client, f"{channel}_channel").send(message)
        return message["header"]["msg_id"]

    def submit(self, code, subshell=None, **options):
        """Sends a cell; the request's id."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
        return self.send("execute_request", content | options, subshell=subshell)

    def receive(self, channel, parent):
        """The next message of a channel that belongs to the request `parent`."""
        box = self.inbox[channel]
        while not box[parent]:
            message = getattr(self.client, f"get_{channel}_msg")(timeout=PATIENCE)
            check_message(message)
            box[message["parent_header"].get("msg_id")].append(message)
        return box[parent].pop(0)

    def finish(self, request, channel="shell"):
        """Waits for the reply and for `idle`, whichever comes first."""
        reply = self.receive(channel, request)
        published = []
        while not published or published[-1]["content"].get("execution_state") != "idle":
            published.append(self.receive("iopub", request))
        return Execution(reply["content"], published)

    def ask(self, kind, content=None, channel="shell", subshell=None):
        """Sends a request and waits for everything that comes of it."""
        return self.finish(self.send(kind, content, channel, subshell), channel)

    def execute(self, code, subshell=None, **options):
        """Runs a cell and waits for everything that comes of it."""
        return self.finish(self.submit(code, subshell, **options))

    def question(self, request):
        """Waits for what a cell asks."""
        return self.receive("stdin", request)["content"]

    def has_read_everything(self):
        """The kernel reads a socket in order: once it answers this, it knows all that was sent before."""
        self.ask("kernel_info_request")


def check_message(message):
    """The message has the form that the protocol demands, as far as `jupyter_kernel_test` knows its type.

    It does not know that `password` is a Boolean, nor that requests are `aborted`.
    """
    if message["msg_type"] == "input_request":
        assert {key: type(value) for key, value in message["content"].items()} == {"prompt": str, "password": bool}
        return
    if message["content"].get("status") == "aborted":
        assert message["msg_type"] == "execute_reply"
        return
    try:
        validate_message(message)
    except KeyError:
        assert isinstance(message["content"], dict), message
    assert message["header"]["date"].tzinfo is not None, message


class Kernel(Client):
    """A kernel of its own, and a front end of it."""

    def __init__(self, **options):
        self.manager, client = start_new_kernel(kernel_name="dagbok", startup_timeout=PATIENCE, **options)
        super().__init__(client)
        self.others = []

    def second(self):
        """Another front end of the same kernel, with a session of its own."""
        client = BlockingKernelClient(connection_file=self.manager.connection_file)
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        self.others.append(client)
        return Client(client)

    def stop(self):
        for client in [self.client, *self.others]:
            client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel():
    kernel = Kernel()
    yield kernel
    kernel.stop()


@pytest.fixture(scope="module")
def kernels():
    """The kernels of the tests of a file, by how many tests had failed when they were started."""
    kernels = {}
    yield kernels
    for kernel in kernels.values():
        kernel.stop()


@pytest.fixture
def shared(kernels, request):
    """A kernel for the tests of a file, which use other names; a new one behind a test that has failed."""
    failed = request.session.testsfailed
    if failed not in kernels:
        kernels[failed] = Kernel()
    return kernels[failed]


def run(*command, **options):
    """Runs a program of the environment to its end; what it has said."""
    program = Path(sys.executable).with_name(command[0])
    options = {"stdin": subprocess.DEVNULL, "timeout": PATIENCE * 4} | options
    if "input" in options:
        del options["stdin"]
    ended = subprocess.run([program, *map(str, command[1:])], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    assert ended.returncode == 0, f"{command}: {ended.stdout}"
    return ended.stdout
