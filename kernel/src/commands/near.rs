//! What an unknown command may have been meant to be.

use super::COMMANDS;

/// What to say of a command that is not there.
pub(super) fn unknown(name: &str) -> String {
    if name.is_empty() {
        return "a command has a name; `:help` lists them all".to_owned();
    }
    let near: Vec<String> = COMMANDS
        .iter()
        .filter(|command| is_near(command.name(), name))
        .map(|command| format!("`:{}`", command.name()))
        .collect();
    match near.as_slice() {
        [] => format!("there is no command `:{name}`; `:help` lists them all"),
        near => format!(
            "there is no command `:{name}`; is it {}?",
            near.join(" or ")
        ),
    }
}

/// Whether one is the start of the other, or few letters change one into the other.
fn is_near(known: &str, typed: &str) -> bool {
    let is_start = known.starts_with(typed) || typed.starts_with(known);
    let n_changes_max = if typed.chars().count() < 4 { 1 } else { 2 };
    let same_start = known.chars().next() == typed.chars().next();
    is_start || (same_start && edit_distance(known, typed) <= n_changes_max)
}

fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_commands_name_near_ones() {
        assert_eq!(
            unknown("hepl"),
            "there is no command `:hepl`; is it `:help`?"
        );
        assert_eq!(
            unknown("zzzzzz"),
            "there is no command `:zzzzzz`; `:help` lists them all"
        );
    }
}
