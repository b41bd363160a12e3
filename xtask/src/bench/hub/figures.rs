//! Figures beside their goals.

use std::{fmt, time::Duration};

use super::process::Hub;
use crate::bench::measure::timed;

/// What a figure should reach.
#[derive(Clone, Copy)]
pub enum Goal {
    None,
    Milliseconds(u32),
    /// On one core.
    ASecond(u32),
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
        match self {
            Self::None => f.write_str("-"),
            Self::Milliseconds(most) => write!(f, "< {most} ms"),
            Self::ASecond(least) => write!(f, ">= {least}/s a core"),
        }
    }
}

impl Line {
    fn reached(&self) -> &'static str {
        let reached = match self.goal {
            Goal::None => return "",
            Goal::Milliseconds(most) => self.wall < Duration::from_millis(most.into()),
            Goal::ASecond(least) => self.cpu * least <= Duration::from_secs(1),
        };
        if reached { "yes" } else { "NO" }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.title)?;
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
