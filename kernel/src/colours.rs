//! The colours of errors and warnings in Jupyter's front ends.
//!
//! A front end shows an error on a reddish ground, light or dark by its theme, and has one set of the sixteen terminal colours
//! for both: JupyterLab's bold red has a contrast of 5.1 on the light ground and of 2.1 on the dark one, its bold blue 4.5 and
//! 2.4. No colour has more than 3.3 on both. So words are bold in the colour of text, which has 13 on either, and signs
//! (carets, arrows, bars) get the colours that stand out alike on both grounds.

use std::fmt::Write as _;

const ESCAPE: &str = "\x1b[";

/// The colours 1 to 6 of a terminal among its 256: at least 3.0 on JupyterLab's grounds for errors, 3.8 on black and on white.
const SIGNS: [u8; 6] = [196, 64, 100, 31, 133, 30];

/// The lines of a traceback as every theme can show them.
pub(crate) fn legible(lines: &[String]) -> Vec<String> {
    let line = |line: &String| recoloured(line).unwrap_or_else(|| line.clone());
    lines.iter().map(line).collect()
}

/// `None` if there are other styles in `line` than those of the compiler, which are somebody's own.
fn recoloured(line: &str) -> Option<String> {
    let mut pieces = line.split(ESCAPE);
    let mut text = pieces.next()?.to_owned();
    let mut style = Style::default();
    for piece in pieces {
        let (codes, run) = piece.split_once('m')?;
        codes.split(';').try_for_each(|code| style.apply(code))?;
        style.write(run, &mut text);
    }
    Some(text)
}

#[derive(Default)]
struct Style {
    is_bold: bool,
    /// From 1 to 6.
    colour: Option<usize>,
}

impl Style {
    fn apply(&mut self, code: &str) -> Option<()> {
        match code.parse().ok()? {
            0 => *self = Style::default(),
            1 => self.is_bold = true,
            code @ (31..=36 | 91..=96) => self.colour = Some(code % 10),
            _ => return None,
        }
        Some(())
    }

    fn write(&self, run: &str, text: &mut String) {
        let sign = self
            .colour
            .filter(|_| !run.contains(char::is_alphanumeric))
            .map(|colour| SIGNS[colour - 1]);
        let _ = match sign {
            _ if run.trim().is_empty() => write!(text, "{run}"),
            Some(sign) => write!(text, "{ESCAPE}1;38;5;{sign}m{run}{ESCAPE}0m"),
            None if self.is_bold || self.colour.is_some() => {
                write!(text, "{ESCAPE}1m{run}{ESCAPE}0m")
            }
            None => write!(text, "{run}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        let lines = legible(&[line.replace('^', "\x1b")]);
        assert_eq!(lines.concat().replace('\x1b', "^"), expected);
    }

    #[test]
    fn words_are_bold() {
        check(
            "^[1m^[91merror[E0308]^[0m^[1m: mismatched types^[0m",
            "^[1merror[E0308]^[0m^[1m: mismatched types^[0m",
        );
        check(
            "^[1;31mPanic^[0m: index out of bounds",
            "^[1mPanic^[0m: index out of bounds",
        );
        check("^[1m^[94m2^[0m f(2^[92mu8^[0m)", "^[1m2^[0m f(2^[1mu8^[0m)");
    }

    #[test]
    fn signs_have_colours() {
        check("^[1m^[94m--> ^[0mcell 1", "^[1;38;5;31m--> ^[0mcell 1");
        check("^[1m^[91m~~~^[0m", "^[1;38;5;196m~~~^[0m");
        check("^[92m+ ^[0mf", "^[1;38;5;64m+ ^[0mf");
    }

    #[test]
    fn what_has_other_styles_stays_as_it_is() {
        for line in ["plain", "^[4;31mmine^[0m", "^[38;5;9mmine^[0m", "^[31"] {
            check(line, line);
        }
    }
}
