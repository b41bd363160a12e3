//! Figures beside their goals.

use std::{fmt, fs, time::Duration};

use crate::bench::measure::timed;
use crate::hub::Hub;

/// What a figure should reach; no goal where nothing is said.
#[derive(Clone, Copy, Default)]
pub struct Goal {
    /// **Units**: milliseconds, from the request to its answer.
    pub most_ms: Option<u32>,
    /// On one core.
    pub least_a_second: Option<u32>,
    /// **Units**: megabytes of the whole process, at its highest.
    pub most_mb: Option<u32>,
}

struct Line {
    name: String,
    goal: Goal,
    /// The median.
    wall: Duration,
    /// The average, of all threads.
    cpu: Duration,
    peak_mb: f64,
}

/// How many threads wanted a processor in the last minute, as far as the system tells.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").ok();
    load.and_then(|load| Some(load.split(' ').next()?.to_owned())).unwrap_or_else(|| "unknown".to_owned())
}

pub struct Figures {
    title: String,
    lines: Vec<Line>,
}

impl Figures {
    pub fn new(title: &str) -> Self {
        Self { title: title.into(), lines: Vec::new() }
    }

    /// Does the same several times, each time measured.
    pub fn add(
        &mut self,
        name: &str,
        goal: Goal,
        hub: &Hub,
        (times, mut work): (usize, impl FnMut(usize) -> anyhow::Result<()>),
    ) -> anyhow::Result<()> {
        hub.forget_peak()?;
        let cpu = hub.cpu()?;
        let mut walls = (0..times).map(|at| timed(|| work(at))).collect::<anyhow::Result<Vec<_>>>()?;
        walls.sort();
        self.push(name, goal, hub, (walls[times / 2], hub.cpu()? - cpu, times))
    }

    /// Does many things at once; all figures are of one of them.
    pub fn add_many(
        &mut self,
        name: &str,
        goal: Goal,
        hub: &Hub,
        (times, work): (usize, impl FnOnce() -> anyhow::Result<()>),
    ) -> anyhow::Result<()> {
        hub.forget_peak()?;
        let cpu = hub.cpu()?;
        let wall = timed(work)?;
        self.push(name, goal, hub, (wall / u32::try_from(times)?, hub.cpu()? - cpu, times))
    }

    fn push(
        &mut self,
        name: &str,
        goal: Goal,
        hub: &Hub,
        (wall, cpu, times): (Duration, Duration, usize),
    ) -> anyhow::Result<()> {
        let cpu = cpu / u32::try_from(times)?;
        self.lines.push(Line { name: name.into(), goal, wall, cpu, peak_mb: hub.peak_mb()? });
        Ok(())
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.most_ms.map(|most| format!("< {most} ms"));
        let a_second = self.least_a_second.map(|least| format!(">= {least}/s a core"));
        let mb = self.most_mb.map(|most| format!("< {most} MB"));
        f.write_str(&[ms, a_second, mb].into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

impl Line {
    /// Says `NO` with what was missed. Where only the clock says so, other programs may have had the processors.
    fn reached(&self) -> String {
        let limit = |ms: u32| Duration::from_millis(ms.into());
        let Goal { most_ms, least_a_second, most_mb } = self.goal;
        let late = most_ms.is_some_and(|most| self.wall >= limit(most));
        let busy = most_ms.is_some_and(|most| self.cpu >= limit(most));
        let slow = least_a_second.is_some_and(|least| self.cpu * least > Duration::from_secs(1));
        let large = most_mb.is_some_and(|most| self.peak_mb >= f64::from(most));
        let missed =
            [(late && busy, "time"), (late && !busy, "time, but not cpu"), (slow, "cpu"), (large, "MB")];
        let missed: Vec<_> = missed.iter().filter(|(missed, _)| *missed).map(|(_, what)| *what).collect();
        match (self.goal.to_string().is_empty(), missed.is_empty()) {
            (true, _) => String::new(),
            (false, true) => "yes".to_owned(),
            (false, false) => format!("NO: {}", missed.join(", ")),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} (load of the machine: {})", self.title, load())?;
        let (ms, cpu, core, peak) = ("ms", "cpu ms", "/s a core", "peak MB");
        writeln!(f, "  {:28} {ms:>9} {cpu:>9} {core:>10} {peak:>8}  goal", "")?;
        for line in &self.lines {
            let Line { name, goal, wall, cpu, peak_mb } = line;
            let (ms, cpu) = (wall.as_secs_f64() * 1e3, cpu.as_secs_f64());
            // Less than the system can tell.
            let core = if cpu > 0.0 { format!("{:.1}", 1.0 / cpu) } else { "-".to_owned() };
            let (cpu_ms, reached) = (cpu * 1e3, line.reached());
            writeln!(f, "  {name:28} {ms:>9.1} {cpu_ms:>9.1} {core:>10} {peak_mb:>8.1}  {goal} {reached}")?;
        }
        Ok(())
    }
}
