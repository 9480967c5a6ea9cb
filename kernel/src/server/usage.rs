//! What the kernel and all processes below it use, as ipykernel's `usage_request` tells it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::Instant;

use serde_json::{Map, Value, json};

/// Ticks of the clock in which Linux counts time.
const TICKS_PER_SECOND: f64 = 100.0;

/// What was used up to the last time that somebody asked.
#[derive(Default)]
pub(super) struct Usage {
    at: Option<Instant>,
    /// Ticks, by process.
    processes: HashMap<u32, u64>,
    /// Ticks of all processors, and those of them that were idle.
    host: (u64, u64),
}

impl Usage {
    /// What is used now; shares of the processors' time are taken since the last call, and 0 at the first. A share of 100 is
    /// one whole processor. Memory is in bytes; what processes share is divided among them.
    pub(super) fn measure(&mut self) -> Map<String, Value> {
        let pids = family(std::process::id());
        let processes: HashMap<u32, u64> = pids
            .iter()
            .filter_map(|pid| Some((*pid, ticks(*pid)?)))
            .collect();
        let host = host_ticks().unwrap_or_default();
        let now = Instant::now();
        let (kernel_cpu, host_cpu) = match self.at {
            Some(at) => (
                self.share(&processes, (now - at).as_secs_f64()),
                self.host_share(host),
            ),
            None => (0.0, 0.0),
        };
        *self = Usage {
            at: Some(now),
            processes,
            host,
        };
        let memory: u64 = pids.iter().filter_map(|pid| memory(*pid)).sum();
        let mut usage = Map::new();
        let mut put = |name: &str, value: Value| usage.insert(name.to_owned(), value);
        put("hostname", json!(hostname()));
        put("pid", json!(std::process::id()));
        put("kernel_cpu", json!(kernel_cpu));
        put("kernel_memory", json!(memory));
        let cpu_count = std::thread::available_parallelism().map_or(1, usize::from);
        put("cpu_count", json!(cpu_count));
        put("host_cpu_percent", json!(host_cpu));
        put("host_virtual_memory", host_memory());
        usage
    }

    /// The percent of one processor that `processes` have used in the last `seconds`.
    fn share(&self, processes: &HashMap<u32, u64>, seconds: f64) -> f64 {
        let used = processes.iter().map(|(pid, ticks)| {
            let before = self.processes.get(pid).copied().unwrap_or_default();
            ticks.saturating_sub(before)
        });
        rounded(100.0 * used.sum::<u64>() as f64 / TICKS_PER_SECOND / seconds.max(1e-3))
    }

    fn host_share(&self, (all, idle): (u64, u64)) -> f64 {
        let passed = all.saturating_sub(self.host.0);
        let rested = idle.saturating_sub(self.host.1);
        match passed {
            0 => 0.0,
            _ => rounded(100.0 * passed.saturating_sub(rested) as f64 / passed as f64),
        }
    }
}

fn rounded(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

/// `root` and all that it has started, directly or not.
fn family(root: u32) -> HashSet<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<(u32, u32)> = pids
        .filter_map(|pid| Some((pid, field(pid, 1)? as u32)))
        .collect();
    let mut family = HashSet::from([root]);
    loop {
        let n_before = family.len();
        let children = parents.iter().filter(|(_, parent)| family.contains(parent));
        let children: Vec<u32> = children.map(|(pid, _)| *pid).collect();
        family.extend(children);
        if family.len() == n_before {
            return family;
        }
    }
}

fn ticks(pid: u32) -> Option<u64> {
    Some(field(pid, 11)? + field(pid, 12)?)
}

/// A field of `/proc/PID/stat`, counted from the one behind the program's name, which may hold spaces.
fn field(pid: u32, idx: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(idx)?.parse().ok()
}

/// The process's part of what it shares, or else all that it has.
fn memory(pid: u32) -> Option<u64> {
    let kilobytes = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
    let part = rollup.ok().and_then(|text| kilobytes(&text, "Pss:"));
    let all = || {
        kilobytes(
            &fs::read_to_string(format!("/proc/{pid}/status")).ok()?,
            "VmRSS:",
        )
    };
    Some(part.or_else(all)? * 1024)
}

fn host_ticks() -> Option<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> = stat
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    // Time of guests is part of the first two.
    let all = ticks.iter().take(8).sum();
    Some((all, ticks.get(3)? + ticks.get(4)?))
}

/// `/proc/meminfo` in the words of psutil.
fn host_memory() -> Value {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let bytes = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.unwrap_or_default() * 1024
    };
    let (total, available) = (bytes("MemTotal:"), bytes("MemAvailable:"));
    let used = total.saturating_sub(available);
    json!({
        "total": total,
        "available": available,
        "percent": rounded(100.0 * used as f64 / total.max(1) as f64),
        "used": used,
        "free": bytes("MemFree:"),
        "active": bytes("Active:"),
        "inactive": bytes("Inactive:"),
        "buffers": bytes("Buffers:"),
        "cached": bytes("Cached:"),
        "shared": bytes("Shmem:"),
        "slab": bytes("Slab:"),
    })
}

fn hostname() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
