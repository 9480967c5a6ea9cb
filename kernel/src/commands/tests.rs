//! Where commands end and code begins, and README.md's table.

use super::*;

fn check_leading(code: &str, expected: &[&str], rust: &str) {
    let (orders, start) = leading(code);
    let found: Vec<String> = orders
        .iter()
        .map(|order| {
            let rest = if order.takes_rest { " ..." } else { "" };
            format!("{} <{}>{rest}", order.name, &code[order.arguments.clone()])
        })
        .collect();
    assert_eq!(
        (found, &code[start..]),
        (expected.iter().map(|&text| text.to_owned()).collect(), rust),
        "{code:?}"
    );
}

#[test]
fn commands_stand_before_the_code() {
    check_leading("1 + 1", &[], "1 + 1");
    check_leading(":help", &["help <>"], "");
    check_leading(
        "\n:opt 2\n%timing\n\nlet x = 1;",
        &["opt <2>", "timing <>"],
        "\nlet x = 1;",
    );
    check_leading("::std::process::id()", &[], "::std::process::id()");
    check_leading("let x = 1;\n:vars", &[], "let x = 1;\n:vars");
    check_leading("  :type  é + 1 \r\n2", &["type <é + 1>"], "2");
    check_leading("// why\n:vars\n// x\nf()", &["vars <>"], "// x\nf()");
    check_leading("%", &[" <>"], "");
    check_leading("", &[], "");
}

#[test]
fn code_goes_to_the_command_that_takes_it() {
    check_leading("%time f()\ng()", &["time <f()>"], "g()");
    check_leading("%%time\n:opt 2\nf()", &["time <> ..."], ":opt 2\nf()");
    check_leading(":expand\nf()", &["expand <> ..."], "f()");
    check_leading(
        "%%timeit -n 3 let x = 1;\nx",
        &["timeit <-n 3 let x = 1;> ..."],
        "x",
    );
    check_leading("%%vars\nf()", &["vars <> ..."], "f()");
}

#[test]
fn lines_of_the_shell_go_on_after_a_backslash() {
    check_leading(
        "!echo a\n! ls\n:vars\nf()",
        &["! <echo a>", "! <ls>", "vars <>"],
        "f()",
    );
    check_leading("!echo a \\\n  b\nf()", &["! <echo a \\\n  b>"], "f()");
    check_leading("!a \\\nb \\\nc\n!d", &["! <a \\\nb \\\nc>", "! <d>"], "");
    check_leading("!a \\", &["! <a \\>"], "");
}

#[test]
fn readme_lists_every_command() {
    let readme = include_str!("../../../README.md");
    let rows: Vec<String> = COMMANDS
        .iter()
        .map(|command| {
            let usage = command.usage().replace('|', "\\|");
            format!("| `{usage}` | {} |", command.summary())
        })
        .collect();
    assert!(
        readme.contains(&rows.join("\n")),
        "README.md's table of commands should be:\n{}",
        rows.join("\n")
    );
}

#[test]
fn every_name_is_there_once_and_none_is_both_here_and_elsewhere() {
    let mut names: Vec<&str> = COMMANDS
        .iter()
        .flat_map(|command| command.aliases().iter().copied().chain([command.name()]))
        .collect();
    let elsewhere: Vec<&&str> = names
        .iter()
        .filter(|name| elsewhere::instead(name).is_some())
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    let n_names = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), n_names);
}
