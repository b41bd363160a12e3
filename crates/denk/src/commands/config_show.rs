//! `denk config show [--origin]`: every setting, its value without secrets, and where it came from.

use std::net::SocketAddr;

use hub::{Configured, ConfiguredIn};
use serde_json::json;

use crate::{
    Context, Outcome,
    cli::ConfigShowArgs,
    config::{Name, Origin, Raw, Reference, Setting, seen_from},
    failure::Result,
    messages::{Message, message},
    output::Table,
};

/// One line of the answer.
struct Row {
    name: String,
    value: String,
    origin: Origin,
    /// Where the value is fetched from when it is a reference.
    through: Option<Message>,
    missing: bool,
}

/// # Errors
/// None: what is wrong with the configuration was found when it was loaded.
pub fn run(args: &ConfigShowArgs, context: &Context) -> Result<Outcome> {
    let rows = rows(context);
    context.output.answer(&answer(&rows, context));
    let mut headings = vec![context.text.get("show-setting"), context.text.get("show-value")];
    if args.origin {
        headings.push(context.text.get("show-origin"));
    }
    let mut table = Table::headed(headings);
    for row in &rows {
        let mut cells = vec![row.name.clone(), row.shown(context)];
        if args.origin {
            cells.push(row.place(context));
        }
        table.row(cells);
    }
    context.output.table(&table);
    notes(context);
    Ok(Outcome::Done)
}

/// Flags laid over the settings, in order of name.
fn rows(context: &Context) -> Vec<Row> {
    let flags = context.flags();
    let language = Row {
        name: "language".into(),
        value: context.text.language().code().into(),
        origin: context.language.origin.clone(),
        through: None,
        missing: false,
    };
    let flagged = |setting: &&Setting| !flags.iter().any(|(name, ..)| Name::of(name) == setting.name);
    let settings =
        context.config.settings().filter(flagged).filter(|setting| setting.name != Name::of("language"));
    let mut rows: Vec<Row> = settings.map(|setting| row(setting, context)).chain([language]).collect();
    let from_flags = flags.iter().map(|(name, value, origin)| Row {
        name: (*name).to_owned(),
        value: value.clone(),
        origin: origin.clone(),
        through: None,
        missing: false,
    });
    rows.extend(from_flags);
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows
}

fn row(setting: &Setting, context: &Context) -> Row {
    let reference = match &setting.raw {
        Raw::Reference(reference) => Some(reference),
        Raw::Value(_) => None,
    };
    Row {
        name: setting.name.to_string(),
        value: setting.shown(),
        origin: setting.origin.clone(),
        through: reference.map(|reference| through(reference, context)),
        missing: reference.is_some_and(|reference| !context.config.has_secret(reference)),
    }
}

fn through(reference: &Reference, context: &Context) -> Message {
    match reference {
        Reference::File(path) => {
            let path = seen_from(&context.config.folder, path);
            message("show-through-file").with("file", context.environment.shown(&path))
        }
        Reference::Environment(name) => match context.config.variables().get(name) {
            Some((_, origin @ Origin::File { .. })) => {
                message("show-through-variable").with("name", name.as_str()).with("place", origin.place())
            }
            _ => message("show-through-env").with("name", name.as_str()),
        },
    }
}

impl Row {
    fn shown(&self, context: &Context) -> String {
        if self.missing { context.text.get("show-missing") } else { self.value.clone() }
    }

    fn configured(self) -> Configured {
        let origin = match self.origin {
            Origin::Default => ConfiguredIn::Default,
            Origin::File { path, line, .. } => ConfiguredIn::File { path: path.display().to_string(), line },
            Origin::Environment(name) => ConfiguredIn::Environment(name),
            Origin::Flag(flag) => ConfiguredIn::Flag(flag.to_owned()),
        };
        Configured { name: self.name, value: (!self.missing).then_some(self.value), origin }
    }

    fn place(&self, context: &Context) -> String {
        let place = context.text.say(&self.origin.place());
        match &self.through {
            Some(through) => format!("{place} -> {}", context.text.say(through)),
            None => place,
        }
    }
}

/// The settings as the hub's page shows them, with what `denk serve` itself was told.
pub(super) fn configured(context: &Context, listen: Option<SocketAddr>) -> Vec<Configured> {
    let mut all: Vec<_> = rows(context).into_iter().map(Row::configured).collect();
    if let Some(listen) = listen {
        all.retain(|setting| setting.name != "hub.listen");
        let origin = ConfiguredIn::Flag("--listen".to_owned());
        all.push(Configured { name: "hub.listen".to_owned(), value: Some(listen.to_string()), origin });
    }
    if let Some(data) = &context.global.data {
        let origin = ConfiguredIn::Flag("--data".to_owned());
        all.push(Configured { name: "data".to_owned(), value: Some(data.display().to_string()), origin });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn answer(rows: &[Row], context: &Context) -> serde_json::Value {
    let settings = rows.iter().map(|row| {
        let value = if row.missing { serde_json::Value::Null } else { row.value.as_str().into() };
        json!({"name": row.name, "value": value, "origin": row.origin.kind(), "place": row.place(context)})
    });
    let unused = context.config.set_aside.iter().map(|aside| {
        json!({
            "name": aside.variable,
            "place": context.text.say(&aside.origin.place()),
            "why": context.text.say(&aside.why),
        })
    });
    let file = context.config.file.as_ref().map(|file| file.display().to_string());
    json!({"file": file, "settings": settings.collect::<Vec<_>>(), "unused": unused.collect::<Vec<_>>()})
}

/// Old names that were found and do nothing.
fn notes(context: &Context) {
    if context.output.is_json() {
        return;
    }
    for aside in &context.config.set_aside {
        let note =
            message("show-unused").with("name", aside.variable.as_str()).with("place", aside.origin.place());
        context.output.note(&context.text, &note.with("why", aside.why.clone()));
    }
}
