//! Names as a person typed them: without the crates that cells become, and without the standard library's modules.

/// Whether `name` is a crate that a cell became.
pub(super) fn is_cell_crate(name: &str) -> bool {
    name.strip_prefix("cell_")
        .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

/// `text` with every path shortened as the compiler usually shortens it: `std::vec::Vec` to `Vec`, `cell_3::Point` to
/// `Point`.
pub(super) fn short_paths(text: &str) -> String {
    map_paths(text, short_path)
}

/// Like [`short_paths`], but with `dagbok::Future` as one has to write it: `Future` alone is the standard library's trait.
pub(super) fn writable_paths(text: &str) -> String {
    map_paths(text, |path| match path.strip_prefix("dagbok::") {
        Some(inner) if inner.ends_with("Future") => "dagbok::Future".to_owned(),
        _ => short_path(path),
    })
}

/// `text` with `Point` for `cell_3::Point`, and all other paths as they are.
pub(super) fn without_cells(text: &str) -> String {
    map_paths(text, |path| match path.split_once("::") {
        Some((root, inner)) if is_cell_crate(root) => inner.to_owned(),
        _ => path.to_owned(),
    })
}

fn map_paths(text: &str, map: impl Fn(&str) -> String) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        short.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = path_end(rest);
        short.push_str(&map(&rest[..end]));
        rest = &rest[end..];
    }
    short + rest
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Where the words joined by `::` at the start of `text` end.
fn path_end(text: &str) -> usize {
    let mut end = 0;
    loop {
        let word = text[end..]
            .find(|c| !is_word(c))
            .unwrap_or(text.len() - end);
        end += word;
        let joined = text[end..]
            .strip_prefix("::")
            .is_some_and(|after| after.starts_with(is_word));
        if !joined {
            return end;
        }
        end += 2;
    }
}

fn short_path(path: &str) -> String {
    let segments: Vec<&str> = path.split("::").collect();
    let [root, inner @ ..] = segments.as_slice() else {
        return path.to_owned();
    };
    if inner.is_empty() {
        return path.to_owned();
    }
    if is_cell_crate(root) {
        return inner.join("::");
    }
    let is_type = |segment: &&&str| segment.starts_with(char::is_uppercase);
    let is_standard = matches!(*root, "std" | "core" | "alloc" | "dagbok");
    match inner.iter().position(|segment| is_type(&segment)) {
        Some(first_type) if is_standard => inner[first_type..].join("::"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(short_paths(text), expected);
    }

    #[test]
    fn paths_are_as_short_as_the_compiler_makes_them() {
        check(
            "expected `i32`, found `std::string::String`",
            "expected `i32`, found `String`",
        );
        check(
            "std::collections::HashMap<u8, cell_3::Point>",
            "HashMap<u8, Point>",
        );
        check("`cell_12_2::m::Point`", "`m::Point`");
        check("use `std::mem::swap`", "use `std::mem::swap`");
        check(
            "std::option::Option::<i32>::unwrap",
            "Option::<i32>::unwrap",
        );
        check("polars::prelude::DataFrame", "polars::prelude::DataFrame");
        check("cell_a::x, a:b, ::c", "cell_a::x, a:b, ::c");
    }
}
