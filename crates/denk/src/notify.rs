//! People are told of what is wrong while the hub serves.
//!
//! A reconciler: it looks again and again at what is wrong and at what was told, and sends the difference. A mail server that
//! does not answer holds nothing up but its own messages, and is itself an alert. Both are kept in the store, so nobody is
//! told twice because the hub was started again.

use std::time::Duration;

use ::notify::{Language as Words, Level, Mail, Message, News, Notice, Rules, Told, Webhook, plan};
use hub::{Language, Sayer};
use jiff::tz::TimeZone;
use merge::Region;
use store::{Detail, Finding, FindingsAsked, Kind, Role, Severity, Store, ToldOf, Viewer};

use crate::{
    Context, clock,
    config::Notify,
    failure::{Code, Failure, Result},
    messages::{Message as Text, message},
};

/// How often it is looked: a failure is known to people within a minute.
const LOOK: Duration = Duration::from_secs(20);
/// After a failure, doubled with each, up to [`AGAIN_MAX_MS`]. **Units**: milliseconds.
const AGAIN_MS: i64 = 30 * 1000;
const AGAIN_MAX_MS: i64 = 60 * 60 * 1000;
/// Of a way: messages about the data are told and counted apart from those about the hub.
const QUALITY: &str = "/data";

/// How a message gets out.
#[derive(Debug)]
enum Out {
    Webhook(Webhook),
    Mail(Mail),
}

impl Out {
    async fn send(&self, message: &Message, now_ms: i64) -> std::result::Result<(), ::notify::Error> {
        match self {
            Self::Webhook(webhook) => webhook.send(message, now_ms).await,
            Self::Mail(mail) => mail.send(message).await,
        }
    }
}

/// Somebody who is told.
#[derive(Debug)]
pub struct Way {
    pub name: String,
    out: Out,
    /// About the hub, and about the data.
    rules: [Rules; 2],
    failed: u32,
    again_ms: i64,
}

/// Who is told, and in which words.
#[derive(Debug)]
pub struct Teller {
    pub ways: Vec<Way>,
    language: Words,
    said: Language,
    zone: TimeZone,
    address: Option<String>,
}

impl Teller {
    /// `None`: nobody is to be told.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn find(context: &Context) -> Result<Option<Self>> {
        let Some(configured) = context.config.notify()? else { return Ok(None) };
        let language = configured.language.unwrap_or(context.language.language);
        let zone = clock::time_zone(&context.config.zone_name);
        Self::new(&configured, language, (zone, context.config.hub.public_url.clone())).map(Some)
    }

    /// `address`: where the hub's pages are, if that is known.
    ///
    /// # Errors
    /// `WrongValue` for an address that is none.
    pub fn new(
        configured: &Notify,
        language: crate::messages::Language,
        (zone, address): (TimeZone, Option<String>),
    ) -> Result<Self> {
        let (language, said) = match language {
            crate::messages::Language::Turkish => (Words::Turkish, Language::Turkish),
            crate::messages::Language::English => (Words::English, Language::English),
        };
        Ok(Self { ways: ways(configured)?, language, said, zone, address })
    }

    /// Tells people until it is aborted.
    pub async fn work(mut self, store: Store) {
        if let Err(error) = self.forget_ways(&store).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "it is not known which ways there were");
        }
        loop {
            self.look(&store, clock::unix_ms()).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A way that is no longer configured fails no longer.
    async fn forget_ways(&self, store: &Store) -> store::Result<()> {
        for way in store.ways().await?.into_iter().filter(|way| way.failing.is_some()) {
            let name = way.name.strip_suffix(QUALITY).unwrap_or(&way.name);
            if !self.ways.iter().any(|known| known.name == name) {
                store.way_fails(&way.name, None).await?;
            }
        }
        Ok(())
    }

    /// Looks once, and sends what is to be sent.
    pub async fn look(&mut self, store: &Store, now_ms: i64) {
        if let Err(error) = self.tell(store, now_ms).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "people may not have been told");
        }
    }

    async fn tell(&mut self, store: &Store, now_ms: i64) -> store::Result<()> {
        let hub = self.of_hub(store).await?;
        // Looked through only when somebody is to be told of it.
        let mut data = None;
        for at in 0..self.ways.len() {
            if now_ms < self.ways[at].again_ms {
                continue;
            }
            if data.is_none() && self.ways[at].is_due(store, (now_ms, &self.zone)).await? {
                data = Some(self.of_data(store, now_ms).await?);
            }
            let current = [Some(hub.as_slice()), data.as_deref()];
            let (language, address, zone) = (self.language, self.address.as_deref(), &self.zone);
            let around = Around { store, current, language, address, zone, now_ms };
            self.ways[at].tell(&around).await?;
        }
        Ok(())
    }

    /// What is wrong with the hub and its PCs.
    async fn of_hub(&self, store: &Store) -> store::Result<Vec<Notice>> {
        let findings = store.findings_of_hub(&viewer()).await?;
        self.notices(store, findings).await
    }

    /// What is wrong in the data.
    async fn of_data(&self, store: &Store, now_ms: i64) -> store::Result<Vec<Notice>> {
        let at = jiff::Timestamp::from_millisecond(now_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let today = at.to_zoned(self.zone.clone()).date();
        let mut findings = Vec::new();
        for accepted in [false, true] {
            let asked = FindingsAsked { accepted, ..FindingsAsked::default() };
            findings.extend(store.every_finding(&viewer(), today, &asked).await?);
        }
        findings.retain(|finding| !finding.kind.is_of_hub());
        self.notices(store, findings).await
    }

    async fn notices(&self, store: &Store, findings: Vec<Finding>) -> store::Result<Vec<Notice>> {
        let sites = store.sites().await?;
        let sayer = Sayer::new(self.said, &self.zone, (store.pages(), &sites));
        let notice = |finding: Finding| {
            let said = sayer.say(&finding);
            let about = match finding.detail {
                Detail::Notify { way, .. } => way,
                _ => said.about,
            };
            Notice {
                key: finding.key,
                kind: finding.kind.word(),
                called: said.kind.to_owned(),
                level: level(finding.severity),
                region: finding.region,
                about,
                what: said.what,
                path: said.path,
                ends: finding.kind.ends(),
                personal: !finding.kind.is_of_hub(),
                seen: finding.accepted.is_some(),
            }
        };
        Ok(findings.into_iter().map(notice).collect())
    }
}

/// Who sees everything, and what is personal not whole.
fn viewer() -> Viewer {
    Viewer::new(Role::Viewer, Region::All)
}

const fn level(severity: Severity) -> Level {
    match severity {
        Severity::Info => Level::Info,
        Severity::Warning => Level::Warning,
        Severity::Serious => Level::Serious,
    }
}

/// What is told on every way.
struct Around<'a> {
    store: &'a Store,
    /// About the hub, and about the data; `None`: nobody is told of it now.
    current: [Option<&'a [Notice]>; 2],
    language: Words,
    address: Option<&'a str>,
    zone: &'a TimeZone,
    now_ms: i64,
}

impl Way {
    fn new(name: String, out: Out, configured: &Notify, region: Option<&String>) -> Self {
        let rules = |digest| Rules {
            minimum: configured.minimum,
            quiet: configured.quiet,
            digest,
            region: region.cloned(),
        };
        let rules = [rules(configured.digest), rules(configured.quality)];
        Self { name, out, rules, failed: 0, again_ms: i64::MIN }
    }

    /// Whether people are to be told of the data now.
    async fn is_due(&self, store: &Store, (now_ms, zone): (i64, &TimeZone)) -> store::Result<bool> {
        let way = store.way(&format!("{}{QUALITY}", self.name)).await?;
        Ok(self.rules[1].is_due((way.last_ms, now_ms, zone)))
    }

    /// Sends what is new on this way, about the hub and then about the data.
    async fn tell(&mut self, around: &Around<'_>) -> store::Result<()> {
        for (at, suffix) in ["", QUALITY].into_iter().enumerate() {
            let Some(current) = around.current[at] else { continue };
            let name = format!("{}{suffix}", self.name);
            let (way, told) = (around.store.way(&name).await?, around.store.told_on(&name).await?);
            let told: Vec<Told> = told.into_iter().map(told_of).collect();
            let times = (way.last_ms, around.now_ms, around.zone);
            // That this way fails is told on the others.
            let own = |notice: &Notice| {
                notice.kind == Kind::Notify.word()
                    && notice.about.strip_suffix(QUALITY).unwrap_or(&notice.about) == self.name
            };
            let current: Vec<Notice> = current.iter().filter(|notice| !own(notice)).cloned().collect();
            let Some(news) = plan(&self.rules[at], times, &current, &told) else { continue };
            if !news.is_empty() && !self.send(around, (&name, &news)).await? {
                return Ok(());
            }
            let at_ms = (!news.is_empty()).then_some(around.now_ms);
            around.store.was_told(&name, at_ms, kept(&news)).await?;
        }
        Ok(())
    }

    /// Whether it went; if not, it is kept why, and when it is tried again.
    async fn send(&mut self, around: &Around<'_>, (name, news): (&str, &News)) -> store::Result<bool> {
        let message = Message::of(news, around.language, (around.address, around.now_ms));
        match self.out.send(&message, around.now_ms).await {
            Ok(()) => {
                tracing::info!(
                    way = self.name,
                    new = news.new.len(),
                    ended = news.ended.len(),
                    "people were told"
                );
                self.failed = 0;
                Ok(true)
            }
            Err(error) => {
                tracing::error!(
                    way = self.name,
                    error = &error as &dyn std::error::Error,
                    "people cannot be told"
                );
                let wait = AGAIN_MS.saturating_mul(1 << self.failed.min(10)).min(AGAIN_MAX_MS);
                (self.failed, self.again_ms) = (self.failed.saturating_add(1), around.now_ms + wait);
                around.store.way_fails(name, Some(&error.to_string())).await?;
                Ok(false)
            }
        }
    }

    /// Sends a message that says only that messages arrive.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn test(&self, language: Words, now_ms: i64) -> std::result::Result<(), ::notify::Error> {
        self.out.send(&Message::test(language, now_ms), now_ms).await
    }
}

impl Teller {
    #[must_use]
    pub const fn language(&self) -> Words {
        self.language
    }
}

fn told_of(told: ToldOf) -> Told {
    Told { key: told.key, level: Level::of_number(told.level), ends: told.ends, line: told.line }
}

/// What is known, and what need not be known any more, once news was told.
fn kept(news: &News) -> (Vec<ToldOf>, Vec<String>) {
    let told = news.new.iter().map(|notice| {
        let Told { key, level, ends, line } = notice.told();
        ToldOf { key, level: level.number(), ends, line }
    });
    let over = news.ended.iter().map(|one| one.key.clone()).chain(news.forgotten.iter().cloned());
    (told.collect(), over.collect())
}

fn ways(configured: &Notify) -> Result<Vec<Way>> {
    let mut ways = Vec::new();
    if let Some((url, secret)) = &configured.webhook {
        let webhook = Webhook::new(url, secret.clone()).map_err(|error| wrong(&error))?;
        ways.push(Way::new("webhook".to_owned(), Out::Webhook(webhook), configured, None));
    }
    if let Some(email) = &configured.email {
        let mail = |to: &[String]| {
            let server = (email.host.as_str(), email.port);
            let mail = Mail::new(server, email.security, email.login.clone(), (&email.from, to));
            mail.map_err(|error| wrong(&error))
        };
        if !email.to.is_empty() {
            ways.push(Way::new("e-mail".to_owned(), Out::Mail(mail(&email.to)?), configured, None));
        }
        for (region, to) in &email.regions {
            ways.push(Way::new(format!("e-mail {region}"), Out::Mail(mail(to)?), configured, Some(region)));
        }
    }
    Ok(ways)
}

fn wrong(error: &::notify::Error) -> Failure {
    let why = Text::verbatim(error.to_string());
    Failure::new(Code::WrongValue, message("config-what"), why, message("notify-hint"))
}
