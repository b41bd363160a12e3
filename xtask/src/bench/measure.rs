//! How long a command takes and how much memory it needs.

use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// How often a process is asked for its memory. The system keeps the peak itself, so only growth within the last
/// interval before the end is missed.
const INTERVAL: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    pub wall: Duration,
    /// Resident memory at its highest, of this process without its children; `None` where the system does not tell.
    pub peak_bytes: Option<u64>,
}

/// Runs a command to its end; one that fails is an error.
#[expect(clippy::disallowed_methods, reason = "measuring real time is its purpose")]
pub fn measure(command: &mut Command) -> anyhow::Result<Measurement> {
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let process = child.id();
    let ended = AtomicBool::new(false);
    let (status, wall, peak_bytes) = thread::scope(|scope| {
        let peak = scope.spawn(|| watch_peak(process, &ended));
        let status = child.wait();
        let wall = start.elapsed();
        ended.store(true, Ordering::Release);
        (status, wall, peak.join().unwrap_or(None))
    });
    if !status?.success() {
        bail!("{command:?} failed");
    }
    Ok(Measurement { wall, peak_bytes })
}

/// How long something of this process takes.
#[expect(clippy::disallowed_methods, reason = "measuring real time is its purpose")]
pub fn timed(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "the system tells a process's memory only when asked")]
fn watch_peak(process: u32, ended: &AtomicBool) -> Option<u64> {
    let file = format!("/proc/{process}/status");
    let mut peak = None;
    while !ended.load(Ordering::Acquire) {
        peak = fs::read_to_string(&file).ok().and_then(|status| peak_of(&status)).max(peak);
        thread::sleep(INTERVAL);
    }
    peak
}

/// `VmHWM:     1234 kB`; a process that has just ended has none.
fn peak_of(status: &str) -> Option<u64> {
    kilobytes(status, "VmHWM:").map(|kibibytes| kibibytes * 1024)
}

/// A field of the system's `status` of a process. **Units**: KiB, as there.
pub fn kilobytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The median time of `runs` (at least one) and the highest memory of all.
pub fn median(
    runs: u32,
    mut run: impl FnMut() -> anyhow::Result<Measurement>,
) -> anyhow::Result<Measurement> {
    let mut all: Vec<Measurement> = (0..runs.max(1)).map(|_| run()).collect::<anyhow::Result<_>>()?;
    all.sort_by_key(|measurement| measurement.wall);
    let peak_bytes = all.iter().filter_map(|measurement| measurement.peak_bytes).max();
    Ok(Measurement { wall: all[all.len() / 2].wall, peak_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_memory_are_measured() {
        let measurement = measure(Command::new("sh").args(["-c", "read _ < /dev/null; true"])).unwrap();
        assert!(measurement.wall > Duration::ZERO);
        assert_eq!(peak_of("VmPeak:\t 9 kB\nVmHWM:\t    1234 kB\n"), Some(1234 * 1024));
        assert_eq!(peak_of("State:\tZ (zombie)\n"), None);
    }

    #[test]
    fn a_failing_command_is_an_error() {
        assert!(measure(Command::new("sh").args(["-c", "exit 3"])).is_err());
    }

    #[test]
    fn one_slow_run_does_not_count() {
        let mut seconds = [9, 1, 2].into_iter();
        let measurement = median(3, || {
            let second = seconds.next().unwrap_or_default();
            Ok(Measurement { wall: Duration::from_secs(second), peak_bytes: Some(second) })
        });
        assert_eq!(measurement.unwrap(), Measurement { wall: Duration::from_secs(2), peak_bytes: Some(9) });
    }
}
