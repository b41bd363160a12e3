//! The log files: `combined.log` (everything), `error.log` (errors), `sync.log` (what flows did, and what
//! offices and the hub exchanged).
//!
//! Only commands that run flows start them; a file appears with its first line. Never cell values, never secrets.

mod rotate;

use std::{fmt, path::PathBuf, sync::Mutex};

use jiff::tz::TimeZone;
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, Registry,
    filter::filter_fn,
    fmt::{format::Writer, time::FormatTime},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use rotate::Rotating;

const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// How much is logged, where and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub folder: PathBuf,
    pub level: LevelFilter,
    pub format: Format,
    /// Events of this level and graver also go to standard error.
    pub console: LevelFilter,
    /// Name of the zone that times are written in.
    pub zone: String,
}

/// How a line of a log file looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging for the whole process. A second call changes nothing.
///
/// # Errors
/// When the folder cannot be made or written: worth a warning, no reason to stop work.
pub fn start(plan: &Plan) -> std::io::Result<()> {
    std::fs::create_dir_all(&plan.folder)?;
    Rotating::new(plan.folder.join("combined.log"), FILE_BYTES_MAX, 10).try_open()?;
    let _ = tracing_subscriber::registry().with(layers(plan)).try_init();
    Ok(())
}

fn layers(plan: &Plan) -> Vec<Boxed> {
    let file = |name: &str, kept: usize| Rotating::new(plan.folder.join(name), FILE_BYTES_MAX, kept);
    let errors = plan.level.min(LevelFilter::ERROR);
    let mut layers = vec![
        to_file(plan, file("combined.log", 10)).with_filter(plan.level).boxed(),
        to_file(plan, file("error.log", 10)).with_filter(errors).boxed(),
        to_file(plan, file("sync.log", 5)).with_filter(filter_fn(is_sync)).with_filter(plan.level).boxed(),
    ];
    if plan.console != LevelFilter::OFF {
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_timer(Clock::of(&plan.zone));
        layers.push(lines.with_writer(std::io::stderr).with_filter(plan.console).boxed());
    }
    layers
}

fn to_file(plan: &Plan, file: Rotating) -> Boxed {
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_timer(Clock::of(&plan.zone));
    match plan.format {
        Format::Text => lines.with_writer(Mutex::new(file)).boxed(),
        Format::Json => lines.json().flatten_event(true).with_writer(Mutex::new(file)).boxed(),
    }
}

/// What flows and their runner tell, and whoever says that it is about an exchange.
fn is_sync(metadata: &Metadata<'_>) -> bool {
    let part = metadata.target().split("::").next().unwrap_or_default();
    matches!(part, "flow" | "sync")
}

/// `error`, `warn`, `info`, `debug`, `trace`, `off`, whatever the case.
#[must_use]
pub fn level(name: &str) -> Option<LevelFilter> {
    let levels =
        [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE].map(LevelFilter::from_level);
    let all = levels.into_iter().chain([LevelFilter::OFF]);
    all.into_iter().find(|level| level.to_string().eq_ignore_ascii_case(name.trim()))
}

struct Clock(TimeZone);

impl Clock {
    fn of(zone: &str) -> Self {
        Self(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
    }
}

impl FormatTime for Clock {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{}", crate::clock::zoned(&self.0).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(folder: &std::path::Path, format: Format) -> Plan {
        let (level, console) = (LevelFilter::INFO, LevelFilter::OFF);
        Plan { folder: folder.to_owned(), level, format, console, zone: "Europe/Istanbul".into() }
    }

    fn logged(format: Format) -> (tempfile::TempDir, [String; 3]) {
        let folder = tempfile::tempdir().unwrap();
        let subscriber = tracing_subscriber::registry().with(layers(&plan(folder.path(), format)));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "hub", "listening");
            tracing::info!(target: "flow::runner", rows = 7, "flow done");
            tracing::debug!(target: "flow::runner", "too fine");
        });
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        let files = ["combined.log", "error.log", "sync.log"].map(read);
        (folder, files)
    }

    #[test]
    fn each_event_lands_in_its_files() {
        let (_folder, [combined, error, sync]) = logged(Format::Text);
        assert_eq!((combined.lines().count(), error.as_str(), sync.lines().count()), (2, "", 1));
        assert!(sync.contains("flow done") && sync.contains("rows=7") && sync.contains("+03:00"), "{sync}");
    }

    #[test]
    fn json_lines_are_json_and_a_file_without_lines_is_not_made() {
        let (folder, [_, _, sync]) = logged(Format::Json);
        let line: serde_json::Value = serde_json::from_str(sync.trim()).unwrap();
        assert_eq!(
            (&line["message"], &line["rows"], &line["level"]),
            (&"flow done".into(), &7.into(), &"INFO".into())
        );
        assert!(!folder.path().join("error.log").exists());
    }

    #[test]
    fn levels_have_names() {
        assert_eq!(level("WARN"), Some(LevelFilter::WARN));
        assert_eq!((level("off"), level("loud")), (Some(LevelFilter::OFF), None));
    }
}
