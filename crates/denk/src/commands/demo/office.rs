//! The demo's offices: each with a file of the old program, which somebody works on, and which is sent and fetched as
//! that program does it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{
    Certificate, Client, RequestBuilder, StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time};

use super::{Stop, hub::DemoHub, settings, unwritable};
use crate::{
    Context,
    failure::{Code, Failure, Result},
    messages::{Message, Text, message},
};

/// Where the offices' folders are, in the demo's.
pub(super) const FOLDER: &str = "offices";

/// Name of the PC and region.
const OFFICES: [(&str, &str); 3] = [("ankara-1", "Ankara"), ("istanbul-1", "Istanbul"), ("bursa-1", "Bursa")];
const FILE: &str = "puantaj.db";
/// Between two pieces of work of one office, as long as somebody may be watching.
const PAUSE: Duration = Duration::from_secs(5);
const WATCHED_TURNS: u32 = 120;
/// Later: the hub keeps every upload for days.
const LATER_PAUSE: Duration = Duration::from_secs(60);
const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// The old program's names for what it knows of the hub.
const REGION: &str = "admin_entry_region";
const URL: &str = "sync_url";
const TOKEN: &str = "sync_token";
const ENABLED: &str = "sync_enabled";

pub(super) struct Office {
    pub name: &'static str,
    pub region: &'static str,
    /// The office's database.
    pub file: PathBuf,
    url: String,
    token: String,
    web: Client,
}

/// What became of one piece of work.
#[derive(Default)]
pub(super) struct Turn {
    inserted: u64,
    updated: u64,
    deleted: u64,
    /// A person must decide first.
    waits: bool,
}

impl Office {
    /// All offices: their files as they were left, or new ones.
    ///
    /// # Errors
    /// What a database says; `CannotWrite`; `DemoTorn` when the hub and a file do not know each other.
    pub async fn all(folder: &Path, hub: &DemoHub, context: &Context) -> Result<Vec<Self>> {
        let web = client(folder, hub)?;
        let mut offices = Vec::new();
        for (name, region) in OFFICES {
            let file = folder.join(FOLDER).join(name).join(FILE);
            let token = token(&file, (name, region), hub).await?;
            settings::put(&file, &[(URL, &hub.url), (ENABLED, "1")]).await?;
            let (file, url) = (context.environment.shown(&file).to_owned(), hub.office_url.clone());
            offices.push(Self { name, region, file, url, token, web: web.clone() });
        }
        Ok(offices)
    }

    /// Works a little, sends the file, fetches the merged one.
    ///
    /// # Errors
    /// What the file's database says; `OfficeFile` when the hub does not answer or refuses.
    pub async fn turn(&mut self) -> Result<Turn> {
        script(&self.file, "demo-work.sql").await?;
        let sent = self.send().await?;
        let held = sent["held"].as_u64() > Some(0);
        let waits = held || !self.fetch().await?;
        let sum = |what: &str| {
            let tables = sent["tables"].as_object();
            tables.into_iter().flatten().filter_map(|(_, counts)| counts[what].as_u64()).sum()
        };
        let [inserted, updated, deleted] = ["inserted", "updated", "deleted"].map(sum);
        Ok(Turn { inserted, updated, deleted, waits })
    }

    pub fn json(&self) -> Value {
        json!({ "name": self.name, "region": self.region, "file": self.file.display().to_string() })
    }

    async fn send(&self) -> Result<Value> {
        let bytes = fs::read(&self.file).map_err(|error| unwritable(&self.file, &error))?;
        let form = Form::new().part("db", Part::bytes(bytes).file_name(FILE));
        let request = self.as_itself(self.web.post(format!("{}/sync", self.url)).multipart(form));
        let answer = request.header("X-Reason", "timesheet").send().await.map_err(|e| self.unheard(&e))?;
        let status = answer.status();
        let said: Value = answer.json().await.map_err(|error| self.unheard(&error))?;
        if status.is_success() { Ok(said) } else { Err(self.refused(status, said["error"].as_str())) }
    }

    /// Puts the hub's file into the place of its own. `false`: it has to wait for a person's decision.
    async fn fetch(&self) -> Result<bool> {
        let request = self.as_itself(self.web.get(format!("{}/sync/download", self.url)));
        let answer = request.send().await.map_err(|error| self.unheard(&error))?;
        match answer.status() {
            StatusCode::CONFLICT => return Ok(false),
            status if !status.is_success() => return Err(self.refused(status, None)),
            _ => {}
        }
        let bytes = answer.bytes().await.map_err(|error| self.unheard(&error))?;
        let fetched = self.file.with_extension("fetched");
        let replaced = fs::write(&fetched, bytes).and_then(|()| fs::rename(&fetched, &self.file));
        replaced.map_err(|error| unwritable(&self.file, &error))?;
        Ok(true)
    }

    fn as_itself(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("X-API-KEY", &self.token).header("X-Region", self.region)
    }

    fn unheard(&self, error: &reqwest::Error) -> Failure {
        let why = message("demo-unheard").with("url", self.url.as_str());
        self.failure(why).caused_by(error)
    }

    fn refused(&self, status: StatusCode, said: Option<&str>) -> Failure {
        let words = said.map_or_else(String::new, |said| [": ", said].concat());
        self.failure(Message::verbatim(format!("HTTP {status}{words}")))
    }

    fn failure(&self, why: Message) -> Failure {
        let what = message("demo-office-what").with("office", self.name);
        Failure::new(Code::OfficeFile, what, why, message("demo-office-hint"))
    }
}

/// Lets every office work until the demo is stopped; what an office has begun, it finishes.
pub(super) async fn work(offices: Vec<Office>, stop: &Stop, context: &Context) {
    let shown = context.output.progress();
    let style = ProgressStyle::with_template("{prefix:12} {wide_msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    let mut working = JoinSet::new();
    let text = Arc::new(Text::new(context.text.language()));
    for (place, office) in (1..).zip(offices) {
        let bar = shown.add(ProgressBar::new_spinner().with_style(style.clone()).with_prefix(office.region));
        let (first, text) = (PAUSE * place / 3, Arc::clone(&text));
        working.spawn(days(office, first, stop.clone(), move |turn| {
            bar.set_message(match turn {
                Ok(turn) => text.say(&turn.words()),
                Err(failure) => failure.sentence(&text),
            });
        }));
    }
    while working.join_next().await.is_some() {}
}

async fn days(mut office: Office, first: Duration, mut stop: Stop, show: impl Fn(&Result<Turn>)) {
    let mut pause = first;
    for turns in 1_u32.. {
        tokio::select! {
            biased;
            () = stop.asked() => return,
            () = time::sleep(pause) => {}
        }
        let turn = office.turn().await;
        if let Err(failure) = &turn {
            tracing::warn!(office = office.name, code = %failure.code(), "an office of the demo could not work");
        }
        show(&turn);
        pause = if turns < WATCHED_TURNS { PAUSE } else { LATER_PAUSE };
    }
}

impl Turn {
    fn words(&self) -> Message {
        if self.waits {
            return message("demo-waits");
        }
        let count = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        message("demo-turn")
            .with("inserted", count(self.inserted))
            .with("updated", count(self.updated))
            .with("deleted", count(self.deleted))
    }
}

/// The token in an office's file; an office that has no file yet is made and enrolled.
async fn token(file: &Path, (name, region): (&str, &str), hub: &DemoHub) -> Result<String> {
    let torn = || {
        let why = message("demo-torn").with("file", file);
        Failure::new(Code::CannotWrite, message("demo-what"), why, message("demo-torn-hint"))
    };
    if file.exists() {
        let token = settings::get(file, TOKEN).await?.unwrap_or_default();
        let known = hub.store.store.device_of_token(&token).await;
        return known.map_err(|error| hub.store.failure(&error))?.map(|_| token).ok_or_else(torn);
    }
    let enrolment = match hub.store.store.add_site(name, region).await {
        Err(store::Error::SiteExists(_)) => return Err(torn()),
        other => other.map_err(|error| hub.store.failure(&error))?,
    };
    make(file, region, &enrolment.token).await?;
    Ok(enrolment.token)
}

/// Makes an office's file, which is there as a whole or not at all.
async fn make(file: &Path, region: &str, token: &str) -> Result<()> {
    let begun = file.with_extension("begun");
    let folder = file.parent().unwrap_or(file);
    let cleared = || match fs::remove_file(&begun) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    fs::create_dir_all(folder).and_then(|()| cleared()).map_err(|error| unwritable(folder, &error))?;
    script(&begun, "schema.sqlite.sql").await?;
    settings::put(&begun, &[(REGION, region), (TOKEN, token)]).await?;
    script(&begun, "demo.sql").await?;
    fs::rename(&begun, file).map_err(|error| unwritable(file, &error))
}

async fn script(file: &Path, part: &str) -> Result<()> {
    super::script(file, "rainstaff", &format!("office/{part}")).await
}

fn client(folder: &Path, hub: &DemoHub) -> Result<Client> {
    let mut client = Client::builder().timeout(ANSWER_WAIT).no_proxy();
    if hub.url.starts_with("https") {
        let path = folder.join("certificate.pem");
        let pem = fs::read(&path).map_err(|error| unwritable(&path, &error))?;
        let own = Certificate::from_pem(&pem).map_err(|error| Failure::defect(error.to_string()))?;
        client = client.tls_certs_only([own]);
    }
    client.build().map_err(|error| Failure::defect(error.to_string()))
}
