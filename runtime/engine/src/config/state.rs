//! Which value of a setting counts: layers of what code has set, over what environment and file say.

use dagbok::config::Setting;
use dagbok::{Error, Result};

use super::keys::Key;
use super::origin::Origin;
use super::sources::{Found, Mistake};

/// All values of all settings.
#[derive(Default)]
pub(super) struct State {
    /// What environment and file say, once they have been read.
    found: Option<Found>,
    /// What was set outside of scopes.
    set: Vec<Entry>,
    /// Scopes that go on; the last that began comes last.
    scopes: Vec<Scope>,
    last_scope: u64,
}

/// A setting with its value.
pub(super) struct Entry {
    pub(super) key: &'static Key,
    /// None where what is below counts again: it was set, and that was taken back.
    pub(super) setting: Option<Setting>,
    pub(super) origin: Origin,
}

struct Scope {
    number: u64,
    entries: Vec<Entry>,
}

impl Entry {
    pub(super) fn new(key: &'static Key, setting: Setting, origin: Origin) -> Self {
        let setting = Some(setting);
        Entry {
            key,
            setting,
            origin,
        }
    }

    fn is_of(&self, key: &Key) -> bool {
        self.key.name == key.name
    }
}

impl State {
    /// Reads environment and file if that has not been done.
    pub(super) fn find(&mut self, read: impl FnOnce() -> Found) {
        self.found.get_or_insert_with(read);
    }

    /// Environment and file have been read again.
    pub(super) fn replace(&mut self, found: Found) {
        self.found = Some(found);
    }

    /// What `key` is, and who says so.
    pub(super) fn value(&self, key: &Key) -> (Setting, Origin) {
        let of_code = self
            .scopes
            .iter()
            .rev()
            .flat_map(|scope| scope.entries.iter().rev())
            .chain(&self.set)
            .find(|entry| entry.is_of(key))
            .filter(|entry| entry.setting.is_some());
        let found = self.found.iter().flat_map(|found| &found.entries);
        let entry = of_code
            .into_iter()
            .chain(found)
            .find(|entry| entry.is_of(key));
        entry
            .and_then(|entry| Some((entry.setting.clone()?, entry.origin.clone())))
            .unwrap_or_else(|| ((key.default)(), Origin::Default))
    }

    /// Sets what the innermost scope has changed in that scope, so that it ends with it, and all else for good.
    pub(super) fn set(&mut self, new: Entry) {
        let layer = self.layer(new.key);
        layer.retain(|entry| !entry.is_of(new.key));
        layer.push(new);
    }

    /// Takes back what has been set.
    pub(super) fn unset(&mut self, key: &'static Key) {
        for entry in self.layer(key).iter_mut().filter(|entry| entry.is_of(key)) {
            entry.setting = None;
        }
    }

    /// The entries among which that of `key` counts.
    fn layer(&mut self, key: &Key) -> &mut Vec<Entry> {
        let has_key = |scope: &&mut Scope| scope.entries.iter().any(|entry| entry.is_of(key));
        match self.scopes.iter_mut().rev().find(has_key) {
            Some(scope) => &mut scope.entries,
            None => &mut self.set,
        }
    }

    /// Begins a scope: the number by which it is left.
    pub(super) fn enter(&mut self, entries: Vec<Entry>) -> u64 {
        self.last_scope += 1;
        let number = self.last_scope;
        self.scopes.push(Scope { number, entries });
        number
    }

    pub(super) fn leave(&mut self, number: u64) {
        self.scopes.retain(|scope| scope.number != number);
    }

    /// Whether nothing that ranks higher takes the place of what is wrong.
    fn matters(&self, mistake: &Mistake) -> bool {
        mistake
            .key
            .is_none_or(|key| self.value(key).1.rank() <= mistake.origin.rank())
    }

    /// The mistakes in environment and file that make a difference.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let all = self.found.iter().flat_map(|found| &found.mistakes);
        let open = all.filter(|mistake| self.matters(mistake));
        open.map(|mistake| mistake.error.to_string()).collect()
    }

    /// Fails with those that no computation has failed with before.
    ///
    /// # Errors
    /// All of them in one.
    pub(super) fn tell_mistakes(&mut self) -> Result<()> {
        let all = self.found.iter().flat_map(|found| &found.mistakes);
        let is_new = |mistake: &Mistake| !mistake.is_told && self.matters(mistake);
        let new: Vec<bool> = all.map(is_new).collect();
        let all = self.found.iter_mut().flat_map(|found| &mut found.mistakes);
        let new = all.zip(new).filter(|(_, is_new)| *is_new);
        let errors = new.map(|(mistake, _)| {
            mistake.is_told = true;
            mistake.error.clone()
        });
        match joined(errors.collect()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// All `errors` in one, with what comes next.
fn joined(errors: Vec<Error>) -> Option<Error> {
    let kind = errors.first()?.kind();
    let mut text = match errors.as_slice() {
        [only] => only.to_string(),
        _ => {
            let lines = errors.iter().map(|error| format!("\n  {error}"));
            let n = errors.len();
            format!("{n} settings are wrong:{}", lines.collect::<String>())
        }
    };
    text += "\n  computations from here on do without; `Config::reload()` reads environment and file again";
    Some(Error::new(kind, text))
}
