//! How much memory there is: what the machine has, or less where the control group (cgroup) of this process has a limit.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use dagbok::{Error, ErrorKind, Result};

/// The bytes of memory that this process may use.
///
/// The limit of each group above the own one counts too. In a container, the group's path may be one of the host, which
/// is not there; then the limits of those groups that are there count.
/// It is looked up once.
///
/// # Errors
/// [`ErrorKind::Io`] if the system does not say.
pub(crate) fn available_to_process() -> Result<u64> {
    static KNOWN: OnceLock<u64> = OnceLock::new();
    match KNOWN.get() {
        Some(bytes) => Ok(*bytes),
        None => below(Path::new("/")).map(|bytes| *KNOWN.get_or_init(|| bytes)),
    }
}

/// The same for a system whose `/proc` and `/sys` are in `root`.
fn below(root: &Path) -> Result<u64> {
    let limits = group_limits(root);
    let all = fs::read_to_string(root.join("proc/meminfo"))
        .ok()
        .and_then(|text| total(&text))
        .into_iter()
        .chain(limits);
    all.min().filter(|bytes| *bytes > 0).ok_or_else(|| {
        let text = "the system does not say how much memory there is: set `memory_limit` in bytes";
        Error::new(ErrorKind::Io, text)
    })
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1 << 10)
}

/// The limits of the groups that `/proc/self/cgroup` names, and of those above them: version 2, and version 1's of memory.
fn group_limits(root: &Path) -> Vec<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else {
            continue;
        };
        if controllers.is_empty() {
            for mount in ["sys/fs/cgroup", "sys/fs/cgroup/unified"] {
                add_limits(&root.join(mount), group, "memory.max", &mut limits);
            }
        } else if controllers.split(',').any(|name| name == "memory") {
            let mount = root.join("sys/fs/cgroup/memory");
            add_limits(&mount, group, "memory.limit_in_bytes", &mut limits);
        }
    }
    limits
}

/// The limit in the file `name` of `group` and of each group above it; a word such as `max` is none.
fn add_limits(mount: &Path, group: &str, name: &str, limits: &mut Vec<u64>) {
    for group in Path::new(group.trim_start_matches('/')).ancestors() {
        let text = fs::read_to_string(mount.join(group).join(name)).unwrap_or_default();
        limits.extend(text.trim().parse::<u64>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal:       1000 kB\nMemFree:        10 kB\n",
    );

    /// A system of these files, and the bytes it has.
    fn check(files: &[(&str, &str)], expected: Option<u64>) {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(below(root.path()).ok(), expected, "{files:?}");
    }

    #[test]
    fn the_lowest_limit_counts() {
        let v2 = ("proc/self/cgroup", "0::/user.slice/a b:c\n");
        let v1 = ("proc/self/cgroup", "5:cpu:/\n4:memory,hugetlb:/docker/1\n");
        check(&[], None);
        check(&[MEMINFO], Some(1_024_000));
        check(&[("proc/meminfo", "MemTotal: many kB")], None);
        check(&[("proc/meminfo", "MemTotal: 0 kB")], None);
        let max = |path, text| [MEMINFO, v2, (path, text)];
        check(&max("sys/fs/cgroup/memory.max", "max\n"), Some(1_024_000));
        check(&max("sys/fs/cgroup/memory.max", "5000\n"), Some(5_000));
        check(
            &max("sys/fs/cgroup/user.slice/memory.max", "7000"),
            Some(7_000),
        );
        check(
            &max("sys/fs/cgroup/user.slice/a b:c/memory.max", "8000"),
            Some(8_000),
        );
        check(
            &max("sys/fs/cgroup/unified/memory.max", "9000"),
            Some(9_000),
        );
        check(
            &max("sys/fs/cgroup/other/memory.max", "10"),
            Some(1_024_000),
        );
        check(&max("sys/fs/cgroup/memory.max", "9000000"), Some(1_024_000));
        let limit = |path, text| [MEMINFO, v1, (path, text)];
        let none = "9223372036854771712\n";
        check(
            &limit("sys/fs/cgroup/memory/memory.limit_in_bytes", none),
            Some(1_024_000),
        );
        check(
            &limit("sys/fs/cgroup/memory/memory.limit_in_bytes", "6000\n"),
            Some(6_000),
        );
        check(
            &limit("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "64"),
            Some(64),
        );
        check(
            &limit("sys/fs/cgroup/memory/docker/2/memory.limit_in_bytes", "64"),
            Some(1_024_000),
        );
    }
}
