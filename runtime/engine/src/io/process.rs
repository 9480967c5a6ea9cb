//! What this process uses, as the system counts it: Linux's `/proc`.

use std::fs;
use std::time::Duration;

/// What the process has used so far; `None` where the system does not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Usage {
    /// Time on processors, of all threads, in steps of 10 ms.
    pub(crate) cpu: Option<Duration>,
    /// Bytes of memory.
    pub(crate) resident: Option<u64>,
    /// Bytes that came from disks.
    pub(crate) read: Option<u64>,
    /// Bytes that went to disks.
    pub(crate) written: Option<u64>,
}

/// What the process has used until now. Takes some 50 µs.
pub(crate) fn usage() -> Usage {
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let io = read("io");
    Usage {
        cpu: cpu(&read("stat")),
        resident: resident(),
        read: field(&io, "read_bytes:"),
        written: field(&io, "write_bytes:"),
    }
}

/// The bytes of memory that the process takes now. Takes some 20 µs.
pub(crate) fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(field(&status, "VmRSS:")? * 1024)
}

/// The user and system time in `/proc/self/stat`: fields 14 and 15, of a hundredth of a second. The second field, the
/// program's name, may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks = rest.split_ascii_whitespace().skip(11);
    let mut next = || ticks.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((next()? + next()?) * 10))
}

/// The number on the line that begins with `name`.
fn field(lines: &str, name: &str) -> Option<u64> {
    let line = lines.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_lines_are_read() {
        let stat = "7 (a) b 9) S 1 7 7 0 -1 4194560 1 0 0 0 250 15 0 0 20 0 1 0";
        assert_eq!(cpu(stat), Some(Duration::from_millis(2650)));
        assert_eq!(cpu(""), None);
        assert_eq!(cpu("7 (a) S 1"), None);
        assert_eq!(
            field("VmHWM:\t 9 kB\nVmRSS:\t  12 kB\n", "VmRSS:"),
            Some(12)
        );
        assert_eq!(field("VmRSS:\n", "VmRSS:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    #[cfg_attr(miri, ignore = "it has no `/proc`")]
    fn a_process_takes_memory() {
        assert!(resident().is_some_and(|bytes| bytes > 1 << 20));
        assert!(usage().cpu.is_some());
    }
}
