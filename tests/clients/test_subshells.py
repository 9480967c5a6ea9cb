"""Subshells: lines of cells that run beside the kernel's own. The cases of ipykernel's tests, with Rust cells."""

import pytest
from conftest import needs

pytestmark = needs("subshells")
PAIRS = pytest.mark.parametrize("are_subshells", [(False, True), (True, False), (True, True)])


def create(kernel):
    reply = kernel.ask("create_subshell_request", channel="control").reply
    assert reply["status"] == "ok"
    return reply["subshell_id"]


def delete(kernel, subshell):
    return kernel.ask("delete_subshell_request", {"subshell_id": subshell}, channel="control").reply


def listed(kernel):
    return kernel.ask("list_subshell_request", channel="control").reply["subshell_id"]


@pytest.fixture
def shells(kernel, are_subshells):
    return [create(kernel) if is_subshell else None for is_subshell in are_subshells]


def test_from_creation_to_deletion(kernel):
    assert listed(kernel) == []
    first, second = create(kernel), create(kernel)
    assert sorted(listed(kernel)) == sorted([first, second])
    assert delete(kernel, first)["status"] == "ok"
    assert listed(kernel) == [second]
    assert delete(kernel, first)["status"] == "error"
    assert delete(kernel, second)["status"] == "ok"
    assert listed(kernel) == []


def test_variables_and_items_are_shared(kernel):
    subshell = create(kernel)
    kernel.execute("let word = String::from(\"shared\"); fn twice(n: i32) -> i32 { 2 * n }")
    assert kernel.execute("(twice(4), word.len())", subshell).result == "(8, 6)"
    kernel.execute("let back = word.to_uppercase();", subshell)
    assert kernel.execute("back").result == '"SHARED"'


def test_each_has_a_thread_that_ends_with_it(kernel):
    id_of_thread = "std::thread::current().id()"
    threads = "std::fs::read_dir(\"/proc/self/task\")?.count()"
    main = kernel.execute(id_of_thread).result
    before = kernel.execute(f"let before = {threads}; before").result
    subshell = create(kernel)
    assert kernel.execute(id_of_thread, subshell).result != main
    assert kernel.execute(id_of_thread).result == main
    assert int(kernel.execute(threads).result) > int(before)
    delete(kernel, subshell)
    assert kernel.execute(f"while {threads} > before {{ std::thread::yield_now(); }} {threads}").result == before


@PAIRS
def test_they_run_at_the_same_time(kernel, shells):
    kernel.execute("static MEET: std::sync::Barrier = std::sync::Barrier::new(2);")
    requests = [kernel.submit("MEET.wait(); MEET.wait(); 1", shell) for shell in shells]
    assert [kernel.finish(request).result for request in requests] == ["1", "1"]


@PAIRS
def test_one_waits_while_the_other_runs_cells(kernel, shells):
    asking = kernel.submit('dagbok::input("go on? ")', shells[0], allow_stdin=True)
    kernel.question(asking)
    assert [kernel.execute(f"{n} + 1", shells[1]).result for n in range(3)] == ["1", "2", "3"]
    kernel.client.input("yes")
    assert kernel.finish(asking).result == '"yes"'


def test_one_is_created_while_a_cell_runs(kernel):
    asking = kernel.submit('dagbok::input("go on? ")', allow_stdin=True)
    kernel.question(asking)
    subshell = create(kernel)
    assert kernel.execute("2 + 2", subshell).result == "4"
    assert delete(kernel, subshell)["status"] == "ok"
    kernel.client.input("yes")
    assert kernel.finish(asking).result == '"yes"'


def test_one_is_deleted_while_its_cell_runs(kernel):
    subshell = create(kernel)
    asking = kernel.submit('dagbok::input("go on? ")', subshell, allow_stdin=True)
    kernel.question(asking)
    delete(kernel, subshell)
    assert listed(kernel) == []
    kernel.client.input("yes")
    kernel.finish(asking)
    assert kernel.execute("1 + 1").result == "2"


def test_an_unknown_subshell_is_an_error(kernel):
    ended = kernel.execute("1 + 1", "no-such-subshell")
    assert ended.reply["status"] == "error"
    assert kernel.execute("1 + 1").result == "2"


@PAIRS
def test_an_error_aborts_only_its_own_line(kernel, shells):
    failing = kernel.submit('dagbok::input("fail? "); panic!("yes")', shells[0], allow_stdin=True)
    kernel.question(failing)
    behind = [kernel.submit("1", shells[0]) for _ in range(2)]
    kernel.has_read_everything()
    others = [kernel.submit("2", shells[1]) for _ in range(2)]
    kernel.client.input("yes")
    requests = [failing, *behind, *others]
    replies = [kernel.receive("shell", request) for request in requests]
    assert [reply["content"]["status"] for reply in replies] == ["error", "aborted", "aborted", "ok", "ok"]
    assert [reply["parent_header"].get("subshell_id") for reply in replies] == [shells[0]] * 3 + [shells[1]] * 2
    assert kernel.execute("3", shells[0]).result == "3"


@PAIRS
def test_messages_name_the_subshell_of_their_request(kernel, shells):
    kernel.execute("static MEET: std::sync::Barrier = std::sync::Barrier::new(2);")
    requests = [kernel.submit('println!("here"); MEET.wait();', shell) for shell in shells]
    for request, shell in zip(requests, shells):
        published = kernel.finish(request).published
        assert [m["content"].get("execution_state") for m in published if m["msg_type"] == "status"] == ["busy", "idle"]
        assert {m["parent_header"].get("subshell_id") for m in published} == {shell}


@PAIRS
def test_an_interrupt_ends_the_cells_of_all(kernel, shells):
    kernel.execute("static MEET: std::sync::Barrier = std::sync::Barrier::new(2); let kept = 1;")
    requests = [kernel.submit('dagbok::input("loop? "); MEET.wait(); println!("looping"); loop {}', shell, allow_stdin=True) for shell in shells]
    for request in requests:
        kernel.question(request)
        kernel.client.input("yes")
    for request in requests:
        while kernel.receive("iopub", request)["msg_type"] != "stream":
            pass
    kernel.ask("interrupt_request", channel="control")
    assert [kernel.finish(request).reply["status"] for request in requests] == ["error", "error"]
    assert kernel.execute("kept", shells[0]).result == "1"


def test_shutdown(kernel):
    create(kernel)
    request = kernel.send("shutdown_request", {"restart": False}, channel="control")
    assert kernel.receive("control", request)["content"]["status"] == "ok"
    kernel.manager.provisioner.process.wait(timeout=60)
