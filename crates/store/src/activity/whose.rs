//! Which region a line of the activity concerns: that of whom something was done to, or else of who did it.
//!
//! It is found when the line is written and stays with it, wherever a person or a PC goes later.

use merge::Region;
use model::{ColumnDef, DataType, Table, TableKind, TableRef};

use crate::{
    Result, Role,
    query::{Db, text},
    shape::{self, SITES},
};

const USERS: &str = "denk_users";
/// What is done to a person begins with it; `what` then names the person.
const OF_USERS: &str = "user_";
const OF_SITES: &str = "site_";
/// Between an account's name and what it was given.
const GIVEN: &str = ": ";
const RENAMED: &str = " -> ";

/// How the activity tells which role in which region (`*`: all) an account was given.
#[must_use]
pub fn account_given(name: &str, role: Role, region: &str) -> String {
    [name, GIVEN, role.name(), " ", region].concat()
}

/// Of a name that nobody has it is headquarters'.
pub(crate) async fn region_of(db: &mut Db, [who, action, what]: [&str; 3]) -> Result<Region> {
    let named = |prefix: &str| action.starts_with(prefix).then_some(what);
    let found = match (named(OF_USERS), named(OF_SITES)) {
        (Some(user), _) => of_account(db, user).await?,
        (_, Some(site)) => of_named(db, site).await?,
        _ => match of_user(db, who).await? {
            None => of_site(db, who).await?,
            found => found,
        },
    };
    Ok(found.unwrap_or(Region::All))
}

/// Of an account, or of one that was given something. A name may look like that too: the longest that there is, is meant.
async fn of_account(db: &mut Db, what: &str) -> Result<Option<Region>> {
    let names = what.rmatch_indices(GIVEN).map(|(at, _)| &what[..at]);
    for name in std::iter::once(what).chain(names) {
        if let Some(region) = of_user(db, name).await? {
            return Ok(Some(region));
        }
    }
    Ok(None)
}

/// Of a site, or of one that was renamed: `old -> new`.
async fn of_named(db: &mut Db, what: &str) -> Result<Option<Region>> {
    let new_names = what.match_indices(RENAMED).map(|(at, arrow)| &what[at + arrow.len()..]);
    for name in std::iter::once(what).chain(new_names) {
        if let Some(region) = of_site(db, name).await? {
            return Ok(Some(region));
        }
    }
    Ok(None)
}

async fn of_site(db: &mut Db, name: &str) -> Result<Option<Region>> {
    let found = db.find(SITES, &[("name", text(name))]).await?;
    found.first().map(|row| row.text(2).map(Region::new)).transpose()
}

/// Accounts have a connection of their own; this one only knows where their regions stand.
async fn of_user(db: &mut Db, name: &str) -> Result<Option<Region>> {
    if !db.places.contains_key(USERS) && !shape::find_table(db, &users()).await? {
        return Ok(None);
    }
    let found = db.find(USERS, &[("name", text(name))]).await?;
    found.first().map(|row| row.text(1).map(Region::new)).transpose()
}

fn users() -> Table {
    let column = |name| ColumnDef::new(name, DataType::TEXT).not_null();
    Table {
        name: TableRef::new(USERS),
        kind: TableKind::Table,
        columns: vec![column("name"), column("region")],
        primary_key: vec!["name".to_owned()],
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    }
}
