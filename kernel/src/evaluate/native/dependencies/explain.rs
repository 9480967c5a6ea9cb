//! What cargo said, in one sentence.

/// How many lines of a failed compile are shown.
const N_LINES_MAX: usize = 60;

/// Why dependencies cannot be had.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Explained {
    pub(crate) sentence: String,
    /// What cargo or the compiler said, where that helps.
    pub(crate) output: Vec<String>,
}

const NETWORK: &[&str] = &[
    "class=Net",
    "Connection refused",
    "Could not connect",
    "Could not resolve",
    "Couldn't connect",
    "Couldn't resolve",
    "Network is unreachable",
    "Operation timed out",
    "Resolving timed out",
    "Timeout was reached",
    "download of config.json failed",
    "failed to download from",
    "network failure",
    "spurious network error",
];

/// Whether cargo failed because nothing answers.
pub(super) fn is_network(output: &str) -> bool {
    NETWORK.iter().any(|sign| output.contains(sign))
}

/// Whether a crate did not compile because two others are of the same name.
pub(super) fn is_mixture(output: &str) -> bool {
    output.contains("could not compile")
        && [
            "multiple different versions of crate",
            "two different versions of crate",
            "two types coming from two different",
        ]
        .iter()
        .any(|sign| output.contains(sign))
}

/// Explains that `wanted` are neither here nor to be had.
pub(super) fn unreachable(wanted: &[String]) -> Explained {
    let names: Vec<String> = wanted.iter().map(|name| format!("`{name}`")).collect();
    let missing = match names.as_slice() {
        [one] => format!("{one} is not on this machine yet"),
        _ => format!("{} are not all on this machine yet", names.join(", ")),
    };
    sentence(format!(
        "{missing}, and the network cannot be reached; run the cell again when there is a connection"
    ))
}

/// Explains cargo's `output`.
pub(super) fn explain(output: &str) -> Explained {
    let errors = output
        .find("error: ")
        .or_else(|| output.find("error["))
        .map_or(output, |start| &output[start..]);
    let quoted = |start: &str| {
        let (_, rest) = errors.split_once(start)?;
        rest.split_once('`').map(|(text, _)| text.to_owned())
    };
    if let Some(package) = quoted("error: could not compile `") {
        return Explained {
            sentence: format!("the dependency `{package}` does not compile"),
            output: compiler_lines(output),
        };
    }
    if let Some(command) = quoted("error: failed to run custom build command for `") {
        return Explained {
            sentence: format!("the build script of `{command}` failed"),
            output: last_lines(errors),
        };
    }
    if let Some(package) = quoted("no matching package named `") {
        let place = errors
            .lines()
            .find_map(|line| line.strip_prefix("location searched: "))
            .filter(|place| place.starts_with('/') || place.contains("://"));
        return sentence(match place {
            Some(place) => format!("there is no crate `{package}` in `{place}`"),
            None => format!("there is no crate `{package}`"),
        });
    }
    if let Some(searched) = quoted("searched package name: `") {
        return sentence(
            match quoted("perhaps you meant:      ").or_else(|| meant(errors)) {
                Some(found) => format!("there is no crate `{searched}` there, but `{found}`"),
                None => format!("there is no crate `{searched}` there"),
            },
        );
    }
    if let Some(requirement) = quoted("for the requirement `") {
        let versions = errors
            .lines()
            .find_map(|line| line.strip_prefix("candidate versions found which didn't match: "))
            .unwrap_or("none");
        let requirement = requirement.replace(" = \"", " ").replace('"', "");
        return sentence(format!(
            "there is no version `{requirement}`; the newest are {versions}"
        ));
    }
    if let Some(feature) = quoted(" with feature `") {
        let package = quoted("depends on `").unwrap_or_default();
        let near = errors
            .lines()
            .find_map(|line| line.split_once(" does have feature"))
            .map(|(_, list)| list.trim_start_matches('s').trim());
        return sentence(match near {
            Some(near) => format!("`{package}` has no feature `{feature}`; is it {near}?"),
            None => format!("`{package}` has no feature `{feature}`"),
        });
    }
    let first = errors.lines().next().unwrap_or_default();
    Explained {
        sentence: match first.trim_start_matches("error: ").trim() {
            "" => "cargo failed, and said nothing".to_owned(),
            text => text.to_owned(),
        },
        output: last_lines(errors),
    }
}

fn sentence(sentence: String) -> Explained {
    Explained {
        sentence,
        output: Vec::new(),
    }
}

fn meant(errors: &str) -> Option<String> {
    let line = errors
        .lines()
        .find_map(|line| line.strip_prefix("perhaps you meant:"))?;
    Some(line.trim().to_owned())
}

/// What the compiler said of the first crate that it refused.
fn compiler_lines(output: &str) -> Vec<String> {
    let lines: Vec<&str> = output.lines().collect();
    let first = lines
        .iter()
        .position(|line| line.starts_with("error"))
        .unwrap_or(0);
    let mut shown: Vec<String> = lines[first..]
        .iter()
        .take_while(|line| !line.starts_with("error: could not compile"))
        .filter(|line| !line.starts_with("   Compiling "))
        .map(|line| (*line).to_owned())
        .collect();
    if shown.len() > N_LINES_MAX {
        let n_left = shown.len() - N_LINES_MAX;
        shown.truncate(N_LINES_MAX);
        shown.push(format!("… and {n_left} lines more"));
    }
    while shown.last().is_some_and(|line| line.is_empty()) {
        shown.pop();
    }
    shown
}

fn last_lines(errors: &str) -> Vec<String> {
    let lines: Vec<&str> = errors.trim_end().lines().collect();
    let start = lines.len().saturating_sub(N_LINES_MAX);
    lines[start..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, expected: &str) {
        assert_eq!(explain(output).sentence, expected);
    }

    #[test]
    fn what_cargo_says_is_a_sentence() {
        check(
            "    Updating crates.io index\nerror: no matching package named `zzz` found\nlocation searched: crates.io index\n",
            "there is no crate `zzz`",
        );
        check(
            "error: failed to select a version for the requirement `fnv = \"^99\"`\ncandidate versions found which didn't match: 1.0.7, 1.0.6, ...\n",
            "there is no version `fnv ^99`; the newest are 1.0.7, 1.0.6, ...",
        );
        check(
            "error: failed to select a version for `fnv`.\n    ... required by package `d v0.0.0 (/t)`\nversions that meet the requirements `^1` are: 1.0.7\n\n\
             package `d` depends on `fnv` with feature `zz` but `fnv` does not have that feature.\n package `fnv` does have feature `std`\n",
            "`fnv` has no feature `zz`; is it `std`?",
        );
        check(
            "error: no matching package found\nsearched package name: `bad2`\nperhaps you meant:      bad\n",
            "there is no crate `bad2` there, but `bad`",
        );
        check(
            "   Compiling bad v0.1.0\nerror[E0308]: mismatched types\nerror: could not compile `bad` (lib) due to 1 previous error\n",
            "the dependency `bad` does not compile",
        );
        check(
            "error: something new\n\nCaused by:\n  this\n",
            "something new",
        );
        check("", "cargo failed, and said nothing");
    }

    #[test]
    fn only_the_compilers_own_words_are_shown() {
        let output = "   Compiling bad v0.1.0\nwarning: unused\n\nerror[E0308]: mismatched types\n --> lib.rs:1:1\n   Compiling other v1.0.0\n\nerror: could not compile `bad` (lib) due to 1 previous error\n";
        assert_eq!(
            explain(output).output,
            ["error[E0308]: mismatched types", " --> lib.rs:1:1"]
        );
    }

    #[test]
    fn a_missing_network_is_told_apart() {
        assert!(is_network("[6] Could not resolve hostname (…)"));
        assert!(is_network("network failure seems to have happened"));
        assert!(!is_network("error: no matching package named `zzz` found"));
        assert_eq!(
            unreachable(&["a".to_owned()]).sentence,
            "`a` is not on this machine yet, and the network cannot be reached; run the cell again when there is a connection"
        );
    }
}
