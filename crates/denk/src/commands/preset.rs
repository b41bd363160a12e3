//! `denk preset`: shows the flows and schemas that come with the program, and gives copies to change.

use std::path::Path;

use serde_json::json;

use crate::{
    Context, Outcome,
    cli::{Dialect, PresetCommand, PresetCopyArgs, PresetShowArgs, Schema},
    failure::{Code, Failure, Result},
    messages::message,
    output::Table,
    presets,
    wiring::unknown_preset,
};

/// # Errors
/// `UnknownPreset`; `PresetHasNo`; `CannotWrite`.
pub fn run(command: &PresetCommand, context: &Context) -> Result<Outcome> {
    match command {
        PresetCommand::List => list(context),
        PresetCommand::Show(args) => show(args, context)?,
        PresetCommand::Copy(args) => copy(args, context)?,
    }
    Ok(Outcome::Done)
}

fn list(context: &Context) {
    let mut table =
        Table::headed(["preset", "flows"].map(|word| context.text.get(&format!("column-{word}")))).right([1]);
    let mut list = Vec::new();
    for name in presets::names() {
        let flows = presets::flows(name).unwrap_or_default().len();
        table.row([name.to_owned(), flows.to_string()]);
        list.push(json!({ "name": name, "flows": flows }));
    }
    context.output.answer(&json!({ "presets": list }));
    context.output.table(&table);
}

fn show(args: &PresetShowArgs, context: &Context) -> Result<()> {
    if let Some(schema) = args.schema {
        return show_schema(&args.name, schema, args.dialect.unwrap_or(Dialect::Sqlite), context);
    }
    let files = presets::flows(&args.name).ok_or_else(|| unknown_preset(&args.name))?;
    let headings = ["flow", "group", "about"].map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings);
    let mut list = Vec::new();
    for file in files {
        let Ok(flow) = flow::read(file.path, file.text) else { continue };
        table.row([flow.name.clone(), flow.groups.join(", "), flow.about.clone()]);
        list.push(json!({ "name": flow.name, "groups": flow.groups, "about": flow.about, "file": file.path, "text": file.text }));
    }
    context.output.answer(&json!({ "name": args.name, "flows": list }));
    context.output.table(&table);
    Ok(())
}

fn show_schema(name: &str, schema: Schema, dialect: Dialect, context: &Context) -> Result<()> {
    presets::files(name).ok_or_else(|| unknown_preset(name))?;
    let schema = match schema {
        Schema::Erp => "erp",
        Schema::Web => "web",
        Schema::Entegra => "entegra",
        Schema::Office => "office",
    };
    let dialect = match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
        Dialect::Mssql => "mssql",
    };
    let Some(sql) = presets::schema(name, schema, dialect) else {
        let why = message("preset-no-schema-why")
            .with("name", name)
            .with("schema", schema)
            .with("dialect", dialect);
        return Err(Failure::new(
            Code::PresetHasNo,
            message("preset-no-schema-what"),
            why,
            message("preset-no-schema-hint"),
        ));
    };
    context.output.answer(&json!({ "name": name, "schema": schema, "dialect": dialect, "sql": sql }));
    context.output.line(sql.trim_end());
    Ok(())
}

fn copy(args: &PresetCopyArgs, context: &Context) -> Result<()> {
    let files = presets::files(&args.name).ok_or_else(|| unknown_preset(&args.name))?;
    let folder = context.environment.folder().join(&args.dir);
    let failed = |path: &Path, error: &std::io::Error| {
        let why = message("config-read-why").with("file", path).with("reason", error.to_string());
        Failure::new(Code::CannotWrite, message("preset-copy-what"), why, message("preset-copy-hint"))
    };
    for file in &files {
        let path = folder.join(file.path);
        if path.exists() {
            return Err(failed(&path, &std::io::Error::from(std::io::ErrorKind::AlreadyExists)));
        }
    }
    for file in &files {
        let path = folder.join(file.path);
        let made = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, file.text));
        made.map_err(|error| failed(&path, &error))?;
    }
    let count = i64::try_from(files.len()).unwrap_or(i64::MAX);
    context
        .output
        .answer(&json!({ "name": args.name, "folder": folder.display().to_string(), "files": files.len() }));
    context.output.line(
        &context.text.say(&message("preset-copied").with("count", count).with("folder", folder.as_path())),
    );
    Ok(())
}
