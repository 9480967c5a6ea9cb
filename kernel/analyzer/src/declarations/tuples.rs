//! Writes out the impls that rustdoc shows once for tuples of every length, as `impl<T> Eq for (T₁, T₂, …, Tₙ)`.

/// std's traits are implemented for tuples up to this length.
const LENGTH_MAX: usize = 12;

/// The headers of the impls that one header on a page stands for: itself, if it is of no tuple of any length.
pub(super) fn headers(header: &str) -> Vec<String> {
    let elements = elements(header);
    if elements.is_empty() {
        return vec![header.to_owned()];
    }
    (1..=LENGTH_MAX)
        .map(|length| of_length(header, &elements, length))
        .collect()
}

/// The names of the types of elements: `T` of `(T₁, T₂, …, Tₙ)`.
fn elements(header: &str) -> Vec<String> {
    let mut elements = Vec::new();
    for (at, _) in header.match_indices('₁') {
        let before = &header[..at];
        let start = before
            .rfind(|c: char| !c.is_alphanumeric())
            .map_or(0, |at| at + 1);
        let name = before[start..].to_owned();
        if !name.is_empty() && !elements.contains(&name) {
            elements.push(name);
        }
    }
    elements
}

fn of_length(header: &str, elements: &[String], length: usize) -> String {
    let (head, bounds) = header.split_once("\nwhere\n").unwrap_or((header, ""));
    let is_array = head.contains("; N]");
    let name = |element: &str, number: usize| match is_array {
        true => element.to_owned(),
        false => format!("{element}{number}"),
    };
    let all = |element: &str| -> String {
        (1..=length)
            .map(|number| name(element, number) + ", ")
            .collect()
    };
    let mut head = head.replace("; N]", &format!("; {length}]"));
    let mut bounds = bounds.to_owned();
    for element in elements {
        head = head.replace(
            &format!("({element}₁, {element}₂, …, {element}ₙ)"),
            &format!("({})", all(element)),
        );
    }
    if !is_array
        && let Some((generics, rest)) = head
            .strip_prefix("impl<")
            .and_then(|head| head.split_once('>'))
    {
        let generics: String = generics.split(", ").map(all).collect();
        head = format!("impl<{generics}>{rest}");
        bounds = bounds_of_all(&bounds, elements, length);
    }
    match bounds.is_empty() {
        true => head,
        false => format!("{head}\nwhere\n{bounds}"),
    }
}

/// Bounds of one element, for all of them.
fn bounds_of_all(bounds: &str, elements: &[String], length: usize) -> String {
    let mut lines = Vec::new();
    for line in bounds.lines() {
        match line
            .trim()
            .split_once(": ")
            .filter(|(name, _)| elements.iter().any(|element| element == name))
        {
            Some((element, bound)) => {
                let bound = bound.trim_end_matches(',');
                lines.extend((1..=length).map(|number| {
                    let bound = numbered(bound, elements, number);
                    format!("    {element}{number}: {bound},")
                }));
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// A bound such as `Extend<T>` of the element with a number.
fn numbered(bound: &str, elements: &[String], number: usize) -> String {
    elements.iter().fold(bound.to_owned(), |bound, element| {
        bound.replace(&format!("<{element}>"), &format!("<{element}{number}>"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, length: usize, expected: &str) {
        assert_eq!(headers(header)[length - 1], expected);
    }

    #[test]
    fn tuples_of_each_length() {
        check(
            "impl<T> Eq for (T₁, T₂, …, Tₙ)\nwhere\n    T: Eq,",
            2,
            "impl<T1, T2, > Eq for (T1, T2, )\nwhere\n    T1: Eq,\n    T2: Eq,",
        );
        check(
            "impl<T, E> Extend<(T₁, T₂, …, Tₙ)> for (E₁, E₂, …, Eₙ)\nwhere\n    E: Extend<T>,",
            2,
            "impl<T1, T2, E1, E2, > Extend<(T1, T2, )> for (E1, E2, )\nwhere\n    E1: Extend<T1>,\n    E2: Extend<T2>,",
        );
        check(
            "impl<T> From<[T; N]> for (T₁, T₂, …, Tₙ)",
            3,
            "impl<T> From<[T; 3]> for (T, T, T, )",
        );
    }

    #[test]
    fn other_impls_stay() {
        assert_eq!(headers("impl<T> Eq for (T, T)"), ["impl<T> Eq for (T, T)"]);
    }
}
