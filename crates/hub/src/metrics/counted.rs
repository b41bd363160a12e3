//! What is counted since the hub started.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use super::text::Text;
use crate::app::App;

/// **Shape**: of classes and answers there are few, whatever is asked for.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
    batches: AtomicU64,
    files: AtomicU64,
    pages: AtomicU64,
    hand_outs: AtomicU64,
    rows_in: AtomicU64,
    rows_out: AtomicU64,
}

impl Counted {
    /// A batch of an agent was taken.
    pub fn batch(&self, rows: usize) {
        self.batches.fetch_add(1, Relaxed);
        self.rows_in.fetch_add(rows as u64, Relaxed);
    }

    /// A file was taken; so many of its rows were not there before.
    pub fn file(&self, rows: usize) {
        self.files.fetch_add(1, Relaxed);
        self.rows_in.fetch_add(rows as u64, Relaxed);
    }

    /// A page of what happened was given.
    pub fn page(&self, rows: usize) {
        self.pages.fetch_add(1, Relaxed);
        self.rows_out.fetch_add(rows as u64, Relaxed);
    }

    /// A whole file was given.
    pub fn hand_out(&self) {
        self.hand_outs.fetch_add(1, Relaxed);
    }

    fn answered(&self, class: &'static str, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((class, status)).or_default() += 1;
    }

    pub fn tell(&self, text: &mut Text) {
        text.kind(
            "denk_requests_total",
            "Requests that were answered, by kind of path and status.",
            "counter",
        );
        for ((class, status), count) in self.answers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            text.line("denk_requests_total", &[("class", class), ("status", &status.to_string())], *count);
        }
        let of = |count: &AtomicU64| count.load(Relaxed);
        text.kind("denk_pushes_total", "Batches and files that were taken in.", "counter");
        text.line("denk_pushes_total", &[("kind", "batch")], of(&self.batches));
        text.line("denk_pushes_total", &[("kind", "file")], of(&self.files));
        text.kind("denk_pulls_total", "Pages and files that were given out.", "counter");
        text.line("denk_pulls_total", &[("kind", "page")], of(&self.pages));
        text.line("denk_pulls_total", &[("kind", "file")], of(&self.hand_outs));
        text.kind("denk_rows_total", "Changed rows that came in, and rows that pages gave out.", "counter");
        text.line("denk_rows_total", &[("direction", "in")], of(&self.rows_in));
        text.line("denk_rows_total", &[("direction", "out")], of(&self.rows_out));
    }
}

/// Counts every answer.
pub(crate) async fn count(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let class = class(request.uri().path());
    let response = next.run(request).await;
    app.counted.answered(class, response.status().as_u16());
    response
}

/// Of all paths there are these kinds.
fn class(path: &str) -> &'static str {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match first {
        "v1" => "agents",
        "sync" | "status" | "auto-sync" => "programs",
        "health" | "metrics" | "openapi.json" => "watch",
        "assets" => "assets",
        "live" => "live",
        "login" | "logout" | "password" => "log_in",
        _ => "pages",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_asked_for_there_are_few_kinds() {
        for (path, kind) in [
            ("/v1/push", "agents"),
            ("/sync/download", "programs"),
            ("/status", "programs"),
            ("/metrics", "watch"),
            ("/login", "log_in"),
            ("/", "pages"),
            ("", "pages"),
            ("/employees/x", "pages"),
            ("/v10", "pages"),
            ("//v1", "agents"),
        ] {
            assert_eq!(class(path), kind, "{path}");
        }
    }
}
