//! Signatures as a person reads them.

/// `text` with `Vec` for `crate::vec::Vec`: modules say little where there is no room.
pub(crate) fn short_paths(text: &str) -> String {
    // What rust-analyzer does not know, or does not compute.
    let text = text.replace("{unknown}", "_").replace("{const}", "_");
    let mut result = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("::") {
        let (before, after) = rest.split_at(at);
        let start = before
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '#'))
            .map_or(0, |at| {
                at + before[at..].chars().next().map_or(1, char::len_utf8)
            });
        let segment = &before[start..];
        let is_module = segment.is_empty() || segment.starts_with(char::is_lowercase);
        let is_end_of_type = before.ends_with(['>', ')', ']']);
        if is_module && !is_end_of_type {
            result += &before[..start];
        } else {
            result += before;
            result += "::";
        }
        rest = &after["::".len()..];
    }
    result + rest
}

/// `(&mut self, value: T) -> U` of `pub fn name<T>(&mut self, value: T) -> U where T: V`.
pub(crate) fn parameters(declaration: &str) -> Option<String> {
    let (_, after) = declaration.split_once("fn ")?;
    let name = after.find(['(', '<'])?;
    let start = name + balanced(&after[name..], '<', '>');
    let end = start + balanced(&after[start..], '(', ')');
    let result = after[end..].split(" where ").next().unwrap_or_default();
    let result = result.trim_end().trim_end_matches(" where");
    let text = format!("{}{result}", &after[start..end]);
    Some(short_paths(&text.replace(", )", ")")))
}

/// How much of `text` is one pair of brackets; 0 if it does not start with one.
fn balanced(text: &str, open: char, close: char) -> usize {
    let mut depth = 0;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let is_arrow = previous == '-' && c == '>';
        previous = c;
        if c == open {
            depth += 1;
        } else if c == close && !is_arrow {
            depth -= 1;
        }
        if depth == 0 {
            return if at == 0 { 0 } else { at + c.len_utf8() };
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_parameters(declaration: &str, expected: &str) {
        let found = parameters(declaration);
        assert_eq!(found.as_deref(), Some(expected), "{declaration}");
    }

    #[test]
    fn parameters_and_result() {
        check_parameters("pub fn f()", "()");
        check_parameters("fn f<T>(x: T) -> Vec<T>", "(x: T) -> Vec<T>");
        check_parameters(
            "pub const fn map<B, F: Fn(A) -> B>(self, f: F) -> Map<Self, F> where Self: Sized",
            "(self, f: F) -> Map<Self, F>",
        );
        check_parameters("fn f(g: fn(u8) -> (u8, u8), )", "(g: fn(u8) -> (u8, u8))");
        check_parameters("fn f(x: &crate::vec::Vec<T>)", "(x: &Vec<T>)");
        check_parameters("async fn f<'a>(x: &'a str) where", "(x: &'a str)");
        assert_eq!(parameters("struct A"), None);
    }

    fn check_short(text: &str, expected: &str) {
        assert_eq!(short_paths(text), expected, "{text}");
    }

    #[test]
    fn paths_are_short() {
        check_short("::core::option::Option<crate::A>", "Option<A>");
        check_short("Self::Item", "Self::Item");
        check_short(
            "<T as crate::iter::Iterator>::Item",
            "<T as Iterator>::Item",
        );
        check_short("crate::Enum::Variant", "Enum::Variant");
        check_short("é::É", "É");
        check_short("Option<&[T; {const}]>", "Option<&[T; _]>");
        check_short("", "");
    }
}
