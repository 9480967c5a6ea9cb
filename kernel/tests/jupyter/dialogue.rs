//! What is said, in which order.

use dagbok_kernel::evaluate::CellError;
use expect_test::{Expect, expect};
use jupyter_zmq_client::{
    CommInfoRequest, CompleteRequest, ExecuteRequest, HistoryRequest, InspectRequest,
    InterruptRequest, IsCompleteRequest, JupyterMessageContent, KernelInfoRequest, ShutdownRequest,
};

use crate::client::{Client, Kernel, tcp};
use crate::scripted::{Scripted, Wake};

/// The dialogues of `requests`, sent one after the other to a new kernel.
async fn check<R: Into<JupyterMessageContent>>(
    requests: impl IntoIterator<Item = R>,
    expected: Expect,
) {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let mut dialogues = Vec::new();
    for request in requests {
        dialogues.push(client.dialogue(request).await);
    }
    expected.assert_eq(&dialogues.join("\n"));
}

async fn check_cells<const N: usize>(cells: [&str; N], expected: Expect) {
    let requests = cells.map(|code| ExecuteRequest::new(code.to_string()));
    check(requests, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_shows_what_it_does_in_order() {
    check_cells(
        ["print a\nprint b\neprint c\nprint d\nresult 2"],
        expect![[r#"
            busy
            input [1] "print a\nprint b\neprint c\nprint d\nresult 2"
            stdout "a\nb\n"
            stderr "c\n"
            stdout "d\n"
            result [1] "2"
            idle
            -> ok [1]"#]],
    )
    .await;
    check_cells(
        ["show x\ndisplay id 1\nupdate id 2", "update id 4", ""],
        expect![[r#"
            busy
            input [1] "show x\ndisplay id 1\nupdate id 2"
            display - "x"
            display id "1"
            update id "2"
            idle
            -> ok [1]
            busy
            input [2] "update id 4"
            update id "4"
            idle
            -> ok [2]
            busy
            input [3] ""
            idle
            -> ok [3]"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_told_once_and_the_kernel_goes_on() {
    check_cells(
        ["print a\nfail Panic it broke", "panic", "print b"],
        expect![[r#"
            busy
            input [1] "print a\nfail Panic it broke"
            stdout "a\n"
            error Panic: it broke
            idle
            -> error [1] Panic: it broke
            busy
            input [2] "panic"
            error InternalError: the kernel panicked; its log has the details
            idle
            -> error [2] InternalError: the kernel panicked; its log has the details
            busy
            input [3] "print b"
            stdout "b\n"
            idle
            -> ok [3]"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_cells_show_nothing_and_only_stored_ones_count() {
    let cell = |code: &str, silent, store_history| ExecuteRequest {
        code: code.to_string(),
        silent,
        store_history,
        ..Default::default()
    };
    check(
        [
            cell("result a", false, true),
            cell("print b\nresult b", true, true),
            cell("fail Panic c", true, false),
            cell("result d", false, false),
            cell("result e", false, true),
        ],
        expect![[r#"
            busy
            input [1] "result a"
            result [1] "a"
            idle
            -> ok [1]
            busy
            idle
            -> ok [2]
            busy
            idle
            -> error [2] Panic: c
            busy
            input [2] "result d"
            result [2] "d"
            idle
            -> ok [2]
            busy
            input [2] "result e"
            result [2] "e"
            idle
            -> ok [2]"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_requests() {
    check([KernelInfoRequest {}], expect![[r#"
        busy
        idle
        -> kernel_info_reply {"status":"ok","protocol_version":"5.5","implementation":"dagbok","implementation_version":"0.1.0","language_info":{"name":"rust","version":"1.95.0","mimetype":"text/x-rustsrc","file_extension":".rs","pygments_lexer":"rust","codemirror_mode":"rust","nbconvert_exporter":"script"},"banner":"Dagbok 0.1.0: Rust cells, lazy parallel collections","help_links":[{"text":"Rust","url":"https://doc.rust-lang.org/"},{"text":"polars","url":"https://docs.rs/polars/"}],"debugger":false}"#]]).await;
    let judge = |code: &str| IsCompleteRequest { code: code.into() };
    check(
        [judge("fn f() {"), judge("}"), judge("1")],
        expect![[r#"
            busy
            idle
            -> is_complete_reply {"status":"incomplete","indent":"    "}
            busy
            idle
            -> is_complete_reply {"status":"invalid","indent":""}
            busy
            idle
            -> is_complete_reply {"status":"complete","indent":""}"#]],
    )
    .await;
    check(
        [CompleteRequest {
            code: "a".to_string(),
            cursor_pos: 1,
        }],
        expect![[r#"
            busy
            idle
            -> complete_reply {"matches":[],"cursor_start":1,"cursor_end":1,"metadata":{"_jupyter_types_experimental":[]},"status":"ok"}"#]],
    )
    .await;
    check(
        [InspectRequest::default()],
        expect![[r#"
        busy
        idle
        -> inspect_reply {"found":false,"data":{},"metadata":{},"status":"ok"}"#]],
    )
    .await;
    check(
        [HistoryRequest::default()],
        expect![[r#"
        busy
        idle
        -> history_reply {"history":[],"status":"ok"}"#]],
    )
    .await;
    check(
        [CommInfoRequest::default()],
        expect![[r#"
        busy
        idle
        -> comm_info_reply {"status":"ok","comms":{}}"#]],
    )
    .await;
}

/// What three cells answer that were sent while the first was running, and what became of the first.
async fn check_queue(stop_on_error: bool, expected: Expect) {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let mut requests = Vec::new();
    for code in ["wait\nfail Panic stop", "print b", "print c"] {
        let request = ExecuteRequest {
            code: code.to_string(),
            stop_on_error,
            ..Default::default()
        };
        requests.push(client.send(request).await);
    }
    // Answered while the first cell runs: by then the others wait.
    let info = client.send(KernelInfoRequest {}).await;
    client.reply(&info).await;
    client.published(&info).await;
    kernel.release.send(Wake::Released).unwrap();
    let mut seen = Vec::new();
    for request in &requests {
        seen.extend(client.published(request).await);
        seen.push(format!("-> {}", client.reply(request).await));
    }
    assert_eq!(client.unclaimed(), Vec::<String>::new());
    expected.assert_eq(&seen.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_aborts_what_waits_unless_told_otherwise() {
    check_queue(
        true,
        expect![[r#"
            busy
            input [1] "wait\nfail Panic stop"
            error Panic: stop
            idle
            -> error [1] Panic: stop
            busy
            idle
            -> aborted [0]
            busy
            idle
            -> aborted [0]"#]],
    )
    .await;
    check_queue(
        false,
        expect![[r#"
        busy
        input [1] "wait\nfail Panic stop"
        error Panic: stop
        idle
        -> error [1] Panic: stop
        busy
        input [2] "print b"
        stdout "b\n"
        idle
        -> ok [2]
        busy
        input [3] "print c"
        stdout "c\n"
        idle
        -> ok [3]"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_the_cell_and_aborts_what_waits() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let first = client.execute("print started\nwait").await;
    let second = client.execute("print b").await;
    let info = client.send(KernelInfoRequest {}).await;
    client.reply(&info).await;
    client.published(&info).await;
    // The interrupt comes when the cell has begun.
    while !matches!(
        client.next_for(&first).await.content,
        JupyterMessageContent::StreamContent(_)
    ) {}
    let interrupt = client.send_control(InterruptRequest {}).await;
    let mut seen = vec![client.control_reply(&interrupt).await];
    client.published(&interrupt).await;
    // The one that never started is aborted at once, the running one when it has stopped.
    for request in [&second, &first] {
        seen.push(format!("-> {}", client.reply(request).await));
        seen.extend(client.published(request).await);
    }
    seen.push(
        client
            .dialogue(ExecuteRequest::new("print c".to_string()))
            .await,
    );
    expect![[r#"
        interrupt_reply {"status":"ok"}
        -> aborted [0]
        busy
        idle
        -> error [1] Interrupted: the cell was interrupted
        error Interrupted: the cell was interrupted
        idle
        busy
        input [2] "print c"
        stdout "c\n"
        idle
        -> ok [2]"#]]
    .assert_eq(&seen.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn late_output_belongs_to_the_cell_that_caused_it() {
    let kernel = Kernel::start().await;
    let mut client = Client::connect(&kernel, "a").await;
    let first = client.execute("keep").await;
    client.published(&first).await;
    client.reply(&first).await;
    let second = client.execute("print own\nearlier late").await;
    expect![[r#"
        busy
        input [2] "print own\nearlier late"
        stdout "own\n"
        idle"#]]
    .assert_eq(&client.published(&second).await.join("\n"));
    let late = client.next_for(&first).await;
    expect![[r#"stdout "late\n""#]].assert_eq(&crate::client::describe(&late));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_is_answered_and_told_to_everyone() {
    for (busy, restart) in [(false, false), (true, true)] {
        let kernel = Kernel::start().await;
        let mut client = Client::connect(&kernel, "a").await;
        if busy {
            client.execute("wait").await;
            let info = client.send(KernelInfoRequest {}).await;
            client.reply(&info).await;
        }
        let shutdown = client.send_control(ShutdownRequest { restart }).await;
        let told = client.published(&shutdown).await.join("\n");
        let reply = client.control_reply(&shutdown).await;
        let expected = format!(r#"shutdown_reply {{"restart":{restart},"status":"ok"}}"#);
        assert_eq!(told, format!("busy\n{expected}\nidle"));
        assert_eq!(reply, expected);
        kernel.ended().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evaluator_that_cannot_start_says_so_in_every_cell() {
    let error = CellError {
        name: "NoCompiler".to_string(),
        value: "no `rustc`".to_string(),
        traceback: vec!["no `rustc`".to_string()],
    };
    let release = Scripted::new().releaser();
    let kernel = Kernel::start_with(tcp(), release, || Err(error)).await;
    let mut client = Client::connect(&kernel, "a").await;
    for cell in ["print a", "print b"] {
        let request = ExecuteRequest::new(cell.to_string());
        let dialogue = client.dialogue(request).await;
        assert!(
            dialogue.contains("error NoCompiler: no `rustc`"),
            "{dialogue}"
        );
    }
}
