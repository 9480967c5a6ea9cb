//! A widget's members as both sides know them, and which of them the other side has not heard of.

use std::time::Instant;

use crate::comm::Json;

/// The members of one widget.
#[derive(Debug, Default)]
pub(crate) struct State {
    members: Vec<(String, Json)>,
    /// Members that have changed here since the last message.
    unsent: Vec<String>,
    /// When the last message went out.
    pub(crate) sent_at: Option<Instant>,
    /// Whether a message is due, which will carry whatever has changed by then.
    pub(crate) is_due: bool,
}

impl State {
    pub(crate) fn get(&self, key: &str) -> &Json {
        let member = self.members.iter().find(|(name, _)| name == key);
        member.map_or(&Json::Null, |(_, value)| value)
    }

    pub(crate) fn members(&self) -> Json {
        Json::Object(self.members.clone())
    }

    /// Sets a member. Returns whether that is a change.
    pub(crate) fn put(&mut self, key: &str, value: Json) -> bool {
        match self.members.iter_mut().find(|(name, _)| name == key) {
            Some((_, member)) if *member == value => false,
            Some((_, member)) => {
                *member = value;
                true
            }
            None => {
                self.members.push((key.to_owned(), value));
                true
            }
        }
    }

    /// Sets a member on this side: the other is to hear of it. Returns whether there is anything to tell.
    pub(crate) fn set(&mut self, key: &str, value: Json) -> bool {
        if self.put(key, value) {
            self.mark(key);
        }
        if self.confine() {
            self.mark("value");
        }
        !self.unsent.is_empty()
    }

    /// Sets members that the other side has changed.
    pub(crate) fn take_in(&mut self, members: &[(String, Json)]) {
        for (key, value) in members {
            if self.members.iter().any(|(name, _)| name == key) {
                self.put(key, value.clone());
                self.unsent.retain(|unsent| unsent != key);
            }
        }
        if self.confine() {
            self.mark("value");
        }
    }

    /// What the other side has not heard of, which it does now.
    pub(crate) fn take_unsent(&mut self) -> Option<Json> {
        let unsent = std::mem::take(&mut self.unsent);
        self.sent_at = Some(Instant::now());
        let members: Vec<_> = unsent
            .into_iter()
            .map(|key| {
                let value = self.get(&key).clone();
                (key, value)
            })
            .collect();
        (!members.is_empty()).then_some(Json::Object(members))
    }

    /// All that this side has changed is known on the other.
    pub(crate) fn forget_unsent(&mut self) {
        self.unsent.clear();
    }

    fn mark(&mut self, key: &str) {
        if !self.unsent.iter().any(|unsent| unsent == key) {
            self.unsent.push(key.to_owned());
        }
    }

    /// Moves the value of a slider or a bar between its bounds. Returns whether it was outside.
    fn confine(&mut self) -> bool {
        let number = |key| self.get(key).as_f64();
        let (Some(value), Some(min), Some(max)) = (number("value"), number("min"), number("max"))
        else {
            return false;
        };
        let bound = match () {
            () if value < min => "min",
            () if value > max => "max",
            () => return false,
        };
        let bound = self.get(bound).clone();
        self.put("value", bound)
    }
}
