//! Names of files and folders, as a person goes on to type them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::protocol::Match;

/// Nobody reads more.
const N_FILES_MAX: usize = 1_000;

/// What may follow the last `/` of `typed`, a path as seen from `folder`; folders end with `/`, and come first. Names that
/// start with a dot are left out until one is typed.
pub(super) fn files(folder: &Path, typed: &str) -> Vec<Match> {
    let (parent, start) = match typed.rfind('/') {
        Some(at) => typed.split_at(at + 1),
        None => ("", typed),
    };
    let Ok(entries) = fs::read_dir(folder.join(at_home(parent))) else {
        return Vec::new();
    };
    let mut names: Vec<(bool, String)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_hidden = name.starts_with('.') && !start.starts_with('.');
            let is_folder = entry.path().is_dir();
            (name.starts_with(start) && !is_hidden).then_some((!is_folder, name))
        })
        .collect();
    names.sort();
    names.truncate(N_FILES_MAX);
    let found = names.into_iter().map(|(is_file, name)| Match {
        text: if is_file { name } else { name + "/" },
        kind: "path".to_owned(),
        signature: None,
    });
    found.collect()
}

/// `path` with a person's own folder for `~`.
fn at_home(path: &str) -> PathBuf {
    let home = env::var_os("HOME").filter(|home| !home.is_empty());
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["b.csv", "a.csv", ".hidden", "é b.txt"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        fs::create_dir_all(folder.path().join("data/deep")).expect("a folder");
        let check = |typed: &str, expected: &[&str]| {
            let found = files(folder.path(), typed);
            let names: Vec<&str> = found.iter().map(|found| &*found.text).collect();
            assert_eq!(names, expected, "{typed:?}");
        };
        check("", &["data/", "a.csv", "b.csv", "é b.txt"]);
        check("a", &["a.csv"]);
        check(".", &[".hidden"]);
        check("é", &["é b.txt"]);
        check("data/", &["deep/"]);
        check("./data/d", &["deep/"]);
        check("data/deep/../../b", &["b.csv"]);
        check("nowhere/", &[]);
        check("\0", &[]);
    }
}
