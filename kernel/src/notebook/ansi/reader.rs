//! Reads text with control sequences, in pieces of any size, into lines of styled characters.

use super::Style;

/// A parameter string longer than this belongs to no sequence that a terminal knows.
const PARAMETERS_LEN_MAX: usize = 64;

/// A character and how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::notebook) struct StyledChar {
    pub(in crate::notebook) character: char,
    pub(in crate::notebook) style: Style,
}

/// The line that is being written, and where in it and in which style the next character goes.
#[derive(Clone, Debug, Default)]
pub(in crate::notebook) struct Reader {
    line: Vec<StyledChar>,
    cursor: usize,
    style: Style,
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    /// After `ESC [`: the parameters so far.
    Control(String),
    /// After `ESC` and an intermediate character, as in a choice of character set.
    Intermediate,
    /// Inside of a string for the terminal, such as a window title.
    Text,
    /// After an `ESC` inside of such a string.
    TextEscape,
}

impl Reader {
    /// Takes the next piece of text; `finished` gets each line that ends in it.
    pub(in crate::notebook) fn push(
        &mut self,
        text: &str,
        mut finished: impl FnMut(&[StyledChar]),
    ) {
        for character in text.chars() {
            if self.takes(character) {
                continue;
            }
            match character {
                '\n' => {
                    finished(&self.line);
                    self.line.clear();
                    self.cursor = 0;
                }
                '\r' => self.cursor = 0,
                '\u{8}' => self.step_back(),
                '\x1b' => self.state = State::Escape,
                '\t' => self.put(character),
                _ if character.is_control() => (),
                _ => self.put(character),
            }
        }
    }

    /// The line that has not ended yet.
    pub(in crate::notebook) fn line(&self) -> &[StyledChar] {
        &self.line
    }

    /// Where in the line the next character goes.
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// The style of the next character.
    pub(super) fn style(&self) -> Style {
        self.style
    }

    /// Whether no control sequence is half read.
    pub(super) fn is_between_sequences(&self) -> bool {
        self.state == State::Ground
    }

    /// Whether `character` was part of a control sequence.
    fn takes(&mut self, character: char) -> bool {
        let (next, taken) = match (std::mem::take(&mut self.state), character) {
            (State::Ground, _) => return false,
            (State::Text, '\x1b') => (State::TextEscape, true),
            (State::Text, '\n' | '\x07') => (State::Ground, character == '\x07'),
            (State::Text, _) => (State::Text, true),
            (State::TextEscape, '\\') => (State::Ground, true),
            (State::Escape | State::TextEscape, '[') => (State::Control(String::new()), true),
            (State::Escape | State::TextEscape, ']' | 'P' | 'X' | '^' | '_') => (State::Text, true),
            (State::Escape | State::TextEscape | State::Intermediate, ' '..='/') => {
                (State::Intermediate, true)
            }
            (State::Control(mut parameters), ' '..='?') => {
                if parameters.len() < PARAMETERS_LEN_MAX {
                    parameters.push(character);
                }
                (State::Control(parameters), true)
            }
            (State::Control(parameters), '@'..='~') => {
                self.control(character, &parameters);
                (State::Ground, true)
            }
            // Anything else ends the sequence; a control character then still does what it does.
            _ => (State::Ground, !character.is_control()),
        };
        self.state = next;
        taken
    }

    fn control(&mut self, action: char, parameters: &str) {
        match (action, parameters) {
            ('m', _) => self.style.apply(parameters),
            ('K', "" | "0") => self.line.truncate(self.cursor),
            ('K', "2") => self.line.clear(),
            _ => (),
        }
    }

    fn put(&mut self, character: char) {
        let styled = StyledChar {
            character,
            style: self.style,
        };
        if self.cursor > self.line.len() {
            let blank = StyledChar {
                character: ' ',
                style: Style::default(),
            };
            self.line.resize(self.cursor, blank);
        }
        match self.line.get_mut(self.cursor) {
            Some(place) => *place = styled,
            None => self.line.push(styled),
        }
        self.cursor += 1;
    }

    /// At the end of the line a backspace takes the last character away, as notebook front ends have it; before that it
    /// moves the cursor, as terminals have it.
    fn step_back(&mut self) {
        if self.cursor == self.line.len() {
            self.line.pop();
        }
        self.cursor = self.cursor.saturating_sub(1);
    }
}
