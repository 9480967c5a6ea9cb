//! The command `:time`.

use std::time::Duration;

use super::{Answer, Call, Command, Refusal, leading};
use crate::evaluate::native::Turn;

/// `:time CODE`, or `:time` before code
pub(super) struct Time;

impl Command for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn arguments(&self) -> &'static str {
        "[CODE]"
    }

    fn summary(&self) -> &'static str {
        "run code, or the rest of the cell, and show how long it took"
    }

    fn details(&self) -> &'static str {
        "CPU time is that of all threads of the session. The time of the compiler is shown apart. Variables of the code live \
         on, as in any cell.\n\n`:time let table = read_csv(\"data.csv\")?.compute()?;`"
    }

    fn takes_code(&self) -> bool {
        true
    }

    fn is_saved(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let code = call.some_code(self, "f()")?;
        if !leading(&code).0.is_empty() {
            return Err("commands cannot be timed; put them before `:time`".into());
        }
        let Some(timed) = evaluator.time(call.cell, &code, call.frontend)? else {
            return Ok(Answer::Text("there was nothing to run".to_owned()));
        };
        Ok(Answer::Text(format!(
            "CPU times: user {}, sys {}, total {}\nWall time: {}\nCompile time: {}",
            shown(timed.user),
            shown(timed.system),
            shown(timed.user + timed.system),
            shown(timed.wall),
            shown(timed.compile),
        )))
    }
}

/// `duration` with three digits.
fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if duration.is_zero() {
        return "0 ns".to_owned();
    }
    if seconds >= 60.0 {
        let minutes = duration.as_secs() / 60;
        return format!("{minutes} min {:.0} s", seconds - 60.0 * minutes as f64);
    }
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    let n_decimals = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.n_decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits() {
        let check = |nanos, expected| assert_eq!(shown(Duration::from_nanos(nanos)), expected);
        check(0, "0 ns");
        check(1_234, "1.23 µs");
        check(45_600_000, "45.6 ms");
        check(789_000_000_000, "13 min 9 s");
    }
}
