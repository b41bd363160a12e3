//! `denk copy`: a flow made up on the spot for each table of the source.

use ::database::{Address, Session};
use flow::{
    Flow, Options, Purpose, Runner,
    definition::{ColumnRule, Columns, Guard, Missing, On, Rows, Source, Target},
};
use model::{Instant, Table, TableKind, TableRef, Timestamp};

use super::report::{self, Bars};
use crate::{
    Context, Outcome,
    cli::CopyArgs,
    config::address_reason,
    failure::{Code, Failure, Place, Result},
    messages::message,
    wiring::Databases,
};

const SOURCE: &str = "source";
const TARGET: &str = "target";

/// # Errors
/// A wrong address or table; a database that cannot be opened; a column that would not survive. Then nothing was
/// written.
pub async fn run(args: &CopyArgs, context: &Context) -> Result<Outcome> {
    let (source, target) = (address(&args.source, context)?, address(&args.target, context)?);
    if args.name.is_some() && args.table.len() != 1 {
        return Err(wrong("copy-as-what", "copy-as-why", "copy-as-hint"));
    }
    if !args.key.is_empty() && args.table.len() != 1 {
        return Err(wrong("copy-key-what", "copy-key-why", "copy-key-hint"));
    }
    if args.name.is_none() && same_place(&source, &target) {
        return Err(wrong("copy-itself-what", "copy-itself-why", "copy-itself-hint"));
    }
    let tables = tables(args, &source).await?;
    refuse_unknown_columns(&tables, args)?;
    let flows: Result<Vec<Flow>> = tables.iter().map(|table| flow_of(table, args)).collect();
    let flows = flow::in_order(flows?)
        .unwrap_or_else(|_| tables.iter().filter_map(|table| flow_of(table, args).ok()).collect());
    refuse_mixing(&flows)?;
    let databases = || {
        let mut databases = Databases::default();
        databases.add(SOURCE, source.clone());
        databases.add(TARGET, target.clone());
        databases
    };
    refuse_unfit(&flows, &databases().only_looking()?, context).await?;
    let databases = if args.dry_run { databases().only_looking()? } else { databases() };
    let options = Options { dry_run: args.dry_run, ..Options::default() };
    let bars = Bars::new(context);
    let reports = Runner::new(&databases, &bars, context.config.zone.clone(), options).run(&flows).await;
    Ok(report::show(context, &databases, reports))
}

fn wrong(what: &str, why: &str, hint: &str) -> Failure {
    Failure::new(Code::WrongUse, message(what), message(why), message(hint))
}

fn same_place(source: &Address, target: &Address) -> bool {
    match (source.path().canonicalize(), target.path().canonicalize()) {
        (Ok(source), Ok(target)) => source == target,
        _ => source == target,
    }
}

/// An address as it was typed; SQLite files are relative to the current folder.
fn address(text: &str, context: &Context) -> Result<Address> {
    let address: Address = text.parse().map_err(|error: ::database::AddressError| {
        let what = message("copy-address-what");
        Failure::new(Code::WrongAddress, what, address_reason(&error), message("copy-address-hint"))
    })?;
    let is_file = !address.path().as_os_str().is_empty();
    Ok(if is_file && address.path().is_relative() {
        Address::sqlite(context.environment.folder().join(address.path()))
    } else {
        address
    })
}

/// The tables to copy, with their shape. Views are copied only when they are named.
async fn tables(args: &CopyArgs, source: &Address) -> Result<Vec<Table>> {
    let place = Place::at(source);
    let fail = |error: ::database::Error| Failure::of_database(&error, &place);
    let mut session = ::database::open(source).await.map_err(fail)?;
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    if args.table.is_empty() {
        for name in session.tables().await.map_err(fail)? {
            if args.without.iter().any(|without| is_called(&name, without)) {
                left_out.push(name);
                continue;
            }
            let table = session.table(&name).await.map_err(|error| unreadable(&name, fail(error)))?;
            if table.kind == TableKind::Table && !flow::is_own_table(&name.name) {
                found.push(table);
            }
        }
    }
    for name in &args.table {
        found.push(named(session.as_mut(), name).await.map_err(fail)?);
    }
    for name in &args.without {
        if !left_out.iter().chain(found.iter().map(|table| &table.name)).any(|table| is_called(table, name)) {
            let why = message("copy-without-why").with("table", name.as_str());
            return Err(Failure::new(
                Code::WrongArgument,
                message("copy-without-what"),
                why,
                message("copy-without-hint"),
            ));
        }
    }
    found.retain(|table| !args.without.iter().any(|name| is_called(&table.name, name)));
    if found.is_empty() {
        return Err(wrong("copy-nothing-what", "copy-nothing-why", "copy-nothing-hint"));
    }
    Ok(found)
}

fn is_called(table: &TableRef, name: &str) -> bool {
    table.name == name || table.to_string() == name
}

/// A view that means nothing any more, or a table that this program's SQLite does not know.
fn unreadable(name: &TableRef, failure: Failure) -> Failure {
    let what = message("copy-unreadable").with("table", name.to_string());
    failure.what(what).hint(message("copy-unreadable-hint").with("table", name.to_string()))
}

/// A table by its name, or by `schema.name`.
async fn named(session: &mut dyn Session, name: &str) -> ::database::Result<Table> {
    match (session.table(&TableRef::new(name)).await, name.split_once('.')) {
        (Err(error), Some((schema, table))) if error.kind == model::ErrorKind::Missing => {
            session.table(&TableRef::in_schema(schema, table)).await
        }
        (outcome, _) => outcome,
    }
}

fn flow_of(table: &Table, args: &CopyArgs) -> Result<Flow> {
    let name = &table.name.name;
    let referenced =
        table.foreign_keys.iter().map(|key| key.table.name.clone()).filter(|other| other != name);
    Ok(Flow {
        name: name.clone(),
        groups: Vec::new(),
        about: String::new(),
        after: referenced.collect(),
        direction: String::new(),
        source: Source {
            database: SOURCE.to_owned(),
            schema: table.name.schema.clone(),
            table: Some(name.clone()),
            query: None,
            key: args.key.clone(),
            newest: None,
            filter: Vec::new(),
            without: None,
            done: None,
        },
        target: Target {
            database: TARGET.to_owned(),
            schema: None,
            table: args.name.clone().unwrap_or_else(|| name.clone()),
            key: args.key.clone(),
            create: true,
            missing: if args.keep_deleted { Missing::Keep } else { Missing::Delete },
            rows: Rows::All,
        },
        columns: Columns { all: true, except: Vec::new(), null_texts: Vec::new() },
        column: rules(table, args)?,
        guard: Guard::default(),
        test: Vec::new(),
        stateless: true,
    })
}

/// What `--type TABLE.COLUMN=TYPE` or `--type COLUMN=TYPE` says about this table.
fn rules(table: &Table, args: &CopyArgs) -> Result<Vec<ColumnRule>> {
    let mut rules = Vec::new();
    for given in &args.types {
        let Some((column, words)) = given.rsplit_once('=') else {
            return Err(wrong("copy-type-what", "copy-type-why", "copy-type-hint"));
        };
        let of_table = column.strip_prefix(&format!("{}.", table.name.name)).unwrap_or(column);
        if table.column(of_table).is_some() {
            rules.push(ColumnRule {
                to: of_table.to_owned(),
                from: None,
                value: None,
                default: None,
                lookup: None,
                now: false,
                trim: false,
                on: On::Always,
                made_as: Some(words.trim().to_owned()),
                null_texts: None,
            });
        }
    }
    Ok(rules)
}

/// Two tables into one would overwrite each other: same names in several schemas, or names that differ by case only.
fn refuse_mixing(flows: &[Flow]) -> Result<()> {
    let mut names: Vec<String> = flows.iter().map(|flow| flow.target.table.to_lowercase()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => {
            let why = message("copy-mixing-why").with("table", pair[0].as_str());
            Err(Failure::new(
                Code::ArgumentConflict,
                message("copy-mixing-what"),
                why,
                message("copy-mixing-hint"),
            ))
        }
    }
}

/// A `--type` that names no column was a slip.
fn refuse_unknown_columns(tables: &[Table], args: &CopyArgs) -> Result<()> {
    let known = |given: &&String| {
        let column = given.rsplit_once('=').map_or(given.as_str(), |(column, _)| column);
        tables.iter().any(|table| {
            table.column(column.strip_prefix(&format!("{}.", table.name.name)).unwrap_or(column)).is_some()
        })
    };
    match args.types.iter().find(|given| !known(given)) {
        None => Ok(()),
        Some(given) => {
            let why = message("copy-type-unknown").with("given", given.as_str());
            Err(Failure::new(Code::WrongArgument, message("copy-type-what"), why, message("copy-type-hint")))
        }
    }
}

/// Looks at every table before the first row moves: a type that would not survive stops everything.
async fn refuse_unfit(flows: &[Flow], databases: &Databases, context: &Context) -> Result<()> {
    use flow::Connect as _;
    let fail = |error: &flow::Error, name: &str| Failure::of_flow(error, name, databases);
    let mut source = databases.open(SOURCE, Purpose::Read).await.map_err(|error| fail(&error, SOURCE))?;
    let mut target = databases.open(TARGET, Purpose::Create).await.map_err(|error| fail(&error, TARGET))?;
    let moment = Instant::utc(Timestamp { micros: 0, nanos: 0 });
    let mut failed: Option<Failure> = None;
    for flow in flows {
        let bound = flow::bind(flow, source.as_mut(), target.as_mut(), &context.config.zone, moment).await;
        let Err(error) = bound else { continue };
        let failure = fail(&error, &flow.name);
        failed = Some(match failed {
            Some(first) => first.and(failure),
            None => failure,
        });
    }
    failed.map_or(Ok(()), Err)
}
