//! The accounts that a new hub begins with.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use merge::Region;
use serde::Deserialize;
use store::{Accounts, Role, Store, User};

use crate::{Passwords, server::Error};

/// An account that is made when there is none at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstUser {
    pub name: String,
    pub role: Role,
    pub region: Region,
}

/// The accounts of a preset, as its file `users.toml` lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUsers(pub Vec<FirstUser>);

/// How the old programs' files list their own accounts, as the same file says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldAccounts {
    /// Names of the table and its columns.
    pub table: String,
    pub name: String,
    pub password: String,
    pub role: String,
    pub region: String,
    /// What the program puts before a password that it hashes.
    pub prefix: String,
    /// What stands there for all regions.
    everywhere: Vec<String>,
    /// What a role is here.
    roles: BTreeMap<String, String>,
}

impl OldAccounts {
    /// What a region of theirs is here.
    #[must_use]
    pub fn region_of(&self, region: &str) -> Region {
        if self.everywhere.iter().any(|all| all == region) { Region::All } else { Region::new(region) }
    }

    #[must_use]
    pub fn role_of(&self, role: &str) -> Option<Role> {
        self.roles.get(role)?.parse().ok()
    }
}

/// A password that is told once and works once.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimePassword {
    pub name: String,
    pub password: String,
}

impl NewUsers {
    /// How old files list accounts, if the preset's file says it.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn old_accounts(text: &str) -> Result<Option<OldAccounts>, toml::de::Error> {
        Ok(toml::from_str::<File>(text)?.old)
    }
}

impl FromStr for NewUsers {
    type Err = toml::de::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let file: File = toml::from_str(text)?;
        let users = file.user.into_iter().map(|user| {
            let role = user
                .role
                .parse()
                .map_err(|()| serde::de::Error::custom(["no role ", &user.role].concat()))?;
            Ok(FirstUser { name: user.name, role, region: Region::new(&user.region) })
        });
        users.collect::<Result<_, _>>().map(Self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    user: Vec<Entry>,
    old: Option<OldAccounts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    role: String,
    region: String,
}

/// Regions that an account can be of: those that a row, a site or a first account has.
///
/// # Errors
/// What the store says.
pub async fn account_regions(store: &Store, first: &[FirstUser]) -> store::Result<BTreeSet<String>> {
    let named = |user: &FirstUser| match &user.region {
        Region::All => None,
        Region::Named(name) => Some(name.clone()),
    };
    let kept = store.regions().await?.into_iter().filter(|region| region != "*");
    Ok(kept.chain(first.iter().filter_map(named)).collect())
}

/// Adds the first accounts to a store that has none. Their passwords are known to nobody but the caller.
pub(crate) async fn add(
    accounts: &Accounts,
    passwords: &Passwords,
    first: &[FirstUser],
) -> Result<Vec<OneTimePassword>, Error> {
    if !accounts.users().await?.is_empty() {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    let mut users = Vec::new();
    for FirstUser { name, role, region } in first.iter().cloned() {
        let password = passwords.one_time();
        let password_hash = passwords.hash(&password).await?;
        users.push(User {
            name: name.clone(),
            role,
            region,
            password_hash,
            must_change: true,
            disabled: false,
        });
        told.push(OneTimePassword { name, password });
    }
    // Another process may have been quicker: then its passwords count.
    Ok(if accounts.add_first(&users).await? { told } else { Vec::new() })
}

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneTimePassword").field("name", &self.name).finish_non_exhaustive()
    }
}
