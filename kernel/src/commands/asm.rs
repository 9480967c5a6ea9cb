//! The command `:asm`.

use super::{Answer, Call, Command, Refusal};
use crate::evaluate::native::Turn;

/// `:asm FUNCTION`, or `:asm` before functions
pub(super) struct Asm;

impl Command for Asm {
    fn name(&self) -> &'static str {
        "asm"
    }

    fn arguments(&self) -> &'static str {
        "[FUNCTION]"
    }

    fn summary(&self) -> &'static str {
        "show the machine code of a function of an earlier cell, or of those in the rest of the cell"
    }

    fn details(&self) -> &'static str {
        "The optimisation is that of `:opt`. The code is compiled and not run.\n\n\
         `:asm area` or `:asm Circle::area`; or `:asm` alone, and `fn area(r: f64) -> f64 { r * r * 3.14 }` below it."
    }

    fn takes_code(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, evaluator: &mut Turn) -> Result<Answer, Refusal> {
        let code = match call.arguments {
            "" => evaluator.assembly(call.cell, &call.code(0), call.frontend)?,
            path => evaluator.assembly_of(path)?,
        };
        Ok(Answer::Code {
            language: "asm",
            code,
        })
    }
}
