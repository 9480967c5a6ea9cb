//! What commands know of a session besides its variables and items: the cells as they were typed, the last error, and
//! what previews the variables.

use super::previews::Probe;
use crate::evaluate::{Cell, CellError};

#[derive(Debug, Default)]
pub(super) struct State {
    /// Every cell that has ended, in order.
    pub(super) typed: Vec<Typed>,
    /// The codes of the last compile error.
    pub(super) last_codes: Option<Vec<String>>,
    /// What previewed the variables last.
    pub(super) probe: Option<Probe>,
}

/// A cell as it was typed.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) number: u32,
    pub(crate) code: String,
    pub(crate) succeeded: bool,
}

impl State {
    /// Remembers that `cell` has ended with `result`.
    pub(super) fn note(&mut self, cell: &Cell, result: &Result<(), CellError>) {
        self.typed.push(Typed {
            number: cell.number,
            code: cell.code.clone(),
            succeeded: result.is_ok(),
        });
        if let Err(error) = result
            && error.name == "CompileError"
        {
            self.last_codes = Some(codes(&error.traceback.join("\n")));
        }
    }
}

/// Each `E0382` in `error[E0382]`, once.
fn codes(text: &str) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for (start, _) in text.match_indices("error[E") {
        let code = &text[start + "error[".len()..];
        let code = code.split(']').next().unwrap_or_default().to_owned();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_once() {
        let text = "\x1b[1;31merror[E0382]\x1b[0m: x\nerror: y\nerror[E0425]: z\nerror[E0382]";
        assert_eq!(codes(text), ["E0382", "E0425"]);
    }
}
