//! Kernel processes as a whole: what they leave behind, and what floods do to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dagbok_tests::client::{Client, Execution};
use jupyter_protocol::JupyterMessageContent;

/// A kernel whose temporary files are in `folder`, and that keeps no history.
fn start(folder: &Path) -> Client {
    let mut command = dagbok_tests::dagbok();
    command
        .arg("kernel")
        .env("TMPDIR", folder)
        .env("DAGBOK_HISTORY", "");
    Client::start_in_files(command)
}

/// The processes that were started with `folder` for their temporary files.
fn processes_of(folder: &Path) -> Vec<String> {
    let setting = format!("TMPDIR={}", folder.display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let own = processes.filter(|process| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let mut settings = environment.split(|byte| *byte == 0);
        settings.any(|own| own == setting.as_bytes())
    });
    own.map(|process| {
        let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        format!("{} {}", process.file_name().display(), name.trim())
    })
    .collect()
}

/// Starts a kernel, lets `work` use it, and shuts it down: the reply comes, and nothing is left.
fn check_shutdown(work: impl FnOnce(&mut Client)) {
    let folder = tempfile::tempdir().unwrap();
    let mut client = start(folder.path());
    work(&mut client);
    assert!(client.shutdown(), "no reply to the shutdown");
    assert_eq!(processes_of(folder.path()), Vec::<String>::new());
    let left = fs::read_dir(folder.path()).unwrap().flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(left.is_empty(), "{left:?} is left");
}

#[test]
fn a_kernel_that_is_shut_down_replies_and_leaves_nothing() {
    for _ in 0..100 {
        check_shutdown(|_| ());
    }
}

#[test]
fn a_kernel_that_is_shut_down_while_it_works_leaves_nothing() {
    check_shutdown(|client| client.begin("println!(\"on\"); loop {}"));
    check_shutdown(|client| {
        client.begin(
            "println!(\"on\"); std::process::Command::new(\"sleep\").arg(\"1000\").status()?;",
        );
    });
    check_shutdown(|client| client.begin("!echo on; sleep 1000"));
    check_shutdown(|client| {
        client.execute("std::thread::spawn(|| loop { std::thread::park() });");
        client.begin("println!(\"on\"); let word = input(\"?\");");
    });
}

/// The text of stdout, and the last state of each display.
fn shown(execution: &Execution) -> (String, BTreeMap<String, String>) {
    let mut text = String::new();
    let mut displays = BTreeMap::new();
    let mut note = |id: Option<String>, content: serde_json::Value| {
        let plain = content["text/plain"].as_str().unwrap_or_default();
        displays.insert(id.unwrap_or_default(), plain.to_owned());
    };
    for output in &execution.outputs {
        match output {
            JupyterMessageContent::StreamContent(stream) => text += &stream.text,
            JupyterMessageContent::DisplayData(display) => {
                let id = display
                    .transient
                    .as_ref()
                    .and_then(|it| it.display_id.clone());
                note(id, serde_json::to_value(&display.data).unwrap());
            }
            JupyterMessageContent::UpdateDisplayData(update) => {
                let id = update.transient.display_id.clone();
                note(id, serde_json::to_value(&update.data).unwrap());
            }
            other => panic!("{other:?}"),
        }
    }
    (text, displays)
}

#[test]
fn a_flood_costs_the_kernel_little_memory_and_loses_no_last_state() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = start(folder.path());
    client.execute("use dagbok::display::{MimeBundle, display};");
    let before = client.megabytes();
    let flood = "let handles = [0, 1].map(|_| display(&MimeBundle::plain(\"0\")));
        for n in 1..=500_000 {
            print!(\"{n} \");
            if n % 5 == 0 {
                handles[n % 2].update(&MimeBundle::plain(n.to_string()));
            }
        }";
    let (text, displays) = shown(&client.execute(flood));
    let grown = client.megabytes().saturating_sub(before);
    let expected: String = (1..=500_000).map(|n| format!("{n} ")).collect();
    assert!(text == expected, "text was lost or reordered");
    let last: Vec<_> = displays.values().map(String::as_str).collect();
    assert_eq!(last, ["500000", "499995"]);
    assert!(grown < 64, "the kernel grew by {grown} MB");
    assert!(client.shutdown());
}
