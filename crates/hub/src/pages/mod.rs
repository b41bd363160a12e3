//! The pages of people who are logged in: their common frame, the lists and their files, a row's page, reports, and how they
//! stay up to date.
//!
//! What somebody sees is decided by [`store::Viewer`], not here: no handler looks at a region.

mod activity;
mod address;
pub(crate) mod admin;
mod alerts;
mod assets;
mod backups;
mod conflicts;
mod export;
mod held;
mod history;
mod hours;
mod list;
mod live;
mod privacy;
mod qr;
mod reports;
mod row;
mod settings;
mod shell;
mod shown;
mod site;
mod sites;
mod told;
pub(crate) mod trouble;
mod undo;
mod users;
mod visit;

use std::sync::Arc;

use axum::routing::{MethodRouter, get, post};
use store::Pages;

use crate::app::App;
pub(crate) use activity::{PATH as ACTIVITY, Wording};
pub(crate) use assets::asset;
pub(crate) use hours::{AMOUNTS, of_files};
pub(crate) use shell::Shell;
pub(crate) use shown::{hundredths, turned, whole};
pub(crate) use told::Teller as PageTeller;
pub(crate) use told::fill;
pub(crate) use visit::{Person, Visit, remember};

type Route = (String, MethodRouter<Arc<App>>);

/// What people who are logged in do where nothing is shown.
pub(crate) fn deeds() -> [(&'static str, MethodRouter<Arc<App>>); 1] {
    [(activity::CHECK, post(activity::check))]
}

/// Pages and what belongs to them, for people who are logged in. What stands here is asked by a test as every role for
/// every region.
pub(crate) fn routes(pages: &Pages) -> Vec<Route> {
    let lists = pages.lists().iter().enumerate().flat_map(|(at, list)| {
        let page = get(async move |app, person, visit| list::list(at, app, person, visit).await);
        let row = get(async move |app, person, visit, gid| row::row(at, app, person, visit, gid).await);
        let file = get(async move |app, person, visit| export::export(at, app, person, visit).await);
        let path = &list.path;
        [(format!("/{path}"), page), (format!("/{path}/export"), file), (format!("/{path}/{{gid}}"), row)]
    });
    let people = pages.lists().iter().enumerate().filter(|(_, list)| list.erased().next().is_some());
    let people = people.flat_map(|(at, list)| {
        let data = get(async move |app, person, visit, gid| privacy::data(at, app, person, visit, gid).await);
        let ask = get(async move |app, person, visit, gid| privacy::ask(at, app, person, visit, gid).await);
        let forget = async move |app, person, visit, gid, form| {
            privacy::forget(at, app, person, visit, gid, form).await
        };
        let path = |end: &str| format!("/{}/{{gid}}/{end}", list.path);
        [(path("data"), data), (path("forget"), ask.post(forget))]
    });
    let reports = pages.timesheets().into_iter().flat_map(|_| {
        [
            (reports::REPORTS.to_owned(), get(reports::reports)),
            (reports::TIMESHEETS.to_owned(), get(reports::timesheets)),
        ]
    });
    let own = [
        ("/live", get(live::live)),
        (activity::PATH, get(activity::activity)),
        (activity::EXPORT, get(activity::export)),
        (alerts::PATH, get(alerts::alerts).post(alerts::mark)),
        (alerts::EXPORT, get(alerts::export)),
        (conflicts::PATH, get(conflicts::conflicts).post(conflicts::decide)),
        (conflicts::ONE, get(conflicts::ask).post(conflicts::decide_typed)),
        (held::PATH, get(held::held)),
        (held::ONE, get(held::ask).post(held::decide)),
        (backups::PATH, get(backups::backups).post(backups::begin)),
        (backups::FILE, get(backups::file)),
        (settings::PATH, get(settings::settings)),
        (sites::PATH, get(sites::sites).post(sites::add)),
        (site::PATH, get(site::site).post(site::act)),
        (history::PATH, get(history::batches)),
        (history::DELETED, get(history::deleted)),
        (history::ONE, get(history::batch)),
        (undo::BATCH, get(undo::look_batch).post(undo::undo_batch)),
        (undo::CHANGE, get(undo::look_change).post(undo::undo_change)),
        (users::PATH, get(users::users).post(users::add)),
        (users::ONE, get(users::one).post(users::change)),
    ];
    own.map(|(path, route)| (path.to_owned(), route))
        .into_iter()
        .chain(lists)
        .chain(people)
        .chain(reports)
        .collect()
}
