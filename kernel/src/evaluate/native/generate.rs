//! The crate around a cell: what it imports from earlier cells, its items, and one function with its statements.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::source::{CellIdx, Origin, Source};
use super::split::{Edited, ItemKind, ItemNames, Split};

/// All that the crate of one cell is made of.
pub(super) struct Unit<'a> {
    pub(super) crate_name: &'a str,
    pub(super) cell: CellIdx,
    pub(super) body: Body<'a>,
    /// What brings in names of earlier cells.
    pub(super) imports: &'a [Import],
    /// Items of earlier cells that this crate defines anew.
    pub(super) redefined: &'a [Redefined],
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

/// How a name of an earlier cell is brought in.
#[derive(Clone, Debug)]
pub(super) enum Import {
    /// By this `use` declaration.
    Use(String),
    /// By this declaration of a function, which is linked by its symbol.
    Function(String),
}

/// An item of an earlier cell, in the crate of this one.
#[derive(Clone, Debug)]
pub(super) enum Redefined {
    /// Compiled again; a function that others declare gets its symbol.
    Again(CellIdx, Edited, Option<String>),
    /// A static that lives on: a declaration of where it is.
    Static(String),
}

/// A variable that the cell names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) name: String,
    pub(super) type_text: String,
    pub(super) mutable: bool,
    /// Whether its type has been compiled again since the value was made.
    pub(super) identical: bool,
    /// Whether its value comes from the thread of another shell.
    pub(super) is_sent: bool,
}

/// What the first compile may find impossible, and the next one leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Variables that there are and that the cell cannot have: they are declared, so that the compiler tells whether it
    /// uses them.
    pub(super) withheld: BTreeSet<String>,
    /// Variables that the cell moves away.
    pub(super) moved: BTreeSet<String>,
    /// Those of them that it assigns to again: they are given back by the statements that own them.
    pub(super) put_back: BTreeSet<String>,
    /// Variables that the cell defines and that are not kept.
    pub(super) unkept: BTreeSet<String>,
    /// Those of them that are not kept because they borrow.
    pub(super) borrowing: BTreeSet<String>,
    /// Those of them that are not kept because nothing that can be written holds them.
    pub(super) unwritable: BTreeSet<String>,
    /// Variables whose own type nobody can write, and what they are kept as: what to try, the first at once.
    pub(super) boxed: BTreeMap<String, Vec<Boxed>>,
    /// Whether a `?` meets an error that is only `Debug`.
    pub(super) debug_failures: bool,
    /// Whether a `?` meets an `Option`.
    pub(super) option_questions: bool,
    /// What the last expression needs whose type is not decided where it is shown.
    pub(super) tail: TailPlan,
}

/// How the value of the last expression is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TailPlan {
    /// As its type wants, which must be known there.
    #[default]
    ByType,
    /// By its `Debug`: its type may be decided later, as that of an integer.
    Debug,
    /// Not at all: nothing ever decides its type.
    Silent,
}

impl TailPlan {
    /// What to try if this does not compile.
    pub(super) fn next(self) -> Self {
        match self {
            TailPlan::ByType => TailPlan::Debug,
            TailPlan::Debug | TailPlan::Silent => TailPlan::Silent,
        }
    }
}

/// A type that can be written, for a value whose own type cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boxed {
    /// `_` stands for what the compiler knows.
    pub(super) type_text: String,
    /// What makes a value of it.
    pub(super) constructor: &'static str,
}

impl Boxed {
    /// Whether the compiler has to fill in a part of the type.
    pub(super) fn is_open(&self) -> bool {
        self.type_text.contains("= _")
    }
}

pub(super) const PRELUDE: &str = "use ::dagbok::prelude::*;\n";
const USE_TRAITS: &str =
    "use ::dagbok::cell::{ViaDebug as _, ViaEvcxr as _, ViaNothing as _, ViaRender as _};\n";
const SHOW: &str = " { __value => if ::dagbok::cell::is_unshown(&(*__value).evcxr_display()) \
     { (&&&::dagbok::cell::Shown(__value)).show(__cell) } }\n";

/// The symbol of the function of the crate `crate_name`.
pub(super) fn entry(crate_name: &str) -> String {
    format!("dagbok_{crate_name}")
}

/// The symbol of the static `name` that the crate `crate_name` defines.
pub(super) fn static_symbol(crate_name: &str, name: &str) -> String {
    format!("dagbok_static_{crate_name}_{name}")
}

/// The symbol of the function `name` that the crate `crate_name` defines: mangled, so that it is read as `crate_name::name`
/// where calls are listed.
pub(super) fn function_symbol(crate_name: &str, name: &str) -> String {
    let (crate_len, len) = (crate_name.len(), name.len());
    format!("_ZN{crate_len}{crate_name}{len}{name}17h0000000000000000E")
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
        if self.plan.option_questions {
            source.glue("#![feature(try_trait_v2)]\n");
        }
        if self.plan.is_boxing_unknown_closures() {
            source.glue("#![feature(unboxed_closures)]\n");
        }
        for attribute in &split.inner_attributes {
            source.piece(self.cell, attribute);
            source.glue("\n");
        }
        source.glue(PRELUDE);
        for import in self.imports {
            match import {
                Import::Use(declaration) => source.glue(declaration),
                Import::Function(declaration) => source.call(declaration, Origin::Declaration),
            }
            source.glue("\n");
        }
        for part in &split.uses {
            source.piece(self.cell, &part.source);
            source.glue("\n");
        }
        for redefined in self.redefined {
            match redefined {
                Redefined::Again(cell, item, function) => {
                    self.export(function.as_deref(), source);
                    source.piece(*cell, item);
                }
                Redefined::Static(declaration) => source.glue(declaration),
            }
            source.glue("\n");
        }
        for part in &split.items {
            if let ItemNames::Defines {
                kind: ItemKind::Static { .. },
                names,
            } = &part.names
            {
                for name in names {
                    let symbol = static_symbol(self.crate_name, name);
                    source.glue(&format!("#[unsafe(export_name = {symbol:?})] "));
                }
            }
            self.export(part.function(), source);
            source.piece(self.cell, &part.source);
            source.glue("\n");
        }
        if self.plan.option_questions {
            source.glue(&returned(self.failure()));
        }
    }

    /// Gives `function`, which comes next, the symbol by which later cells call it.
    fn export(&self, function: Option<&str>, source: &mut Source) {
        if let Some(name) = function {
            let symbol = function_symbol(self.crate_name, name);
            source.glue(&format!("#[unsafe(export_name = {symbol:?})] "));
        }
    }

    fn failure(&self) -> &'static str {
        match self.plan.debug_failures {
            true => "::dagbok::cell::DebugFailure",
            false => "::dagbok::cell::Failure",
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
        for taken in self.taken {
            let Taken {
                name, type_text, ..
            } = taken;
            if self.plan.withheld.contains(name) {
                let declaration = format!("let mut {name}: {type_text};");
                source.call(&declaration, Origin::Withheld(name.clone()));
                source.glue("\n");
                continue;
            }
            let mutable = if taken.mutable { "mut " } else { "" };
            let take = if taken.identical {
                "take_identical"
            } else {
                "take"
            };
            let mut value = format!("__cell.{take}({name:?})");
            if taken.is_sent {
                value = format!("::dagbok::cell::sent({value})");
            }
            let call = format!("let {mutable}{name}: {type_text} = {value};");
            source.call(&call, Origin::Take(name.clone()));
            source.glue("\n");
        }
        let (before, after) = self.around();
        source.glue(&before);
        match self.body {
            Body::Split(split) => self.split_statements(split, source),
            Body::Statements(code) | Body::Alone(code) => {
                source.verbatim(self.cell, code, 0);
                // What comes after would be read as the rest of it.
                source.glue("\n;");
            }
        }
        source.glue(&after);
        for Taken { name, .. } in self.taken {
            if !self.plan.moved.contains(name) && !self.plan.withheld.contains(name) {
                let call = format!("__cell.restore({name:?}, {name});");
                source.call(&call, Origin::Restore(name.clone()));
                source.glue("\n");
            }
        }
        source.glue("__cell.finish();\n");
    }

    /// What makes the statements a function that `?` can leave and that `.await` can wait in.
    fn around(&self) -> (String, String) {
        let failure = self.failure();
        let awaits = matches!(self.body, Body::Split(split) if split.awaits);
        let any = self.plan.option_questions;
        let done = match any {
            true => "__Returned(::core::result::Result::Ok(()))".to_owned(),
            false => format!("::core::result::Result::<(), {failure}>::Ok(())"),
        };
        let (open, close) = match (awaits, any) {
            (false, false) => ("", ""),
            (false, true) => ("(|| -> __Returned {", "})().0"),
            (true, false) => ("::dagbok::cell::block_on(async {", "})"),
            (true, true) => ("::dagbok::cell::block_on(async {", "}).0"),
        };
        let before =
            format!("::dagbok::cell::run(|| -> ::core::result::Result<(), {failure}> {{{open}\n");
        let after = format!("\n{done}\n{close}}});\n");
        (before, after)
    }

    fn split_statements(&self, split: &Split, source: &mut Source) {
        for statement in &split.statements {
            source.piece(self.cell, statement);
            source.glue("\n");
        }
        match &split.tail {
            Some(tail) if self.plan.tail == TailPlan::Silent => {
                source.piece(self.cell, tail);
                source.glue("\n;\n");
            }
            Some(tail) if self.plan.tail == TailPlan::Debug => {
                source.glue("::dagbok::cell::show_as_debug(__cell, &(");
                source.piece(self.cell, tail);
                source.glue("\n));\n");
            }
            Some(tail) => {
                source.glue(USE_TRAITS);
                source.glue("match &(");
                source.piece(self.cell, tail);
                source.glue("\n)");
                source.glue(SHOW);
            }
            None => {}
        }
        for name in &self.plan.borrowing {
            source.glue(&format!("let _ = &{name};\n"));
        }
        for name in &self.plan.put_back {
            let call = format!("__cell.restore({name:?}, {name});");
            source.call(&call, Origin::Restore(name.clone()));
            source.glue("\n");
        }
        for binding in &split.bindings {
            let name = &binding.name;
            if !self.plan.unkept.contains(name) {
                source.call(&self.plan.keep(name), Origin::Keep(name.clone()));
                source.glue("\n");
            }
        }
    }
}

impl Plan {
    /// The call that keeps `name`.
    fn keep(&self, name: &str) -> String {
        match self.boxed.get(name).and_then(|boxed| boxed.first()) {
            Some(Boxed {
                type_text,
                constructor,
            }) => format!("__cell.keep::<{type_text}>({name:?}, {constructor}({name}));"),
            None => format!("__cell.keep({name:?}, {name});"),
        }
    }

    /// Gives up what `name` is kept as for the next possibility.
    pub(super) fn try_next_box(&mut self, name: &str) {
        if let Some(boxed) = self.boxed.get_mut(name) {
            boxed.remove(0);
            if boxed.is_empty() {
                self.boxed.remove(name);
                self.unkept.insert(name.to_owned());
                self.unwritable.insert(name.to_owned());
            }
        }
    }

    fn is_boxing_unknown_closures(&self) -> bool {
        let mut first = self.boxed.values().filter_map(|boxed| boxed.first());
        first.any(|boxed| boxed.type_text.contains("<_, Output"))
    }
}

/// A type that takes what `?` leaves with, of an `Option` too.
fn returned(failure: &str) -> String {
    let mut text = format!("struct __Returned(::core::result::Result<(), {failure}>);\n");
    let residual = "::core::convert::Infallible";
    let _ = writeln!(
        text,
        "impl ::core::ops::FromResidual<::core::option::Option<{residual}>> for __Returned {{ \
         #[track_caller] fn from_residual(_: ::core::option::Option<{residual}>) -> Self {{ \
         __Returned(::core::result::Result::Err({failure}::from(::dagbok::cell::NoValue))) }} }}"
    );
    let _ = writeln!(
        text,
        "impl<E> ::core::ops::FromResidual<::core::result::Result<{residual}, E>> for __Returned where {failure}: From<E> {{ \
         #[track_caller] fn from_residual(result: ::core::result::Result<{residual}, E>) -> Self {{ \
         match result {{ ::core::result::Result::Err(error) => __Returned(::core::result::Result::Err({failure}::from(error))) }} }} }}"
    );
    text
}
