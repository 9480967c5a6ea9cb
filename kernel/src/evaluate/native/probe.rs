//! Compiles and runs that are not cells: what commands ask of the compiler and of the session.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::build::Built;
use super::failure;
use super::run::Kind;
use super::source::CellIdx;
use super::split::{Binding, Edit, Edited, Split};
use super::state::Typed;
use super::turn::Turn;
use super::words::short_paths;
use crate::channel::ToSession;
use crate::commands::Refusal;
use crate::evaluate::{Cell, CellError, Frontend, MimeData, Output};

/// What `:time` shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timed {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) wall: Duration,
    pub(crate) compile: Duration,
}

impl Turn {
    /// The type of the expression `code` of `cell`, which is compiled and not run.
    ///
    /// # Errors
    /// If it is no expression, or does not compile.
    pub(crate) fn type_of(
        &mut self,
        cell: &Cell,
        code: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<String, Refusal> {
        let (mut split, idx, crate_name) = self.take_apart(cell.number, code)?;
        let expression = split.tail.take();
        let Some(expression) = expression.filter(|_| split.is_empty()) else {
            return Err("`:type` takes one expression, without a semicolon: `:type 1 + 1`".into());
        };
        let before = "let __typed = ::dagbok::cell::typed(&(";
        split.statements = enclosed(vec![expression], before, "\n));");
        // With a variable to keep, the compiler writes the types down.
        split.bindings = vec![Binding {
            name: "__typed".to_owned(),
            mutable: false,
            borrowing_closure: false,
        }];
        self.build_quietly(&split, (idx, cell.number), &crate_name, frontend)?;
        let mir = fs::read_to_string(self.folder.path().join(format!("{crate_name}.mir")));
        let mir = mir.map_err(|error| failure::internal(&error))?;
        // A call that cannot be reached is left out.
        Ok(typed_call(&mir).map_or("!".to_owned(), readable))
    }

    /// Runs `code` of `cell` as a cell, and measures it; `None` if there was nothing to run.
    pub(crate) fn time(
        &mut self,
        cell: &Cell,
        code: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Option<Timed>, CellError> {
        let times = self.evaluate_rust(cell, code, frontend)?;
        Ok(times.map(|times| Timed {
            user: times.spent.user,
            system: times.spent.system,
            wall: times.spent.wall,
            compile: times.split + times.rustc + times.link,
        }))
    }

    /// Runs what stands in `code` from `body` on again and again, after what stands before it; what it took.
    pub(crate) fn timeit(
        &mut self,
        cell: &Cell,
        (code, body): (&str, usize),
        (loops, runs): (u64, u32),
        frontend: &Arc<dyn Frontend>,
    ) -> Result<String, Refusal> {
        let (mut split, idx, crate_name) = self.take_apart(cell.number, code)?;
        self.items.drop_unchanged(&mut split);
        let parts = split.statements.drain(..).chain(split.tail.take());
        let (setup, timed): (Vec<Edited>, Vec<Edited>) = parts.partition(|part| part.start < body);
        if timed.is_empty() {
            return Err("`:timeit` has nothing to time".into());
        }
        let (open, close) = match std::mem::take(&mut split.awaits) {
            true => ("::dagbok::cell::block_on(async { ", " })"),
            false => ("", ""),
        };
        let before = format!(
            "let __timings = ::dagbok::cell::timeit({loops}, {runs}, || {{ {open}::core::hint::black_box(&{{ "
        );
        let after = format!(
            "\n}}); ::core::result::Result::<(), ::dagbok::cell::Failure>::Ok(()){close} }})?;"
        );
        split.statements = setup;
        split.statements.extend(enclosed(timed, &before, &after));
        split.tail = Some(glue("__timings"));
        split.bindings.clear();
        split.is_hot = true;
        let built = self.build_quietly(&split, (idx, cell.number), &crate_name, frontend)?;
        self.run_quietly(cell, &split, idx, built, frontend)
            .map_err(Refusal::from)
    }

    /// Makes `folder` the one in which cells and commands run.
    ///
    /// # Errors
    /// If there is no such folder.
    pub(crate) fn change_folder(
        &mut self,
        cell: &Cell,
        folder: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<PathBuf, Refusal> {
        let target = self.resolve(Path::new(folder));
        let target = target
            .canonicalize()
            .map_err(|error| format!("cannot go to `{folder}`: {error}"))?;
        if !target.is_dir() {
            return Err(format!("cannot go to `{folder}`: it is not a folder").into());
        }
        let Some(text) = target.to_str() else {
            return Err(format!("cannot go to `{folder}`: its name is not UTF-8").into());
        };
        let split = Split {
            statements: vec![glue(&format!("::std::env::set_current_dir({text:?})?;"))],
            ..Split::default()
        };
        self.run_split(cell, "", &split, frontend)?;
        self.directory = Some(target.clone());
        Ok(target)
    }

    /// The folder in which cells and commands run.
    pub(crate) fn folder(&self) -> PathBuf {
        self.directory
            .clone()
            .or_else(|| env::current_dir().ok())
            .unwrap_or_default()
    }

    /// `path` as seen from that folder.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.folder().join(path)
    }

    /// What `command` does can be done if no other cell runs.
    ///
    /// # Errors
    /// If one does.
    pub(super) fn needs_idle(&self, command: &str) -> Result<(), Refusal> {
        match self.running.any() {
            Some(number) => Err(format!(
                "`{command}` can only be done when no other cell runs, but cell {number} is still running"
            )
            .into()),
            None => Ok(()),
        }
    }

    /// Drops every variable, item and import; what was compiled stays.
    ///
    /// # Errors
    /// If other cells run.
    pub(crate) fn clear(&mut self, command: &str) -> Result<(), Refusal> {
        self.needs_idle(command)?;
        let reason = |name: &str| format!("`{name}` was dropped by `{command}`");
        let names = self.variables.lose_all(reason);
        self.session.handle().send(ToSession::Forget { names });
        for name in std::mem::take(&mut self.items).names() {
            self.variables.lose(name, reason(name));
        }
        self.runs.clear();
        Ok(())
    }

    /// Starts over: a new session process, and every option as at the start.
    ///
    /// # Errors
    /// If other cells run, or the new process does not start.
    pub(crate) fn reset(&mut self) -> Result<(), Refusal> {
        self.clear(":reset")?;
        self.opt_level = None;
        self.warns = true;
        self.shows_times = false;
        self.shows_variables = false;
        self.replace_process()
            .map_err(|error| failure::internal(&error))?;
        Ok(())
    }

    /// Drops the variables `names`.
    ///
    /// # Errors
    /// If one of them is not there, or in use; then none is dropped.
    pub(crate) fn forget(&mut self, names: Vec<String>) -> Result<(), Refusal> {
        let missing = names
            .iter()
            .find(|name| !self.variables.live.contains_key(*name));
        if let Some(name) = missing {
            return Err(self.no_variable(name).into());
        }
        for name in &names {
            if let Some(number) = self.running.user_of(name) {
                return Err(failure::in_use(name, number).into());
            }
        }
        for name in &names {
            self.variables
                .lose(name, format!("`{name}` was dropped by `:forget`"));
        }
        self.session.handle().send(ToSession::Forget { names });
        Ok(())
    }

    /// That there is no variable `name`, and why.
    pub(super) fn no_variable(&self, name: &str) -> String {
        match self.variables.why_gone(name, &[]) {
            Some(reason) => format!("there is no variable `{name}`: {reason}"),
            None => format!("there is no variable `{name}`; `:vars` lists those there are"),
        }
    }

    /// The sources of all items of earlier cells, as they were typed, the newest last.
    pub(crate) fn item_sources(&self) -> impl Iterator<Item = &str> {
        self.items.sources()
    }

    /// The folder with the pages about std, if they are installed.
    pub(crate) fn documentation(&self) -> PathBuf {
        self.toolchain.documentation()
    }

    /// The cells that have ended, in order.
    pub(crate) fn typed(&self) -> &[Typed] {
        &self.state.typed
    }

    /// The codes of the last compile error; `None` if there was none.
    pub(crate) fn last_codes(&self) -> Option<&[String]> {
        self.state.last_codes.as_deref()
    }

    /// What the compiler has to say about the error `code`, in Markdown.
    ///
    /// # Errors
    /// If it knows no such code.
    pub(crate) fn explanation(&self, code: &str) -> Result<String, Refusal> {
        let output = std::process::Command::new(&self.toolchain.rustc)
            .args(["--explain", code])
            .output()
            .map_err(|error| failure::internal(&error))?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || text.is_empty() {
            return Err(format!("the compiler explains no `{code}`").into());
        }
        Ok(text)
    }

    /// Runs the cells of `file` with `run`.
    ///
    /// # Errors
    /// If `file` is being loaded already, or what `run` fails with.
    pub(crate) fn while_loading<T>(
        &mut self,
        file: &Path,
        run: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if self.loading.iter().any(|loading| loading == file) {
            return Err(format!("`{}` loads itself", file.display()).into());
        }
        self.loading.push(file.to_owned());
        let result = run(self);
        self.loading.pop();
        result
    }

    /// Builds and runs `split`, which is no cell; the text of what it shows.
    fn run_split(
        &mut self,
        cell: &Cell,
        code: &str,
        split: &Split,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<String, CellError> {
        let (idx, crate_name) = self.history().begin(cell.number, code);
        let built = self.build_quietly(split, (idx, cell.number), &crate_name, frontend)?;
        self.run_quietly(cell, split, idx, built, frontend)
    }

    /// Builds without warnings, which would be about code of ours.
    pub(super) fn build_quietly(
        &mut self,
        split: &Split,
        cell: (CellIdx, u32),
        crate_name: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<Built, CellError> {
        let warns = std::mem::take(&mut self.warns);
        let built = self.build(split, cell, crate_name, frontend);
        self.warns = warns;
        built
    }

    /// Runs what is no cell, and will not be restored; the text of what it shows.
    fn run_quietly(
        &mut self,
        cell: &Cell,
        split: &Split,
        idx: CellIdx,
        built: Built,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<String, CellError> {
        let capture = Capture::new(frontend);
        let cell = (cell, Kind::Probe);
        self.run(cell, split, idx, built, &capture.frontend())?;
        Ok(capture.text())
    }
}

/// A front end that keeps the value of the last expression to itself.
struct Capture {
    inner: Arc<dyn Frontend>,
    result: Mutex<Option<MimeData>>,
}

impl Capture {
    fn new(frontend: &Arc<dyn Frontend>) -> Arc<Self> {
        Arc::new(Capture {
            inner: frontend.clone(),
            result: Mutex::default(),
        })
    }

    fn frontend(self: &Arc<Self>) -> Arc<dyn Frontend> {
        self.clone()
    }

    fn text(&self) -> String {
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        let text = result.as_ref().and_then(|data| data.get("text/plain"));
        text.and_then(|text| text.as_str())
            .unwrap_or_default()
            .to_owned()
    }
}

impl Frontend for Capture {
    fn output(&self, output: Output) {
        match output {
            Output::Result { data } => {
                *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(data);
            }
            output => self.inner.output(output),
        }
    }
}

/// Code of ours where a person's code could stand.
pub(super) fn glue(code: &str) -> Edited {
    Edited {
        text: String::new(),
        start: 0,
        edits: vec![insertion(0, code)],
    }
}

/// `parts` with code of ours before the first and after the last.
fn enclosed(mut parts: Vec<Edited>, before: &str, after: &str) -> Vec<Edited> {
    if let Some(first) = parts.first_mut() {
        first.edits.insert(0, insertion(first.start, before));
    }
    if let Some(last) = parts.last_mut() {
        let end = last.start + last.text.len();
        last.edits.push(insertion(end, after));
    }
    parts
}

fn insertion(at: usize, text: &str) -> Edit {
    Edit {
        replaced: at..at,
        text: text.to_owned(),
    }
}

/// The type in the call `dagbok::cell::typed::<T>(…)`.
fn typed_call(mir: &str) -> Option<&str> {
    const CALL: &str = "cell::typed::<";
    let start = mir.find(CALL)? + CALL.len();
    let rest = &mir[start..];
    let mut depth = 0;
    let mut before = ' ';
    for (idx, c) in rest.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before == '-' => {}
            '>' if depth == 0 => return Some(&rest[..idx]),
            '>' => depth -= 1,
            _ => {}
        }
        before = c;
    }
    None
}

/// A type as a person writes it: no erased lifetimes, no places of closures, no names behind function types.
fn readable(type_text: &str) -> String {
    let text = type_text.replace("'{erased} ", "").replace("&'_ ", "&");
    let mut readable = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find('{') {
        let end = rest[start..]
            .find('}')
            .map_or(rest.len(), |end| start + end + 1);
        let (before, hidden) = (&rest[..start], &rest[start..end]);
        match hidden.split_once('@') {
            Some((kind, _)) => readable += &format!("{before}{kind}}}"),
            None => readable += before.trim_end(),
        }
        rest = &rest[end..];
    }
    short_paths(&(readable + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_type(type_text: &str, expected: &str) {
        let mir = format!(
            "    _1 = dagbok::cell::typed::<{type_text}>(copy _2) -> [return: bb1, unwind];\n"
        );
        assert_eq!(typed_call(&mir).map(readable).as_deref(), Some(expected));
    }

    #[test]
    fn types_are_as_a_person_writes_them() {
        check_type("i32", "i32");
        check_type(
            "std::vec::Vec<std::option::Option<f64>>",
            "Vec<Option<f64>>",
        );
        check_type("&'{erased} str", "&str");
        check_type("fn(i32) -> i32 {cell_1::double}", "fn(i32) -> i32");
        check_type(
            "std::iter::Map<std::slice::Iter<'_, i32>, {closure@/tmp/cell_4.rs:7:60: 7:63}>",
            "Map<Iter<'_, i32>, {closure}>",
        );
        check_type(
            "std::boxed::Box<dyn std::ops::Fn(i32) -> i32>",
            "Box<dyn Fn(i32) -> i32>",
        );
    }
}
