//! The contents of requests.

use jupyter_protocol as jupyter;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::evaluate::{Comm, CommEvent};
use crate::history::{self, Access};
use crate::session::{DebugRequest, Detail, Execute, Query, Request};
use crate::socket::Sealed;

/// Reads `message`, a `msg_type`.
pub(super) fn parse(msg_type: &str, message: Sealed) -> Request {
    let content = &message.content[..];
    let parsed = match msg_type {
        "execute_request" => execute(content),
        "interrupt_request" => Ok(Request::Interrupt),
        "shutdown_request" => read(content).map(|read: Shutdown| Request::Shutdown {
            restart: read.restart,
        }),
        "create_subshell_request" => Ok(Request::CreateSubshell),
        "delete_subshell_request" => {
            read(content).map(|read: DeleteSubshell| Request::DeleteSubshell {
                id: read.subshell_id,
            })
        }
        "list_subshell_request" => Ok(Request::ListSubshells),
        "comm_open" | "comm_msg" | "comm_close" => {
            comm(msg_type, message).map(|comm| Request::Query(Query::Comm(comm)))
        }
        _ => match query(msg_type, content) {
            Some(query) => query.map(Request::Query),
            None => {
                tracing::info!(msg_type, "a message of unknown type");
                Ok(Request::Unanswered)
            }
        },
    };
    parsed.unwrap_or_else(|error| {
        Request::Invalid(format!(
            "the content of `{msg_type}` cannot be read: {error}"
        ))
    })
}

fn query(msg_type: &str, content: &[u8]) -> Option<serde_json::Result<Query>> {
    Some(match msg_type {
        "kernel_info_request" => Ok(Query::KernelInfo),
        "connect_request" => Ok(Query::Connect),
        "is_complete_request" => read(content).map(|read: jupyter::IsCompleteRequest| {
            let code = read.code;
            Query::IsComplete { code }
        }),
        "complete_request" => read(content).map(|read: jupyter::CompleteRequest| Query::Complete {
            code: read.code,
            cursor: read.cursor_pos,
        }),
        "inspect_request" => read(content).map(|read: Inspect| Query::Inspect {
            code: read.code,
            cursor: read.cursor_pos,
            detail: match read.detail_level {
                0 => Detail::Short,
                _ => Detail::Full,
            },
        }),
        "history_request" => read(content).and_then(history),
        "comm_info_request" => read(content).map(|read: CommInfo| Query::CommInfo {
            target: read.target_name,
        }),
        "usage_request" => Ok(Query::Usage),
        "debug_request" => read(content).map(|read: Debug| {
            Query::Debug(DebugRequest {
                seq: read.seq,
                command: read.command,
                arguments: read.arguments.unwrap_or_default(),
            })
        }),
        _ => return None,
    })
}

/// `shutdown_request`, whose `restart` some clients leave out.
#[derive(Deserialize)]
struct Shutdown {
    #[serde(default)]
    restart: bool,
}

#[derive(Deserialize)]
struct DeleteSubshell {
    subshell_id: String,
}

/// `inspect_request`; the crate's type requires the detail level.
#[derive(Deserialize)]
struct Inspect {
    code: String,
    cursor_pos: usize,
    #[serde(default)]
    detail_level: u64,
}

#[derive(Deserialize)]
struct CommInfo {
    target_name: Option<String>,
}

#[derive(Deserialize)]
struct Debug {
    #[serde(default)]
    seq: i64,
    command: String,
    arguments: Option<Map<String, Value>>,
}

fn execute(content: &[u8]) -> serde_json::Result<Request> {
    // Minimal clients leave these out; the crate's type requires them.
    let mut with_defaults = Map::new();
    with_defaults.insert("silent".into(), false.into());
    with_defaults.insert("store_history".into(), true.into());
    with_defaults.extend(read::<Map<String, Value>>(content)?);
    let expressions = with_defaults.insert("user_expressions".into(), Value::Null);
    let read: jupyter::ExecuteRequest = serde_json::from_value(Value::Object(with_defaults))?;
    let expressions: Option<Map<String, Value>> =
        expressions.map_or(Ok(None), serde_json::from_value)?;
    let expressions = expressions.into_iter().flatten();
    let expressions = expressions
        .map(|(name, expression)| Ok((name, serde_json::from_value(expression)?)))
        .collect::<serde_json::Result<_>>()?;
    Ok(Request::Execute(Execute {
        code: read.code,
        silent: read.silent,
        store_history: read.store_history,
        stop_on_error: read.stop_on_error,
        allow_stdin: read.allow_stdin,
        user_expressions: expressions,
    }))
}

/// `history_request`, of which each kind of access has fields of its own.
#[derive(Deserialize)]
struct History {
    #[serde(default)]
    output: bool,
    hist_access_type: String,
    session: Option<i64>,
    start: Option<i64>,
    stop: Option<i64>,
    n: Option<usize>,
    pattern: Option<String>,
    unique: Option<bool>,
}

fn history(read: History) -> serde_json::Result<Query> {
    let line = |line: Option<i64>, default: u32| match line {
        Some(line) => u32::try_from(line.max(0)).unwrap_or(u32::MAX),
        None => default,
    };
    let access = match read.hist_access_type.as_str() {
        "range" => Access::Range {
            session: read.session.unwrap_or_default(),
            lines: line(read.start, 0)..line(read.stop, u32::MAX),
        },
        "tail" => Access::Tail {
            n: read.n.unwrap_or(usize::MAX),
        },
        "search" => Access::Search {
            pattern: read.pattern.unwrap_or_else(|| "*".to_owned()),
            n: read.n,
            unique: read.unique.unwrap_or_default(),
        },
        other => {
            let reason =
                format!("`hist_access_type` is `{other}`, not `range`, `tail` or `search`");
            return Err(serde::de::Error::custom(reason));
        }
    };
    Ok(Query::History(history::Query {
        access,
        output: read.output,
    }))
}

/// `comm_open`, `comm_msg` or `comm_close`.
#[derive(Deserialize)]
struct CommContent {
    comm_id: String,
    target_name: Option<String>,
    #[serde(default)]
    data: Value,
}

fn comm(msg_type: &str, message: Sealed) -> serde_json::Result<Comm> {
    let read: CommContent = read(&message.content)?;
    let event = match (msg_type, read.target_name) {
        ("comm_open", Some(target)) => CommEvent::Open { target },
        ("comm_open", None) => return Err(serde::de::Error::missing_field("target_name")),
        ("comm_close", _) => CommEvent::Close,
        _ => CommEvent::Message,
    };
    Ok(Comm {
        id: read.comm_id,
        event,
        data: read.data,
        metadata: self::read(&message.metadata).unwrap_or_default(),
        buffers: message.buffers,
    })
}

/// Reads the content of an `input_reply`: what was typed.
pub(super) fn input_reply(content: &[u8]) -> serde_json::Result<String> {
    read(content).map(|read: jupyter::InputReply| read.value)
}

fn read<T: DeserializeOwned>(content: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn sealed(content: &str) -> Sealed {
        let part = |text: &str| bytes::Bytes::copy_from_slice(text.as_bytes());
        Sealed {
            identities: Vec::new(),
            header: part("{}"),
            parent: part("{}"),
            metadata: part(r#"{"version": "2.1.0"}"#),
            content: part(content),
            buffers: vec![part("binary")],
        }
    }

    fn check(msg_type: &str, content: &str, expected: Expect) {
        let parsed = parse(msg_type, sealed(content));
        expected.assert_eq(&format!("{parsed:?}"));
    }

    #[test]
    fn requests_with_and_without_optional_fields() {
        check(
            "execute_request",
            r#"{"code": "1"}"#,
            expect![[
                r#"Execute(Execute { code: "1", silent: false, store_history: true, stop_on_error: true, allow_stdin: false, user_expressions: [] })"#
            ]],
        );
        check(
            "execute_request",
            r#"{"code": "1", "silent": true, "store_history": false, "stop_on_error": false,
                "user_expressions": {"a": "1"}, "allow_stdin": false, "cell_id": "x"}"#,
            expect![[
                r#"Execute(Execute { code: "1", silent: true, store_history: false, stop_on_error: false, allow_stdin: false, user_expressions: [("a", "1")] })"#
            ]],
        );
        check(
            "shutdown_request",
            "{}",
            expect!["Shutdown { restart: false }"],
        );
        check(
            "complete_request",
            r#"{"code": "é", "cursor_pos": 1}"#,
            expect![[r#"Query(Complete { code: "é", cursor: 1 })"#]],
        );
        check("no_such_request", "{}", expect!["Unanswered"]);
    }

    #[test]
    fn histories_are_asked_for_in_three_ways() {
        let check = |content, expected| check("history_request", content, expected);
        check(
            r#"{"hist_access_type": "tail", "n": 3, "output": true, "raw": true}"#,
            expect!["Query(History(Query { access: Tail { n: 3 }, output: true }))"],
        );
        check(
            r#"{"hist_access_type": "range", "session": -1, "start": 2}"#,
            expect![
                "Query(History(Query { access: Range { session: -1, lines: 2..4294967295 }, output: false }))"
            ],
        );
        check(
            r#"{"hist_access_type": "range", "start": -2, "stop": null}"#,
            expect![
                "Query(History(Query { access: Range { session: 0, lines: 0..4294967295 }, output: false }))"
            ],
        );
        check(
            r#"{"hist_access_type": "search", "pattern": "*x", "unique": true, "n": null}"#,
            expect![[
                r#"Query(History(Query { access: Search { pattern: "*x", n: None, unique: true }, output: false }))"#
            ]],
        );
        check(
            r#"{"hist_access_type": "all"}"#,
            expect![[
                r#"Invalid("the content of `history_request` cannot be read: `hist_access_type` is `all`, not `range`, `tail` or `search`")"#
            ]],
        );
    }

    #[test]
    fn comms_open_with_a_target() {
        check(
            "comm_open",
            r#"{"comm_id": "c", "target_name": "t", "data": {"x": 1}}"#,
            expect![[
                r#"Query(Comm(Comm { id: "c", event: Open { target: "t" }, data: Object {"x": Number(1)}, metadata: {"version": String("2.1.0")}, buffers: [b"binary"] }))"#
            ]],
        );
        check(
            "comm_open",
            r#"{"comm_id": "c"}"#,
            expect![[
                r#"Invalid("the content of `comm_open` cannot be read: missing field `target_name`")"#
            ]],
        );
        check(
            "comm_msg",
            r#"{"comm_id": "c"}"#,
            expect![[
                r#"Query(Comm(Comm { id: "c", event: Message, data: Null, metadata: {"version": String("2.1.0")}, buffers: [b"binary"] }))"#
            ]],
        );
    }

    #[test]
    fn contents_that_make_no_sense() {
        check(
            "execute_request",
            r#"{"silent": true}"#,
            expect![[
                r#"Invalid("the content of `execute_request` cannot be read: missing field `code`")"#
            ]],
        );
        check(
            "execute_request",
            r#"{"code": 1}"#,
            expect![[
                r#"Invalid("the content of `execute_request` cannot be read: invalid type: integer `1`, expected a string")"#
            ]],
        );
        check(
            "is_complete_request",
            "[",
            expect![[
                r#"Invalid("the content of `is_complete_request` cannot be read: EOF while parsing a list at line 1 column 1")"#
            ]],
        );
    }
}
