//! The processes that measure one graph each, and what they say on their standard output, whatever language they are in:
//!
//! ```text
//! round 0.0012 0.0003 0.0101 500500     build, plan and run in seconds, and the result
//! bytes 320 250                         memory a built graph and its plan take
//! peak 65536                            the process's most memory, in kB
//! numbers 12.5 3.25                     of what is no graph
//! ```

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Every process computes a graph of so many tasks before it measures.
pub(crate) const N_WARM_UP: usize = 1_000;

/// How long a round may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process starts no further round after this time, or after [`MAX_ROUNDS`].
pub(crate) const BUDGET: Duration = Duration::from_secs(4);
pub(crate) const MAX_ROUNDS: usize = 21;
/// What is measured thus often is measured, however long it takes.
const MIN_ROUNDS: usize = 3;

/// One build, plan and run of a graph.
pub(crate) struct Round {
    pub(crate) build: Duration,
    pub(crate) plan: Duration,
    pub(crate) run: Duration,
    pub(crate) value: i64,
}

/// Measures and prints rounds, as a process that was started does; `round` is told whether it is the first.
pub(crate) fn rounds(mut round: impl FnMut(bool) -> Round) {
    let start = Instant::now();
    let mut n_rounds = 0;
    while n_rounds < MIN_ROUNDS || (n_rounds < MAX_ROUNDS && start.elapsed() < BUDGET) {
        let round = round(n_rounds == 0);
        let [build, plan, run] =
            [round.build, round.plan, round.run].map(|time| time.as_secs_f64());
        println!("round {build} {plan} {run} {}", round.value);
        n_rounds += 1;
    }
    println!("peak {}", field("/proc/self/status", "VmHWM"));
}

/// Prints what a built graph and its plan take, from the process's memory before, between and after.
pub(crate) fn print_bytes(at_rest: u64, built: u64, planned: u64) {
    let graph = built.saturating_sub(at_rest);
    println!("bytes {graph} {}", planned.saturating_sub(built));
}

pub(crate) fn print_numbers(numbers: &[f64]) {
    let numbers: Vec<String> = numbers.iter().map(f64::to_string).collect();
    println!("numbers {}", numbers.join(" "));
}

/// The bytes that the process has of one kind of memory, by the kernel's sum over its mappings.
pub(crate) fn memory(kind: &str) -> u64 {
    field("/proc/self/smaps_rollup", kind) * 1024
}

/// A number of a file with lines such as `VmHWM:  1234 kB`.
fn field(path: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(path).expect("a Linux system");
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(field, _)| *field == name).expect(name);
    let number = value.split_whitespace().next().map(str::parse);
    number.expect("a number of kB").expect("a number of kB")
}

/// What a process has measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// Medians, in ms.
    pub(crate) build: f64,
    pub(crate) plan: f64,
    pub(crate) run: f64,
    pub(crate) n_rounds: usize,
    pub(crate) peak_mb: f64,
    /// What the built graph and its plan take, where that was measured.
    pub(crate) bytes: Option<(u64, u64)>,
}

impl Figures {
    pub(crate) fn micros(&self, n: usize) -> f64 {
        (self.build + self.plan + self.run) * 1e3 / n as f64
    }
}

pub(crate) enum Outcome {
    Done(Figures),
    /// No round within [`PATIENCE`].
    TooSlow,
    /// It ended without a result: out of memory, for one.
    Failed(String),
}

/// Lets `command` measure a graph that computes to `expected`.
pub(crate) fn run(mut command: Command, expected: i64) -> Outcome {
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return Outcome::Failed(format!("it cannot be started: {error}")),
    };
    let lines = lines(&mut child);
    let mut said = Vec::new();
    let outcome = loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => said.push(line),
            Err(RecvTimeoutError::Timeout) => break Outcome::TooSlow,
            Err(RecvTimeoutError::Disconnected) => break read(&said, expected),
        }
    };
    let _ = child.kill();
    let status = child.wait();
    match (outcome, status) {
        (Outcome::Failed(why), Ok(status)) => Outcome::Failed(format!("{why} ({status})")),
        (outcome, _) => outcome,
    }
}

/// The numbers that `command` prints.
pub(crate) fn numbers(mut command: Command) -> Vec<f64> {
    let output = command
        .output()
        .expect("the benchmark can be started again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers = text.lines().find_map(|line| line.strip_prefix("numbers "));
    let numbers = numbers.unwrap_or_default().split(' ');
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// The child's lines, as they come.
fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take().expect("a pipe");
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn read(lines: &[String], expected: i64) -> Outcome {
    let mut rounds: [Vec<f64>; 3] = Default::default();
    let mut figures = Figures::default();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |idx: usize| words[idx].parse::<f64>().unwrap_or(f64::NAN);
        match words[..] {
            ["round", _, _, _, value] => {
                if value != expected.to_string() {
                    return Outcome::Failed(format!("its result is {value}, not {expected}"));
                }
                for (idx, times) in rounds.iter_mut().enumerate() {
                    times.push(number(idx + 1) * 1e3);
                }
            }
            ["bytes", _, _] => figures.bytes = Some((number(1) as u64, number(2) as u64)),
            ["peak", _] => figures.peak_mb = number(1) / 1024.0,
            _ => return Outcome::Failed(format!("it says `{line}`")),
        }
    }
    if rounds[0].is_empty() || figures.peak_mb == 0.0 {
        return Outcome::Failed("it ended before its time".to_owned());
    }
    figures.n_rounds = rounds[0].len();
    [figures.build, figures.plan, figures.run] = rounds.map(median);
    Outcome::Done(figures)
}

pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
