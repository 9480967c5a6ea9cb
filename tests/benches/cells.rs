//! How long a person waits for a cell: from request to idle, and from start to ready, beside evcxr where it is installed.
//!
//! `cargo bench` prints the table; `cargo bench -- --rounds 50` runs each cell 50 times.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::process::Command;
use std::time::Duration;

use dagbok_tests::client::{Client, Execution};
use jupyter_protocol::JupyterMessageContent;

/// A one-line cell; `{n}` is a number that differs in each round, so that no cell repeats an earlier one.
struct Cell {
    name: &'static str,
    code: &'static str,
    /// Whether plain Rust does it, so that evcxr can run it too.
    plain: bool,
}

const fn plain(name: &'static str, code: &'static str) -> Cell {
    Cell {
        name,
        code,
        plain: true,
    }
}

const fn runtime(name: &'static str, code: &'static str) -> Cell {
    Cell {
        name,
        code,
        plain: false,
    }
}

const CELLS: &[Cell] = &[
    plain("literal", "{n}"),
    plain("let", "let x = {n};"),
    plain("variable", "x + {n}"),
    plain(
        "Vec sum",
        "(0..{n}).collect::<Vec<i64>>().iter().sum::<i64>()",
    ),
    plain(
        "function definition",
        "fn double(a: i64) -> i64 { a * 2 + {n} }",
    ),
    plain("function call", "double({n})"),
    plain(
        "HashMap",
        "std::collections::HashMap::from([(\"a\", {n}), (\"b\", 2)])",
    ),
    plain("println!", "println!(\"round {n}\");"),
    plain("String", "format!(\"{:>8.2}\", {n}.5)"),
    plain("error", "let y: i32 = \"{n}\";"),
    runtime(
        "array chain",
        "((arange(1000 + {n}) * 2 + 1).sum(())).compute()?",
    ),
    runtime(
        "frame query",
        "weather.filter(col(\"precipitation\").gt(lit({n}))).group_by([\"weather\"]).agg([len()]).compute()?",
    ),
    runtime("delayed call", "inc({n}).compute()?"),
    runtime("plot", "plot::line([1.0, 2.0, 3.0], [1.0, 2.0, {n}.0])"),
];

fn main() {
    let rounds = rounds_from_arguments();
    let csv = dagbok_tests::root().join("notebooks/data/seattle-weather.csv");
    let set_up = [
        format!("let weather = read_csv({:?})?;", csv.display().to_string()),
        "#[delayed] fn inc(x: i64) -> i64 { x + 1 }".to_owned(),
    ];

    let mut kernel = dagbok_tests::dagbok();
    kernel.arg("kernel");
    let ours = measure(kernel, rounds, &set_up, |_| true);

    let mut evcxr = Command::new("evcxr_jupyter");
    evcxr.arg("--control_file");
    let peer =
        installed("evcxr_jupyter").then(|| measure(evcxr, rounds.min(10), &[], |cell| cell.plain));
    print_table(&ours, peer.as_ref(), rounds);
}

struct Figures {
    started: Duration,
    /// From the start of the process to the end of its first cell.
    first_cell: Duration,
    /// Sorted, one list a cell; empty where the cell was not run.
    cells: Vec<Vec<Duration>>,
}

fn measure(
    kernel: Command,
    rounds: usize,
    set_up: &[String],
    wanted: impl Fn(&Cell) -> bool,
) -> Figures {
    let mut client = Client::start(kernel);
    let first_cell = client.started() + client.execute("1").elapsed;
    for code in set_up {
        let execution = client.execute(code);
        assert!(!failed(&execution), "{code}: {:?}", execution.outputs);
    }
    let mut cells: Vec<Vec<Duration>> = CELLS.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for (cell, times) in CELLS
            .iter()
            .zip(&mut cells)
            .filter(|(cell, _)| wanted(cell))
        {
            let code = cell.code.replace("{n}", &(round + 3).to_string());
            let execution = client.execute(&code);
            let as_meant = failed(&execution) == (cell.name == "error");
            assert!(as_meant, "{code}: {:?}", execution.outputs);
            let elapsed = execution.elapsed;
            if round > 0 {
                times.push(elapsed);
            }
        }
    }
    let started = client.started();
    client.shutdown();
    cells.iter_mut().for_each(|times| times.sort());
    Figures {
        started,
        first_cell,
        cells,
    }
}

fn failed(execution: &Execution) -> bool {
    let is_error =
        |output: &JupyterMessageContent| matches!(output, JupyterMessageContent::ErrorOutput(_));
    execution.outputs.iter().any(is_error)
}

fn print_table(ours: &Figures, peer: Option<&Figures>, rounds: usize) {
    println!("cells of one line, {rounds} rounds after one of warm-up; ms from request to idle");
    println!(
        "{:<20} {:>8} {:>8} {:>14} {:>8}",
        "cell", "median", "p90", "evcxr median", "ratio"
    );
    let row = |name: &str, times: &[Duration], theirs: Option<&[Duration]>| {
        let theirs = theirs
            .filter(|times| !times.is_empty())
            .map(|times| percentile(times, 50));
        let median = percentile(times, 50);
        let (peer, ratio) = theirs.map_or(("-".to_owned(), "-".to_owned()), |peer| {
            (format!("{peer:.0}"), format!("{:.1}", peer / median))
        });
        println!(
            "{name:<20} {median:>8.0} {:>8.0} {peer:>14} {ratio:>8}",
            percentile(times, 90)
        );
    };
    for (idx, cell) in CELLS.iter().enumerate() {
        row(
            cell.name,
            &ours.cells[idx],
            peer.map(|peer| peer.cells[idx].as_slice()),
        );
    }
    let all = |figures: &Figures, wanted: fn(&Cell) -> bool| {
        let mut times: Vec<_> = CELLS
            .iter()
            .zip(&figures.cells)
            .filter(|(cell, _)| wanted(cell))
            .flat_map(|(_, times)| times.clone())
            .collect();
        times.sort();
        times
    };
    row(
        "all plain Rust",
        &all(ours, |cell| cell.plain),
        peer.map(|peer| all(peer, |cell| cell.plain)).as_deref(),
    );
    row("all", &all(ours, |_| true), None);
    row(
        "start to ready",
        &[ours.started],
        peer.map(|peer| vec![peer.started]).as_deref(),
    );
    row(
        "start to first end",
        &[ours.first_cell],
        peer.map(|peer| vec![peer.first_cell]).as_deref(),
    );
    if peer.is_none() {
        println!("evcxr_jupyter is not installed: no comparison");
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("--help").output().is_ok()
}

fn rounds_from_arguments() -> usize {
    let mut arguments = std::env::args()
        .skip_while(|argument| argument != "--rounds")
        .skip(1);
    arguments.next().map_or(20, |rounds| {
        rounds.parse().expect("`--rounds` takes a number")
    })
}
