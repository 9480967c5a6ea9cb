//! The answers to a debugger's requests that need none: what the variables are. There are no breakpoints here, and nothing
//! pretends that there are.

use serde_json::{Map, Value, json};

use super::evaluation::Made;
use crate::session::{DebugAnswer, DebugRequest};

/// The answer to `request`; waits for the evaluator, and for a compile.
pub(super) fn answer(request: DebugRequest, evaluator: &Made) -> DebugAnswer {
    let body = match request.command.as_str() {
        "debugInfo" => Ok(info()),
        "inspectVariables" => variables(evaluator),
        "richInspectVariables" => variable(&request.arguments, evaluator),
        command => Err(format!(
            "dagbok has no debugger; of its requests it answers `debugInfo`, `inspectVariables` and `richInspectVariables`, \
             not `{command}`"
        )),
    };
    DebugAnswer { request, body }
}

fn info() -> Value {
    json!({
        "isStarted": false,
        "hashMethod": "Murmur2",
        "hashSeed": 0,
        "tmpFilePrefix": "",
        "tmpFileSuffix": ".rs",
        "breakpoints": [],
        "stoppedThreads": [],
        "richRendering": true,
        "exceptionPaths": [],
        "copyToGlobals": false,
    })
}

fn variables(evaluator: &Made) -> Result<Value, String> {
    let evaluator = evaluator
        .wait()
        .as_ref()
        .map_err(|error| error.value.clone())?;
    let variables = evaluator.variables().map_err(|error| error.value)?;
    let variables = variables.into_iter().map(|variable| {
        json!({
            "name": variable.name,
            "evaluateName": variable.name,
            "type": variable.type_name,
            "value": variable.value,
            "variablesReference": 0,
        })
    });
    Ok(json!({ "variables": variables.collect::<Vec<_>>() }))
}

fn variable(arguments: &Map<String, Value>, evaluator: &Made) -> Result<Value, String> {
    let Some(name) = arguments.get("variableName").and_then(Value::as_str) else {
        return Err("`richInspectVariables` takes a `variableName`".to_owned());
    };
    let evaluator = evaluator
        .wait()
        .as_ref()
        .map_err(|error| error.value.clone())?;
    let data = evaluator.variable(name)?;
    Ok(json!({ "data": data, "metadata": {} }))
}
