"""What each request of the protocol leads to: the cases of ipykernel's message tests, and further ones, with Rust cells.

Every message that arrives is checked against the protocol's schemas, too (`check_message`).
"""

import pytest
from conftest import needs

FAIL = 'panic!("as it should")'


def test_execute(shared):
    ended = shared.execute("let executed = 1;")
    assert ended.reply["status"] == "ok"
    assert ended.statuses == ["busy", "idle"]
    assert ended.outputs == []
    echo = ended.published[1]
    assert echo["msg_type"] == "execute_input"
    assert echo["content"] == {"code": "let executed = 1;", "execution_count": ended.reply["execution_count"]}


def test_each_cell_counts(shared):
    first = shared.execute("1").reply["execution_count"]
    assert shared.execute("2").reply["execution_count"] == first + 1
    assert shared.execute(FAIL).reply["execution_count"] == first + 2
    assert shared.execute("3").reply["execution_count"] == first + 3


def test_the_count_starts_at_one(kernel):
    assert kernel.execute("1").reply["execution_count"] == 1


def test_silent_cells_show_nothing_and_do_not_count(shared):
    before = shared.execute("0").reply["execution_count"]
    for code in ("let silent = 5;", "silent", 'println!("x");', "display(&1);"):
        ended = shared.execute(code, silent=True)
        assert ended.reply["status"] == "ok"
        assert [m["msg_type"] for m in ended.published] == ["status", "status"]
    assert shared.execute("silent").reply["execution_count"] == before + 1


def test_cells_that_are_not_stored_do_not_count(shared):
    before = shared.execute("0").reply["execution_count"]
    assert shared.execute("1", store_history=False).result == "1"
    assert shared.execute("2").reply["execution_count"] == before + 1


@pytest.mark.parametrize(
    ("code", "name"), [(FAIL, "Panic"), ("let x: i32 = \"two\";", "CompileError"), ('"x".parse::<i32>()?', "Error"), ("let = )", "CompileError")]
)
def test_an_error_is_one_message_and_the_reply(shared, code, name):
    ended = shared.execute(code)
    assert ended.reply["status"] == "error"
    assert ended.reply["ename"] == name
    [(kind, error)] = ended.outputs
    assert kind == "error"
    assert error == {key: ended.reply[key] for key in ("ename", "evalue", "traceback")}
    assert ended.statuses == ["busy", "idle"]


def queue_behind_failure(kernel, **options):
    """A cell that fails once everything else has arrived; two cells behind it."""
    failing = kernel.submit('dagbok::input("fail? "); ' + FAIL, allow_stdin=True, **options)
    kernel.question(failing)
    behind = [kernel.submit('println!("behind");') for _ in range(2)]
    kernel.has_read_everything()
    kernel.client.input("yes")
    assert kernel.finish(failing).reply["status"] == "error"
    return [kernel.finish(request) for request in behind]


def test_an_error_aborts_what_waits(shared):
    behind = queue_behind_failure(shared)
    assert [ended.reply["status"] for ended in behind] == ["aborted", "aborted"]
    assert [ended.outputs for ended in behind] == [[], []]
    assert shared.execute("1 + 1").result == "2"


def test_an_error_aborts_nothing_if_it_is_not_to(shared):
    behind = queue_behind_failure(shared, stop_on_error=False)
    assert [ended.stdout for ended in behind] == ["behind\n", "behind\n"]


def test_an_error_aborts_only_cells(shared):
    failing = shared.submit('dagbok::input("fail? "); ' + FAIL, allow_stdin=True)
    shared.question(failing)
    others = [shared.send(kind, content) for kind, content in OTHER_REQUESTS]
    shared.client.input("yes")
    assert shared.finish(failing).reply["status"] == "error"
    assert [shared.finish(request).reply["status"] for request in others] == ["ok"] * 4


OTHER_REQUESTS = [
    ("kernel_info_request", {}),
    ("comm_info_request", {}),
    ("inspect_request", {"code": "println", "cursor_pos": 3, "detail_level": 0}),
    ("complete_request", {"code": "printl", "cursor_pos": 6}),
]


@pytest.mark.parametrize(("kind", "content"), OTHER_REQUESTS)
def test_requests_are_answered_while_a_cell_runs(shared, kind, content):
    running = shared.submit('dagbok::input("go on? ")', allow_stdin=True)
    shared.question(running)
    assert shared.ask(kind, content).reply["status"] == "ok"
    shared.client.input("yes")
    assert shared.finish(running).result == '"yes"'


@needs("user_expressions")
def test_user_expressions(shared):
    ended = shared.execute("let x = 1;", user_expressions={"next": "x + 1", "text": '"a"', "missing": "no_such_name", "panics": FAIL, "nothing": ""})
    given = ended.reply["user_expressions"]
    assert given["next"] == {"status": "ok", "data": {"text/plain": "2"}, "metadata": {}}
    assert given["text"]["data"]["text/plain"] == '"a"'
    assert given["missing"]["status"] == "error" and given["missing"]["ename"] == "CompileError"
    assert given["panics"]["status"] == "error" and given["panics"]["ename"] == "Panic"
    assert all({"ename", "evalue", "traceback"} <= set(given[key]) for key in ("missing", "panics"))
    assert set(given) == {"next", "text", "missing", "panics", "nothing"}
    assert ended.outputs == []


@needs("user_expressions")
def test_user_expressions_of_silent_and_failing_cells(shared):
    silent = shared.execute("let kept = 3;", silent=True, user_expressions={"kept": "kept"})
    assert silent.reply["user_expressions"]["kept"]["data"]["text/plain"] == "3"
    failing = shared.execute(FAIL, user_expressions={"never": "1"})
    assert failing.reply["status"] == "error"
    assert not failing.reply.get("user_expressions")


def inspect(kernel, code, cursor=None, detail=0):
    content = {"code": code, "cursor_pos": len(code) if cursor is None else cursor, "detail_level": detail}
    return kernel.ask("inspect_request", content).reply


def test_inspecting_what_is_not_there(shared):
    reply = inspect(shared, "does_not_exist")
    assert reply["status"] == "ok" and reply["found"] is False and reply["data"] == {}


@needs("inspection")
def test_inspecting(shared):
    shared.execute("/// Adds one.\nfn plus_one(n: i64) -> i64 { n + 1 }\nlet inspected = vec![1.5];")
    reply = inspect(shared, "inspected")
    assert reply["found"] and "Vec<f64>" in reply["data"]["text/plain"]
    reply = inspect(shared, "plus_one(", detail=1)
    text = reply["data"]["text/plain"]
    assert reply["found"] and "fn plus_one(n: i64) -> i64" in text and "Adds one." in text
    # Cursors count code points.
    assert inspect(shared, "/* 😀 */ inspected", cursor=len("/* 😀 */ insp"))["found"]


def complete(kernel, code, cursor=None):
    reply = kernel.ask("complete_request", {"code": code, "cursor_pos": len(code) if cursor is None else cursor}).reply
    assert reply["status"] == "ok"
    return reply


def test_completing_what_is_not_there(shared):
    reply = complete(shared, "no_such_thi")
    assert reply["matches"] == [] and reply["cursor_start"] <= reply["cursor_end"] <= 11


@needs("completion")
def test_completing(shared):
    shared.execute("let alpha = 5; let albert = 5; let words = vec![String::new()];")
    reply = complete(shared, "al")
    assert {"alpha", "albert"} <= set(reply["matches"])
    assert (reply["cursor_start"], reply["cursor_end"]) == (0, 2)
    types = {entry["text"]: entry["type"] for entry in reply["metadata"]["_jupyter_types_experimental"]}
    assert types["alpha"] == types["albert"]
    before = "/* 😀 */ "
    reply = complete(shared, before + "words.pus + 1", cursor=len(before + "words.pus"))
    assert "push" in reply["matches"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (len(before + "words."), len(before + "words.pus"))


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_kernel_info(shared, channel):
    info = shared.ask("kernel_info_request", channel=channel)
    assert info.statuses == ["busy", "idle"]
    assert info.reply["language_info"] | {"version": ""} == {
        "name": "rust", "version": "", "mimetype": "text/x-rustsrc", "file_extension": ".rs", "pygments_lexer": "rust",
        "codemirror_mode": "rust", "nbconvert_exporter": "script",
    }  # fmt: skip
    assert info.reply["protocol_version"] >= "5.4"


@needs("subshells")
def test_kernel_info_says_that_there_are_subshells(shared):
    assert "kernel subshells" in shared.ask("kernel_info_request").reply["supported_features"]


def test_connect(shared):
    reply = shared.ask("connect_request").reply
    known = shared.client.get_connection_info()
    for port in ("shell_port", "control_port", "stdin_port", "iopub_port", "hb_port"):
        assert reply[port] == known[port]


def test_comm_info(shared):
    assert shared.ask("comm_info_request").reply == {"status": "ok", "comms": {}}
    assert shared.ask("comm_info_request", {"target_name": "none"}).reply["comms"] == {}


@needs("comms")
def test_a_comm_with_an_unknown_target_is_closed(shared):
    opened = shared.send("comm_open", {"comm_id": "c1", "target_name": "nobody", "data": {}})
    published = []
    while not published or published[-1]["content"].get("execution_state") != "idle":
        published.append(shared.receive("iopub", opened))
    assert [m["msg_type"] for m in published] == ["status", "comm_close", "status"]
    assert published[1]["content"]["comm_id"] == "c1"


@pytest.mark.parametrize(
    ("code", "status"),
    [("a = 1", "complete"), ("fn f() {", "incomplete"), ("let = )", "invalid"), ("let x =", "incomplete"), ("", "complete"), ('"😀', "incomplete")],
)
def test_is_complete(shared, code, status):
    reply = shared.ask("is_complete_request", {"code": code}).reply
    assert reply["status"] == status
    assert ("indent" in reply) == (status == "incomplete")


def history(kernel, **content):
    return kernel.ask("history_request", {"raw": True, "output": False, "session": 0} | content).reply["history"]


@needs("history")
def test_history_tail(shared):
    shared.execute("1001")
    shared.execute("let h = 1002;\nh")
    assert [entry[2] for entry in history(shared, hist_access_type="tail", n=2)] == ["1001", "let h = 1002;\nh"]
    [(_, _, (code, output))] = history(shared, hist_access_type="tail", n=1, output=True)
    assert (code, output) == ("let h = 1002;\nh", "1002")
    shared.execute("1003", store_history=False)
    shared.execute("1004", silent=True)
    assert [entry[2] for entry in history(shared, hist_access_type="tail", n=1)] == ["let h = 1002;\nh"]


@needs("history")
def test_history_range(shared):
    line = shared.execute('"ranged 😀"').reply["execution_count"]
    shared.execute("2")
    [(_, number, code)] = history(shared, hist_access_type="range", start=line, stop=line + 1)
    assert (number, code) == (line, '"ranged 😀"')
    assert history(shared, hist_access_type="range", start=10**6, stop=10**6 + 1) == []


@needs("history")
def test_history_search(shared):
    for code in ("111 + 1", "112 + 2", "111 + 1"):
        shared.execute(code)
    assert [entry[2] for entry in history(shared, hist_access_type="search", pattern="11? + ?")] == ["111 + 1", "112 + 2", "111 + 1"]
    assert sorted(entry[2] for entry in history(shared, hist_access_type="search", pattern="11? + ?", unique=True)) == ["111 + 1", "112 + 2"]
    assert [entry[2] for entry in history(shared, hist_access_type="search", pattern="11? + ?", n=1)] == ["111 + 1"]
    assert history(shared, hist_access_type="search", pattern="[#]*") == []


@needs("history")
def test_history_outlives_the_kernel(shared):
    from conftest import Kernel

    shared.execute('"outlives 1"')
    second = Kernel()
    try:
        assert '"outlives 1"' in [entry[2] for entry in history(second, hist_access_type="search", pattern="*outlives*")]
    finally:
        second.stop()


@needs("pager")
def test_documentation_is_a_page(shared):
    [page] = shared.execute("?Vec::push").reply["payload"]
    assert page["source"] == "page" and page["start"] == 0
    assert "push" in page["data"]["text/plain"]


def test_streams(shared):
    ended = shared.execute('print!("out"); eprint!("err"); println!(" å😀");')
    assert ended.stdout == "out å😀\n"
    texts = {content["name"] for kind, content in ended.outputs if kind == "stream"}
    assert texts == {"stdout", "stderr"}
    assert ended.published[-1]["content"] == {"execution_state": "idle"}


def test_displays_and_their_updates(shared):
    ended = shared.execute("display(&1); display(&vec![1, 2]); 3")
    assert [kind for kind, _ in ended.outputs] == ["display_data", "display_data", "execute_result"]
    assert ended.outputs[2][1]["execution_count"] == ended.reply["execution_count"]


@needs("clear_output")
def test_clear_output_is_in_order(shared):
    ended = shared.execute('println!("before"); dagbok::clear_output(true); println!("after");')
    assert [kind for kind, _ in ended.outputs] == ["stream", "clear_output", "stream"]
    assert ended.outputs[1][1] == {"wait": True}


def test_an_interrupt_ends_the_cell_and_what_waits_and_keeps_variables(shared):
    shared.execute("let kept = 5;")
    running = shared.submit('dagbok::input("loop? "); loop {}', allow_stdin=True)
    shared.question(running)
    behind = shared.submit("kept")
    shared.has_read_everything()
    shared.client.input("yes")
    assert shared.ask("interrupt_request", channel="control").reply["status"] == "ok"
    ended = shared.finish(running)
    assert ended.reply["status"] == "error"
    assert [kind for kind, _ in ended.outputs] == ["error"]
    assert shared.finish(behind).reply["status"] == "aborted"
    assert shared.execute("kept").result == "5"


def test_a_question_that_is_interrupted(shared):
    asking = shared.submit('dagbok::input("name? ")', allow_stdin=True)
    assert shared.question(asking) == {"prompt": "name? ", "password": False}
    shared.ask("interrupt_request", channel="control")
    assert shared.finish(asking).reply["status"] == "error"
    # The late answer belongs to nobody.
    shared.client.input("late")
    asking = shared.submit('dagbok::input("again? ")', allow_stdin=True)
    shared.question(asking)
    shared.client.input("now")
    assert shared.finish(asking).result == '"now"'


@pytest.mark.parametrize("restart", [True, False])
def test_shutdown(kernel, restart):
    request = kernel.send("shutdown_request", {"restart": restart}, channel="control")
    assert kernel.receive("control", request)["content"] == {"status": "ok", "restart": restart}
    assert kernel.manager.provisioner is not None
    kernel.manager.provisioner.process.wait(timeout=60)


@needs("usage")
def test_usage(shared):
    content = shared.ask("usage_request", channel="control").reply
    assert content["kernel_memory"] > 1_000_000 and content["kernel_cpu"] >= 0
    assert content["pid"] > 0 and content["hostname"] and content["cpu_count"] >= 1
    assert {"host_cpu_percent", "host_virtual_memory"} <= set(content)


def test_a_message_that_is_sent_again_is_not_obeyed(shared):
    shared.execute("static RUNS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);")
    code = "RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1"
    session = shared.client.session
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
    message = session.msg("execute_request", content)
    frames = session.serialize(message)
    for _ in range(2):
        shared.client.shell_channel.socket.send_multipart(frames)
    assert shared.finish(message["header"]["msg_id"]).result == "1"
    assert shared.execute(code).result == "2"


def test_a_message_with_a_wrong_signature_is_not_obeyed(shared):
    session = shared.client.session
    frames = session.serialize(session.msg("execute_request", {"code": "unsigned", "silent": False}))
    delimiter = frames.index(b"<IDS|MSG>")
    for damaged in ([b"0" * 64, *frames[delimiter + 2 :]], [b"", *frames[delimiter + 2 :]], frames[delimiter + 1 : delimiter + 3], []):
        shared.client.shell_channel.socket.send_multipart([*frames[: delimiter + 1], *damaged])
    assert shared.execute("1 + 1").result == "2"


def test_requests_that_nobody_knows(shared):
    unknown = shared.send("no_such_request", {"a": [1]})
    statuses = [shared.receive("iopub", unknown)["content"]["execution_state"] for _ in range(2)]
    assert statuses == ["busy", "idle"]
    assert shared.execute("1 + 1").result == "2"


def test_two_front_ends(shared):
    second = shared.second()
    asking = shared.submit('let told = dagbok::input("first? "); told', allow_stdin=True)
    shared.question(asking)
    behind = second.submit("told.len()")
    second.has_read_everything()
    shared.client.input("four")
    assert shared.finish(asking).result == '"four"'
    assert second.finish(behind).result == "4"
    # What the one does, the other sees, as the one's.
    for front_end, request in ((shared, behind), (second, asking)):
        kinds = []
        while kinds[-1:] != ["idle"]:
            message = front_end.receive("iopub", request)
            kinds.append(message["content"].get("execution_state", message["msg_type"]))
        assert kinds == ["busy", "execute_input", "execute_result", "idle"]
    assert not shared.inbox["shell"][behind] and not second.inbox["shell"][asking]
