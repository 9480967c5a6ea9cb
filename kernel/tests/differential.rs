//! The corpus on both evaluators: what a cell prints, shows and fails with must be the same on the native one and on
//! evcxr's, but for what `differences.txt` lists, with the reason.
//!
//! Arguments are parts of names: only the scripts that have one of them in `THEME/NAME` are run. What evcxr made of a
//! script is remembered in the target folder, since that takes by far the most time: until the script, the compiler or
//! what stands between evcxr and the test changes.

mod corpus;
mod memory;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use corpus::{Script, Shown, folder, run, scripts, start_native};
use dagbok_kernel::evaluate::Evaluator;
use dagbok_kernel::evaluate::evcxr::{self, EvcxrEvaluator, runtime_hook};
use dagbok_kernel::runtime_files::RuntimeFiles;
use memory::Memory;

/// Each has an evcxr of its own, with a compiler and a rust-analyzer.
const N_THREADS: usize = 2;

/// Where a cell is: the script's theme and name, and the cell's number.
type Place = (String, u32);

/// What both evaluators made of a cell.
struct Compared {
    place: Place,
    code: String,
    native: Shown,
    evcxr: Shown,
}

/// How long each evaluator worked.
#[derive(Clone, Copy, Default)]
struct Times {
    native: Duration,
    evcxr: Duration,
}

fn main() -> ExitCode {
    runtime_hook();
    let wanted: Vec<String> = env::args()
        .skip(1)
        .filter(|part| !part.starts_with('-'))
        .collect();
    let mut scripts = scripts();
    scripts.retain(|script| {
        let place = place(script);
        wanted.is_empty() || wanted.iter().any(|part| place.contains(part))
    });
    let n_all = scripts.len();
    scripts.retain(|script| script.native_only.is_none());
    let (compared, times) = compare(&scripts);
    let mut reasons = reasons();
    if !wanted.is_empty() {
        reasons.retain(|place, _| compared.iter().any(|cell| cell.place == *place));
    }
    let verdict = judge(&compared, reasons);
    let mut out = io::stdout();
    for complaint in &verdict.complaints {
        let _ = writeln!(out, "{complaint}\n");
    }
    let _ = writeln!(
        out,
        "{n_all} scripts, {} for the native evaluator alone; {} cells: {} equal, {} different for a listed reason, \
         {} different without one\nnative {:.1} s, evcxr {:.1} s",
        n_all - scripts.len(),
        compared.len(),
        verdict.n_equal,
        verdict.n_listed,
        verdict.n_unlisted,
        times.native.as_secs_f64(),
        times.evcxr.as_secs_f64()
    );
    ExitCode::from(u8::from(!verdict.complaints.is_empty()))
}

fn place(script: &Script) -> String {
    format!("{}/{}", script.theme, script.name)
}

/// Runs all scripts on both evaluators.
fn compare(scripts: &[Script]) -> (Vec<Compared>, Times) {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((BTreeMap::new(), Times::default()));
    let memory = Memory::new();
    thread::scope(|scope| {
        for _ in 0..N_THREADS.min(scripts.len()) {
            scope.spawn(|| {
                let mut evcxr = None;
                loop {
                    let idx = next.fetch_add(1, Ordering::Relaxed);
                    let Some(script) = scripts.get(idx) else {
                        break;
                    };
                    let (native, native_time) = run_native(script);
                    let (evcxr, evcxr_time) = memory.recall(script).unwrap_or_else(|| {
                        let run = run_evcxr(script, &mut evcxr);
                        memory.remember(script, &run);
                        run
                    });
                    let mut done = done.lock().unwrap();
                    done.0.insert(idx, zipped(script, native, evcxr));
                    done.1.native += native_time;
                    done.1.evcxr += evcxr_time;
                }
            });
        }
    });
    let (compared, times) = done.into_inner().unwrap();
    (compared.into_values().flatten().collect(), times)
}

fn zipped(script: &Script, native: Vec<Shown>, evcxr: Vec<Shown>) -> Vec<Compared> {
    let shown = native.into_iter().zip(evcxr);
    let cells = (1..).zip(&script.cells).zip(shown);
    let compared = cells.map(|((number, code), (native, evcxr))| Compared {
        place: (place(script), number),
        code: code.clone(),
        native: of_native(native),
        evcxr: of_evcxr(evcxr),
    });
    compared.collect()
}

fn run_native(script: &Script) -> (Vec<Shown>, Duration) {
    let files = env::var_os("DAGBOK_RUNTIME")
        .map(|folder| RuntimeFiles::locate_beside(&PathBuf::from(folder)).unwrap());
    let native = start_native(files);
    run_all(script, &native)
}

/// Runs `script` on `evcxr`, which is started for the first one and cleared for the others.
fn run_evcxr(script: &Script, evcxr: &mut Option<Mutex<EvcxrEvaluator>>) -> (Vec<Shown>, Duration) {
    let evcxr = evcxr.get_or_insert_with(start_evcxr);
    let cleared = run(evcxr, 0, ":clear");
    assert_eq!(cleared, Shown::default(), "evcxr cannot be cleared");
    run_all(script, evcxr)
}

/// Starts evcxr without optimisations, which is what the native evaluator does with cells that loop little.
fn start_evcxr() -> Mutex<EvcxrEvaluator> {
    let evcxr = Mutex::new(EvcxrEvaluator::start(evcxr::Options::default()).unwrap());
    run(&evcxr, 0, ":opt 0");
    evcxr
}

fn run_all(script: &Script, evaluator: &dyn Evaluator) -> (Vec<Shown>, Duration) {
    let start = Instant::now();
    let cells = (1..).zip(&script.cells);
    let shown = cells.map(|(number, code)| run(evaluator, number, code));
    (shown.collect(), start.elapsed())
}

/// What the native evaluator showed, as far as it is the program's doing.
fn of_native(mut shown: Shown) -> Shown {
    let own = ["` was dropped, because ", " is forgotten, because "];
    shown.stderr = without_lines(&shown.stderr, |line| {
        own.iter().any(|own| line.contains(own))
    });
    if let Some((kind, message)) = &mut shown.failure {
        // What a `?` reports is part of the error here, and a line on stderr there.
        if kind == "Error" {
            shown.stderr += &format!("{message}\n");
        }
        message.clear();
    }
    shown
}

/// What evcxr showed, as far as it is the program's doing.
fn of_evcxr(mut shown: Shown) -> Shown {
    let own = ["a panic: ", "The type of the variable "];
    shown.stderr = without_lines(&shown.stderr, |line| {
        own.iter().any(|own| line.starts_with(own))
    });
    // It shows the unit that a loop or a `println!` ends with.
    shown.values.retain(|_, value| value != "()");
    if let Some((_, message)) = &mut shown.failure {
        message.clear();
    }
    shown
}

fn without_lines(text: &str, is_out: impl Fn(&str) -> bool) -> String {
    text.split_inclusive('\n')
        .filter(|line| !is_out(line))
        .collect()
}

/// The listed differences, with their reasons.
fn reasons() -> BTreeMap<Place, String> {
    let text = fs::read_to_string(folder().with_file_name("differences.txt")).unwrap_or_default();
    let mut reasons = BTreeMap::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (places, reason) = line
            .split_once(": ")
            .unwrap_or_else(|| panic!("no reason: {line}"));
        let (script, cells) = places
            .rsplit_once(' ')
            .unwrap_or_else(|| panic!("no cells: {line}"));
        for cell in cells.split(',') {
            let cell = cell
                .parse()
                .unwrap_or_else(|_| panic!("not a cell's number: {line}"));
            reasons.insert((script.to_owned(), cell), reason.to_owned());
        }
    }
    reasons
}

#[derive(Default)]
struct Verdict {
    n_equal: usize,
    n_listed: usize,
    n_unlisted: usize,
    complaints: Vec<String>,
}

fn judge(compared: &[Compared], mut reasons: BTreeMap<Place, String>) -> Verdict {
    let mut verdict = Verdict::default();
    for cell in compared {
        let (script, number) = &cell.place;
        let is_listed = reasons.remove(&cell.place).is_some();
        match (cell.native == cell.evcxr, is_listed) {
            (true, false) => verdict.n_equal += 1,
            (false, true) => verdict.n_listed += 1,
            (true, true) => {
                verdict.n_equal += 1;
                let complaint =
                    format!("{script} {number}: listed as different, but it is equal now");
                verdict.complaints.push(complaint);
            }
            (false, false) => {
                verdict.n_unlisted += 1;
                verdict.complaints.push(format!(
                    "{script} {number}: different\n{}\n  native:\n{}\n  evcxr:\n{}",
                    cell.code,
                    indented(&cell.native),
                    indented(&cell.evcxr)
                ));
            }
        }
    }
    for ((script, number), _) in reasons {
        verdict.complaints.push(format!(
            "{script} {number}: listed as different, but there is no such cell"
        ));
    }
    verdict
}

fn indented(shown: &Shown) -> String {
    let lines = shown.lines().into_iter().map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}
