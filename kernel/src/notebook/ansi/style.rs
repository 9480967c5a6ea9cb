//! The look of a character: what Select Graphic Rendition (ECMA-48, `ESC [ … m`) can set.

use std::fmt::Write;

use super::StyledChar;

/// Colours and attributes of a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::notebook) struct Style {
    pub(in crate::notebook) foreground: Option<Colour>,
    pub(in crate::notebook) background: Option<Colour>,
    attributes: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::notebook) enum Colour {
    /// One of the terminal's 256 colours; the first 16 are the named ones.
    Indexed(u8),
    Rgb(u8, u8, u8),
}

struct Attribute {
    on: u16,
    off: u16,
    name: &'static str,
}

/// The attributes, in the order of the bits of [`Style::attributes`].
const ATTRIBUTES: [Attribute; 6] = [
    attribute(1, 22, "bold"),
    attribute(2, 22, "dim"),
    attribute(3, 23, "italic"),
    attribute(4, 24, "underline"),
    attribute(7, 27, "inverse"),
    attribute(9, 29, "strike"),
];

const fn attribute(on: u16, off: u16, name: &'static str) -> Attribute {
    Attribute { on, off, name }
}

impl Style {
    /// The names of the attributes that are on.
    pub(in crate::notebook) fn attribute_names(self) -> impl Iterator<Item = &'static str> {
        self.attributes().map(|attribute| attribute.name)
    }

    fn attributes(self) -> impl Iterator<Item = &'static Attribute> {
        let bits = self.attributes;
        ATTRIBUTES
            .iter()
            .enumerate()
            .filter(move |(bit, _)| bits & 1 << bit != 0)
            .map(|(_, attribute)| attribute)
    }

    /// Applies the parameters of one sequence, such as `1;31` or `38;2;255;128;0`; unknown ones change nothing.
    pub(super) fn apply(&mut self, parameters: &str) {
        let mut rest = parameters.split(';');
        while let Some(parameter) = rest.next() {
            let mut parts = parameter.split(':').map(number);
            match parts.next().unwrap_or(0) {
                code @ (38 | 48) => {
                    let colon_form: Vec<u16> = parts.collect();
                    let colour = if colon_form.is_empty() {
                        Colour::parse(&mut rest.by_ref().map(number))
                    } else {
                        Colour::parse_colons(&colon_form)
                    };
                    if let Some(colour) = colour {
                        match code {
                            38 => self.foreground = Some(colour),
                            _ => self.background = Some(colour),
                        }
                    }
                }
                4 if parts.next() == Some(0) => self.apply_code(24),
                code => self.apply_code(code),
            }
        }
    }

    fn apply_code(&mut self, code: u16) {
        match code {
            0 => *self = Style::default(),
            30..=37 => self.foreground = Some(Colour::Indexed((code - 30) as u8)),
            39 => self.foreground = None,
            40..=47 => self.background = Some(Colour::Indexed((code - 40) as u8)),
            49 => self.background = None,
            90..=97 => self.foreground = Some(Colour::Indexed((code - 82) as u8)),
            100..=107 => self.background = Some(Colour::Indexed((code - 92) as u8)),
            _ => {
                for (bit, attribute) in ATTRIBUTES.iter().enumerate() {
                    if code == attribute.on {
                        self.attributes |= 1 << bit;
                    } else if code == attribute.off {
                        self.attributes &= !(1 << bit);
                    }
                }
            }
        }
    }

    /// Writes the shortest plain sequence that turns this style into `next`.
    pub(in crate::notebook) fn write_change(self, next: Style, text: &mut String) {
        if self == next {
            return;
        }
        let mut codes = Vec::new();
        if self != Style::default() {
            codes.push("0".to_owned());
        }
        codes.extend(next.attributes().map(|attribute| attribute.on.to_string()));
        codes.extend(next.foreground.map(|colour| colour.code(30)));
        codes.extend(next.background.map(|colour| colour.code(40)));
        let _ = write!(text, "\x1b[{}m", codes.join(";"));
    }
}

impl Colour {
    fn parse(numbers: &mut impl Iterator<Item = u16>) -> Option<Colour> {
        match numbers.next()? {
            5 => Some(Colour::Indexed(byte(numbers.next()?)?)),
            2 => {
                let mut channel = || byte(numbers.next()?);
                Some(Colour::Rgb(channel()?, channel()?, channel()?))
            }
            _ => None,
        }
    }

    /// The form `38:2::r:g:b` has a colour space before the channels, which most writers leave out.
    fn parse_colons(numbers: &[u16]) -> Option<Colour> {
        match numbers {
            [2, _, channels @ ..] if channels.len() >= 3 => {
                Colour::parse(&mut std::iter::once(2).chain(channels.iter().copied()))
            }
            _ => Colour::parse(&mut numbers.iter().copied()),
        }
    }

    fn code(self, base: u16) -> String {
        match self {
            Colour::Indexed(index @ 0..=7) => (base + u16::from(index)).to_string(),
            Colour::Indexed(index @ 8..=15) => (base + 52 + u16::from(index)).to_string(),
            Colour::Indexed(index) => format!("{};5;{index}", base + 8),
            Colour::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
        }
    }
}

/// Writes `line` with the sequences that its styles need, starting from `before`; gives the style at its end.
pub(in crate::notebook) fn write_styled(
    text: &mut String,
    line: &[StyledChar],
    before: Style,
) -> Style {
    line.iter().fold(before, |style, next| {
        style.write_change(next.style, text);
        text.push(next.character);
        next.style
    })
}

fn number(parameter: &str) -> u16 {
    parameter.parse().unwrap_or(0)
}

fn byte(number: u16) -> Option<u8> {
    number.try_into().ok()
}
