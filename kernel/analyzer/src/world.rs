//! The loop of the process: questions, declarations and answers come in, one at a time; what rust-analyzer knows changes
//! here and nowhere else.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, Sender};

use dagbok_kernel::analysis::protocol::{self, Answer, Question, QuestionKind, Reply, Settings};
use dagbok_kernel::evaluate::Scope;
use ra_ap_hir::ChangeWithProcMacros;
use ra_ap_ide::AnalysisHost;

use crate::libraries::{Declared, Libraries, NOTEBOOK};
use crate::memory::Watch;
use crate::notebook::Notebook;
use crate::worker::{self, Job};

/// What happens to the process.
pub(crate) enum Event {
    Asked(Box<Question>),
    /// The worker has an answer to the question that it was given.
    Answered(Answer),
    Declared(Box<Declared>),
    /// Nobody asks any more.
    Closed,
}

pub(crate) struct World {
    host: AnalysisHost,
    libraries: Libraries,
    events: Sender<Event>,
    jobs: Option<Sender<Job>>,
    memory: Watch,
    waiting: VecDeque<Question>,
    /// What the worker works on.
    current: Option<Current>,
    /// Questions that are answered once all crates are there.
    preparing: Vec<Question>,
    /// What was declared while the worker worked.
    declared: Vec<Declared>,
    /// What the last question knew of the session.
    scope: Scope,
    text: Option<String>,
}

struct Current {
    number: u64,
    kind: QuestionKind,
    incomplete: Option<String>,
    is_withdrawn: bool,
}

impl World {
    pub(crate) fn new(settings: &Settings, events: Sender<Event>) -> Self {
        World {
            host: AnalysisHost::default(),
            libraries: Libraries::new(settings, events.clone()),
            events,
            jobs: None,
            memory: Watch::start(),
            waiting: VecDeque::new(),
            current: None,
            preparing: Vec::new(),
            declared: Vec::new(),
            scope: Scope::default(),
            text: None,
        }
    }

    /// Answers until nobody asks any more.
    ///
    /// # Errors
    /// If answers cannot be written, or there is no thread to be had.
    pub(crate) fn run(mut self, events: &Receiver<Event>) -> io::Result<()> {
        for event in events {
            match event {
                Event::Asked(question) => self.ask(*question)?,
                Event::Answered(answer) => self.finish(answer)?,
                Event::Declared(declared) => self.declared.push(*declared),
                Event::Closed => return Ok(()),
            }
            if self.current.is_none() {
                self.add_declared()?;
                self.start_next()?;
            }
        }
        Ok(())
    }

    fn ask(&mut self, question: Question) -> io::Result<()> {
        if question.kind == QuestionKind::Complete {
            let is_older = |question: &Question| question.kind == QuestionKind::Complete;
            let (older, others) = self.waiting.drain(..).partition(is_older);
            self.waiting = others;
            for Question { number, .. } in older {
                reply(number, Answer::Withdrawn, None)?;
            }
            if let Some(current) = &mut self.current
                && current.kind == QuestionKind::Complete
                && !current.is_withdrawn
            {
                current.is_withdrawn = true;
                self.host.trigger_cancellation();
            }
        }
        self.waiting.push_back(question);
        Ok(())
    }

    fn finish(&mut self, answer: Answer) -> io::Result<()> {
        if let Some(current) = self.current.take() {
            let answer = match current.is_withdrawn {
                true => Answer::Withdrawn,
                false => answer,
            };
            reply(current.number, answer, current.incomplete)?;
        }
        Ok(())
    }

    fn start_next(&mut self) -> io::Result<()> {
        while let Some(question) = self.waiting.pop_front() {
            self.memory.begin();
            if let Some(change) = self.libraries.load(&question.scope, &question.code) {
                self.change(change);
            }
            if question.kind == QuestionKind::Prepare {
                self.preparing.push(question);
                self.answer_prepared()?;
            } else {
                return self.start(question);
            }
        }
        self.memory.end();
        Ok(())
    }

    /// Gives `question` to the worker.
    fn start(&mut self, question: Question) -> io::Result<()> {
        let missing = self.libraries.missing(&question.scope, &question.code);
        let notebook = Notebook::new(&question.scope, &question.code);
        if self.text.as_ref() != Some(&notebook.text) {
            let mut change = ChangeWithProcMacros::default();
            change.change_file(NOTEBOOK, Some(notebook.text.clone()));
            self.change(change);
            self.text = Some(notebook.text.clone());
        }
        self.current = Some(Current {
            number: question.number,
            kind: question.kind,
            incomplete: incomplete(&missing),
            is_withdrawn: false,
        });
        self.scope = question.scope;
        let job = Job {
            kind: question.kind,
            offset: question.offset,
            notebook,
            analysis: self.host.analysis(),
            db: self.host.raw_database().clone(),
        };
        let jobs = match &self.jobs {
            Some(jobs) => jobs,
            None => self.jobs.insert(worker::start(self.events.clone())?),
        };
        jobs.send(job)
            .map_err(|_| io::Error::other("the worker has ended"))
    }

    fn change(&mut self, change: ChangeWithProcMacros) {
        self.host.apply_change(change);
    }

    fn add_declared(&mut self) -> io::Result<()> {
        if self.declared.is_empty() {
            return Ok(());
        }
        for declared in std::mem::take(&mut self.declared) {
            if let Some(change) = self.libraries.add(declared, &self.scope) {
                self.change(change);
            }
        }
        self.answer_prepared()
    }

    fn answer_prepared(&mut self) -> io::Result<()> {
        let libraries = &self.libraries;
        let is_ready = |question: &Question| {
            let missing = libraries.missing(&question.scope, &question.code);
            missing.is_empty()
        };
        let (ready, preparing) = self.preparing.drain(..).partition(is_ready);
        self.preparing = preparing;
        for Question { number, .. } in ready {
            reply(number, Answer::Prepared, None)?;
        }
        Ok(())
    }
}

/// What to say while the crates `missing` are being declared.
fn incomplete(missing: &[String]) -> Option<String> {
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("still reading {}", names.join(", ")))
}

fn reply(number: u64, answer: Answer, incomplete: Option<String>) -> io::Result<()> {
    let reply = Reply {
        number,
        answer,
        incomplete,
    };
    protocol::write(&mut io::stdout().lock(), &reply)
}
