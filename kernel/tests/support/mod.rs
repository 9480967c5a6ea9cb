//! One evaluator, many cells, and everything they show in one text.

use std::sync::{Arc, Mutex};

use dagbok_kernel::evaluate::native::{NativeEvaluator, Options};
use dagbok_kernel::evaluate::{
    Cell, CellError, Evaluator, Frontend, Interrupt, MimeData, Output, StreamName,
};
use expect_test::Expect;

/// A session that remembers what its cells show.
pub(crate) struct Session {
    evaluator: NativeEvaluator,
    screen: Arc<Screen>,
    n_cells: u32,
}

/// A front end that writes down every output; it can answer one of them with an interrupt.
#[derive(Default)]
pub(crate) struct Screen {
    lines: Mutex<Vec<String>>,
    reply: Mutex<Option<(String, Arc<dyn Interrupt>)>>,
}

impl Session {
    pub(crate) fn start() -> Self {
        let evaluator = NativeEvaluator::start(Options::default()).unwrap();
        Session {
            evaluator,
            screen: Arc::default(),
            n_cells: 0,
        }
    }

    /// Runs one cell; what it showed, and its error.
    pub(crate) fn run(&mut self, code: &str) -> (Vec<String>, Option<CellError>) {
        self.n_cells += 1;
        let cell = Cell {
            number: self.n_cells,
            code: code.to_owned(),
        };
        let error = self.evaluator.evaluate(&cell, self.screen.clone()).err();
        let shown = std::mem::take(&mut *self.screen.lines.lock().unwrap());
        (shown, error)
    }

    /// Interrupts the next cell as soon as it has printed `text`.
    pub(crate) fn interrupt_at(&self, text: &str) {
        let interrupter = self.evaluator.interrupter();
        *self.screen.reply.lock().unwrap() = Some((text.to_owned(), interrupter));
    }

    /// Runs one cell; all it did in one text.
    pub(crate) fn show(&mut self, code: &str) -> String {
        let (mut lines, error) = self.run(code);
        if let Some(error) = error {
            lines.push(plain(&error.traceback.join("\n")));
        }
        lines.join("\n")
    }
}

impl Frontend for Screen {
    fn output(&self, output: Output) {
        let line = match output {
            Output::Stream { name, text } => {
                let mut reply = self.reply.lock().unwrap();
                if let Some((awaited, interrupter)) = reply.take() {
                    if text.contains(&awaited) {
                        interrupter.interrupt();
                    } else {
                        *reply = Some((awaited, interrupter));
                    }
                }
                let mark = if name == StreamName::Stderr {
                    "stderr"
                } else {
                    "stdout"
                };
                format!("{mark} {text:?}")
            }
            Output::Display { data, .. } => format!("display {}", bundle(&data)),
            Output::UpdateDisplay { data, .. } => format!("update {}", bundle(&data)),
            Output::Result { data } => format!("={}", bundle(&data)),
        };
        self.lines.lock().unwrap().push(line);
    }
}

fn bundle(data: &MimeData) -> String {
    match data.get("text/plain").and_then(|plain| plain.as_str()) {
        Some(plain) if data.len() == 1 => plain.to_owned(),
        _ => serde_json::Value::from(data.clone()).to_string(),
    }
}

/// `text` without colours.
fn plain(text: &str) -> String {
    let mut pieces = text.split('\x1b');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |plain, piece| {
        plain + piece.split_once('m').map_or("", |(_, rest)| rest)
    })
}

/// Runs the cells in `script`, which `|||` separates, in a new session; what each shows after its number.
pub(crate) fn check_cells(script: &str, expected: Expect) {
    let mut session = Session::start();
    let mut shown = Vec::new();
    for (idx, code) in script.split("|||").enumerate() {
        let text = session.show(code.trim());
        if !text.is_empty() {
            shown.push(format!("{}: {text}", idx + 1));
        }
    }
    expected.assert_eq(&shown.join("\n"));
}
