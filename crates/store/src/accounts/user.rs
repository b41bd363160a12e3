//! A person as they are kept.

use std::{fmt, str::FromStr};

use merge::Region;
use model::Value;

use crate::{
    Error, Result,
    query::{Row, number, text},
};

const NAME_CHARS_MAX: usize = 100;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Admin,
    Manager,
    Viewer,
    Office,
}

/// A person, or several who share a name.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// **Invariants**: unique, 1 to 100 characters, none of them a blank at the end or a control character.
    pub name: String,
    pub role: Role,
    /// What the person sees.
    pub region: Region,
    /// As the caller hashed it.
    pub password_hash: String,
    /// The password is a one-time one: nothing but changing it is allowed.
    pub must_change: bool,
    pub disabled: bool,
}

/// With what the hub has noted of them.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub user: User,
    pub last_log_in_ms: Option<i64>,
}

impl User {
    /// Whether the person may do everything everywhere.
    pub(super) fn is_over_all(&self) -> bool {
        !self.disabled && self.role == Role::Admin && self.region == Region::All
    }

    fn region_text(&self) -> &str {
        match &self.region {
            Region::All => "*",
            Region::Named(name) => name,
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("User");
        shown.field("name", &self.name).field("role", &self.role).field("region", &self.region);
        shown.finish_non_exhaustive()
    }
}

impl Kept {
    pub fn new(user: &User) -> Self {
        Self { user: user.clone(), last_log_in_ms: None }
    }

    pub fn read(row: &Row) -> Result<Self> {
        let role = row.text(1)?.parse();
        let user = User {
            name: row.text(0)?.to_owned(),
            role: role.map_err(|()| Error::Broken("an account has a role that does not exist"))?,
            region: Region::new(row.text(2)?),
            password_hash: row.text(3)?.to_owned(),
            must_change: row.int(4)? != 0,
            disabled: row.int(5)? != 0,
        };
        Ok(Self { user, last_log_in_ms: row.int_or_none(6)? })
    }

    pub fn row(&self) -> Vec<Value> {
        let user = &self.user;
        let texts = [&user.name, user.role.name(), user.region_text(), &user.password_hash];
        let flags = [user.must_change, user.disabled].map(|is| Value::Int(is.into()));
        texts
            .map(|part: &str| text(part))
            .into_iter()
            .chain(flags)
            .chain([number(self.last_log_in_ms)])
            .collect()
    }
}

pub(super) fn check_name(name: &str) -> Result<()> {
    let chars = name.chars().count();
    let fits =
        (1..=NAME_CHARS_MAX).contains(&chars) && name.trim() == name && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Error::BadName(name.to_owned())) }
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Admin, Self::Manager, Self::Viewer, Self::Office];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Viewer => "viewer",
            Self::Office => "office",
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(name: &str) -> std::result::Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or(())
    }
}
