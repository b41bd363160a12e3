//! `/admin/users`: who may log in, and what administrators change about it.
//!
//! Whose accounts are whose to change is the store's to say, not this page's.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use merge::Region;
use serde::Deserialize;
use store::{Account, AccountChange, Barred, By, Denied, Error, Role, User};

use super::{
    Person, Shell, Visit,
    address::Fields,
    admin::{self, AdminNav},
    told::{fill, told},
};
use crate::{
    account_regions,
    answer::Refusal,
    app::App,
    login::page,
    words::{PeopleWords, Words},
};

pub(super) const PATH: &str = "/admin/users";
/// One account, whose name stands in the field [`NAME`].
pub(super) const ONE: &str = "/admin/users/one";
const NAME: &str = "name";
const DONE: &str = "done";
const EVERYWHERE: &str = "*";

#[derive(Template)]
#[template(path = "users.html")]
struct ListPage {
    shell: Shell,
    admin: AdminNav,
    words: &'static PeopleWords,
    count: String,
    accounts: Vec<Line>,
    roles: Vec<Choice>,
    regions: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "user.html")]
struct OnePage {
    shell: Shell,
    admin: AdminNav,
    words: &'static PeopleWords,
    done: &'static str,
    account: Line,
    /// From where nobody can log in with this name for a while.
    locks: Vec<String>,
    roles: Vec<Choice>,
    regions: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "user_once.html")]
struct OncePage {
    shell: Shell,
    admin: AdminNav,
    words: &'static PeopleWords,
    title: String,
    password: String,
    back: String,
}

struct Line {
    name: String,
    href: String,
    role: &'static str,
    region: String,
    last_log_in: String,
    /// What is unusual about it.
    tags: Vec<&'static str>,
    sessions: u64,
    own: bool,
    disabled: bool,
}

/// What can be chosen in a form.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

#[derive(Deserialize)]
pub(super) struct Added {
    name: String,
    role: String,
    region: String,
}

#[derive(Deserialize)]
pub(super) struct Changed {
    name: String,
    act: Act,
    #[serde(default)]
    role: String,
    #[serde(default)]
    region: String,
}

/// What a form on somebody's page does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Act {
    Role,
    Password,
    Disable,
    Enable,
    Unlock,
    Sessions,
}

pub(super) async fn users(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let view = View { app: &app, person: &person, visit: &visit };
    let accounts = match app.accounts.accounts(By::Person(&person.user.name)).await {
        Ok(accounts) => accounts,
        Err(barred) => return view.barred(barred),
    };
    page(&ListPage {
        shell: view.shell(),
        admin: view.admin(),
        words: view.words(),
        count: fill(view.words().count, &[("count", &accounts.len().to_string())]),
        accounts: accounts.iter().map(|account| view.line(account)).collect(),
        roles: view.roles(None),
        regions: view.regions(None).await?,
    })
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Form(form): Form<Added>,
) -> Result<Response, Refusal> {
    let view = View { app: &app, person: &person, visit: &visit };
    let Ok(role) = form.role.parse() else {
        return view.told(StatusCode::UNPROCESSABLE_ENTITY, view.words().bad_form);
    };
    let (password, password_hash) = view.one_time().await?;
    let (name, region) = (form.name.trim().to_owned(), Region::new(&form.region));
    let user = User { name, role, region, password_hash, must_change: true, disabled: false };
    let regions = account_regions(&app.store, &app.settings.first_users).await?;
    if let Err(barred) = app.accounts.add(By::Person(&person.user.name), &user, &regions).await {
        return view.barred(barred);
    }
    let what = store::account_given(&user.name, role, form.region.trim());
    app.store.note(&person.user.name, "user_add", &what).await?;
    view.once(&user.name, password)
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let view = View { app: &app, person: &person, visit: &visit };
    let accounts = match app.accounts.accounts(By::Person(&person.user.name)).await {
        Ok(accounts) => accounts,
        Err(barred) => return view.barred(barred),
    };
    let name = visit.fields.get(NAME).unwrap_or_default();
    let Some(account) = accounts.iter().find(|account| account.user.name == name) else {
        return view.barred(Barred::Unknown(name.to_owned()));
    };
    page(&OnePage {
        shell: view.shell(),
        admin: view.admin(),
        words: view.words(),
        done: view.done(),
        account: view.line(account),
        locks: view.locks(name),
        roles: view.roles(Some(account.user.role)),
        regions: view.regions(Some(&account.user.region)).await?,
    })
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Form(form): Form<Changed>,
) -> Result<Response, Refusal> {
    let view = View { app: &app, person: &person, visit: &visit };
    let mut once = None;
    let change = match form.act {
        Act::Role => match form.role.parse() {
            Ok(role) => AccountChange::Role { role, region: Region::new(&form.region) },
            Err(()) => return view.told(StatusCode::UNPROCESSABLE_ENTITY, view.words().bad_form),
        },
        Act::Password => {
            let (password, hash) = view.one_time().await?;
            once = Some(password);
            AccountChange::Password { hash }
        }
        Act::Disable => AccountChange::Disabled(true),
        Act::Enable => AccountChange::Disabled(false),
        Act::Unlock => AccountChange::None,
        Act::Sessions => AccountChange::EndSessions,
    };
    let regions = account_regions(&app.store, &app.settings.first_users).await?;
    let by = By::Person(&person.user.name);
    if let Err(barred) = app.accounts.change(by, (&form.name, &change), &regions).await {
        return view.barred(barred);
    }
    if matches!(form.act, Act::Unlock | Act::Password | Act::Enable) {
        app.log_ins.unlock(&form.name);
    }
    app.store.note(&person.user.name, form.act.noted(), &form.what()).await?;
    match once {
        Some(password) => view.once(&form.name, password),
        None => Ok(Redirect::to(&form.act.done(&form.name)).into_response()),
    }
}

impl Act {
    /// In the activity.
    const fn noted(self) -> &'static str {
        match self {
            Self::Role => "user_role",
            Self::Password => "user_passwd",
            Self::Disable => "user_disable",
            Self::Enable => "user_enable",
            Self::Unlock => "user_unlock",
            Self::Sessions => "user_log_out",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Password => "password",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Unlock => "unlock",
            Self::Sessions => "sessions",
        }
    }

    /// Where it is told that it was done.
    fn done(self, name: &str) -> String {
        Fields::default().with(NAME, Some(name)).with(DONE, Some(self.word())).on(ONE)
    }
}

impl Changed {
    fn what(&self) -> String {
        match (self.act, self.role.parse()) {
            (Act::Role, Ok(role)) => store::account_given(&self.name, role, self.region.trim()),
            _ => self.name.clone(),
        }
    }
}

/// What one administrator is shown.
struct View<'a> {
    app: &'a App,
    person: &'a Person,
    visit: &'a Visit,
}

impl View<'_> {
    fn words(&self) -> &'static PeopleWords {
        self.visit.words.people
    }

    fn shell(&self) -> Shell {
        Shell::of(self.person, self.visit, self.app.store.pages())
    }

    fn admin(&self) -> AdminNav {
        AdminNav::of(&self.person.viewer, self.visit)
    }

    fn around(&self) -> (Shell, &'static Words) {
        (self.shell(), self.visit.words)
    }

    fn line(&self, account: &Account) -> Line {
        let Account { user, last_log_in_ms, sessions } = account;
        let words = self.words();
        let locked = !self.app.log_ins.locked(&user.name, self.app.now_ms()).is_empty();
        let tags =
            [(user.disabled, words.disabled), (locked, words.locked), (user.must_change, words.must_change)];
        Line {
            href: Fields::default().with(NAME, Some(&user.name)).on(ONE),
            role: words.role(user.role),
            region: self.region(&user.region).to_owned(),
            last_log_in: last_log_in_ms.map_or_else(|| words.never.to_owned(), |at| self.app.local_time(at)),
            tags: tags.into_iter().filter(|(is, _)| *is).map(|(_, tag)| tag).collect(),
            sessions: *sessions,
            own: user.name == self.person.user.name,
            disabled: user.disabled,
            name: user.name.clone(),
        }
    }

    fn region<'r>(&self, region: &'r Region) -> &'r str {
        match region {
            Region::All => self.visit.words.all_regions,
            Region::Named(name) => name,
        }
    }

    fn locks(&self, name: &str) -> Vec<String> {
        let locks = self.app.log_ins.locked(name, self.app.now_ms());
        let told = |(from, until): (Option<std::net::IpAddr>, i64)| {
            let until = self.app.local_time(until);
            match from.map(|from| from.to_string()) {
                Some(from) => fill(self.words().locked_from, &[("until", &until), ("from", &from)]),
                None => fill(self.words().locked_elsewhere, &[("until", &until)]),
            }
        };
        locks.into_iter().map(told).collect()
    }

    fn roles(&self, chosen: Option<Role>) -> Vec<Choice> {
        let choice = |role: Role| Choice {
            value: role.name().to_owned(),
            label: self.words().role(role).to_owned(),
            chosen: chosen == Some(role),
        };
        [Role::Office, Role::Viewer, Role::Manager, Role::Admin].map(choice).into()
    }

    /// Regions that this administrator can give; and the one that somebody has, as it is.
    async fn regions(&self, chosen: Option<&Region>) -> Result<Vec<Choice>, Refusal> {
        let mut regions: Vec<Region> = match self.person.viewer.region() {
            own @ Region::Named(_) => vec![own.clone()],
            Region::All => {
                let known = account_regions(&self.app.store, &self.app.settings.first_users).await?;
                [Region::All].into_iter().chain(known.into_iter().map(Region::Named)).collect()
            }
        };
        regions.extend(chosen.filter(|chosen| !regions.contains(chosen)).cloned());
        let choice = |region: &Region| Choice {
            value: if *region == Region::All { EVERYWHERE } else { self.region(region) }.to_owned(),
            label: self.region(region).to_owned(),
            chosen: chosen == Some(region),
        };
        Ok(regions.iter().map(choice).collect())
    }

    /// What was done a moment ago.
    fn done(&self) -> &'static str {
        let words = self.words();
        match self.visit.fields.get(DONE) {
            Some("role") => words.done_role,
            Some("disable") => words.done_disable,
            Some("enable") => words.done_enable,
            Some("unlock") => words.done_unlock,
            Some("sessions") => words.done_sessions,
            _ => "",
        }
    }

    /// A password that works once, and its hash.
    async fn one_time(&self) -> Result<(String, String), Refusal> {
        let password = self.app.passwords.one_time();
        let hash = self.app.passwords.hash(&password).await.map_err(|_| Refusal::Busy)?;
        Ok((password, hash))
    }

    fn once(&self, name: &str, password: String) -> Result<Response, Refusal> {
        let title = fill(self.words().once, &[("name", name)]);
        page(&OncePage {
            shell: self.shell(),
            admin: self.admin(),
            words: self.words(),
            title,
            password,
            back: PATH.to_owned(),
        })
    }

    fn told(&self, status: StatusCode, why: &str) -> Result<Response, Refusal> {
        told(self.around(), (status, self.words().not_done), vec![why.to_owned()], PATH.to_owned())
    }

    fn barred(&self, barred: Barred) -> Result<Response, Refusal> {
        let words = self.words();
        let (status, why) = match barred {
            Barred::Role => return admin::denied(Denied::Role, (self.app, self.person, self.visit), PATH),
            Barred::Unknown(_) => (StatusCode::NOT_FOUND, words.missing),
            Barred::Exists(_) => (StatusCode::CONFLICT, words.exists),
            Barred::Region(_) => (StatusCode::UNPROCESSABLE_ENTITY, words.bad_region),
            Barred::OfficeEverywhere => (StatusCode::UNPROCESSABLE_ENTITY, words.office_everywhere),
            Barred::LastAdmin => (StatusCode::CONFLICT, words.last_admin),
            Barred::Store(Error::BadName(_)) => (StatusCode::UNPROCESSABLE_ENTITY, words.bad_name),
            Barred::Store(error) => return Err(error.into()),
        };
        self.told(status, why)
    }
}
