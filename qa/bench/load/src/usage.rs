//! Resource usage of a server, from `/proc` (proc(5)).

use std::fs;

use serde_json::{Value, json};

use crate::casts::fraction;
use crate::clock::{now, seconds};
use crate::failed::Failed;

/// Ticks in a second: what Linux tells user space on every architecture (time(7)).
const TICKS: f64 = 100.0;

/// Nanoseconds that the threads of a process have been on a core, from `schedstat`. A thread that has ended is missing.
fn cpu_nanos(pid: u32) -> Result<u64, Failed> {
    let folder = format!("/proc/{pid}/task");
    let threads = fs::read_dir(&folder).map_err(Failed::at(folder))?;
    let one = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    Ok(threads.flatten().filter_map(one).sum())
}

/// Resident memory in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64, Failed> {
    memory_kib(pid, "VmRSS")
}

/// Resident memory in KiB without pages of files, as the program and the database are.
pub(crate) fn anonymous_kib(pid: u32) -> Result<u64, Failed> {
    memory_kib(pid, "RssAnon")
}

/// A line of `/proc/PID/status` (proc(5)).
fn memory_kib(pid: u32, name: &str) -> Result<u64, Failed> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).map_err(Failed::at(path))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| Failed::Usage(format!("process {pid} has no {name}")))
}

/// Core seconds that the whole machine has been busy for.
fn machine_seconds() -> Result<f64, Failed> {
    let stat = fs::read_to_string("/proc/stat").map_err(Failed::at("/proc/stat"))?;
    let ticks: Vec<u64> =
        stat.lines().next().unwrap_or_default().split_whitespace().skip(1).flat_map(str::parse).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let busy = ticks.iter().enumerate().filter(|(place, _)| matches!(place, 0..=2 | 5..=7));
    Ok(fraction(busy.map(|(_, ticks)| ticks).sum()) / TICKS)
}

/// Where the counters stood when a measurement began.
pub(crate) struct Span {
    pid: u32,
    began: u64,
    server: u64,
    generator: u64,
    machine: f64,
}

/// What was used since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    pub(crate) seconds: f64,
    pub(crate) server_seconds: f64,
    generator_seconds: f64,
    others_seconds: f64,
}

impl Span {
    pub(crate) fn begin(pid: u32) -> Result<Self, Failed> {
        Ok(Self {
            pid,
            began: now(),
            server: cpu_nanos(pid)?,
            generator: cpu_nanos(std::process::id())?,
            machine: machine_seconds()?,
        })
    }

    pub(crate) fn end(&self) -> Result<Used, Failed> {
        let server_seconds = seconds(cpu_nanos(self.pid)?.saturating_sub(self.server));
        let generator_seconds = seconds(cpu_nanos(std::process::id())?.saturating_sub(self.generator));
        let machine = machine_seconds()? - self.machine;
        Ok(Used {
            seconds: seconds(now() - self.began),
            server_seconds,
            generator_seconds,
            others_seconds: (machine - server_seconds - generator_seconds).max(0.0),
        })
    }
}

impl Used {
    /// Microseconds of the server for each of so many.
    pub(crate) fn server_us_per(&self, count: u64) -> f64 {
        self.server_seconds * 1e6 / fraction(count.max(1))
    }

    pub(crate) fn per_second(&self, count: u64) -> f64 {
        fraction(count) / self.seconds.max(1e-9)
    }

    /// The share of a core that each took.
    pub(crate) fn shares(&self) -> Value {
        let of = |busy: f64| busy / self.seconds.max(1e-9);
        json!({
            "seconds": self.seconds, "server": of(self.server_seconds), "generator": of(self.generator_seconds),
            "others": of(self.others_seconds),
        })
    }
}
