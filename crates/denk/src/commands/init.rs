//! `denk init`: writes `denk.toml`, empty with explanations or filled from a `.env` file of the old programs. A
//! password is never copied: the file refers to the variable that holds it.

mod draft;

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{
    Context, Outcome,
    cli::InitArgs,
    config::{
        Environment, FILE_NAME, Variables,
        old::{self, Old, SetAside},
    },
    failure::{Code, Failure, Result},
    messages::{Message, message},
};

/// Where the marketplace tool puts its file.
const ENTEGRA_FILE: &str = "C:/Ana Entegra/db.s3db";

/// # Errors
/// `ConfigurationExists` without `--force`; `ConfigurationUnreadable` for the old file; `ConfigurationUnwritable`.
pub fn run(args: &InitArgs, context: &Context) -> Result<Outcome> {
    let target =
        context.environment.folder().join(context.global.config.as_deref().unwrap_or(FILE_NAME.as_ref()));
    let source = args.from_env.as_ref().map(|file| context.environment.folder().join(file));
    let old = match &source {
        Some(file) => Some(read_old(file)?),
        None => None,
    };
    let entegra = args.entegra.as_ref().map(|file| file.display().to_string().replace('\\', "/"));
    let entegra = entegra.or_else(|| old.as_ref().map(|_| ENTEGRA_FILE.to_owned()));
    let draft = draft::draft(old.as_ref(), entegra.as_deref(), &context.text);
    write(&target, &draft, args.force)?;
    report(&target, source.as_deref(), old.as_ref(), context);
    Ok(Outcome::Done)
}

fn read_old(file: &Path) -> Result<Old> {
    if !file.is_file() {
        let why = message("config-missing-why").with("file", file);
        return Err(Failure::new(
            Code::ConfigurationMissing,
            message("init-what"),
            why,
            message("init-env-hint"),
        ));
    }
    let nothing = Environment::new::<String, String>([], PathBuf::new());
    let variables = Variables::read(&nothing, file)?;
    let mut old = old::read(&variables);
    for name in variables.names() {
        let seen = old.taken.iter().any(|taken| taken.variable == name)
            || old.set_aside.iter().any(|aside| aside.variable == name);
        if let Some((_, origin)) = variables.get(name).filter(|_| !seen) {
            let why = message("old-unknown");
            old.set_aside.push(SetAside { variable: name.to_owned(), origin, why });
        }
    }
    Ok(old)
}

/// Without `force` the file system itself refuses to overwrite.
fn write(target: &Path, draft: &str, force: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    let options = if force { options.create(true).truncate(true) } else { options.create_new(true) };
    let written = options.open(target).and_then(|mut file| file.write_all(draft.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            let why = message("init-exists").with("file", target);
            Failure::new(Code::ConfigurationExists, message("init-what"), why, message("init-exists-hint"))
        }
        _ => {
            let why = message("init-unwritable").with("file", target).with("reason", error.to_string());
            Failure::new(
                Code::ConfigurationUnwritable,
                message("init-what"),
                why,
                message("init-unwritable-hint"),
            )
        }
    })
}

fn report(target: &Path, source: Option<&Path>, old: Option<&Old>, context: &Context) {
    let nothing = Old::default();
    let old = old.unwrap_or(&nothing);
    let taken: Vec<_> = old
        .taken
        .iter()
        .map(|taken| json!({"name": taken.variable, "setting": taken.setting.to_string()}))
        .collect();
    let ignored = old.set_aside.iter().map(|a| json!({"name": a.variable, "why": context.text.say(&a.why)}));
    let notes = secrets_elsewhere(target, source, old);
    context.output.answer(&json!({
        "file": target.display().to_string(),
        "taken": taken,
        "ignored": ignored.collect::<Vec<_>>(),
        "notes": notes.iter().map(|note| context.text.say(note)).collect::<Vec<_>>(),
    }));
    let say = |message: &Message| context.output.line(&context.text.say(message));
    say(&message("init-written").with("file", target));
    for taken in &old.taken {
        let setting = taken.setting.to_string();
        say(&message("init-taken").with("name", taken.variable.as_str()).with("setting", setting));
    }
    for aside in &old.set_aside {
        say(&message("init-ignored").with("name", aside.variable.as_str()).with("why", aside.why.clone()));
    }
    notes.iter().for_each(say);
    say(&message("init-next"));
}

/// Passwords stay in the old file. denk finds them there only if it is the `.env` beside the configuration.
fn secrets_elsewhere(target: &Path, source: Option<&Path>, old: &Old) -> Option<Message> {
    let beside = target.with_file_name(".env");
    let source = source.filter(|source| **source != beside)?;
    let names = draft::secret_names(old);
    (!names.is_empty()).then(|| {
        message("init-secrets")
            .with("names", names.join(", "))
            .with("file", source)
            .with("beside", beside.as_path())
    })
}
