//! `denk user`: the people who may log in. Passwords are made here, shown once, and must be changed at the first log-in.

mod import;

use std::{collections::BTreeSet, sync::Arc};

use hub::Passwords;
use serde_json::json;
use store::{AccountChange, Accounts, Barred, By, Error, Role, User};

use super::{serve, site::refuse_misspelt};
use crate::{
    Context, Outcome,
    cli::{UserAddArgs, UserCommand, UserNameArgs, UserRole},
    failure::{Code, Failure, Result},
    hub_store::{self, HubStore},
    messages::{Message, message},
    output::Table,
};

/// Who does it, for the audit: whoever may use this machine.
const WHO: &str = "denk user";
const EVERYTHING: &str = "*";

/// # Errors
/// The store is not there or fails; the person is not there or is there already; an office's account without a region.
pub async fn run(command: &UserCommand, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let done = match command {
        UserCommand::Add(args) => desk.add(args, context).await,
        UserCommand::List => desk.list(context).await,
        UserCommand::Passwd(args) => desk.passwd(args, context).await,
        UserCommand::Disable(args) => desk.disable(args, true, context).await,
        UserCommand::Enable(args) => desk.disable(args, false, context).await,
        UserCommand::Import(args) => desk.import(&args.file, context).await,
        UserCommand::Logout(args) => desk.log_out(args, context).await,
    };
    desk.hub.store.close().await;
    done
}

/// What a command about accounts works with.
struct Desk {
    hub: HubStore,
    accounts: Accounts,
    passwords: Passwords,
    /// That an account can be of.
    regions: BTreeSet<String>,
}

impl Desk {
    async fn open(context: &Context) -> Result<Self> {
        let hub = HubStore::open(context).await?;
        let settings = hub_store::settings(context)?;
        let accounts = Accounts::open(&settings).await.map_err(|error| hub.failure(&error))?;
        let first = serve::first_users(&context.config.hub.preset)?;
        let regions = hub::account_regions(&hub.store, &first).await.map_err(|error| hub.failure(&error))?;
        Ok(Self { hub, accounts, passwords: Passwords::new(Arc::clone(&settings.random)), regions })
    }

    async fn add(&self, args: &UserAddArgs, context: &Context) -> Result<Outcome> {
        let region = region(args)?;
        refuse_misspelt(region, &self.hub, "user-what").await?;
        if self.all().await?.is_empty() {
            return Err(refused(Code::UnknownUser, message("user-none"), "user-none-hint"));
        }
        let password = self.passwords.one_time();
        let user = User {
            name: args.name.clone(),
            role: args.role.role(),
            region: merge::Region::new(region),
            password_hash: self.hash(&password).await?,
            must_change: true,
            disabled: false,
        };
        self.accounts.add(By::Machine, &user, &self.regions).await.map_err(|barred| self.barred(barred))?;
        let role = user.role.name();
        self.note("user_add", &store::account_given(&args.name, user.role, region)).await?;
        context
            .output
            .answer(&json!({ "name": args.name, "role": role, "region": region, "password": password }));
        let words = message("user-added").with("name", args.name.as_str()).with("password", password);
        context.output.line(&context.text.say(&words));
        Ok(Outcome::Done)
    }

    async fn list(&self, context: &Context) -> Result<Outcome> {
        let users = self.all().await?;
        let told = users.iter().map(|user| {
            json!({ "name": user.name, "role": user.role.name(), "region": region_text(user), "state": state(user) })
        });
        context.output.answer(&json!({ "users": told.collect::<Vec<_>>() }));
        let headings =
            ["name", "role", "region", "state"].map(|word| context.text.get(&format!("column-{word}")));
        let mut table = Table::headed(headings);
        for user in &users {
            let state = context.text.get(&format!("user-state-{}", state(user)));
            table.row([&user.name, user.role.name(), region_text(user), &state]);
        }
        context.output.table(&table);
        Ok(Outcome::Done)
    }

    async fn passwd(&self, args: &UserNameArgs, context: &Context) -> Result<Outcome> {
        let password = self.passwords.one_time();
        let hash = self.hash(&password).await?;
        self.change(args, AccountChange::Password { hash }, "user_passwd").await?;
        context.output.answer(&json!({ "name": args.name, "password": password }));
        let words = message("user-passwd").with("name", args.name.as_str()).with("password", password);
        context.output.line(&context.text.say(&words));
        Ok(Outcome::Done)
    }

    async fn disable(&self, args: &UserNameArgs, disabled: bool, context: &Context) -> Result<Outcome> {
        let (action, words) =
            if disabled { ("user_disable", "user-disabled") } else { ("user_enable", "user-enabled") };
        self.change(args, AccountChange::Disabled(disabled), action).await?;
        context.output.answer(&json!({ "name": args.name, "disabled": disabled }));
        context.output.line(&context.text.say(&message(words).with("name", args.name.as_str())));
        Ok(Outcome::Done)
    }

    async fn log_out(&self, args: &UserNameArgs, context: &Context) -> Result<Outcome> {
        self.change(args, AccountChange::EndSessions, "user_log_out").await?;
        context.output.answer(&json!({ "name": args.name }));
        context.output.line(&context.text.say(&message("user-logged-out").with("name", args.name.as_str())));
        Ok(Outcome::Done)
    }

    /// Changes an account and notes it.
    async fn change(&self, args: &UserNameArgs, change: AccountChange, action: &'static str) -> Result<()> {
        let changed = self.accounts.change(By::Machine, (&args.name, &change), &self.regions).await;
        changed.map_err(|barred| self.barred(barred))?;
        self.note(action, &args.name).await
    }

    fn barred(&self, barred: Barred) -> Failure {
        match barred {
            Barred::Unknown(name) => {
                refused(Code::UnknownUser, message("user-unknown").with("name", name), "user-unknown-hint")
            }
            Barred::Exists(name) => {
                refused(Code::UserExists, message("user-exists").with("name", name), "user-exists-hint")
            }
            Barred::Region(region) => {
                let known = self.regions.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let why = message("user-region").with("region", region).with("known", known);
                refused(Code::WrongArgument, why, "user-region-hint")
            }
            Barred::OfficeEverywhere => {
                refused(Code::WrongArgument, message("user-office-region"), "user-office-region-hint")
            }
            Barred::LastAdmin => {
                refused(Code::WrongArgument, message("user-last-admin"), "user-last-admin-hint")
            }
            Barred::Store(Error::BadName(name)) => {
                refused(Code::WrongArgument, message("site-name").with("name", name), "site-name-hint")
            }
            Barred::Store(error) => self.hub.failure(&error),
            // Whoever may use this machine may change every account.
            Barred::Role => Failure::defect(barred.to_string()),
        }
    }

    async fn all(&self) -> Result<Vec<User>> {
        self.accounts.users().await.map_err(|error| self.hub.failure(&error))
    }

    async fn hash(&self, password: &str) -> Result<String> {
        self.passwords.hash(password).await.map_err(defect)
    }

    async fn note(&self, action: &str, name: &str) -> Result<()> {
        self.hub.store.note(WHO, action, name).await.map_err(|error| self.hub.failure(&error))
    }
}

/// What the person is to see.
fn region(args: &UserAddArgs) -> Result<&str> {
    match args.region.as_deref().map(str::trim) {
        Some(EVERYTHING) | None if args.role == UserRole::Office => {
            Err(refused(Code::WrongArgument, message("user-office-region"), "user-office-region-hint"))
        }
        None => Ok(EVERYTHING),
        Some("") => {
            Err(refused(Code::WrongArgument, message("site-name").with("name", ""), "site-name-hint"))
        }
        Some(region) => Ok(region),
    }
}

fn defect(error: hub::PasswordError) -> Failure {
    Failure::defect(error.to_string())
}

fn refused(code: Code, why: Message, hint: &'static str) -> Failure {
    Failure::new(code, message("user-what"), why, message(hint))
}

fn region_text(user: &User) -> &str {
    match &user.region {
        merge::Region::All => EVERYTHING,
        merge::Region::Named(name) => name,
    }
}

/// In one word: `disabled`, `one-time` (has to change the password that was printed), `active`.
const fn state(user: &User) -> &'static str {
    match user {
        User { disabled: true, .. } => "disabled",
        User { must_change: true, .. } => "one-time",
        User { .. } => "active",
    }
}

impl UserRole {
    const fn role(self) -> Role {
        match self {
            Self::Admin => Role::Admin,
            Self::Manager => Role::Manager,
            Self::Viewer => Role::Viewer,
            Self::Office => Role::Office,
        }
    }
}
