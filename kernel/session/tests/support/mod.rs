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
    shown: Mutex<Vec<Shown>>,
    reply: Mutex<Option<(String, Arc<dyn Interrupt>)>>,
}

enum Shown {
    Text(StreamName, String),
    Line(String),
}

impl Session {
    pub(crate) fn start() -> Self {
        Self::start_with(Options::default())
    }

    pub(crate) fn start_with(options: Options) -> Self {
        let evaluator = NativeEvaluator::start(options).unwrap();
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
        let shown = std::mem::take(&mut *self.screen.shown.lock().unwrap());
        let lines = shown.into_iter().map(|shown| match shown {
            Shown::Text(StreamName::Stdout, text) => format!("stdout {text:?}"),
            Shown::Text(StreamName::Stderr, text) => format!("stderr {text:?}"),
            Shown::Line(line) => line,
        });
        (lines.collect(), error)
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
                self.answer(&text);
                return match name {
                    StreamName::Stdout => self.print(name, text),
                    StreamName::Stderr => self.print(name, plain(&text)),
                };
            }
            Output::Display { data, .. } => format!("display {}", bundle(&data)),
            Output::UpdateDisplay { data, .. } => format!("update {}", bundle(&data)),
            Output::Result { data } => format!("={}", bundle(&data)),
        };
        self.shown.lock().unwrap().push(Shown::Line(line));
    }
}

impl Screen {
    /// How text is cut into messages depends on the machine's load; what it says does not.
    fn print(&self, name: StreamName, text: String) {
        let mut shown = self.shown.lock().unwrap();
        match shown.last_mut() {
            Some(Shown::Text(last, before)) if *last == name => before.push_str(&text),
            _ => shown.push(Shown::Text(name, text)),
        }
    }

    fn answer(&self, text: &str) {
        let mut reply = self.reply.lock().unwrap();
        if let Some((_, interrupter)) = reply.take_if(|(awaited, _)| text.contains(&*awaited)) {
            interrupter.interrupt();
        }
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
