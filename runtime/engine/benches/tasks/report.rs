//! The tables.

use crate::child::{BUDGET, Figures, MAX_ROUNDS, N_WARM_UP, Outcome, PATIENCE};
use crate::workload::Workload;

/// One system's figures of one graph.
pub(crate) struct Row<'a> {
    pub(crate) workload: Workload,
    pub(crate) n: usize,
    pub(crate) system: &'static str,
    pub(crate) outcome: &'a Outcome,
}

/// What is measured besides the graphs, in ms where nothing else is said.
pub(crate) struct Extras {
    /// Of a map of a million, from the first line of code on and from `compute` on.
    pub(crate) first_result: Vec<f64>,
    pub(crate) first_future: Vec<f64>,
    /// A run without and with its events observed.
    pub(crate) events: Vec<f64>,
    /// To plan an array of a million chunks, and the bytes that each of its tasks then takes.
    pub(crate) chunks: Vec<f64>,
}

pub(crate) fn print_head(n_threads: usize) {
    println!(
        "{n_threads} threads; a process for each graph, whose most memory is in the last column but one; it starts with a \
         graph of {N_WARM_UP} tasks that is not counted, and shows the medians of up to {MAX_ROUNDS} rounds in {} s (of 3 at \
         least, of 1 with Dask). Freeing is not counted.",
        BUDGET.as_secs()
    );
    println!("`build`, `plan` and `run` are in ms; `bytes` is what a task takes before it runs.");
}

pub(crate) fn print_columns() {
    println!(
        "{:>9} {:<9} {:>9} {:>9} {:>9} {:>10} {:>6} {:>8} {:>6} {:>7}",
        "tasks",
        "system",
        "build",
        "plan",
        "run",
        "µs a task",
        "asked",
        "peak MB",
        "bytes",
        "rounds"
    );
}

impl Row<'_> {
    pub(crate) fn print(&self) {
        let (n, system) = (self.n, self.system);
        let figures = match self.outcome {
            Outcome::Done(figures) => figures,
            Outcome::TooSlow => {
                let patience = PATIENCE.as_secs();
                println!("{n:>9} {system:<9} no end within {patience} s; no larger graphs");
                return;
            }
            Outcome::Failed(why) => {
                println!("{n:>9} {system:<9} {why}; no larger graphs");
                return;
            }
        };
        let asked = match system {
            "dagbok" => self.workload.asked_micros(),
            _ => None,
        };
        println!(
            "{n:>9} {system:<9} {:>9.2} {:>9.2} {:>9.2} {:>10.3} {:>6} {:>8.0} {:>6} {:>7}",
            figures.build,
            figures.plan,
            figures.run,
            figures.micros(n),
            optional(asked, 1),
            figures.peak_mb,
            optional(bytes_a_task(figures, n), 0),
            figures.n_rounds,
        );
    }
}

/// What is asked of the runtime, beside what was measured.
pub(crate) fn print_asked(ours: &[(Workload, usize, Figures)], extras: &Extras) {
    println!("\nasked of dagbok {:>36} {:>9}", "asked", "measured");
    for workload in Workload::ALL {
        let of = |size| {
            let figures = ours.iter().find(|(of, n, _)| (*of, *n) == (workload, size));
            figures.map(|(_, n, figures)| (*n, figures))
        };
        let name = workload.name();
        if let (Some((small, at_small)), Some((large, at_large))) = (of(10_000), of(1_000_000)) {
            let ratio = at_large.micros(large) / at_small.micros(small);
            print_line(&format!("{name}, a task of 1 M to one of 10 k"), 1.3, ratio);
        }
        if let Some(bytes) = of(1_000_000).and_then(|(n, figures)| bytes_a_task(figures, n)) {
            print_line(
                &format!("{name}, bytes a task before it runs"),
                100.0,
                bytes,
            );
        }
    }
    if let [first, listed, all] = extras.first_future[..] {
        print_line("first result of `submit_map` of 1 M, ms", 50.0, first);
        print_line("  all futures there", 50.0, listed);
        println!("{:<45} {:>6} {all:>9.2}", "  all of 100 k, us each", "-");
    }
    if let [all, computed] = extras.first_result[..] {
        print_line("first task of 1 M delayed calls, ms", 50.0, all);
        print_line("  of it from `compute` on", 50.0, computed);
    }
    if let [ms, bytes] = extras.chunks[..] {
        print_line("plan of an array of 1 M chunks, ms", 1000.0, ms);
        print_line("  its bytes a task", 100.0, bytes);
    }
    if let [off, on] = extras.events[..] {
        let percent = (on / off - 1.0) * 100.0;
        print_line("events switched on cost, %", 20.0, percent);
    }
}

fn print_line(what: &str, asked: f64, measured: f64) {
    println!("{what:<45} {asked:>6} {measured:>9.2}");
}

/// What the graph and its plan take together.
fn bytes_a_task(figures: &Figures, n: usize) -> Option<f64> {
    let (graph, plan) = figures.bytes?;
    Some((graph + plan) as f64 / n as f64)
}

fn optional(number: Option<f64>, n_digits: usize) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.n_digits$}"))
}
