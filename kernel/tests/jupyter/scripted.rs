//! An evaluator that needs no compiler: each line of a cell is a command and what it is about.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dagbok_kernel::evaluate::{
    Answer, Cell, CellError, Comm, CommEvent, Completeness, Evaluator, Frontend, Interrupt,
    MimeData, Output, Question, Shell, StreamName,
};

/// What wakes a cell that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wake {
    Interrupted,
    #[allow(dead_code, reason = "tests release cells, the example does not")]
    Released,
}

pub(crate) struct Scripted {
    wake: Sender<Wake>,
    woken: Mutex<Receiver<Wake>>,
    /// The front end of an earlier cell, which goes on writing.
    earlier: Mutex<Option<Arc<dyn Frontend>>>,
}

struct Interrupter(Mutex<Sender<Wake>>);

impl Interrupt for Interrupter {
    fn interrupt(&self) {
        let _ = self.0.lock().unwrap().send(Wake::Interrupted);
    }
}

impl Scripted {
    pub(crate) fn new() -> Scripted {
        let (wake, woken) = channel();
        Scripted {
            wake,
            woken: Mutex::new(woken),
            earlier: Mutex::default(),
        }
    }

    /// Releases a cell that does `wait`.
    #[allow(dead_code, reason = "tests release cells, the example does not")]
    pub(crate) fn releaser(&self) -> Sender<Wake> {
        self.wake.clone()
    }

    fn line(&self, line: &str, frontend: &Arc<dyn Frontend>) -> Result<(), CellError> {
        let (command, text) = line.split_once(' ').unwrap_or((line, ""));
        let (id, rest) = text.split_once(' ').unwrap_or((text, ""));
        match command {
            "" => {}
            "print" => frontend.output(stream(StreamName::Stdout, text)),
            "eprint" => frontend.output(stream(StreamName::Stderr, text)),
            "show" => frontend.output(Output::Display {
                data: plain(text),
                display_id: None,
            }),
            "display" => frontend.output(Output::Display {
                data: plain(rest),
                display_id: Some(id.to_string()),
            }),
            "update" => frontend.output(Output::UpdateDisplay {
                data: plain(rest),
                display_id: id.to_string(),
            }),
            "result" => frontend.output(Output::Result { data: plain(text) }),
            "flood" => {
                for n in 0..text.parse().unwrap() {
                    frontend.output(stream(StreamName::Stdout, &format!("{n}")));
                }
            }
            "progress" => {
                for n in 0..=rest.parse().unwrap() {
                    frontend.output(Output::UpdateDisplay {
                        data: plain(&format!("{n}")),
                        display_id: id.to_string(),
                    });
                }
            }
            "many" => {
                for n in 0..text.parse().unwrap() {
                    frontend.output(Output::Display {
                        data: plain(&format!("{n}")),
                        display_id: None,
                    });
                }
            }
            "large" => {
                let megabyte = "x".repeat(1 << 20);
                for _ in 0..text.parse().unwrap() {
                    frontend.output(Output::Display {
                        data: plain(&megabyte),
                        display_id: None,
                    });
                }
            }
            "keep" => *self.earlier.lock().unwrap() = Some(frontend.clone()),
            "earlier" => match &*self.earlier.lock().unwrap() {
                Some(earlier) => earlier.output(stream(StreamName::Stdout, text)),
                None => return Err(error("Script", "no earlier cell")),
            },
            "wait" => {
                if let Ok(Wake::Interrupted) = self.woken.lock().unwrap().recv() {
                    return Err(error("Interrupted", "the cell was interrupted"));
                }
            }
            "ask" | "ask-hidden" => {
                let answer = self.ask(text, command == "ask-hidden", frontend)?;
                frontend.output(stream(StreamName::Stdout, &format!("{answer:?}")));
            }
            "release" => self.wake.send(Wake::Released).unwrap(),
            "page" => frontend.output(Output::Page { data: plain(text) }),
            "clear" => frontend.output(Output::ClearOutput {
                wait: text == "wait",
            }),
            "open" => frontend.output(Output::Comm(comm(
                id,
                CommEvent::Open {
                    target: rest.to_string(),
                },
            ))),
            "close" => frontend.output(Output::Comm(comm(id, CommEvent::Close))),
            "fail" => return Err(error(id, rest)),
            "panic" => panic!("{text}"),
            _ => return Err(error("Script", &format!("no command `{command}`"))),
        }
        Ok(())
    }

    fn ask(
        &self,
        prompt: &str,
        hidden: bool,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Answer, CellError> {
        let (reply, answers) = channel();
        let withdrawn = Arc::new(AtomicBool::new(false));
        let question = Question::new(
            prompt.to_string(),
            hidden,
            withdrawn.clone(),
            move |answer| drop(reply.send(answer)),
        );
        frontend.input(question);
        loop {
            if let Ok(answer) = answers.recv_timeout(Duration::from_millis(5)) {
                return Ok(answer);
            }
            if self.woken.lock().unwrap().try_recv().is_ok() {
                withdrawn.store(true, Ordering::SeqCst);
                return Err(error("Interrupted", "the cell was interrupted"));
            }
        }
    }
}

impl Evaluator for Scripted {
    fn evaluate(
        &self,
        shell: Shell,
        cell: &Cell,
        frontend: Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        let ended = cell
            .code
            .lines()
            .try_for_each(|line| self.line(line.trim(), &frontend));
        // An interrupt that came too late is not meant for the next cell.
        while shell == Shell::MAIN && self.woken.lock().unwrap().try_recv().is_ok() {}
        ended
    }

    fn interrupter(&self) -> Arc<dyn Interrupt> {
        Arc::new(Interrupter(Mutex::new(self.wake.clone())))
    }

    /// The target `echo` sends back what it is sent; it knows no other.
    fn comm(&self, message: Comm, frontend: Arc<dyn Frontend>) {
        match &message.event {
            CommEvent::Open { target } if target != "echo" => {
                frontend.output(Output::Comm(comm(&message.id, CommEvent::Close)));
            }
            CommEvent::Open { .. } => frontend.output(stream(StreamName::Stdout, "opened")),
            CommEvent::Message => frontend.output(Output::Comm(message)),
            CommEvent::Close => {}
        }
    }

    fn is_complete(&self, code: &str) -> Completeness {
        match code.chars().last() {
            Some('{') => Completeness::Incomplete {
                indent: "    ".to_string(),
            },
            Some('}') => Completeness::Invalid,
            _ => Completeness::Complete,
        }
    }
}

fn stream(name: StreamName, line: &str) -> Output {
    Output::Stream {
        name,
        text: format!("{line}\n"),
    }
}

fn comm(id: &str, event: CommEvent) -> Comm {
    Comm {
        id: id.to_string(),
        event,
        data: serde_json::json!({}),
        metadata: serde_json::Map::new(),
        buffers: Vec::new(),
    }
}

fn plain(text: &str) -> MimeData {
    MimeData::from_iter([("text/plain".to_string(), text.into())])
}

fn error(name: &str, value: &str) -> CellError {
    CellError {
        name: name.to_string(),
        value: value.to_string(),
        traceback: vec![format!("{name}: {value}")],
    }
}
