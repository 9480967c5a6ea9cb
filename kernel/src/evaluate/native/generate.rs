//! The crate around a cell: what it imports from earlier cells, its items, and one function with its statements.

use std::collections::BTreeSet;

use super::source::{CellIdx, Origin, Source};
use super::split::{Edited, Split};

/// All that the crate of one cell is made of.
pub(super) struct Unit<'a> {
    pub(super) crate_name: &'a str,
    pub(super) cell: CellIdx,
    pub(super) body: Body<'a>,
    /// Declarations that bring in names of earlier cells.
    pub(super) imports: &'a [String],
    /// Items of earlier cells that this crate defines anew.
    pub(super) redefined: &'a [(CellIdx, Edited)],
    pub(super) taken: &'a [Taken],
    pub(super) plan: &'a Plan,
}

/// What a person typed.
pub(super) enum Body<'a> {
    Split(&'a Split),
    /// Code that cannot be taken apart, for the compiler to say why.
    Statements(&'a str),
    /// Code whose brackets or strings do not close; any code around it would blur the message.
    Alone(&'a str),
}

/// A variable that the cell names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) name: String,
    pub(super) type_text: String,
    pub(super) mutable: bool,
}

/// What the first compile may find impossible, and the next one leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Variables that the cell moves away.
    pub(super) moved: BTreeSet<String>,
    /// Variables that the cell defines and that are not kept.
    pub(super) unkept: BTreeSet<String>,
    /// Those of them that are not kept because they borrow.
    pub(super) borrowing: BTreeSet<String>,
    /// Whether a `?` meets an error that is only `Debug`.
    pub(super) debug_failures: bool,
}

const PRELUDE: &str = "use ::dagbok::prelude::*;\n";
const USE_TRAITS: &str =
    "use ::dagbok::cell::{ViaDebug as _, ViaEvcxr as _, ViaNothing as _, ViaRender as _};\n";
const SHOW: &str = " { __value => if ::dagbok::cell::is_unshown(&__value.evcxr_display()) \
     { (&&&::dagbok::cell::Shown(__value)).show(__cell) } }\n";

/// The symbol of the function of the crate `crate_name`.
pub(super) fn entry(crate_name: &str) -> String {
    format!("dagbok_{crate_name}")
}

impl Unit<'_> {
    /// The crate's source.
    pub(super) fn generate(&self) -> Source {
        let mut source = Source::default();
        match self.body {
            Body::Alone(code) => {
                source.verbatim(self.cell, code, 0);
                return source;
            }
            Body::Split(split) => self.items(split, &mut source),
            Body::Statements(_) => source.glue(PRELUDE),
        }
        self.function(&mut source);
        source
    }

    fn items(&self, split: &Split, source: &mut Source) {
        for attribute in &split.inner_attributes {
            source.piece(self.cell, attribute);
            source.glue("\n");
        }
        source.glue(PRELUDE);
        for import in self.imports {
            source.glue(import);
            source.glue("\n");
        }
        for part in &split.uses {
            source.piece(self.cell, &part.source);
            source.glue("\n");
        }
        for (cell, item) in self.redefined {
            source.piece(*cell, item);
            source.glue("\n");
        }
        for part in &split.items {
            source.piece(self.cell, &part.source);
            source.glue("\n");
        }
    }

    fn function(&self, source: &mut Source) {
        let entry = entry(self.crate_name);
        source.glue(&format!(
            "#[unsafe(no_mangle)]\npub fn {entry}(__cell: &mut ::dagbok::cell::Scope<'_>) {{\n"
        ));
        let is_empty = match self.body {
            Body::Split(split) => split.statements.is_empty() && split.tail.is_none(),
            Body::Statements(_) | Body::Alone(_) => false,
        };
        if !is_empty {
            self.statements(source);
        }
        source.glue("}\n");
    }

    fn statements(&self, source: &mut Source) {
        for Taken {
            name,
            type_text,
            mutable,
        } in self.taken
        {
            let mutable = if *mutable { "mut " } else { "" };
            source.glue(&format!(
                "let {mutable}{name}: {type_text} = __cell.take({name:?});\n"
            ));
        }
        let failure = if self.plan.debug_failures {
            "DebugFailure"
        } else {
            "Failure"
        };
        source.glue(&format!(
            "let __outcome = ::dagbok::cell::run(|| -> ::core::result::Result<(), ::dagbok::cell::{failure}> {{\n"
        ));
        match self.body {
            Body::Split(split) => self.split_statements(split, source),
            Body::Statements(code) | Body::Alone(code) => source.verbatim(self.cell, code, 0),
        }
        source.glue("\n::core::result::Result::Ok(())\n});\n");
        for Taken { name, .. } in self.taken {
            if !self.plan.moved.contains(name) {
                let call = format!("__cell.restore({name:?}, {name});");
                source.call(&call, Origin::Restore(name.clone()));
                source.glue("\n");
            }
        }
        source.glue("__cell.finish(__outcome);\n");
    }

    fn split_statements(&self, split: &Split, source: &mut Source) {
        for statement in &split.statements {
            source.piece(self.cell, statement);
            source.glue("\n");
        }
        if let Some(tail) = &split.tail {
            source.glue(USE_TRAITS);
            source.glue("match &(");
            source.piece(self.cell, tail);
            source.glue("\n)");
            source.glue(SHOW);
        }
        for binding in &split.bindings {
            let name = &binding.name;
            if !self.plan.unkept.contains(name) {
                let call = format!("__cell.keep({name:?}, {name});");
                source.call(&call, Origin::Keep(name.clone()));
                source.glue("\n");
            }
        }
    }
}
