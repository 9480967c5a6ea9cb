//! Writes impls: inherent ones beside their types, those of traits each once.

use std::collections::HashSet;

use super::code::end_of_generics;
use super::declaration::{attributes, comment, constant, function, marks, push_line, push_valid};
use super::page::Member;
use super::text::{Crate, Item, Others};
use super::tuples;

pub(super) fn inherent_impls(text: &mut String, source: &Crate, item: &Item) {
    let path = item.path.join("::");
    for one in item
        .page
        .impls
        .iter()
        .filter(|one| trait_of(&one.header).is_none())
    {
        let members: String = one
            .members
            .iter()
            .filter_map(|member| inherent_member(source, &path, member))
            .collect();
        if !members.is_empty() {
            push_valid(
                text,
                &format!("{} {{\n{members}}}\n", one.header),
                &one.header,
            );
        }
    }
}

fn inherent_member(source: &Crate, path: &str, member: &Member) -> Option<String> {
    let (kind, name) = member.id.split_once('.')?;
    let attributes = attributes(source, &format!("{path}::{name}"));
    let is_left_out = member.marks.is_unstable && attributes.is_none() || kind == "associatedtype";
    if is_left_out || source.is_std && mentions_other_crate(&member.signature) {
        return None;
    }
    let mut text = String::new();
    comment(&mut text, &member.docs);
    marks(&mut text, &member.marks);
    text.push_str(&attributes.unwrap_or_default());
    match kind {
        "associatedconstant" => push_line(&mut text, &constant(&member.signature, true)),
        _ => function(&mut text, &member.signature),
    }
    Some(text)
}

/// Impls of traits, each once: rustdoc shows them with every type and trait that they name.
pub(super) fn trait_impls(source: &Crate, others: &Others, text: &mut String) {
    let mut done = HashSet::new();
    for item in &source.items {
        if others.contains_key(&(item.kind, item.path.join("::"))) {
            continue;
        }
        for one in &item.page.impls {
            let Some(name) = trait_of(&one.header) else {
                continue;
            };
            if is_auto(name) || !done.insert(one.header.split_whitespace().collect::<String>()) {
                continue;
            }
            if source.is_std && mentions_other_crate(&one.header) {
                continue;
            }
            for header in tuples::headers(&one.header) {
                trait_impl(text, &header, &one.members);
            }
        }
    }
}

fn trait_impl(text: &mut String, header: &str, members: &[Member]) {
    let mut declaration = format!("{header} {{");
    for member in members
        .iter()
        .filter(|member| !member.id.starts_with("method."))
    {
        declaration.push('\n');
        declaration.push_str(&associated(member));
    }
    declaration.push_str("}\n");
    push_valid(text, &declaration, header);
}

fn associated(member: &Member) -> String {
    match member.id.starts_with("associatedconstant") {
        true => constant(&member.signature, true),
        false => format!("{};", member.signature),
    }
}

/// The trait in the header of an impl, with its generics; none for an inherent impl.
fn trait_of(header: &str) -> Option<&str> {
    let after = header
        .strip_prefix("unsafe ")
        .unwrap_or(header)
        .strip_prefix("impl")?;
    let start = if after.starts_with('<') {
        end_of_generics(after)
    } else {
        0
    };
    let mut depth = 0;
    let mut previous = ' ';
    for (at, character) in after.char_indices().skip_while(|(at, _)| *at < start) {
        match character {
            '<' | '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '>' if previous != '-' => depth -= 1,
            ' ' if depth == 0 && after[at..].starts_with(" for ") => {
                return Some(after[start..at].trim());
            }
            '\n' if depth == 0 && after[at..].starts_with("\nwhere") => return None,
            _ => {}
        }
        previous = character;
    }
    None
}

/// Whether a signature of std has a path that is not declared, as in `arch` and `simd`: all others start with `crate`.
fn mentions_other_crate(signature: &str) -> bool {
    ["core", "alloc", "std"].iter().any(|name| {
        signature
            .match_indices(&format!("::{name}::"))
            .any(|(at, _)| {
                let before = signature[..at].chars().next_back().unwrap_or(' ');
                !before.is_alphanumeric() && !matches!(before, '_' | '>')
            })
    })
}

/// Whether an impl says nothing that completion needs: impls of auto traits, and negative ones.
fn is_auto(name: &str) -> bool {
    let last = name.rsplit("::").next().unwrap_or(name);
    let auto = [
        "Send",
        "Sync",
        "Unpin",
        "UnwindSafe",
        "RefUnwindSafe",
        "Freeze",
        "UnsafeUnpin",
        "StructuralPartialEq",
    ];
    name.starts_with('!') || auto.contains(&last)
}
