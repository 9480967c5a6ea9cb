//! `:asm`: the machine code of a person's functions, without the assembler's directives.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::Again;
use super::failure;
use super::generate::entry;
use super::turn::Turn;
use super::words::short_paths;
use crate::commands::Refusal;
use crate::evaluate::{Cell, Frontend};

/// Also functions that are so short that they have code only where they are called.
const ARGUMENTS: &[&str] = &[
    "--emit=asm",
    "-C",
    "link-dead-code",
    "-Z",
    "cross-crate-inline-threshold=never",
];

/// A function's machine code.
struct Function {
    name: String,
    lines: Vec<String>,
}

impl Turn {
    /// The machine code of the functions in `code` of `cell`, which is compiled and not run.
    ///
    /// # Errors
    /// If it does not compile, or holds no function.
    pub(crate) fn assembly(
        &mut self,
        cell: &Cell,
        code: &str,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<String, Refusal> {
        let (mut split, idx, crate_name) = self.take_apart(cell.number, code)?;
        if split.items.is_empty() {
            return Err(
                "there is no function in this code; `:asm` shows functions: `fn f(…) { … }`".into(),
            );
        }
        split.statements.clear();
        split.awaits = false;
        split.bindings.clear();
        split.tail = None;
        self.build_quietly(&split, (idx, cell.number), &crate_name, frontend)?;
        let functions = self.functions(&crate_name)?;
        match text(&functions, |_| true) {
            Some(text) => Ok(text),
            None => Err("this code holds no function with code of its own; a generic function has code only where it is called".into()),
        }
    }

    /// The machine code of the function `path` of an earlier cell.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn assembly_of(&mut self, path: &str) -> Result<String, Refusal> {
        let first = path.split("::").next().unwrap_or(path);
        let crates = self.items.crates_of(first);
        if crates.is_empty() {
            return Err(format!(
                "no cell defines `{first}`; `:asm` takes a function of an earlier cell, or on the lines below it, functions"
            )
            .into());
        }
        let wanted = |name: &str| name == path || name.starts_with(&format!("{path}::"));
        let mut found = Vec::new();
        for crate_name in crates {
            let functions = self.functions(&crate_name)?;
            found.extend(text(&functions, wanted));
        }
        if found.is_empty() {
            return Err(format!(
                "there is no machine code of `{path}`: it is no function, or a generic one, which has code only where it is called"
            )
            .into());
        }
        Ok(found.join("\n\n"))
    }

    fn functions(&self, crate_name: &str) -> Result<Vec<Function>, Refusal> {
        let level = self.opt_level.map(|level| format!("opt-level={}", level.0));
        let mut arguments = ARGUMENTS.to_vec();
        arguments.extend(level.iter().flat_map(|level| ["-C", level.as_str()]));
        if cfg!(target_arch = "x86_64") {
            arguments.extend(["-C", "llvm-args=-x86-asm-syntax=intel"]);
        }
        let again = self.compiler.again(crate_name, &arguments, &self.control);
        match again.map_err(|error| failure::internal(&error))? {
            Again::Done(text) => Ok(functions(&text, crate_name)),
            Again::Interrupted => Err(failure::interrupted().into()),
            Again::Failed(_) => {
                Err(format!("the compiler does not compile `{crate_name}` again").into())
            }
        }
    }
}

fn text(functions: &[Function], wanted: impl Fn(&str) -> bool) -> Option<String> {
    let texts: Vec<String> = functions
        .iter()
        .filter(|function| wanted(&function.name))
        .map(|function| format!("{}:\n{}", function.name, function.lines.join("\n")))
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// The functions of `crate_name` in the compiler's assembly.
fn functions(assembly: &str, crate_name: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    let mut lines = assembly.lines();
    while let Some(line) = lines.next() {
        let Some(symbol) = line.strip_suffix(':').filter(|symbol| is_mangled(symbol)) else {
            continue;
        };
        let body: Vec<&str> = lines
            .by_ref()
            .take_while(|line| !line.starts_with(".Lfunc_end"))
            .collect();
        if let Some(name) = own_name(symbol, crate_name) {
            functions.push(Function {
                name,
                lines: readable(&body),
            });
        }
    }
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    functions
}

fn is_mangled(symbol: &str) -> bool {
    symbol.starts_with("_R") || symbol.starts_with("_ZN")
}

/// The path of a person's function as that person knows it; `None` for other functions.
fn own_name(symbol: &str, crate_name: &str) -> Option<String> {
    let name = demangled(symbol);
    let path = name.trim_start_matches('<');
    let inner = path.strip_prefix(crate_name)?.strip_prefix("::")?;
    let short = || match name.split_once(" as ") {
        Some(_) => short_paths(&name),
        // `<Q>::f` is `Q::f`.
        None => short_paths(&name.replacen('<', "", 1).replacen(">::", "::", 1)),
    };
    (!inner.starts_with(&entry(crate_name))).then(short)
}

fn demangled(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// Instructions, and the labels that they name.
fn readable(body: &[&str]) -> Vec<String> {
    let is_directive = |line: &str| line.trim_start().starts_with('.') && !line.ends_with(':');
    let instructions: Vec<&str> = body
        .iter()
        .copied()
        .filter(|line| {
            !is_directive(line) && !line.trim().is_empty() && !line.trim_start().starts_with('#')
        })
        .collect();
    let named: BTreeSet<&str> = instructions
        .iter()
        .filter(|line| !line.ends_with(':'))
        .flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || "._$".contains(c))))
        .collect();
    let kept = instructions
        .into_iter()
        .filter(|line| match line.strip_suffix(':') {
            Some(label) => named.contains(label),
            None => true,
        });
    kept.map(|line| short_paths(&with_names(line).replace('\t', "    ")))
        .collect()
}

/// `line` with functions by their names.
fn with_names(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(start) = ["_R", "_ZN"]
        .iter()
        .filter_map(|prefix| rest.find(prefix))
        .min()
    {
        let end = rest[start..]
            .find(|c: char| !(c.is_alphanumeric() || "._$".contains(c)))
            .map_or(rest.len(), |end| start + end);
        text.push_str(&rest[..start]);
        text.push_str(&demangled(&rest[start..end]));
        rest = &rest[end..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_and_named_labels_are_left() {
        let assembly = "\t.section\t.text\n_ZN6cell_34loop17h0123456789abcdefE:\n\t.cfi_startproc\n.LBB0_1:\n\tjmp\t.LBB0_1\n.LBB0_2:\n\tcall\tqword ptr [rip + _ZN4core9panicking5panic17h0123456789abcdefE@GOTPCREL]\n\tret\n.Lfunc_end0:\n_ZN4core3ops17h0123456789abcdefE:\n\tret\n.Lfunc_end1:\n";
        let functions = functions(assembly, "cell_3");
        assert_eq!(
            text(&functions, |_| true).as_deref(),
            Some(
                "loop:\n.LBB0_1:\n    jmp    .LBB0_1\n    call    qword ptr [rip + core::panicking::panic@GOTPCREL]\n    ret"
            )
        );
    }
}
