//! Requests beside cells, as raw JSON: comms, subshells, history, usage, and what a reply carries.

use bytes::Bytes;
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use zeromq::{SocketRecv, SocketSend, ZmqMessage};

use crate::client::{Client, Kernel, patient};
use crate::scripted::Wake;
use crate::transport::signed_with;

/// A front end that speaks JSON.
struct Raw {
    client: Client,
    sent: u32,
}

impl Raw {
    async fn connect(kernel: &Kernel) -> Raw {
        let client = Client::connect(kernel, "a").await;
        Raw { client, sent: 0 }
    }

    /// Sends a request, which gets the next number as its id: on control if its name begins with `control/`, for a subshell if
    /// one is given.
    async fn send(&mut self, msg_type: &str, content: Value, subshell: Option<&str>) -> String {
        self.sent += 1;
        let id = self.sent.to_string();
        let (on_control, msg_type) = match msg_type.strip_prefix("control/") {
            Some(msg_type) => (true, msg_type),
            None => (false, msg_type),
        };
        let header = json!({
            "msg_id": id, "msg_type": msg_type, "session": "a", "username": "u",
            "date": "2026-01-01T00:00:00Z", "version": "5.4", "subshell_id": subshell,
        });
        let buffers = vec![Bytes::from_static(b"buffer")];
        let buffers = if msg_type == "comm_msg" {
            buffers
        } else {
            Vec::new()
        };
        let frames = signed_with("a key", &header.to_string(), &content.to_string(), buffers);
        let message = ZmqMessage::try_from(frames).unwrap();
        match on_control {
            true => self.client.control.socket.send(message).await.unwrap(),
            false => self.client.shell.socket.send(message).await.unwrap(),
        }
        id
    }

    /// The content of the next reply: on control, or on shell.
    async fn reply(&mut self, on_control: bool) -> Value {
        let message = match on_control {
            true => patient(self.client.control.socket.recv()).await.unwrap(),
            false => patient(self.client.shell.socket.recv()).await.unwrap(),
        };
        let frames = message.into_vec();
        let start = frames
            .iter()
            .position(|frame| frame == "<IDS|MSG>")
            .unwrap();
        serde_json::from_slice(&frames[start + 5]).unwrap()
    }

    /// Sends a request; its reply, in front of which stands what was published for it.
    async fn ask(&mut self, msg_type: &str, content: Value, subshell: Option<&str>) -> String {
        let id = self.send(msg_type, content, subshell).await;
        let mut seen = self.client.published(&id).await;
        if !msg_type.starts_with("comm_") || msg_type == "comm_info_request" {
            let reply = self.reply(msg_type.starts_with("control/")).await;
            seen.push(format!("-> {reply}"));
        }
        seen.retain(|line| line != "busy" && line != "idle");
        seen.join("\n")
    }
}

/// What follows from each request.
async fn check(requests: impl IntoIterator<Item = (&str, Value)>, expected: Expect) {
    let kernel = Kernel::start().await;
    let mut raw = Raw::connect(&kernel).await;
    let mut told = Vec::new();
    for (msg_type, content) in requests {
        told.push(raw.ask(msg_type, content, None).await);
    }
    expected.assert_eq(&told.join("\n"));
}

fn run(code: &str) -> (&'static str, Value) {
    ("execute_request", json!({ "code": code }))
}

#[tokio::test(flavor = "multi_thread")]
async fn user_expressions_are_evaluated_after_the_cell() {
    let cell = |code: &str, silent| {
        let expressions = json!({
            "a": "result 1", "b": "fail Panic it broke", "c": "print c", "d": "",
        });
        (
            "execute_request",
            json!({ "code": code, "silent": silent, "user_expressions": expressions }),
        )
    };
    check(
        [
            cell("print x\nresult 0", false),
            cell("result 0", true),
            cell("fail Panic x", false),
        ],
        expect![[r#"
            input [1] "print x\nresult 0"
            stdout "x\n"
            result [1] "0"
            stdout "c\n"
            -> {"status":"ok","execution_count":1,"payload":[],"user_expressions":{"a":{"status":"ok","data":{"text/plain":"1"},"metadata":{}},"b":{"status":"error","ename":"Panic","evalue":"it broke","traceback":["Panic: it broke"]},"c":{"status":"ok","data":{},"metadata":{}},"d":{"status":"ok","data":{},"metadata":{}}}}
            -> {"status":"ok","execution_count":2,"payload":[],"user_expressions":{"a":{"status":"ok","data":{"text/plain":"1"},"metadata":{}},"b":{"status":"error","ename":"Panic","evalue":"it broke","traceback":["Panic: it broke"]},"c":{"status":"ok","data":{},"metadata":{}},"d":{"status":"ok","data":{},"metadata":{}}}}
            input [2] "fail Panic x"
            error Panic: x
            -> {"status":"error","execution_count":2,"payload":[],"user_expressions":{},"ename":"Panic","evalue":"x","traceback":["Panic: x"]}"#]],
    )
    .await;
    check(
        [(
            "execute_request",
            json!({ "code": "", "user_expressions": { "a": 1 } }),
        )],
        expect![[r#"-> {"status":"error","ename":"InvalidRequest","evalue":"the content of `execute_request` cannot be read: invalid type: integer `1`, expected a string","traceback":["the content of `execute_request` cannot be read: invalid type: integer `1`, expected a string"]}"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_in_the_reply() {
    check([run("page help\nprint x")], expect![[r#"
        input [1] "page help\nprint x"
        stdout "x\n"
        -> {"status":"ok","execution_count":1,"payload":[{"source":"page","data":{"text/plain":"help"},"start":0}],"user_expressions":{}}"#]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_cleared_in_order() {
    check(
        [run("print a\nclear wait\nprint b\nclear")],
        expect![[r#"
            input [1] "print a\nclear wait\nprint b\nclear"
            stdout "a\n"
            clear_output {"wait":true}
            stdout "b\n"
            clear_output {"wait":false}
            -> {"status":"ok","execution_count":1,"payload":[],"user_expressions":{}}"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_has_what_was_stored() {
    let silent = (
        "execute_request",
        json!({ "code": "print b", "silent": true }),
    );
    let unstored = (
        "execute_request",
        json!({ "code": "print c", "store_history": false }),
    );
    let asked = |content| ("history_request", content);
    check(
        [
            run("result a"),
            silent,
            unstored,
            run(" "),
            run("fail Panic d"),
            asked(json!({ "hist_access_type": "tail", "n": 9, "output": true })),
            asked(json!({ "hist_access_type": "range", "session": 0, "start": 1, "stop": 2 })),
            asked(json!({ "hist_access_type": "search", "pattern": "*d" })),
            asked(json!({})),
        ],
        expect![[r#"
            input [1] "result a"
            result [1] "a"
            -> {"status":"ok","execution_count":1,"payload":[],"user_expressions":{}}
            -> {"status":"ok","execution_count":2,"payload":[],"user_expressions":{}}
            input [2] "print c"
            stdout "c\n"
            -> {"status":"ok","execution_count":2,"payload":[],"user_expressions":{}}
            input [2] " "
            -> {"status":"ok","execution_count":2,"payload":[],"user_expressions":{}}
            input [3] "fail Panic d"
            error Panic: d
            -> {"status":"error","execution_count":3,"payload":[],"user_expressions":{},"ename":"Panic","evalue":"d","traceback":["Panic: d"]}
            -> {"status":"ok","history":[[0,1,["result a","a"]],[0,3,["fail Panic d",null]]]}
            -> {"status":"ok","history":[[0,1,"result a"]]}
            -> {"status":"ok","history":[[0,3,"fail Panic d"]]}
            -> {"status":"error","ename":"InvalidRequest","evalue":"the content of `history_request` cannot be read: missing field `hist_access_type` at line 1 column 2","traceback":["the content of `history_request` cannot be read: missing field `hist_access_type` at line 1 column 2"]}"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comms_are_opened_from_both_sides() {
    let open = |id: &str, target: &str| {
        (
            "comm_open",
            json!({ "comm_id": id, "target_name": target, "data": {} }),
        )
    };
    let about = |kind, id: &str| (kind, json!({ "comm_id": id, "data": { "x": [1, "å"] } }));
    let info = |content| ("comm_info_request", content);
    check(
        [
            info(json!({})),
            open("c1", "echo"),
            open("c2", "nobody"),
            run("open c3 widget"),
            info(json!({})),
            info(json!({ "target_name": "echo" })),
            info(json!({ "target_name": "nobody" })),
            about("comm_msg", "c1"),
            about("comm_close", "c1"),
            run("close c3"),
            info(json!({})),
            ("comm_open", json!({ "comm_id": "c4" })),
        ],
        expect![[r#"
            -> {"status":"ok","comms":{}}
            stdout "opened\n"
            comm_close {"comm_id":"c2","data":{}}
            input [1] "open c3 widget"
            comm_open {"comm_id":"c3","target_name":"widget","data":{}}
            -> {"status":"ok","execution_count":1,"payload":[],"user_expressions":{}}
            -> {"status":"ok","comms":{"c1":{"target_name":"echo"},"c3":{"target_name":"widget"}}}
            -> {"status":"ok","comms":{"c1":{"target_name":"echo"}}}
            -> {"status":"ok","comms":{}}
            comm_msg {"comm_id":"c1","data":{"x":[1,"å"]}}

            input [2] "close c3"
            comm_close {"comm_id":"c3","data":{}}
            -> {"status":"ok","execution_count":2,"payload":[],"user_expressions":{}}
            -> {"status":"ok","comms":{}}
        "#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_that_of_the_kernel_and_all_below_it() {
    let kernel = Kernel::start().await;
    let mut raw = Raw::connect(&kernel).await;
    for _ in 0..2 {
        raw.send("control/usage_request", json!({}), None).await;
        let usage = raw.reply(true).await;
        assert_eq!(usage["pid"], std::process::id());
        assert!(
            usage["kernel_memory"].as_u64().unwrap() > 1 << 20,
            "{usage}"
        );
        let total = usage["host_virtual_memory"]["total"].as_u64().unwrap();
        assert!(total > 1 << 20, "{usage}");
        let cpu = usage["kernel_cpu"].as_f64().unwrap();
        assert!((0.0..=100.0 * usage["cpu_count"].as_f64().unwrap() * 1.5).contains(&cpu));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_that_there_are_breakpoints() {
    let asked = |command: &str| {
        (
            "control/debug_request",
            json!({ "type": "request", "seq": 7, "command": command, "arguments": {} }),
        )
    };
    check(
        [
            asked("debugInfo"),
            asked("inspectVariables"),
            asked("richInspectVariables"),
            asked("setBreakpoints"),
        ],
        expect![[r#"
            -> {"type":"response","seq":7,"request_seq":7,"command":"debugInfo","success":true,"body":{"isStarted":false,"hashMethod":"Murmur2","hashSeed":0,"tmpFilePrefix":"","tmpFileSuffix":".rs","breakpoints":[],"stoppedThreads":[],"richRendering":true,"exceptionPaths":[],"copyToGlobals":false}}
            -> {"type":"response","seq":7,"request_seq":7,"command":"inspectVariables","success":true,"body":{"variables":[]}}
            -> {"type":"response","seq":7,"request_seq":7,"command":"richInspectVariables","success":false,"message":"`richInspectVariables` takes a `variableName`"}
            -> {"type":"response","seq":7,"request_seq":7,"command":"setBreakpoints","success":false,"message":"dagbok has no debugger; of its requests it answers `debugInfo`, `inspectVariables` and `richInspectVariables`, not `setBreakpoints`"}"#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subshell_runs_while_the_kernel_is_busy() {
    let kernel = Kernel::start().await;
    let mut raw = Raw::connect(&kernel).await;
    raw.send("control/create_subshell_request", json!({}), None)
        .await;
    let created = raw.reply(true).await;
    let subshell = created["subshell_id"].as_str().unwrap().to_owned();
    let busy = raw
        .send("execute_request", json!({ "code": "wait\nprint a" }), None)
        .await;
    // Cells are counted as they start.
    raw.client.has_begun(&busy).await;
    let told = raw
        .ask(
            "execute_request",
            json!({ "code": "print b" }),
            Some(&subshell),
        )
        .await;
    expect![[r#"
        input [2] "print b"
        stdout "b\n"
        -> {"status":"ok","execution_count":2,"payload":[],"user_expressions":{}}"#]]
    .assert_eq(&told);
    kernel.release.send(Wake::Released).unwrap();
    let seen = raw.client.published(&busy).await.join(", ");
    expect![[r#"busy, input [1] "wait\nprint a", stdout "a\n", idle"#]].assert_eq(&seen);
    assert_eq!(raw.reply(false).await["status"], "ok");
    let listed = raw
        .ask("control/list_subshell_request", json!({}), None)
        .await;
    assert!(listed.contains(&subshell), "{listed}");
    let unknown = raw.ask(
        "execute_request",
        json!({ "code": "print c" }),
        Some("nobody"),
    );
    expect![[r#"-> {"status":"error","ename":"InvalidRequest","evalue":"there is no subshell `nobody`","traceback":["there is no subshell `nobody`"]}"#]].assert_eq(&unknown.await);
    let content = json!({ "subshell_id": subshell });
    let deleted = raw
        .ask("control/delete_subshell_request", content.clone(), None)
        .await;
    expect![[r#"-> {"status":"ok"}"#]].assert_eq(&deleted);
    let again = raw
        .ask("control/delete_subshell_request", content, None)
        .await;
    assert!(again.contains("there is no subshell"), "{again}");
}
