//! `/admin/backups`: what is kept, what of it was tried out, and what administrators have done with it.

use std::{path::Path as File, sync::Arc};

use askama::Template;
use axum::{
    Form,
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{
    Denied, Rejected,
    backups::{BACKUP_FAILED, Backup, Backups, Error, alarm_of},
};
use tokio_util::io::ReaderStream;

use super::{
    Person, Shell, Visit,
    admin::{self, AdminNav},
    shown,
    told::{Teller, fill, told},
};
use crate::{
    answer::{Refusal, chain},
    app::App,
    backup_work::{self, Ended, Outcome, Refused, Running, Work},
    login::page,
    settings::KeptBackups,
    words::BackupWords,
};

pub(super) const PATH: &str = "/admin/backups";
pub(super) const FILE: &str = "/admin/backups/{id}";
const PART: &str = "part";
const DESCRIPTION: &str = "description";
const HOUR_S: u64 = 60 * 60;

#[derive(Template)]
#[template(path = "backups.html")]
struct Page {
    shell: Shell,
    admin: AdminNav,
    words: &'static BackupWords,
    /// `None`: the store is not backed up here.
    kept: Option<Kept>,
}

struct Kept {
    running: String,
    ended: String,
    ended_badly: bool,
    /// Why it is not known what there is.
    trouble: String,
    plan: Vec<(&'static str, String)>,
    lines: Vec<Line>,
    /// Which one the commands name.
    newest: String,
    checked: String,
}

struct Line {
    id: String,
    at: String,
    kind: &'static str,
    size: String,
    of_store: String,
    rev: String,
    state: String,
    mark: &'static str,
    place: &'static str,
    /// Whether it can be taken away.
    whole: bool,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    r#do: String,
}

pub(super) async fn backups(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    if !person.viewer.administers_hub() {
        return admin::denied(Denied::Role, (&app, &person, &visit), PATH);
    }
    let kept = match &app.settings.backups {
        None => None,
        Some(kept) => match kept.backups.of(&person.viewer) {
            Ok(backups) => Some(shown(&app, &visit, (kept, backups)).await?),
            Err(why) => return admin::denied(why, (&app, &person, &visit), PATH),
        },
    };
    page(&Page {
        shell: Shell::of(&person, &visit, app.store.pages()),
        admin: AdminNav::of(&person.viewer, &visit),
        words: visit.words.backups(),
        kept,
    })
}

pub(super) async fn begin(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Form(form): Form<Asked>,
) -> Result<Response, Refusal> {
    let asked = (&*app, &person, &visit);
    if !person.viewer.administers_hub() {
        return admin::denied(Denied::Role, asked, PATH);
    }
    let Some(work) = Work::of_word(&form.r#do) else { return admin::denied(Denied::Missing, asked, PATH) };
    let words = visit.words.backups();
    let why = match backup_work::begin(&app, (&person.viewer, &person.user.name), work) {
        Ok(()) => return Ok(Redirect::to(PATH).into_response()),
        Err(Refused::Denied(why)) => return admin::denied(why, asked, PATH),
        Err(Refused::Nowhere) => words.nowhere.to_owned(),
        Err(Refused::Busy(running)) => {
            let teller = Teller::new(&app, &visit).await?;
            [words.not_begun, &said_running(words, &teller, &running)].join(" ")
        }
        Err(Refused::BusyElsewhere) => [words.not_begun, words.busy_elsewhere].join(" "),
    };
    let shell = Shell::of(&person, &visit, app.store.pages());
    let title = visit.words.decisions.not_done;
    told((shell, visit.words), (StatusCode::CONFLICT, title), vec![why], PATH.to_owned())
}

/// One of the two files of a backup, which hold everything of all regions.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let asked = (&*app, &person, &visit);
    let Some(kept) = &app.settings.backups else {
        let why = if person.viewer.administers_hub() { Denied::Missing } else { Denied::Role };
        return admin::denied(why, asked, PATH);
    };
    let files = match kept.backups.of(&person.viewer) {
        Ok(backups) => backups.files(&id).await,
        Err(why) => return admin::denied(why, asked, PATH),
    };
    let [packed, description] = match files {
        Ok(files) => files,
        Err(Error::Unknown(_) | Error::Damaged { .. }) => {
            return admin::denied(Denied::Missing, asked, PATH);
        }
        Err(error) => return Err(broken(&error)),
    };
    let is_description = visit.fields.get(PART) == Some(DESCRIPTION);
    let path = if is_description { description } else { packed };
    app.store.note(&person.user.name, "backup_download", &name(&path)).await?;
    download(&path).await
}

fn name(path: &File) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

async fn download(path: &File) -> Result<Response, Refusal> {
    let file = tokio::fs::File::open(path).await?;
    let bytes = file.metadata().await?.len();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename={}", name(path))),
        (header::CONTENT_LENGTH, bytes.to_string()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

fn broken(error: &Error) -> Refusal {
    tracing::error!(cause = chain(error), "the backups cannot be looked at");
    Refusal::Store(Rejected::Store(store::Error::Broken("the backups cannot be looked at")))
}

async fn shown(app: &App, visit: &Visit, (kept, backups): (&KeptBackups, &Backups)) -> Result<Kept, Refusal> {
    let (glance, desk) = (backups.glance().await, app.backup_work.desk());
    let view = View { words: visit.words.backups(), teller: Teller::new(app, visit).await?, backups };
    let trouble = glance.as_ref().err().map(|error| view.trouble(error)).unwrap_or_default();
    let all = glance.unwrap_or_default();
    let newest = all.iter().find(|backup| backup.is_whole() && !backup.is_safety_copy());
    let found = desk.checked.as_ref().map(|(_, found)| found.as_slice()).unwrap_or_default();
    let elsewhere = if backups.is_at_work() { view.words.busy_elsewhere.to_owned() } else { String::new() };
    Ok(Kept {
        running: desk.running.map_or(elsewhere, |running| said_running(view.words, &view.teller, &running)),
        ended_badly: desk.ended.as_ref().is_some_and(Ended::is_bad),
        ended: desk.ended.map(|ended| view.ended(&ended)).unwrap_or_default(),
        trouble,
        plan: view.plan(kept),
        lines: all.iter().map(|backup| view.line(backup, found)).collect(),
        newest: newest.map_or_else(|| "ID".to_owned(), |backup| backup.id.clone()),
        checked: desk
            .checked
            .as_ref()
            .map(|(at_ms, _)| fill(view.words.checked, &[("at", &view.teller.time(*at_ms))]))
            .unwrap_or_default(),
    })
}

impl Ended {
    fn is_bad(&self) -> bool {
        match self.outcome {
            Outcome::Done(_) => false,
            Outcome::Checked { damaged, .. } => damaged > 0,
            Outcome::Failed { .. } | Outcome::Broken => true,
        }
    }
}

fn said_running(words: &BackupWords, teller: &Teller<'_>, running: &Running) -> String {
    let sentence = match running.work {
        Work::Create => words.creating,
        Work::Drill => words.drilling,
        Work::Check => words.checking,
    };
    fill(sentence, &[("at", &teller.time(running.since_ms)), ("who", &running.who)])
}

struct View<'a> {
    words: &'static BackupWords,
    teller: Teller<'a>,
    backups: &'a Backups,
}

impl View<'_> {
    fn ended(&self, ended: &Ended) -> String {
        let words = self.words;
        let (sentence, what) = match (&ended.outcome, ended.running.work) {
            (Outcome::Done(id), Work::Drill) => (words.drilled, id.clone()),
            (Outcome::Done(id), _) => (words.created, id.clone()),
            (Outcome::Checked { damaged: 0, all }, _) => (words.all_whole, all.to_string()),
            (Outcome::Checked { damaged, .. }, _) => (words.some_damaged, damaged.to_string()),
            (Outcome::Failed { alert, what }, _) => {
                (words.failed, [self.teller.words.alert(alert), what].join(" ").trim().to_owned())
            }
            (Outcome::Broken, _) => (words.failed, String::new()),
        };
        let (at, who) = (self.teller.time(ended.at_ms), &ended.running.who);
        fill(sentence, &[("at", &at), ("who", who), ("what", &what)])
    }

    fn trouble(&self, error: &Error) -> String {
        let (alert, what) = alarm_of(error, BACKUP_FAILED);
        [self.teller.words.alert(alert), &what].join(" ")
    }

    fn plan(&self, kept: &KeptBackups) -> Vec<(&'static str, String)> {
        let (words, plan) = (self.words, self.backups.plan());
        let copy = plan.copy_to.as_ref().map(|folder| folder.display().to_string()).or_else(|| self.copied());
        let drill = self.backups.last_drill().map(|drill| {
            let sentence = if drill.fault.is_some() { words.drill_failed } else { words.drill_well };
            let id = drill.id.unwrap_or_default();
            fill(sentence, &[("at", &self.teller.time(drill.at_ms)), ("what", &id)])
        });
        vec![
            (words.every, kept.every.map_or_else(|| words.never.to_owned(), |every| self.interval(every))),
            (words.keep, plan.keep.to_string()),
            (words.folder, plan.folder.display().to_string()),
            (words.copy_to, copy.unwrap_or_else(|| words.no_copy.to_owned())),
            (words.last_drill, drill.unwrap_or_else(|| words.no_drill.to_owned())),
        ]
    }

    /// How the copies on another machine stand.
    fn copied(&self) -> Option<String> {
        let place = self.backups.plan().elsewhere.as_ref()?.place();
        let last = self.backups.last_copied();
        let said = last.as_ref().map_or(self.words.not_yet_copied, |last| {
            if last.fault.is_some() { self.words.not_copied } else { self.words.copied }
        });
        let at = last.map(|last| self.teller.time(last.at_ms)).unwrap_or_default();
        Some([&place, ": ", &fill(said, &[("at", &at)])].concat())
    }

    fn interval(&self, every: std::time::Duration) -> String {
        let seconds = every.as_secs();
        let (sentence, count) = match seconds {
            s if s >= HOUR_S && s % HOUR_S == 0 => (self.words.every_hours, s / HOUR_S),
            s if s >= 60 => (self.words.every_minutes, s / 60),
            s => (self.words.every_seconds, s),
        };
        fill(sentence, &[("count", &count.to_string())])
    }

    fn line(&self, backup: &Backup, checked: &[Backup]) -> Line {
        let words = self.words;
        let manifest = backup.manifest.as_ref();
        let same = |one: &&Backup| one.id == backup.id && one.folder == backup.folder;
        let read = checked.iter().find(same);
        let fault = backup.fault.as_ref().or_else(|| read?.fault.as_ref());
        let (mark, state) = match fault {
            Some(fault) => ("failed", words.fault(fault.word())),
            None if read.is_some() => ("tag", words.whole_read),
            None => ("", words.whole),
        };
        let language = self.teller.words.language;
        let size = |of: fn(&store::backups::Manifest) -> u64| {
            manifest.map(|manifest| shown::size(language, of(manifest))).unwrap_or_default()
        };
        Line {
            id: backup.id.clone(),
            at: self.teller.time(backup.at_ms),
            kind: manifest.map_or("", |manifest| words.kind(manifest.reason.word())),
            size: size(|manifest| manifest.packed.bytes),
            of_store: size(|manifest| manifest.plain.bytes),
            rev: manifest
                .and_then(|manifest| manifest.rev)
                .map(|rev| shown::whole(language, rev))
                .unwrap_or_default(),
            state: state.to_owned(),
            mark,
            place: if backup.folder == self.backups.plan().folder { words.first } else { words.second },
            whole: fault.is_none(),
        }
    }
}
