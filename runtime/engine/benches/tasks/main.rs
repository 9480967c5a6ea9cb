//! What a task costs: graphs of tasks that do next to nothing, beside Dask's threaded scheduler, rayon and Taskflow.
//!
//! `cargo bench --bench tasks` prints the tables; `-- --max 100000` leaves out larger graphs, `-- --threads 4` uses so many threads
//! in place of one a core, names (`-- L1 L3`) choose among the workloads, and `-- --taskflow FOLDER` says where Taskflow's headers
//! are if the system has none. All of it takes some ten minutes.
//!
//! The workloads are those of the usual comparison of schedulers: a map and one sum (L1), a binary tree (L2), a chain (L3), a
//! three-point stencil (L4), each with about as many tasks as the table says. Every system does the same work with as many threads, every
//! graph is measured in a process of its own, and every result is compared with that of plain loops. Dask is installed from PyPI into an
//! environment beside the build products; Taskflow is compiled where its headers are found.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod child;
mod dask;
mod ours;
mod rayon_jobs;
mod report;
mod taskflow;
mod workload;

use std::num::NonZero;
use std::process::Command;

use child::{Figures, Outcome};
use report::{Extras, Row};
use workload::Workload;

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// The first argument of a process that measures one graph.
const CHILD: &str = "--measure";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [first, system, rest @ ..] if first == CHILD => measure(system, rest),
        _ => compare(&Options::of(&arguments)),
    }
}

struct Options {
    n_threads: usize,
    max: usize,
    workloads: Vec<Workload>,
    taskflow: Option<String>,
}

impl Options {
    fn of(arguments: &[String]) -> Self {
        let value = |option: &str| {
            let at = arguments.iter().position(|argument| argument == option)?;
            let value = arguments.get(at + 1);
            Some(value.unwrap_or_else(|| panic!("`{option}` takes a value")))
        };
        let number = |option: &str| {
            let number = value(option)?.parse().ok().filter(|number| *number > 0);
            Some(number.unwrap_or_else(|| panic!("`{option}` takes a whole number above 0")))
        };
        let chosen = |workload: &Workload| arguments.iter().any(|name| name == workload.name());
        let mut workloads = Workload::ALL.to_vec();
        if workloads.iter().any(chosen) {
            workloads.retain(chosen);
        }
        let n_cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Options {
            n_threads: number("--threads").unwrap_or(n_cores),
            max: number("--max").unwrap_or(usize::MAX),
            workloads,
            taskflow: value("--taskflow").cloned(),
        }
    }
}

/// A system that runs the workloads: a process of it for each graph, given the workload, the size and the number of threads.
struct System {
    name: &'static str,
    command: Box<dyn Fn() -> Command>,
}

impl System {
    fn own(name: &'static str, n_threads: usize) -> Self {
        let command = move || {
            let program = std::env::current_exe().expect("a benchmark knows its own file");
            let mut command = Command::new(program);
            command.args([CHILD, name]);
            command.env("DAGBOK_NUM_THREADS", n_threads.to_string());
            command
        };
        System {
            name,
            command: Box::new(command),
        }
    }

    fn measure(&self, workload: Workload, n: usize, n_threads: usize) -> Outcome {
        let mut command = (self.command)();
        command.args([workload.name(), &n.to_string(), &n_threads.to_string()]);
        child::run(command, workload.expected(n))
    }
}

fn systems(options: &Options) -> Vec<System> {
    let n_threads = options.n_threads;
    let mut systems = vec![System::own("dagbok", n_threads)];
    match dask::environment() {
        Ok(python) => systems.push(System {
            name: "dask",
            command: Box::new(move || dask::command(&python)),
        }),
        Err(why) => println!("Dask is left out: {why}"),
    }
    systems.push(System::own("rayon", n_threads));
    match taskflow::program(options.taskflow.as_deref()) {
        Ok(program) => systems.push(System {
            name: "taskflow",
            command: Box::new(move || Command::new(&program)),
        }),
        Err(why) => println!("Taskflow is left out: {why}"),
    }
    systems
}

/// Measures every graph with every system, and prints the tables.
fn compare(options: &Options) {
    let n_threads = options.n_threads;
    let systems = systems(options);
    report::print_head(n_threads);
    let mut ours: Vec<(Workload, usize, Figures)> = Vec::new();
    for &workload in &options.workloads {
        println!("\n{} {}", workload.name(), workload.description());
        report::print_columns();
        let mut too_slow = vec![false; systems.len()];
        for n in SIZES.into_iter().filter(|n| *n <= options.max) {
            for (system, too_slow) in systems.iter().zip(&mut too_slow) {
                if *too_slow {
                    continue;
                }
                let outcome = system.measure(workload, n, n_threads);
                *too_slow = !matches!(outcome, Outcome::Done(_));
                Row {
                    workload,
                    n,
                    system: system.name,
                    outcome: &outcome,
                }
                .print();
                if let (Outcome::Done(figures), "dagbok") = (outcome, system.name) {
                    ours.push((workload, n, figures));
                }
            }
        }
    }
    let extras = Extras {
        first_result: child::numbers(own_child(n_threads, "first-result")),
        first_future: child::numbers(own_child(n_threads, "first-future")),
        events: child::numbers(own_child(n_threads, "events")),
        chunks: child::numbers(own_child(n_threads, "chunks")),
    };
    report::print_asked(&ours, &extras);
}

fn own_child(n_threads: usize, what: &str) -> Command {
    let mut command = (System::own("dagbok", n_threads).command)();
    command.args([what, "0", &n_threads.to_string()]);
    command
}

/// What a process does that this one has started.
fn measure(system: &str, arguments: &[String]) {
    let [what, n, n_threads] = arguments else {
        panic!("a graph is a workload, a size and a number of threads, not {arguments:?}")
    };
    let n: usize = n.parse().expect("a size");
    let n_threads: usize = n_threads.parse().expect("a number of threads");
    let workload = Workload::ALL
        .into_iter()
        .find(|workload| workload.name() == what);
    match (system, workload) {
        ("dagbok", Some(workload)) => ours::measure(workload, n),
        ("rayon", Some(workload)) => rayon_jobs::measure(workload, n, n_threads),
        _ if what == "first-result" => ours::measure_first_result(),
        _ if what == "first-future" => ours::measure_first_future(),
        _ if what == "events" => ours::measure_events(n_threads),
        _ if what == "chunks" => ours::measure_chunks(),
        _ => panic!("there is no workload `{what}` of `{system}`"),
    }
}
