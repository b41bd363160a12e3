//! The accounts that a new hub begins with.

use std::str::FromStr;

use merge::Region;
use serde::Deserialize;
use store::{Accounts, Role, User};

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

/// A password that is told once and works once.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimePassword {
    pub name: String,
    pub password: String,
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    role: String,
    region: String,
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
