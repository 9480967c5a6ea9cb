//! The command `:timeit`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:timeit CODE`, or `:timeit` before code
pub(super) struct Timeit;

const N_RUNS: u32 = 7;

impl Command for Timeit {
    fn name(&self) -> &'static str {
        "timeit"
    }

    fn arguments(&self) -> &'static str {
        "[-n LOOPS] [-r RUNS] [CODE]"
    }

    fn summary(&self) -> &'static str {
        "run code, or the rest of the cell, many times and show how long it takes"
    }

    fn details(&self) -> &'static str {
        "The code is compiled at the highest optimisation, if `:opt` has not chosen one. Without `-n`, loops go on for at \
         least 0.2 s a run; without `-r`, there are 7 runs. After `%%timeit`, code on the same line runs once and is not \
         measured. The value of the last expression is not optimised away, if it has no semicolon.\n\n\
         `:timeit v.iter().sum::<f64>()`"
    }

    fn takes_code(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let options = Options::parse(call.arguments)?;
        let code = call.code(options.length);
        if code.trim().is_empty() {
            return Err("`:timeit` takes code: `:timeit f()`".into());
        }
        let body = match call.takes_rest() {
            true => call.line_end(),
            false => 0,
        };
        let sentence = evaluator.timeit(
            call.cell,
            (&code, body),
            (options.loops, options.runs),
            call.frontend,
        )?;
        Ok(Answer::Text(sentence))
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// 0 for as many as it takes.
    loops: u64,
    runs: u32,
    /// How many bytes of the arguments they are.
    length: usize,
}

impl Options {
    fn parse(arguments: &str) -> Result<Options, Refusal> {
        let mut options = Options {
            loops: 0,
            runs: N_RUNS,
            length: 0,
        };
        let mut rest = arguments;
        loop {
            let is_option = |c: char| matches!(c, 'n' | 'r');
            let Some(option) = rest
                .strip_prefix('-')
                .filter(|rest| rest.starts_with(is_option))
            else {
                break;
            };
            let value = option[1..].trim_start();
            let end = value.find(char::is_whitespace).unwrap_or(value.len());
            // `-n` is also how Rust writes the opposite of a variable.
            let Ok(number) = value[..end].parse::<u32>() else {
                return Err(format!(
                    "`-{}` takes a whole number: `:timeit -{} 10 f()`; put brackets around code that begins so",
                    &option[..1],
                    &option[..1]
                )
                .into());
            };
            if number == 0 {
                return Err(format!("`-{} 0` measures nothing", &option[..1]).into());
            }
            match &option[..1] {
                "n" => options.loops = u64::from(number),
                _ => options.runs = number,
            }
            rest = value[end..].trim_start();
        }
        options.length = arguments.len() - rest.len();
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &str, expected: &str) {
        let found = match Options::parse(arguments) {
            Ok(Options {
                loops,
                runs,
                length,
            }) => {
                format!("{loops} {runs} <{}>", &arguments[length..])
            }
            Err(Refusal::Sentence(sentence)) => sentence,
            Err(Refusal::Failed(error)) => error.value,
        };
        assert_eq!(found, expected, "{arguments}");
    }

    #[test]
    fn options_stand_before_the_code() {
        check("f()", "0 7 <f()>");
        check("-n 10 -r3 f() - 1", "10 3 <f() - 1>");
        check("-r 2", "0 2 <>");
        check("-x", "0 7 <-x>");
        check("-n 0 f()", "`-n 0` measures nothing");
        check(
            "-n f()",
            "`-n` takes a whole number: `:timeit -n 10 f()`; put brackets around code that begins so",
        );
    }
}
