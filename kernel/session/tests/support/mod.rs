//! One evaluator, many cells, and everything they show in one text.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dagbok_kernel::evaluate::native::{NativeEvaluator, Options};
use dagbok_kernel::evaluate::{
    Answer, Cell, CellError, Comm, CommEvent, Evaluator, Frontend, Interrupt, MimeData, Output,
    Question, Scope, Shell, StreamName,
};
use expect_test::Expect;

/// Nothing here takes this long; what does has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session that remembers what its cells show.
pub(crate) struct Session {
    evaluator: Arc<NativeEvaluator>,
    person: Arc<Mutex<Person>>,
    screens: Vec<Arc<Screen>>,
}

/// A cell that runs while others do.
pub(crate) struct Begun {
    #[allow(dead_code, reason = "not every file of tests has shells")]
    pub(crate) number: u32,
    pub(crate) screen: Arc<Screen>,
    thread: JoinHandle<Option<CellError>>,
}

/// What the person at the front end does.
#[derive(Default)]
struct Person {
    /// Once a cell shows the text, or asks the question, it is interrupted so many times.
    interrupts: Option<(String, u32, Arc<dyn Interrupt>)>,
    /// The text at which the next one comes.
    next_interrupt: Option<String>,
    interrupted: Option<Instant>,
    /// What is answered to the next questions.
    answers: VecDeque<Answer>,
}

/// A front end of one cell, which writes down every output.
pub(crate) struct Screen {
    person: Arc<Mutex<Person>>,
    shown: Mutex<Vec<Shown>>,
    /// What nobody has answered.
    questions: Mutex<VecDeque<Question>>,
    changed: Sender<()>,
    changes: Mutex<Receiver<()>>,
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
        let evaluator = Arc::new(NativeEvaluator::start(options).unwrap());
        Session {
            evaluator,
            person: Arc::default(),
            screens: Vec::new(),
        }
    }

    /// Runs one cell; what it showed until its end, and its error.
    pub(crate) fn run(&mut self, code: &str) -> (Vec<String>, Option<CellError>) {
        let (cell, screen) = self.next(code);
        let error = self.evaluator.evaluate(Shell::MAIN, &cell, screen.clone());
        (screen.take(), error.err())
    }

    fn next(&mut self, code: &str) -> (Cell, Arc<Screen>) {
        let screen = Arc::new(Screen::new(self.person.clone()));
        self.screens.push(screen.clone());
        let cell = Cell {
            number: self.screens.len() as u32,
            code: code.to_owned(),
        };
        (cell, screen)
    }

    /// Begins to run a cell in `shell`.
    #[allow(dead_code, reason = "not every file of tests has shells")]
    pub(crate) fn begin(&mut self, shell: Shell, code: &str) -> Begun {
        let (cell, screen) = self.next(code);
        let (evaluator, number, frontend) = (self.evaluator.clone(), cell.number, screen.clone());
        let thread = std::thread::spawn(move || evaluator.evaluate(shell, &cell, frontend).err());
        Begun {
            number,
            screen,
            thread,
        }
    }

    /// What runs the cells.
    #[allow(dead_code, reason = "not every file of tests has shells")]
    pub(crate) fn evaluator(&self) -> &NativeEvaluator {
        &self.evaluator
    }

    /// Lets the session hear `comm`; all its callbacks did.
    #[allow(dead_code, reason = "not every file of tests has comms")]
    pub(crate) fn hear(&self, comm: Comm) -> Vec<String> {
        self.hear_and_watch(comm).take()
    }

    /// The same; where it shows what comes of `comm`, also later.
    #[allow(dead_code, reason = "not every file of tests has comms")]
    pub(crate) fn hear_and_watch(&self, comm: Comm) -> Arc<Screen> {
        let screen = Arc::new(Screen::new(self.person.clone()));
        self.evaluator.comm(comm, screen.clone());
        screen
    }

    /// What completion may know of the session.
    #[allow(dead_code, reason = "not every file of tests completes")]
    pub(crate) fn scope(&self) -> Arc<Scope> {
        self.evaluator.scope()
    }

    /// Interrupts a cell as soon as it shows `text`.
    #[allow(dead_code, reason = "not every file of tests interrupts")]
    pub(crate) fn interrupt_at(&self, text: &str) {
        self.interrupt_times(1, text);
    }

    /// Interrupts a cell `n` times as soon as it shows `text`, or asks it.
    #[allow(dead_code, reason = "not every file of tests interrupts")]
    pub(crate) fn interrupt_times(&self, n: u32, text: &str) {
        let interrupter = self.evaluator.interrupter();
        self.person.lock().unwrap().interrupts = Some((text.to_owned(), n, interrupter));
    }

    /// Interrupts a cell as soon as it shows `first`, and again at `second`.
    #[allow(dead_code, reason = "not every file of tests interrupts")]
    pub(crate) fn interrupt_twice(&self, first: &str, second: &str) {
        self.interrupt_at(first);
        self.person.lock().unwrap().next_interrupt = Some(second.to_owned());
    }

    /// What interrupts this session.
    #[allow(dead_code, reason = "not every file of tests interrupts")]
    pub(crate) fn interrupter(&self) -> Arc<dyn Interrupt> {
        self.evaluator.interrupter()
    }

    /// How long ago the last interrupt was.
    #[allow(dead_code, reason = "not every file of tests interrupts")]
    pub(crate) fn since_interrupt(&self) -> Duration {
        let interrupted = self.person.lock().unwrap().interrupted;
        interrupted.expect("an interrupt").elapsed()
    }

    /// Answers the next question so.
    #[allow(dead_code, reason = "not every file of tests asks")]
    pub(crate) fn answer(&self, answer: Answer) {
        self.person.lock().unwrap().answers.push_back(answer);
    }

    /// Runs one cell; all it did in one text.
    pub(crate) fn show(&mut self, code: &str) -> String {
        let (lines, error) = self.run(code);
        all(lines, error)
    }

    /// What the cell `number` has shown since its end.
    #[allow(dead_code, reason = "not every file of tests has shells")]
    pub(crate) fn late(&self, number: u32) -> String {
        self.screens[number as usize - 1].take().join("\n")
    }

    /// What the cell `number` has shown since its end; waits until that holds `text`.
    #[allow(dead_code, reason = "not every file of tests waits")]
    pub(crate) fn later(&self, number: usize, text: &str) -> String {
        let screen = &self.screens[number - 1];
        let mut shown = String::new();
        loop {
            shown.push_str(&screen.take().join("\n"));
            if shown.contains(text) {
                return shown;
            }
            let changes = screen.changes.lock().unwrap();
            let changed = changes.recv_timeout(PATIENCE);
            assert!(changed.is_ok(), "only {shown:?} of cell {number}");
        }
    }
}

impl Frontend for Screen {
    fn output(&self, output: Output) {
        let line = match output {
            Output::Stream { name, text } => {
                return match name {
                    StreamName::Stdout => self.print(name, text),
                    StreamName::Stderr => self.print(name, plain(&text)),
                };
            }
            Output::Display { data, .. } => format!("display {}", bundle(&data)),
            Output::UpdateDisplay { data, .. } => format!("update {}", bundle(&data)),
            Output::Result { data } => format!("={}", bundle(&data)),
            Output::Page { data } => format!("page {}", bundle(&data)),
            Output::ClearOutput { wait } => format!("clear {wait}"),
            Output::Comm(comm) => said(&comm),
        };
        self.shown.lock().unwrap().push(Shown::Line(line));
        let _ = self.changed.send(());
    }

    fn input(&self, question: Question) {
        let kind = if question.hidden { "password" } else { "input" };
        let line = format!("{kind} {:?}", question.prompt);
        self.shown.lock().unwrap().push(Shown::Line(line));
        let answer = self.person.lock().unwrap().answers.pop_front();
        let prompt = question.prompt.clone();
        match answer {
            Some(answer) => question.answer(answer),
            None => self.questions.lock().unwrap().push_back(question),
        }
        let _ = self.changed.send(());
        self.interrupt_if(&prompt);
    }
}

impl Begun {
    /// Waits for the end of the cell; all it did in one text.
    #[allow(dead_code, reason = "not every file of tests has shells")]
    pub(crate) fn end(self) -> String {
        let error = self.thread.join().unwrap();
        all(self.screen.take(), error)
    }
}

/// What a cell has shown, and its error.
fn all(mut lines: Vec<String>, error: Option<CellError>) -> String {
    if let Some(error) = error {
        lines.push(plain(&error.traceback.join("\n")));
    }
    lines.join("\n")
}

impl Screen {
    /// Waits until the cell shows something, or asks.
    #[allow(dead_code, reason = "not every file of tests has shells")]
    pub(crate) fn wait(&self) {
        let changed = self.changes.lock().unwrap().recv_timeout(PATIENCE);
        assert!(changed.is_ok(), "nothing was shown");
    }

    /// Answers the question that was asked first.
    #[allow(dead_code, reason = "not every file of tests asks")]
    pub(crate) fn answer(&self, answer: Answer) {
        let question = self.questions.lock().unwrap().pop_front();
        question.expect("a question").answer(answer);
    }

    /// What the cell has shown until now.
    #[allow(dead_code, reason = "not every file of tests waits")]
    pub(crate) fn so_far(&self) -> String {
        let shown = self.shown.lock().unwrap();
        let lines = shown.iter().map(|shown| match shown {
            Shown::Text(_, text) => text.as_str(),
            Shown::Line(line) => line.as_str(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn new(person: Arc<Mutex<Person>>) -> Self {
        let (changed, changes) = channel();
        Screen {
            person,
            shown: Mutex::default(),
            questions: Mutex::default(),
            changed,
            changes: Mutex::new(changes),
        }
    }

    fn take(&self) -> Vec<String> {
        let shown = std::mem::take(&mut *self.shown.lock().unwrap());
        let lines = shown.into_iter().map(|shown| match shown {
            Shown::Text(StreamName::Stdout, text) => format!("stdout {text:?}"),
            Shown::Text(StreamName::Stderr, text) => format!("stderr {text:?}"),
            Shown::Line(line) => line,
        });
        lines.collect()
    }

    /// How text is cut into messages depends on the machine's load; what it says does not.
    fn print(&self, name: StreamName, text: String) {
        let mut shown = self.shown.lock().unwrap();
        let so_far = match shown.last_mut() {
            Some(Shown::Text(last, before)) if *last == name => {
                before.push_str(&text);
                before.clone()
            }
            _ => {
                shown.push(Shown::Text(name, text.clone()));
                text
            }
        };
        drop(shown);
        let _ = self.changed.send(());
        self.interrupt_if(&so_far);
    }

    fn interrupt_if(&self, text: &str) {
        let mut person = self.person.lock().unwrap();
        let Some((_, n, interrupter)) = person
            .interrupts
            .take_if(|(awaited, ..)| text.contains(&**awaited))
        else {
            return;
        };
        for _ in 0..n {
            interrupter.interrupt();
        }
        person.interrupted = Some(Instant::now());
        if let Some(text) = person.next_interrupt.take() {
            person.interrupts = Some((text, 1, interrupter));
        }
    }
}

/// What is said on a comm: its id behind a `#`, and what it carries.
fn said(comm: &Comm) -> String {
    let mut line = match &comm.event {
        CommEvent::Open { target } => format!("open {target} #{} {}", comm.id, comm.data),
        CommEvent::Message => format!("say #{} {}", comm.id, comm.data),
        CommEvent::Close => format!("close #{} {}", comm.id, comm.data),
    };
    if !comm.metadata.is_empty() {
        let metadata = serde_json::Value::from(comm.metadata.clone());
        line.push_str(&format!(" about {metadata}"));
    }
    for buffer in &comm.buffers {
        line.push_str(&format!(
            " and {} bytes {:?}",
            buffer.len(),
            &buffer[..buffer.len().min(4)]
        ));
    }
    line
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
#[allow(dead_code, reason = "not every file of tests has scripts")]
pub(crate) fn check_cells(script: &str, expected: Expect) {
    check_cells_in(&mut Session::start(), script, expected);
}

/// The same in `session`, whose person may have answers ready.
pub(crate) fn check_cells_in(session: &mut Session, script: &str, expected: Expect) {
    let mut shown = Vec::new();
    for (idx, code) in script.split("|||").enumerate() {
        let text = session.show(code.trim());
        if !text.is_empty() {
            shown.push(format!("{}: {text}", idx + 1));
        }
    }
    expected.assert_eq(&shown.join("\n"));
}
