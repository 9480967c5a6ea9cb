//! What can be seen of the variables: the size of each, and the start of its value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::failure::{self, NOT_SENT};
use super::generate::entry;
use super::probe::glue;
use super::run::unwritable;
use super::running::RunningCell;
use super::split::Split;
use super::turn::Turn;
use crate::channel::{Ending, Run};
use crate::commands::Refusal;
use crate::evaluate::{CellError, Frontend, MimeData, Shell};

/// What is shown of a variable besides its type.
#[derive(Clone, Debug)]
pub(crate) struct Preview {
    pub(crate) bytes: u64,
    /// Whether its type may own more than is known.
    pub(crate) is_least: bool,
    /// `None` for a value that cannot be displayed.
    pub(crate) value: Option<String>,
}

/// Compiled code that previews variables, which does so again as long as they are the same ones.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    key: Key,
    run: Run,
}

/// What a [`Probe`] was compiled for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    shell: Shell,
    session: u32,
    /// Names, and types as later cells write them.
    variables: BTreeMap<String, String>,
}

const PREVIEW_TRAITS: &str = "use ::dagbok::cell::{PreviewViaDebug as _, PreviewViaNothing as _, \
     PreviewViaRender as _, PreviewViaTable as _, SizeViaHeap as _, SizeViaNothing as _, SizeViaVec as _};";

impl Turn {
    /// Size and value of each live variable, but for those that this shell cannot have now. Errors name the cell `number`.
    ///
    /// # Errors
    /// If the variables cannot be had, or it is interrupted.
    pub(crate) fn previews(
        &mut self,
        number: u32,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<BTreeMap<String, Preview>, CellError> {
        loop {
            let names = self.names_to_preview();
            match self.previews_of(names.clone(), number, frontend) {
                // Of one more it is known now that it stays where it is.
                Err(error) if error.name == NOT_SENT && self.names_to_preview() != names => {}
                previews => return previews,
            }
        }
    }

    fn names_to_preview(&self) -> BTreeSet<String> {
        let names = self.variables.live.keys();
        let names = names.filter(|name| self.why_no_preview(name).is_none());
        names.cloned().collect()
    }

    /// Why there is no preview of the variable `name`, if it is not that it cannot be displayed.
    pub(crate) fn why_no_preview(&self, name: &str) -> Option<String> {
        let in_use = self.running.user_of(name);
        let in_use = in_use.map(|number| format!("in use by cell {number}"));
        let variable = self.variables.live.get(name);
        let is_elsewhere =
            variable.is_some_and(|variable| variable.stays && variable.shell != self.shell);
        in_use.or(is_elsewhere.then(|| "in another shell".to_owned()))
    }

    /// The variable `name` as a cell would show it.
    ///
    /// # Errors
    /// If there is no such variable, or it cannot be had or shown.
    pub(crate) fn shown(
        &mut self,
        name: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<MimeData, Refusal> {
        if !self.variables.live.contains_key(name) {
            return Err(self.no_variable(name).into());
        }
        let number = self.last_number();
        let (split, idx, crate_name) = self.take_apart(number, name)?;
        let mut built = self.build_quietly(&split, (idx, number), &crate_name, frontend)?;
        let source = std::mem::take(&mut built.source);
        self.history().keep_source(idx, source);
        let run = Run {
            objects: self.objects_for(&built),
            entry: entry(&built.crate_name),
            forget: Vec::new(),
            discard: unwritable(&built.types),
            sources: self.sources_for(&built, idx),
        };
        Ok(self.probe(number, run, frontend)?)
    }

    fn previews_of(
        &mut self,
        names: BTreeSet<String>,
        number: u32,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<BTreeMap<String, Preview>, CellError> {
        let type_text = |name: &String| self.variables.live[name].type_text.clone();
        let key = Key {
            shell: self.shell,
            session: self.n_sessions,
            variables: names
                .iter()
                .map(|name| (name.clone(), type_text(name)))
                .collect(),
        };
        let known = self.state.probe.take().filter(|probe| probe.key == key);
        let probe = match known {
            Some(probe) => probe,
            None => Probe {
                run: self.build_probe(names, number, frontend)?,
                key,
            },
        };
        let data = self.probe(number, probe.run.clone(), frontend)?;
        self.state.probe = Some(probe);
        let text = data.get("text/plain").and_then(|text| text.as_str());
        Ok(text
            .unwrap_or_default()
            .lines()
            .filter_map(preview)
            .collect())
    }

    fn build_probe(
        &mut self,
        names: BTreeSet<String>,
        number: u32,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Run, CellError> {
        let mut code =
            format!("{{ {PREVIEW_TRAITS} let mut __previews = ::dagbok::cell::Previews::new();\n");
        for name in &names {
            code += &format!(
                "__previews.add({name:?}, (&&&::dagbok::cell::Weighed(&{name})).dagbok_size(), \
                 (&&&&::dagbok::cell::Previewed(&{name})).dagbok_preview());\n"
            );
        }
        code += "__previews }";
        let split = Split {
            mentions: names,
            tail: Some(glue(&code)),
            ..Split::default()
        };
        let (idx, crate_name) = self.history().begin(number, "");
        let mut built = self.build_quietly(&split, (idx, number), &crate_name, frontend)?;
        let source = std::mem::take(&mut built.source);
        self.history().keep_source(idx, source);
        let run = Run {
            objects: self.objects_for(&built),
            entry: entry(&built.crate_name),
            forget: Vec::new(),
            discard: Vec::new(),
            sources: self.sources_for(&built, idx),
        };
        Ok(run)
    }

    /// What `run` shows, which keeps nothing. No other cell has its turn meanwhile, so that none finds a variable in use.
    fn probe(
        &mut self,
        number: u32,
        run: Run,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<MimeData, CellError> {
        let running = RunningCell::new(self.id(), number, self.n_sessions, BTreeSet::new());
        let finished = self.start(self.shell, run, frontend)?.wait();
        self.control.has_run();
        match finished {
            Err(death) => Err(self.after_death(number, &running, &death)),
            Ok(finished) => match finished.ending {
                Ending::Done => {
                    let shown = finished.shown.as_ref();
                    let data = shown.map(|bundle| self.history().shown(bundle));
                    Ok(data.unwrap_or_default())
                }
                ending => Err(failure::runtime_error(ending, &self.history())),
            },
        }
    }

    /// The cell that ended last, whose number errors name.
    pub(crate) fn last_number(&self) -> u32 {
        self.state.typed.last().map_or(0, |typed| typed.number)
    }
}

/// A line of `Previews`.
fn preview(line: &str) -> Option<(String, Preview)> {
    let mut fields = line.splitn(3, '\t');
    let (name, size, value) = (fields.next()?, fields.next()?, fields.next()?);
    let preview = Preview {
        bytes: size.get(1..)?.parse().ok()?,
        is_least: size.starts_with('>'),
        value: value.strip_prefix('=').map(str::to_owned),
    };
    Some((name.to_owned(), preview))
}
