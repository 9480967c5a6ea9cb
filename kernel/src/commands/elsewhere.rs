//! Commands of evcxr and IPython that Dagbok does not have: why, and what to write instead. They are no errors, so that
//! a notebook written for those runs on.

/// Names, and the sentence that stands for each.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &[
            "allow_static_linking",
            "cache",
            "clear_cache",
            "codegen_backend",
            "linker",
            "sccache",
        ],
        "has no effect: each cell is compiled once and linked by the fastest linker there is; nothing needs to be set",
    ),
    (
        &["preserve_vars_on_panic"],
        "has no effect: a panic never costs a variable that the cell did not move away",
    ),
    (
        &["internal_debug", "last_compile_dir", "time_passes"],
        "is not there; `:timing` shows how long each step of a cell takes, and `:expand` and `:asm` what cells become",
    ),
    (
        &["last_error_json"],
        "is not there; `:explain` explains the last error",
    ),
    (
        &["load_config"],
        "has no effect: there are no startup files; `:load FILE` runs a script of your own",
    ),
    (
        &["toolchain"],
        "has no effect: cells are compiled by the very compiler that built Dagbok, which `:version` names",
    ),
    (
        &["types"],
        "has no effect: `:type EXPRESSION` shows the type of an expression, `:vars` that of each variable",
    ),
    (
        &["fmt"],
        "has no effect: a value is shown by its `Render` or its `Debug`; `println!(\"{x:#?}\")` shows it otherwise",
    ),
    (
        &["efmt"],
        "has no effect: an error that leaves a cell through `?` is shown by its `Display`, or else by its `Debug`",
    ),
    (
        &["build_env", "env"],
        "is not there; `std::env::set_var`, which is unsafe, sets a variable for cells, `!env` lists those there are",
    ),
    (
        &["offline"],
        "is not there; cargo reads `CARGO_NET_OFFLINE` from the environment",
    ),
    (
        &["quiet"],
        "has no effect: nothing but what cells show is shown",
    ),
    (
        &["q", "quit", "exit"],
        "has no effect: the front end ends the kernel; `:reset` starts over",
    ),
    (
        &["matplotlib", "load_ext", "autoreload", "pylab", "config"],
        "is Python's and has no effect here",
    ),
    (
        &["pip", "conda"],
        "is Python's and has no effect here; `:dep NAME` adds a crate, `!` runs a command",
    ),
    (
        &[
            "pwd", "ls", "bash", "sh", "cat", "mkdir", "cp", "mv", "rm", "system", "sx",
        ],
        "is not there; `!` before a command runs it in a shell",
    ),
    (
        &["run"],
        "is not there; `:load FILE` runs a script or a notebook",
    ),
    (
        &["prun", "lprun", "memit", "mprun"],
        "is not there; `:time` and `:timeit` measure code",
    ),
];

/// What to say of `name`, if it is known from elsewhere.
pub(super) fn instead(name: &str) -> Option<String> {
    let (_, sentence) = ELSEWHERE.iter().find(|(names, _)| names.contains(&name))?;
    Some(format!("`:{name}` {sentence}"))
}
