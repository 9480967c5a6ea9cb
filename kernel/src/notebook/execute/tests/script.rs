//! An evaluator that runs a small script: one instruction a line, `\n \r \b \e \a` for characters that a line cannot hold.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::super::Event;
use crate::evaluate::{
    Cell, CellError, Completeness, Evaluator, Frontend, Interrupt, MimeData, Output, Shell,
    StreamName,
};

pub(super) struct Scripted {
    events: SyncSender<Event>,
    interrupts: Mutex<Receiver<()>>,
    interrupter: Arc<Interrupter>,
    /// What background threads of earlier cells show once the next cell runs.
    late: Mutex<Vec<(Arc<dyn Frontend>, String)>>,
}

struct Interrupter(Mutex<Sender<()>>);

impl Scripted {
    pub(super) fn new(events: SyncSender<Event>) -> Self {
        let (sender, interrupts) = channel();
        Scripted {
            events,
            interrupts: Mutex::new(interrupts),
            interrupter: Arc::new(Interrupter(Mutex::new(sender))),
            late: Mutex::default(),
        }
    }

    fn step(&self, line: &str, frontend: &Arc<dyn Frontend>) -> Result<(), CellError> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "fail" => {
                let rest = unescaped(rest);
                let (name, value) = rest.split_once(": ").expect("name: value");
                return Err(error(name, value));
            }
            "panic" => panic!("{rest}"),
            "ctrl-c" => self.events.send(Event::CtrlC).expect("a listener"),
            "wait" => {
                for _ in 0..rest.parse().unwrap_or(1) {
                    self.interrupts
                        .lock()
                        .expect("no panic")
                        .recv()
                        .expect("an interrupt");
                }
                return Err(error("Interrupted", "stopped"));
            }
            "later" => {
                let late = (frontend.clone(), rest.to_owned());
                self.late.lock().expect("no panic").push(late);
            }
            _ => frontend.output(output(verb, rest)),
        }
        Ok(())
    }
}

fn output(verb: &str, rest: &str) -> Output {
    let stream = |name, text: &str| Output::Stream {
        name,
        text: unescaped(text),
    };
    let (id, value) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "out" => stream(StreamName::Stdout, &format!("{rest}\\n")),
        "print" => stream(StreamName::Stdout, rest),
        "err" => stream(StreamName::Stderr, &format!("{rest}\\n")),
        "result" => Output::Result { data: plain(rest) },
        "clear" => Output::ClearOutput {
            wait: rest == "wait",
        },
        "display" => Output::Display {
            data: plain(value),
            display_id: Some(id.into()),
        },
        "update" => Output::UpdateDisplay {
            data: plain(value),
            display_id: id.into(),
        },
        _ => panic!("unknown instruction `{verb}`"),
    }
}

impl Evaluator for Scripted {
    fn evaluate(
        &self,
        _: Shell,
        cell: &Cell,
        frontend: Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        for (frontend, line) in std::mem::take(&mut *self.late.lock().expect("no panic")) {
            let (verb, rest) = line.split_once(' ').expect("an output");
            frontend.output(output(verb, rest));
        }
        cell.code
            .lines()
            .try_for_each(|line| self.step(line, &frontend))
    }

    fn interrupter(&self) -> Arc<dyn Interrupt> {
        self.interrupter.clone()
    }

    fn is_complete(&self, _: &str) -> Completeness {
        Completeness::Complete
    }
}

impl Interrupt for Interrupter {
    fn interrupt(&self) {
        self.0
            .lock()
            .expect("no panic")
            .send(())
            .expect("an evaluator");
    }
}

fn plain(text: &str) -> MimeData {
    MimeData::from_iter([("text/plain".into(), json!(unescaped(text)))])
}

fn error(name: &str, value: &str) -> CellError {
    CellError {
        name: name.into(),
        value: value.into(),
        traceback: vec![format!("{name}: {value}")],
    }
}

fn unescaped(text: &str) -> String {
    [
        ("\\n", "\n"),
        ("\\r", "\r"),
        ("\\b", "\u{8}"),
        ("\\e", "\x1b"),
        ("\\a", "\x07"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escape, character)| {
        text.replace(escape, character)
    })
}
