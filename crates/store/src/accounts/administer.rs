//! Accounts as administrators change them.
//!
//! Owns who may do what to whose account. The one thing to know: it is looked up in the transaction that changes the
//! account who asks, so nobody does anything with a right that was taken away a moment before.

use std::collections::BTreeSet;

use database::Begin;
use merge::Region;

use super::{
    Accounts, Role, SESSIONS, USERS, User, Work,
    user::{Kept, check_name},
};
use crate::{Error, Result};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Whoever may use the hub's own machine.
    Machine,
    /// Somebody who is logged in, by name.
    Person(&'a str),
}

/// What is to become of an account.
#[derive(Clone, Debug)]
pub enum AccountChange {
    /// A one-time password. The person's sessions end; so with the next two.
    Password {
        hash: String,
    },
    Role {
        role: Role,
        region: Region,
    },
    Disabled(bool),
    EndSessions,
    /// Only asks whether the account may be changed.
    None,
}

/// Somebody's account, as administrators see it.
#[derive(Clone, Debug)]
pub struct Account {
    pub user: User,
    pub last_log_in_ms: Option<i64>,
    /// That are not over.
    pub sessions: u64,
}

/// Why an account is not changed. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Barred {
    #[error("accounts are for administrators to change")]
    Role,
    /// Or it is one of another region.
    #[error("there is no account `{0}`")]
    Unknown(String),
    #[error("there is an account `{0}` already")]
    Exists(String),
    #[error("no site, no row and no account of the preset is of region `{0}`")]
    Region(String),
    #[error("an office's account belongs to one region")]
    OfficeEverywhere,
    #[error("somebody must stay administrator of all regions")]
    LastAdmin,
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<database::Error> for Barred {
    fn from(error: database::Error) -> Self {
        Self::Store(error.into())
    }
}

type Outcome<T> = std::result::Result<T, Barred>;

impl Accounts {
    /// The accounts that are the asker's to change, by name.
    ///
    /// # Errors
    /// `Role`.
    pub async fn accounts(&self, by: By<'_>) -> Outcome<Vec<Account>> {
        let now = (self.clock)();
        let mut work = self.begin(Begin::Read).await?;
        let scope = work.scope(by).await?;
        let all = work.everybody().await?;
        let rows = work.db.find(SESSIONS, &[]).await?;
        work.commit().await?;
        let sessions: Vec<_> = rows.iter().map(|row| self.session(row)).collect::<Result<_>>()?;
        let lasting: Vec<_> = sessions.into_iter().flatten().filter(|session| session.lasts(now)).collect();
        let account = |Kept { user, last_log_in_ms }: Kept| {
            let sessions = lasting.iter().filter(|session| session.name == user.name).count() as u64;
            Account { user, last_log_in_ms, sessions }
        };
        Ok(all.into_iter().filter(|kept| scope.has(&kept.user.region)).map(account).collect())
    }

    /// Adds a person. Their region is one of `regions`, or all.
    ///
    /// # Errors
    /// `Role`, `Exists`, `Region`, `OfficeEverywhere`; `BadName` of the store.
    pub async fn add(&self, by: By<'_>, user: &User, regions: &BTreeSet<String>) -> Outcome<()> {
        check_name(&user.name)?;
        let mut work = self.begin(Begin::Own).await?;
        work.scope(by).await?.check((user.role, &user.region), regions)?;
        if work.kept(&user.name).await?.is_some() {
            return Err(Barred::Exists(user.name.clone()));
        }
        work.db.add(USERS, &[Kept::new(user).row()]).await?;
        Ok(work.commit().await?)
    }

    /// Changes somebody's account; who is given another region gets one of `regions`, or all.
    ///
    /// # Errors
    /// `Role`, `Unknown`, `Region`, `OfficeEverywhere`, `LastAdmin`.
    pub async fn change(
        &self,
        by: By<'_>,
        (name, change): (&str, &AccountChange),
        regions: &BTreeSet<String>,
    ) -> Outcome<()> {
        let mut work = self.begin(Begin::Own).await?;
        let scope = work.scope(by).await?;
        let found = work.kept(name).await?.filter(|kept| scope.has(&kept.user.region));
        let mut kept = found.ok_or_else(|| Barred::Unknown(name.to_owned()))?;
        let was_over_all = kept.user.is_over_all();
        match change {
            AccountChange::Password { hash } => {
                hash.clone_into(&mut kept.user.password_hash);
                kept.user.must_change = true;
            }
            AccountChange::Role { role, region } => {
                if (*role, region) != (kept.user.role, &kept.user.region) {
                    scope.check((*role, region), regions)?;
                }
                (kept.user.role, kept.user.region) = (*role, region.clone());
            }
            AccountChange::Disabled(disabled) => kept.user.disabled = *disabled,
            AccountChange::EndSessions => {}
            AccountChange::None => return Ok(work.commit().await?),
        }
        work.put(&kept).await?;
        work.end_sessions(name).await?;
        if was_over_all && !work.everybody().await?.iter().any(|kept| kept.user.is_over_all()) {
            return Err(Barred::LastAdmin);
        }
        Ok(work.commit().await?)
    }
}

/// Whose accounts somebody may change.
struct Scope(Region);

impl Scope {
    fn has(&self, region: &Region) -> bool {
        self.0 == Region::All || self.0 == *region
    }

    /// Whether an account may become one of this role and region.
    fn check(&self, (role, region): (Role, &Region), regions: &BTreeSet<String>) -> Outcome<()> {
        match region {
            Region::All if role == Role::Office => Err(Barred::OfficeEverywhere),
            Region::All if self.0 != Region::All => Err(Barred::Region("*".to_owned())),
            Region::Named(name) if !self.has(region) || !regions.contains(name) => {
                Err(Barred::Region(name.clone()))
            }
            _ => Ok(()),
        }
    }
}

impl Work {
    async fn scope(&mut self, by: By<'_>) -> Outcome<Scope> {
        let By::Person(name) = by else { return Ok(Scope(Region::All)) };
        let asker = self.kept(name).await?.map(|kept| kept.user);
        match asker.filter(|user| user.role == Role::Admin && !user.disabled && !user.must_change) {
            Some(user) => Ok(Scope(user.region)),
            None => Err(Barred::Role),
        }
    }
}
