//! How long a statement takes, for `%timeit`: many loops, several runs, mean and standard deviation.

use std::time::{Duration, Instant};

use super::Failure;
use crate::display::{MimeBundle, Render};

/// Without a number of loops, a run is at least this long.
const RUN_MIN: Duration = Duration::from_millis(200);

/// An interrupt is looked for this often.
const CHECK_PERIOD: Duration = Duration::from_millis(5);

/// What was measured.
#[derive(Clone, Debug)]
pub struct Timings {
    loops: u64,
    runs: Vec<Duration>,
}

/// Runs `once` in `runs` runs of `loops` loops; 0 loops are as many as make a run long enough to measure.
///
/// # Errors
/// What `once` failed with.
pub fn timeit(
    loops: u64,
    runs: u32,
    mut once: impl FnMut() -> Result<(), Failure>,
) -> Result<Timings, Failure> {
    let mut run = |loops| run(loops, &mut once);
    let loops = match loops {
        0 => loops_for(&mut run)?,
        loops => loops,
    };
    let runs = (0..runs).map(|_| run(loops)).collect::<Result<_, _>>()?;
    Ok(Timings { loops, runs })
}

fn loops_for(run: &mut dyn FnMut(u64) -> Result<Duration, Failure>) -> Result<u64, Failure> {
    let mut loops = 1;
    while loops < 1_000_000_000 && run(loops)? < RUN_MIN {
        loops *= 10;
    }
    Ok(loops)
}

#[inline(always)]
fn run(loops: u64, once: &mut impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let mut total = Duration::ZERO;
    let mut left = loops;
    let mut n_unchecked = 1;
    while left > 0 {
        let n = left.min(n_unchecked);
        let start = Instant::now();
        for _ in 0..n {
            once()?;
        }
        let taken = start.elapsed();
        total += taken;
        left -= n;
        if taken < CHECK_PERIOD {
            n_unchecked *= 2;
        }
        crate::cancel::checkpoint();
    }
    Ok(total)
}

impl Render for Timings {
    fn render(&self) -> MimeBundle {
        MimeBundle::plain(self.sentence())
    }
}

impl Timings {
    fn sentence(&self) -> String {
        let per_loop: Vec<f64> = self
            .runs
            .iter()
            .map(|run| run.as_secs_f64() / self.loops as f64)
            .collect();
        let n = per_loop.len() as f64;
        let mean = per_loop.iter().sum::<f64>() / n;
        let variance = per_loop.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n;
        let mut sentence = format!(
            "{} ± {} per loop (mean ± std. dev. of {}, {} each)",
            duration(mean),
            duration(variance.sqrt()),
            counted(per_loop.len() as u64, "run"),
            counted(self.loops, "loop"),
        );
        let best = per_loop.iter().copied().fold(f64::INFINITY, f64::min);
        let worst = per_loop.iter().copied().fold(0.0, f64::max);
        if best > 0.0 && worst > 4.0 * best {
            sentence += &format!(
                "\nthe slowest run took {:.1} times as long as the fastest; something may be cached, or the machine busy",
                worst / best
            );
        }
        if mean < 0.2e-9 {
            sentence +=
                "\nthis is too fast to be true: the compiler has removed what has no effect";
        }
        sentence
    }
}

/// `seconds` with three digits, in the unit that suits them.
fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    let n_decimals = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.n_decimals$} {unit}")
}

/// `1 loop`, `100,000 loops`.
fn counted(n: u64, word: &str) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let plural = if n == 1 { "" } else { "s" };
    format!("{text} {word}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(loops: u64, runs_ms: &[u64], expected: &str) {
        let runs = runs_ms
            .iter()
            .map(|ms| Duration::from_millis(*ms))
            .collect();
        assert_eq!(Timings { loops, runs }.sentence(), expected);
    }

    #[test]
    fn sentences_have_three_digits_and_the_right_unit() {
        check(
            100_000,
            &[123, 123],
            "1.23 µs ± 0.000 ns per loop (mean ± std. dev. of 2 runs, 100,000 loops each)",
        );
        check(
            1,
            &[2000],
            "2.00 s ± 0.000 ns per loop (mean ± std. dev. of 1 run, 1 loop each)",
        );
        check(
            10,
            &[100, 500],
            "30.0 ms ± 20.0 ms per loop (mean ± std. dev. of 2 runs, 10 loops each)\n\
             the slowest run took 5.0 times as long as the fastest; something may be cached, or the machine busy",
        );
    }

    #[test]
    fn every_loop_runs() {
        let mut n = 0;
        let timings = timeit(1000, 3, || {
            n += 1;
            Ok(())
        });
        assert_eq!(timings.map(|timings| timings.runs.len()).ok(), Some(3));
        assert_eq!(n, 3000);
    }
}
