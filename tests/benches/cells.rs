//! How long a person waits for a cell: from request to idle, and from start to ready, beside evcxr where it is installed.
//!
//! `cargo bench` prints the table; `cargo bench -- --rounds 50` runs each cell 50 times.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::process::Command;
use std::time::{Duration, Instant};

use dagbok_tests::client::{Client, Execution};
use jupyter_protocol::JupyterMessageContent;

/// A one-line cell; `{n}` is a number that differs in each round, so that no cell repeats an earlier one.
struct Cell {
    name: &'static str,
    code: &'static str,
    /// Whether plain Rust does it, so that evcxr can run it too.
    plain: bool,
    /// The median that is asked of it, in ms.
    asked: f64,
}

impl Cell {
    const fn asked(self, asked: f64) -> Self {
        Cell { asked, ..self }
    }
}

const fn plain(name: &'static str, code: &'static str) -> Cell {
    Cell {
        name,
        code,
        plain: true,
        asked: 80.0,
    }
}

const fn runtime(name: &'static str, code: &'static str) -> Cell {
    Cell {
        name,
        code,
        plain: false,
        asked: 100.0,
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
    )
    .asked(180.0),
    plain(
        "iterator chain",
        "(0..{n}).filter(|x| x % 2 == 0).map(|x| x * x).zip([\"a\", \"b\"]).collect::<Vec<(i32, &str)>>()",
    )
    .asked(180.0),
    plain("println!", "println!(\"round {n}\");"),
    plain("String", "format!(\"{:>8.2}\", {n}.5)"),
    plain("error", "let y: i32 = \"{n}\";").asked(60.0),
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
    runtime(
        "raw polars",
        "{ use polars::prelude::*; raw.clone().lazy().group_by([col(\"k\")]).agg([col(\"x\").sum() + lit({n})]).collect()?.height() }",
    )
    .asked(300.0),
];

/// Cells that compute for long: the same code, compiled by `rustc -O` as a program and run.
const LOOPS: &[(&str, &str)] = &[
    (
        "for over 10^8",
        "let mut sum = 0u64; for i in 0..100_000_000u64 { sum += i * i % ({n} + 7); } sum",
    ),
    (
        "iterator over 10^8",
        "(0..100_000_000u64).map(|i| i * i % ({n} + 7)).sum::<u64>()",
    ),
    (
        "Mandelbrot",
        "fn turns(cx: f64, cy: f64) -> u32 { let (mut x, mut y, mut n) = (0.0, 0.0, 0); while x * x + y * y < 4.0 && n < 200 { (x, y) = (x * x - y * y + cx, 2.0 * x * y + cy); n += 1; } n } \
         let mut total = 0u64; for j in 0..1000 { for i in 0..(1000 + {n}) { total += u64::from(turns(i as f64 / 333.0 - 2.0, j as f64 / 500.0 - 1.0)); } } total",
    ),
];

/// How many functions, each calling the one before, a session defines before its cells are measured again.
const CHAIN_LEN: usize = 100;

fn main() {
    let rounds = rounds_from_arguments();
    let csv = dagbok_tests::root().join("notebooks/data/seattle-weather.csv");
    let set_up = [
        format!("let weather = read_csv({:?})?;", csv.display().to_string()),
        "#[delayed] fn inc(x: i64) -> i64 { x + 1 }".to_owned(),
        "let raw = polars::df!(\"k\" => [\"a\", \"b\", \"a\"], \"x\" => [1, 2, 3])?;".to_owned(),
    ];

    let mut kernel = dagbok_tests::dagbok();
    kernel.arg("kernel");
    let ours = measure(kernel, rounds, &set_up, |_| true);

    let mut evcxr = Command::new("evcxr_jupyter");
    evcxr.arg("--control_file");
    let peer =
        installed("evcxr_jupyter").then(|| measure(evcxr, rounds.min(10), &[], |cell| cell.plain));
    print_table(&ours, peer.as_ref(), rounds);
    measure_chain();
    measure_loops();
}

fn kernel() -> Client {
    let mut kernel = dagbok_tests::dagbok();
    kernel.arg("kernel");
    Client::start(kernel)
}

/// How long `code` takes, in ms.
fn time(client: &mut Client, code: &str) -> f64 {
    let execution = client.execute(code);
    assert!(!failed(&execution), "{code}: {:?}", execution.outputs);
    execution.elapsed.as_secs_f64() * 1e3
}

/// Two sessions, one with a chain of definitions before it, run the same call by turns: the machine's pace drops out.
fn measure_chain() {
    let (mut short, mut long) = (kernel(), kernel());
    for client in [&mut short, &mut long] {
        time(client, "fn link0(x: i64) -> i64 { x }");
    }
    for idx in 1..=CHAIN_LEN {
        let before = idx - 1;
        let code = format!("fn link{idx}(x: i64) -> i64 {{ link{before}(x) + 1 }}");
        time(&mut long, &code);
    }
    let mut rounds: Vec<(f64, f64, f64)> = (0..21)
        .map(|round| {
            let first = time(&mut short, &format!("link0({round})"));
            let last = time(&mut long, &format!("link{CHAIN_LEN}({round})"));
            (last / first, first, last)
        })
        .collect();
    rounds.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (ratio, first, last) = rounds[rounds.len() / 2];
    println!(
        "\na call of a first function {first:.0} ms; of the last of {CHAIN_LEN} more, each calling the one before, {last:.0} ms: ratio {ratio:.2}",
    );
    println!(
        "memory of the kernel process after it: {} MB",
        long.megabytes()
    );
    short.shutdown();
    long.shutdown();
}

fn measure_loops() {
    println!(
        "\nlong loops: a cell, compile included, beside `rustc -O` and a run of its program; ms, medians of 5"
    );
    let mut client = kernel();
    client.execute("1");
    for (name, code) in LOOPS {
        let mut ratios = Vec::new();
        for round in 0..5 {
            let code = code.replace("{n}", &round.to_string());
            let program = program_time(&code);
            let execution = client.execute(&code);
            assert!(!failed(&execution), "{code}: {:?}", execution.outputs);
            let cell = execution.elapsed.as_secs_f64() * 1e3;
            ratios.push((cell / program, cell, program));
        }
        ratios.sort_by(|left, right| left.0.total_cmp(&right.0));
        let (ratio, cell, program) = ratios[ratios.len() / 2];
        println!("{name:<20} cell {cell:>6.0}   program {program:>6.0}   ratio {ratio:.2}");
    }
    client.shutdown();
}

/// Compiles `code` with `rustc -O` and runs it; how long both take, in ms.
fn program_time(code: &str) -> f64 {
    let folder = tempfile::tempdir().expect("a folder for the program");
    let source = folder.path().join("program.rs");
    let program = folder.path().join("program");
    let text = format!("fn main() {{ let result = {{ {code} }}; println!(\"{{result:?}}\"); }}");
    std::fs::write(&source, text).expect("a writable folder");
    let start = Instant::now();
    let mut rustc = Command::new("rustc");
    rustc
        .args(["-O", "--edition", "2024", "-o"])
        .arg(&program)
        .arg(&source);
    assert!(rustc.status().expect("rustc runs").success(), "{code}");
    let output = Command::new(&program).output().expect("the program runs");
    assert!(output.status.success(), "{code}");
    start.elapsed().as_secs_f64() * 1e3
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
        "{:<20} {:>8} {:>8} {:>8} {:>14} {:>8}",
        "cell", "asked", "median", "p90", "evcxr median", "ratio"
    );
    let row = |name: &str, asked: f64, times: &[Duration], theirs: Option<&[Duration]>| {
        let theirs = theirs
            .filter(|times| !times.is_empty())
            .map(|times| percentile(times, 50));
        let median = percentile(times, 50);
        let (peer, ratio) = theirs.map_or(("-".to_owned(), "-".to_owned()), |peer| {
            (format!("{peer:.0}"), format!("{:.1}", peer / median))
        });
        println!(
            "{name:<20} {asked:>8.0} {median:>8.0} {:>8.0} {peer:>14} {ratio:>8}",
            percentile(times, 90)
        );
    };
    for (idx, cell) in CELLS.iter().enumerate() {
        row(
            cell.name,
            cell.asked,
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
        80.0,
        &all(ours, |cell| cell.plain),
        peer.map(|peer| all(peer, |cell| cell.plain)).as_deref(),
    );
    row("all", 100.0, &all(ours, |_| true), None);
    row(
        "start to ready",
        500.0,
        &[ours.started],
        peer.map(|peer| vec![peer.started]).as_deref(),
    );
    row(
        "start to first end",
        500.0,
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
