//! The contents of requests.

use jupyter_protocol as jupyter;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::session::{Execute, Request};

/// Reads `content` as that of a `msg_type`.
pub(super) fn parse(msg_type: &str, content: &[u8]) -> Request {
    let parsed = match msg_type {
        "kernel_info_request" => Ok(Request::KernelInfo),
        "connect_request" => Ok(Request::Connect),
        "execute_request" => execute(content),
        "is_complete_request" => read(content).map(|read: jupyter::IsCompleteRequest| {
            let code = read.code;
            Request::IsComplete { code }
        }),
        "complete_request" => {
            read(content).map(|read: jupyter::CompleteRequest| Request::Complete {
                code: read.code,
                cursor: read.cursor_pos,
            })
        }
        "inspect_request" => read(content).map(|read: jupyter::InspectRequest| Request::Inspect {
            code: read.code,
            cursor: read.cursor_pos,
        }),
        "history_request" => Ok(Request::History),
        "comm_info_request" => Ok(Request::CommInfo),
        "interrupt_request" => Ok(Request::Interrupt),
        "shutdown_request" => read(content).map(|read: Shutdown| Request::Shutdown {
            restart: read.restart,
        }),
        _ => {
            tracing::info!(msg_type, "a message of unknown type");
            Ok(Request::Unanswered)
        }
    };
    parsed.unwrap_or_else(|error| {
        Request::Invalid(format!(
            "the content of `{msg_type}` cannot be read: {error}"
        ))
    })
}

/// `shutdown_request`, whose `restart` some clients leave out.
#[derive(Deserialize)]
struct Shutdown {
    #[serde(default)]
    restart: bool,
}

fn execute(content: &[u8]) -> serde_json::Result<Request> {
    // Minimal clients leave these out; the crate's type requires them.
    let mut with_defaults = Map::new();
    with_defaults.insert("silent".into(), false.into());
    with_defaults.insert("store_history".into(), true.into());
    with_defaults.insert("user_expressions".into(), Value::Null);
    with_defaults.extend(read::<Map<String, Value>>(content)?);
    let read: jupyter::ExecuteRequest = serde_json::from_value(Value::Object(with_defaults))?;
    Ok(Request::Execute(Execute {
        code: read.code,
        silent: read.silent,
        store_history: read.store_history,
        stop_on_error: read.stop_on_error,
        allow_stdin: read.allow_stdin,
    }))
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

    fn check(msg_type: &str, content: &str, expected: Expect) {
        let parsed = parse(msg_type, content.as_bytes());
        expected.assert_eq(&format!("{parsed:?}"));
    }

    #[test]
    fn requests_with_and_without_optional_fields() {
        check(
            "execute_request",
            r#"{"code": "1"}"#,
            expect![[
                r#"Execute(Execute { code: "1", silent: false, store_history: true, stop_on_error: true, allow_stdin: false })"#
            ]],
        );
        check(
            "execute_request",
            r#"{"code": "1", "silent": true, "store_history": false, "stop_on_error": false,
                "user_expressions": {"a": "1"}, "allow_stdin": false, "cell_id": "x"}"#,
            expect![[
                r#"Execute(Execute { code: "1", silent: true, store_history: false, stop_on_error: false, allow_stdin: false })"#
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
            expect![[r#"Complete { code: "é", cursor: 1 }"#]],
        );
        check("comm_msg", "{}", expect!["Unanswered"]);
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
