use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;

struct World {
    folder: TempDir,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("build")).unwrap();
        World { folder }
    }

    /// A runtime that consists of a program and a library with these contents.
    fn set(&self, program: &str, library: &str) -> InstallSet {
        let build = self.folder.path().join("build");
        fs::write(build.join("dagbok"), program).unwrap();
        fs::write(build.join("libdagbok.so"), library).unwrap();
        InstallSet {
            files: vec![
                (build.join("dagbok"), "bin/dagbok".into()),
                (build.join("libdagbok.so"), "lib/libdagbok.so".into()),
            ],
            program: "bin/dagbok".into(),
        }
    }

    fn place(&self) -> Place {
        Place::Prefix(self.folder.path().join("prefix"))
    }

    fn install(&self, name: &str, set: &InstallSet) -> Result<Installed, Error> {
        let options = InstallOptions {
            place: self.place(),
            name: name.to_string(),
            display_name: None,
        };
        install(&options, set)
    }

    /// All files below the prefix, sorted, without the hash in the runtime folders' names.
    fn check_files(&self, expected: Expect) {
        let prefix = self.folder.path().join("prefix");
        let mut files = Vec::new();
        let mut folders = vec![prefix.clone()];
        while let Some(folder) = folders.pop() {
            folders.extend(subfolders(&folder));
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            files.extend(
                entries
                    .map(|entry| entry.path())
                    .filter(|path| path.is_file()),
            );
        }
        files.sort();
        let relative = |path: PathBuf| {
            let relative = path.strip_prefix(&prefix).unwrap().display().to_string();
            let hash = relative.split_once("0.1.0-").map(|(_, rest)| &rest[..12]);
            hash.map_or(relative.clone(), |hash| relative.replace(hash, "HASH"))
        };
        let files: Vec<_> = files.into_iter().map(relative).collect();
        expected.assert_eq(&files.join("\n"));
    }

    fn kernel_json(&self, name: &str) -> String {
        let kernels = self.folder.path().join("prefix/share/jupyter/kernels");
        let path = self.folder.path().display().to_string();
        fs::read_to_string(kernels.join(name).join("kernel.json"))
            .unwrap()
            .replace(&path, "")
    }
}

#[test]
fn a_prefix_that_was_moved_is_installed_over_and_removed() {
    let world = World::new();
    world.install("dagbok", &world.set("p", "l")).unwrap();
    let former = world.folder.path().join("prefix");
    let path = world.folder.path().join("build/share/dagbok/moved");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::rename(&former, &path).unwrap();
    let options = InstallOptions {
        place: Place::Prefix(path.clone()),
        name: "dagbok".to_string(),
        display_name: None,
    };
    install(&options, &world.set("p2", "l")).unwrap();
    let left = subfolders(&path.join("share/dagbok"));
    assert_eq!(left.len(), 1, "{left:?}");
    fs::rename(&path, &former).unwrap();
    uninstall(&world.place(), "dagbok").unwrap();
    world.check_files(expect![""]);
}

#[test]
fn what_is_installed_is_what_is_removed() {
    let world = World::new();
    let installed = world.install("dagbok", &world.set("p", "l")).unwrap();
    world.check_files(expect![[r#"
        share/dagbok/0.1.0-HASH/bin/dagbok
        share/dagbok/0.1.0-HASH/in-use
        share/dagbok/0.1.0-HASH/lib/libdagbok.so
        share/jupyter/kernels/dagbok/kernel.json
        share/jupyter/kernels/dagbok/logo-32x32.png
        share/jupyter/kernels/dagbok/logo-64x64.png
        share/jupyter/kernels/dagbok/logo-svg.svg"#]]);
    let hash = installed
        .runtime
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    expect![[r#"
        {
          "argv": [
            "/prefix/share/dagbok/VERSION/bin/dagbok",
            "kernel",
            "{connection_file}"
          ],
          "display_name": "Rust (Dagbok)",
          "language": "rust",
          "interrupt_mode": "message",
          "metadata": {
            "debugger": false
          }
        }
    "#]]
    .assert_eq(&world.kernel_json("dagbok").replace(&hash, "VERSION"));
    uninstall(&world.place(), "dagbok").unwrap();
    world.check_files(expect![""]);
    assert!(subfolders(&world.folder.path().join("prefix")).is_empty());
}

#[test]
fn what_others_have_there_stays() {
    let world = World::new();
    let other = world.folder.path().join("prefix/share/dagbok/notes.txt");
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, "mine").unwrap();
    world.install("dagbok", &world.set("p", "l")).unwrap();
    uninstall(&world.place(), "dagbok").unwrap();
    world.check_files(expect!["share/dagbok/notes.txt"]);
    assert!(!world.folder.path().join("prefix/share/jupyter").exists());
}

#[test]
fn a_first_installation_that_fails_leaves_nothing() {
    let world = World::new();
    let mut set = world.set("p", "l");
    set.files
        .push((world.folder.path().join("none"), "lib/none".into()));
    world.install("dagbok", &set).unwrap_err();
    assert!(subfolders(&world.folder.path().join("prefix")).is_empty());
}

#[test]
fn folders_with_spaces_and_letters_of_all_kinds() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let world = World::new();
    let set = world.set("p", "l");
    let options = |prefix: &OsStr| InstallOptions {
        place: Place::Prefix(world.folder.path().join(prefix)),
        name: "dagbok".to_string(),
        display_name: Some("Rust \"å\"".to_string()),
    };
    let installed = install(&options(OsStr::new("my ünix prefix")), &set).unwrap();
    let text = fs::read_to_string(installed.kernelspec.join("kernel.json")).unwrap();
    let kernel_json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        kernel_json["argv"][0],
        json!(installed.runtime.join("bin/dagbok"))
    );
    assert_eq!(kernel_json["display_name"], "Rust \"å\"");

    let strange = options(OsStr::from_bytes(b"a\xffb"));
    let error = install(&strange, &set).unwrap_err();
    assert!(matches!(error, Error::NotUnicode(_)), "{error}");
    let Place::Prefix(prefix) = &strange.place else {
        unreachable!()
    };
    assert!(subfolders(prefix).is_empty());
}

#[test]
fn a_new_build_replaces_the_old_one() {
    let world = World::new();
    let old = world.install("dagbok", &world.set("p", "old")).unwrap();
    let new = world.install("dagbok", &world.set("p", "new")).unwrap();
    assert_ne!(old.runtime, new.runtime);
    assert!(!old.runtime.exists());
    assert_eq!(
        fs::read(new.runtime.join("lib/libdagbok.so")).unwrap(),
        b"new"
    );
    let again = world.install("dagbok", &world.set("p", "new")).unwrap();
    assert_eq!(again, new);
}

#[test]
fn a_runtime_stays_as_long_as_a_kernel_or_another_name_uses_it() {
    let world = World::new();
    let old = world.install("dagbok", &world.set("p", "old")).unwrap();
    let running = File::open(old.runtime.join(IN_USE)).unwrap();
    running.lock_shared().unwrap();
    let new = world.install("dagbok", &world.set("p", "new")).unwrap();
    assert_eq!(new.left, std::slice::from_ref(&old.runtime));
    drop(running);
    world.install("second", &world.set("p", "new")).unwrap();
    assert!(!old.runtime.exists());
    uninstall(&world.place(), "dagbok").unwrap();
    assert!(new.runtime.exists());
    uninstall(&world.place(), "second").unwrap();
    assert!(!new.runtime.exists());
}

#[test]
fn a_failure_leaves_the_former_installation() {
    let world = World::new();
    let former = world.install("dagbok", &world.set("p", "l")).unwrap();
    let mut set = world.set("p", "new");
    set.files
        .push((world.folder.path().join("none"), "lib/none".into()));
    let error = world.install("dagbok", &set).unwrap_err();
    assert!(matches!(error, Error::Missing(_)), "{error}");
    assert_eq!(
        fs::read(former.runtime.join("lib/libdagbok.so")).unwrap(),
        b"l"
    );
    let runtimes = former.runtime.parent().unwrap();
    assert_eq!(subfolders(runtimes), [former.runtime.clone()]);
}

#[test]
fn what_cannot_be_done_is_said() {
    let world = World::new();
    let check = |result: Result<Installed, Error>, expected: Expect| {
        let path = world.folder.path().display().to_string();
        let told = result.unwrap_err().to_string().replace(&path, "");
        expected.assert_eq(&told);
    };
    let set = world.set("p", "l");
    check(
        world.install("a b", &set),
        expect!["`a b` cannot be a kernel's name: use letters, digits, `.`, `-` and `_`"],
    );
    check(
        world.install("../a", &set),
        expect!["`../a` cannot be a kernel's name: use letters, digits, `.`, `-` and `_`"],
    );
    check(
        uninstall(&world.place(), "dagbok"),
        expect![
            "no kernel `dagbok` at `/prefix/share/jupyter/kernels/dagbok`; `jupyter kernelspec list` shows all"
        ],
    );
    let foreign = world
        .folder
        .path()
        .join("prefix/share/jupyter/kernels/python3");
    fs::create_dir_all(&foreign).unwrap();
    fs::write(foreign.join("kernel.json"), r#"{"argv": ["python3"]}"#).unwrap();
    check(
        uninstall(&world.place(), "python3"),
        expect![
            "`/prefix/share/jupyter/kernels/python3` is not one of Dagbok's kernels and stays as it is; choose another name with `--name`"
        ],
    );
    check(
        world.install("python3", &set),
        expect![
            "`/prefix/share/jupyter/kernels/python3` is not one of Dagbok's kernels and stays as it is; choose another name with `--name`"
        ],
    );
    let file = world.folder.path().join("build/dagbok");
    let options = InstallOptions {
        place: Place::Prefix(file),
        name: "dagbok".to_string(),
        display_name: None,
    };
    check(
        install(&options, &set),
        expect!["cannot write `/build/dagbok/share/dagbok`: Not a directory (os error 20)"],
    );
}
