//! `denk user import`: the accounts that an old program's file lists, with the passwords that people have there.
//!
//! An old password works once: its hash lies on every PC of the office, so it must be changed at the first log-in. One of
//! an administrator is not taken at all: it would open everything to whoever has such a file.

use std::path::Path;

use hub::OldAccounts;
use model::Value;
use replica::office_file::Refused;
use serde_json::json;
use store::{AccountChange, Barred, By, Role, User};

use super::{Desk, region_text};
use crate::{
    Context, Outcome,
    commands::{compare, serve},
    failure::{Failure, Result},
    hub_store::unfit,
    messages::message,
    output::Table,
};

/// A line of the old program's table.
struct Old {
    name: String,
    kept: String,
    role: String,
    region: String,
}

/// What became of it.
struct Taken {
    name: String,
    role: &'static str,
    region: String,
    outcome: &'static str,
    /// That was made, because the old one is not taken.
    password: Option<String>,
}

impl Desk {
    pub(super) async fn import(&self, file: &Path, context: &Context) -> Result<Outcome> {
        let Some(rules) = serve::old_accounts(&context.config.hub.preset)? else {
            return Err(Failure::defect("the preset does not say how old files list accounts".to_owned()));
        };
        let mut taken = Vec::new();
        for old in read(context, file, &rules)? {
            let one = self.take(old, &rules).await?;
            if let "added" | "replaced" | "one-time" = one.outcome {
                self.note("user_import", &one.name).await?;
            }
            taken.push(one);
        }
        tell(&taken, context);
        let refused = taken.iter().any(|one| one.outcome == "refused");
        Ok(if refused { Outcome::Partial } else { Outcome::Done })
    }

    async fn take(&self, old: Old, rules: &OldAccounts) -> Result<Taken> {
        let region = rules.region_of(&old.region);
        let Some(role) = rules.role_of(&old.role) else { return Ok(refused(old, "")) };
        let hash = match role {
            Role::Admin => None,
            _ => self.passwords.from_old(&old.kept, &rules.prefix).await.map_err(super::defect)?,
        };
        let password = if hash.is_none() { Some(self.passwords.one_time()) } else { None };
        let password_hash = match (hash, &password) {
            (Some(hash), _) => hash,
            (None, password) => self.hash(password.as_deref().unwrap_or_default()).await?,
        };
        let user =
            User { name: old.name.clone(), role, region, password_hash, must_change: true, disabled: false };
        match self.accounts.add(By::Machine, &user, &self.regions).await {
            Ok(()) => {}
            Err(Barred::Exists(_)) => return self.meet(&user, password.is_some()).await,
            Err(Barred::Store(error)) if !matches!(error, store::Error::BadName(_)) => {
                return Err(self.hub.failure(&error));
            }
            Err(_) => return Ok(refused(old, role.name())),
        }
        let outcome = if password.is_some() { "one-time" } else { "added" };
        Ok(Taken { password, ..taken(&user, outcome) })
    }

    /// There is an account of this name: only if nobody has ever used it, and it is the same one, the old password counts.
    async fn meet(&self, user: &User, is_made: bool) -> Result<Taken> {
        let all = self.accounts.accounts(By::Machine).await.map_err(|barred| self.barred(barred))?;
        let unused = all.iter().any(|account| {
            let same = (&account.user.name, account.user.role, &account.user.region)
                == (&user.name, user.role, &user.region);
            same && account.user.must_change && account.last_log_in_ms.is_none()
        });
        if is_made || !unused {
            return Ok(taken(user, "stays"));
        }
        let change = AccountChange::Password { hash: user.password_hash.clone() };
        let changed = self.accounts.change(By::Machine, (&user.name, &change), &self.regions).await;
        changed.map_err(|barred| self.barred(barred))?;
        Ok(taken(user, "replaced"))
    }
}

fn taken(user: &User, outcome: &'static str) -> Taken {
    let (name, region) = (user.name.clone(), region_text(user).to_owned());
    Taken { name, role: user.role.name(), region, outcome, password: None }
}

fn refused(old: Old, role: &'static str) -> Taken {
    Taken { name: old.name, role, region: old.region, outcome: "refused", password: None }
}

/// Of whatever edition: only the table of accounts is looked at.
fn read(context: &Context, file: &Path, wanted: &OldAccounts) -> Result<Vec<Old>> {
    let mut upload = compare::inspect(context, file)?;
    let columns = [&wanted.name, &wanted.password, &wanted.role, &wanted.region].map(String::as_str);
    let mut all = Vec::new();
    let read = upload.read::<Refused>(&wanted.table, &columns, |row| {
        let mut texts = row.values.iter().map(text);
        let mut next = || texts.next().unwrap_or_default();
        all.push(Old { name: next(), kept: next(), role: next(), region: next() });
        Ok(())
    });
    let refused = |error: Refused| unfit(file, &error.into(), context.text.language());
    read.map(|()| all).map_err(refused)
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.trim().to_owned(),
        Value::Int(number) => number.to_string(),
        _ => String::new(),
    }
}

fn tell(taken: &[Taken], context: &Context) {
    let told = taken.iter().map(|one| {
        json!({ "name": one.name, "role": one.role, "region": one.region, "outcome": one.outcome, "password": one.password })
    });
    context.output.answer(&json!({ "accounts": told.collect::<Vec<_>>() }));
    let headings =
        ["name", "role", "region", "state"].map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings);
    for one in taken {
        let outcome = context.text.get(&format!("user-import-{}", one.outcome));
        table.row([&one.name, one.role, &one.region, &outcome]);
    }
    context.output.table(&table);
    for (one, password) in taken.iter().filter_map(|one| Some((one, one.password.as_deref()?))) {
        let words = message("user-added").with("name", one.name.as_str()).with("password", password);
        context.output.line(&context.text.say(&words));
    }
}
