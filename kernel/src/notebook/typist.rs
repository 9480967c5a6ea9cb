//! What is typed, or comes through a pipe, while a notebook runs: the answers to what its cells ask.

use std::io::{BufRead, IsTerminal, stdin};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::evaluate::{Answer, Question};

/// Whether what is typed can be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hiding {
    /// stdin is a terminal, which `stty` tells to show nothing.
    Terminal,
    /// Nothing is shown anyway.
    Needless,
}

/// Whether stdin can hide what is typed.
pub(super) fn hiding() -> Hiding {
    match stdin().is_terminal() {
        true => Hiding::Terminal,
        false => Hiding::Needless,
    }
}

/// Answers questions with lines of text, one after the other; reads nothing before the first.
pub(super) struct Typist {
    questions: Sender<Question>,
    /// The work of the thread that reads, until it is started.
    work: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Typist {
    pub(super) fn new(hiding: Hiding, lines: impl BufRead + Send + 'static) -> Self {
        let (questions, queue) = channel();
        Typist {
            questions,
            work: Mutex::new(Some(Box::new(move || answer_all(hiding, lines, &queue)))),
        }
    }

    /// Answers `question` with the next line.
    pub(super) fn ask(&self, question: Question) {
        let work = self
            .work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(work) = work
            && let Err(error) = thread::Builder::new().name("typist".into()).spawn(work)
        {
            tracing::error!(%error, "cannot start the thread that reads stdin");
        }
        // Without the thread the question is dropped, which answers it.
        let _ = self.questions.send(question);
    }
}

fn answer_all(hiding: Hiding, mut lines: impl BufRead, questions: &Receiver<Question>) {
    // A line that came after its question had been withdrawn is the answer to the next.
    let mut early: Option<Answer> = None;
    for question in questions {
        if question.is_withdrawn() {
            continue;
        }
        let answer = early
            .take()
            .unwrap_or_else(|| read(hiding, question.hidden, &mut lines));
        match question.is_withdrawn() {
            true => early = Some(answer),
            false => question.answer(answer),
        }
    }
}

fn read(hiding: Hiding, hidden: bool, lines: &mut impl BufRead) -> Answer {
    let hides = hidden && hiding == Hiding::Terminal;
    if hides {
        stty("-echo");
    }
    let mut line = String::new();
    let read = lines.read_line(&mut line);
    if hides {
        stty("echo");
    }
    match read {
        Ok(0) => Answer::End,
        Ok(_) => {
            let line = line.strip_suffix('\n').unwrap_or(&line);
            Answer::Line(line.strip_suffix('\r').unwrap_or(line).to_owned())
        }
        Err(error) => Answer::Refused(format!("stdin cannot be read: {error}")),
    }
}

/// Without `stty` what is typed is seen, as in any program that does not hide it.
fn stty(setting: &str) {
    let _ = Command::new("stty").arg(setting).status();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn lines_answer_questions_in_order() {
        let typist = Typist::new(Hiding::Needless, "a\r\n\nlast".as_bytes());
        let (sender, answers) = channel();
        for hidden in [false, true, false, false] {
            let sender = sender.clone();
            let reply = move |answer| sender.send(answer).unwrap();
            let withdrawn = Arc::new(AtomicBool::new(false));
            typist.ask(Question::new("?".to_owned(), hidden, withdrawn, reply));
        }
        // One that is withdrawn takes no line.
        typist.ask(Question::new(
            String::new(),
            false,
            Arc::new(AtomicBool::new(true)),
            drop,
        ));
        drop((sender, typist));
        let answers: Vec<Answer> = answers.iter().collect();
        let line = |text: &str| Answer::Line(text.to_owned());
        assert_eq!(answers, [line("a"), line(""), line("last"), Answer::End]);
    }
}
