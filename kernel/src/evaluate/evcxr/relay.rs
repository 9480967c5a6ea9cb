//! The processes below the evaluator. evcxr reads its subprocess line by line, and hides how a cell ended; so a relay
//! stands between, which gives every line an end, and puts marks where a cell ends.

use std::env;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::panic::{self, PanicHookInfo};
use std::process::{self, Command, Stdio};
use std::thread;

use rustix::process::{Signal, set_parent_process_death_signal};

use super::mark::{Ending, Mark};

/// Set by evcxr for the process that it starts.
const IS_RUNTIME: &str = "EVCXR_IS_RUNTIME";
/// Set by the relay for the process that runs cells.
const IS_RELAYED: &str = "DAGBOK_EVCXR_RELAYED";

// What evcxr and its cells write on stdout for each other.
const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION";
const FAILED: &str = "EVCXR_ERROR_OCCURRED";
const CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";
const BEGIN_CONTENT: &str = "EVCXR_BEGIN_CONTENT ";
const END_CONTENT: &str = "EVCXR_END_CONTENT";

/// Does the work of one of evcxr's subprocesses, and does not return, if this process is one; to be called first thing
/// in `main`.
pub fn runtime_hook() {
    if env::var_os(IS_RUNTIME).is_some() {
        // A kernel that is killed must not leave a busy cell behind.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        if env::var_os(IS_RELAYED).is_none() {
            process::exit(relay().unwrap_or_else(|error| {
                let _ = writeln!(io::stderr(), "cannot run cells: {error}");
                1
            }));
        }
        mark_panics();
    }
    evcxr::runtime_hook();
}

/// Panics of the thread that runs cells become marks; those of other threads are reported as always.
fn mark_panics() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if thread::current().name() != Some("main") {
            return report(info);
        }
        let message = info.payload_as_str().unwrap_or("a panic without a message");
        let mark = Mark::Panicked {
            message: message.to_owned(),
        };
        let _ = mark.write(&mut io::stderr().lock());
    }));
}

/// Runs the process that runs cells, and passes on what it writes; its exit code.
fn relay() -> io::Result<i32> {
    let (reader, mut stderr) = io::pipe()?;
    let mut runtime = Command::new(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(IS_RELAYED, "1")
        .stdout(Stdio::piped())
        .stderr(stderr.try_clone()?)
        .spawn()?;
    let started = Mark::Started {
        process: runtime.id(),
    };
    started.write(&mut stderr)?;
    let errors = thread::Builder::new().spawn(move || relay_stderr(reader))?;
    let mut n_lines = 0;
    if let Some(stdout) = runtime.stdout.take() {
        let mut relay = StdoutRelay {
            stderr: stderr.try_clone()?,
            within_content: false,
            changes_type: false,
            ending: Ending::default(),
            n_lines: 0,
        };
        relay.pass_on(BufReader::new(stdout))?;
        n_lines = relay.n_lines;
    }
    let status = runtime.wait()?;
    let died = Mark::Died {
        status: status.to_string(),
        n_lines,
    };
    died.write(&mut stderr)?;
    let _ = errors.join();
    Ok(status.code().unwrap_or(1))
}

/// Passes on stderr up to the mark of the end: processes that a cell has left behind may hold the pipe for longer.
fn relay_stderr(reader: PipeReader) -> io::Result<()> {
    let mut stderr = io::stderr();
    each_line(BufReader::new(reader), |line| {
        writeln!(stderr, "{line}")?;
        let (_, mark) = Mark::split(line);
        Ok(!matches!(mark, Some(Mark::Died { .. })))
    })
}

/// stdout on its way to evcxr.
struct StdoutRelay {
    /// Where marks go so that they come after all that the cell has written there.
    stderr: PipeWriter,
    within_content: bool,
    /// Whether evcxr will run the cell again, without the variables of a type that is gone.
    changes_type: bool,
    ending: Ending,
    /// How many lines evcxr will hand to the evaluator as the cell's own.
    n_lines: usize,
}

impl StdoutRelay {
    fn pass_on(&mut self, stdout: impl BufRead) -> io::Result<()> {
        each_line(stdout, |line| {
            self.pass_on_line(line)?;
            Ok(true)
        })
    }

    fn pass_on_line(&mut self, line: &str) -> io::Result<()> {
        let mut stdout = io::stdout();
        let (text, word) = split_word(line, self.within_content);
        match word {
            "" => {
                self.n_lines += usize::from(!self.within_content);
                return writeln!(stdout, "{text}");
            }
            COMPLETE => return self.complete(text),
            PANICKED => self.ending = Ending::Panicked,
            FAILED => self.ending = Ending::Failed,
            END_CONTENT => self.within_content = false,
            _ if word.starts_with(BEGIN_CONTENT) => self.within_content = true,
            _ => self.changes_type = true,
        }
        if word == END_CONTENT && !text.is_empty() {
            writeln!(stdout, "{text}")?;
        } else if !text.is_empty() {
            self.pass_on_unfinished(text)?;
        }
        writeln!(stdout, "{word}")
    }

    fn complete(&mut self, text: &str) -> io::Result<()> {
        self.pass_on_unfinished(text)?;
        let ending = std::mem::take(&mut self.ending);
        self.within_content = false;
        if !std::mem::take(&mut self.changes_type) {
            let n_lines = std::mem::take(&mut self.n_lines);
            Mark::Done { ending, n_lines }.write(&mut self.stderr)?;
        }
        writeln!(io::stdout(), "{COMPLETE}")
    }

    fn pass_on_unfinished(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.n_lines += 1;
        write!(io::stdout(), "{text}")?;
        Mark::Unfinished.write(&mut io::stdout())
    }
}

/// Takes apart what the cell has printed and a word that is meant for evcxr, at the end of the same line where the cell
/// has not ended its own.
fn split_word(line: &str, within_content: bool) -> (&str, &str) {
    let ends = if within_content {
        &[PANICKED, COMPLETE, END_CONTENT][..]
    } else {
        &[PANICKED, COMPLETE, FAILED][..]
    };
    for end in ends {
        if let Some(text) = line.strip_suffix(end) {
            return (text, &line[text.len()..]);
        }
    }
    let starts = if within_content {
        &[][..]
    } else {
        &[BEGIN_CONTENT, CHANGED_TYPE][..]
    };
    let start = starts.iter().find_map(|start| line.find(start));
    line.split_at(start.unwrap_or(line.len()))
}

/// Calls `pass_on` with each line, bytes that are no text replaced, until it returns false.
fn each_line(
    mut stream: impl BufRead,
    mut pass_on: impl FnMut(&str) -> io::Result<bool>,
) -> io::Result<()> {
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        if !pass_on(text.strip_suffix('\n').unwrap_or(&text))? {
            break;
        }
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::split_word;

    fn check(line: &str, within_content: bool, expected: (&str, &str)) {
        assert_eq!(split_word(line, within_content), expected, "{line}");
    }

    #[test]
    fn words_for_evcxr_are_found_behind_unfinished_lines() {
        check("", false, ("", ""));
        check("a line", false, ("a line", ""));
        check(
            "EVCXR_EXECUTION_COMPLETE",
            false,
            ("", "EVCXR_EXECUTION_COMPLETE"),
        );
        check(
            "50 %EVCXR_EXECUTION_COMPLETE",
            false,
            ("50 %", "EVCXR_EXECUTION_COMPLETE"),
        );
        check(
            "aEVCXR_BEGIN_CONTENT text/html",
            false,
            ("a", "EVCXR_BEGIN_CONTENT text/html"),
        );
        check(
            "aEVCXR_BEGIN_CONTENT text/html",
            true,
            ("aEVCXR_BEGIN_CONTENT text/html", ""),
        );
        check(
            "<b>1</b>EVCXR_END_CONTENT",
            true,
            ("<b>1</b>", "EVCXR_END_CONTENT"),
        );
    }
}
