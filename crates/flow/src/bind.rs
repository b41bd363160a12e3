//! A flow checked against both real schemas: everything that is decided before a row moves.

use database::{ColumnRead, ColumnRef, Comparison, Condition, Relation, Session};
use model::{ColumnDef, DataType, Generated, Instant, Table, TableKind, TableRef, Value, Zone};

use crate::{
    definition::{ColumnRule, Filter, FilterIs, Flow, On, Rows},
    error::{Error, Result},
    map::{Fill, Made},
    source::PAGE_ROWS,
    types,
};

/// A flow that fits both databases.
#[derive(Clone, Debug)]
pub struct Bound {
    pub flow: Flow,
    pub relation: Relation,
    /// The source's table, unless the source is a query.
    pub source: Option<Table>,
    /// What is read from the source, in the types in which it is needed.
    pub reads: Vec<ColumnRead>,
    /// Places in `reads` of the key.
    pub source_key: Vec<usize>,
    /// Places in `reads` by which pages are cut: the key, and the row's place when the key is not unique.
    pub page_key: Vec<usize>,
    pub newest: Option<usize>,
    pub without: Option<usize>,
    pub filter: Vec<Condition>,
    /// The target's table as it is once `create` or `add` is done.
    pub target: Table,
    pub create: bool,
    /// Columns that the target still lacks.
    pub add: Vec<ColumnDef>,
    /// Target columns that are written, and how each is filled.
    pub columns: Vec<ColumnRef>,
    pub fills: Vec<Fill>,
    /// Places in `columns` of the key; empty when rows are only told apart by all they hold.
    pub key: Vec<usize>,
    pub insert_only: Vec<usize>,
    pub greater: Vec<usize>,
    /// Names and native types of the source columns, to notice drift.
    pub shape: Vec<(String, String)>,
    /// Most rows that are read or written at once. **Units**: rows.
    pub batch_rows: usize,
}

impl Bound {
    #[must_use]
    pub fn is_keyless(&self) -> bool {
        self.key.is_empty()
    }

    /// Types of `columns`.
    pub fn types(&self) -> impl Iterator<Item = &DataType> {
        self.columns.iter().map(|column| &self.target_column(column).data_type)
    }

    /// The target column behind `column`.
    ///
    /// # Panics
    /// Never: `columns` were taken from the table.
    pub(crate) fn target_column(&self, column: &ColumnRef) -> &ColumnDef {
        self.target.column(column.name()).expect("bound columns are the target's")
    }
}

/// One target column on its way to being bound.
struct Wish<'a> {
    to: String,
    from: Option<String>,
    rule: Option<&'a ColumnRule>,
}

/// Checks `flow` against both databases. `now`: the moment of the run.
///
/// # Errors
/// What does not fit, as [`Error`]; nothing was changed.
pub async fn bind(
    flow: &Flow,
    source: &mut dyn Session,
    target: &mut dyn Session,
    zone: &Zone,
    now: Instant,
) -> Result<Bound> {
    let shape = source_shape(flow, source).await?;
    let found = find_target(flow, target).await?;
    let mut wishes = wishes(flow, &shape)?;
    // What nobody named and the target computes by itself is the target's own.
    let computed = |name: &str| {
        let column = found.as_ref().and_then(|table| table.column(name));
        column.is_some_and(|column| column.generated == Generated::Computed)
    };
    wishes.retain(|wish| wish.rule.is_some() || !computed(&wish.to));
    let key_names = target_key(flow, &shape, &wishes, found.as_ref());
    let (table, create, add) = match found {
        Some(table) => {
            refuse_unfilled(flow, &wishes, &table)?;
            let add = lacking(flow, &wishes, &table, &shape, target)?;
            let mut whole = table;
            whole.columns.extend(add.iter().cloned());
            (whole, false, add)
        }
        None if flow.target.create => {
            (planned_table(flow, &wishes, &shape, &key_names, target)?, true, Vec::new())
        }
        None => {
            return Err(Error::NoTable {
                database: flow.target.database.clone(),
                table: flow.target_table().to_string(),
            });
        }
    };
    Binder { flow, shape: &shape, target: &table, zone, now, reads: Vec::new() }
        .bind(&wishes, &key_names, create, add)
}

async fn find_target(flow: &Flow, target: &mut dyn Session) -> Result<Option<Table>> {
    match target.table(&flow.target_table()).await {
        Ok(table) => Ok(Some(table)),
        Err(error) if error.kind == model::ErrorKind::Missing => Ok(None),
        Err(error) => Err(Error::database(&flow.target.database)(error)),
    }
}

/// The source's table; for a query, one with the columns that the query yields.
async fn source_shape(flow: &Flow, source: &mut dyn Session) -> Result<Table> {
    let fail = Error::database(&flow.source.database);
    if let Some(name) = &flow.source.table {
        let name = TableRef { schema: flow.source.schema.clone(), name: name.clone() };
        return source.table(&name).await.map_err(|error| match error.kind {
            model::ErrorKind::Missing => {
                Error::NoSourceTable { database: flow.source.database.clone(), table: name.to_string() }
            }
            _ => fail(error),
        });
    }
    let query = flow.source.query.clone().unwrap_or_default();
    let columns = source.query_columns(&query).await.map_err(fail)?;
    Ok(Table {
        name: TableRef::new(flow.name.clone()),
        kind: TableKind::View,
        columns,
        primary_key: Vec::new(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    })
}

fn wishes<'a>(flow: &'a Flow, source: &Table) -> Result<Vec<Wish<'a>>> {
    let mut wishes = Vec::new();
    if flow.columns.all {
        for column in source.columns.iter().filter(|column| !flow.columns.except.contains(&column.name)) {
            let rule = flow
                .column
                .iter()
                .find(|rule| rule.from.as_ref().unwrap_or(&rule.to) == &column.name && rule.has_source());
            let to = rule.map_or(&column.name, |rule| &rule.to).clone();
            wishes.push(Wish { to, from: Some(column.name.clone()), rule });
        }
    }
    for rule in &flow.column {
        if wishes.iter().any(|wish| wish.to == rule.to) {
            continue;
        }
        let from = rule.from.clone().or_else(|| rule.has_source().then(|| rule.to.clone()));
        if let Some(from) = &from {
            require(source, from)?;
        }
        wishes.push(Wish { to: rule.to.clone(), from, rule: Some(rule) });
    }
    Ok(wishes)
}

fn require<'a>(table: &'a Table, column: &str) -> Result<&'a ColumnDef> {
    table.column(column).ok_or_else(|| {
        let near = |name: &&str| strsim::damerau_levenshtein(&name.to_lowercase(), &column.to_lowercase());
        let nearest =
            table.columns.iter().map(|c| c.name.as_str()).min_by_key(near).filter(|name| near(name) <= 3);
        Error::NoColumn {
            table: table.name.to_string(),
            column: column.to_owned(),
            nearest: nearest.map(str::to_owned),
        }
    })
}

fn source_key(flow: &Flow, source: &Table) -> Vec<String> {
    if flow.source.key.is_empty() { source.primary_key.clone() } else { flow.source.key.clone() }
}

fn target_key(flow: &Flow, source: &Table, wishes: &[Wish<'_>], target: Option<&Table>) -> Vec<String> {
    if !flow.target.key.is_empty() {
        return flow.target.key.clone();
    }
    let mapped: Option<Vec<String>> = source_key(flow, source)
        .iter()
        .map(|name| wishes.iter().find(|wish| wish.from.as_ref() == Some(name)).map(|wish| wish.to.clone()))
        .collect();
    match mapped {
        Some(key) if !key.is_empty() => key,
        // A source without a key of its own may go by the target's, if the flow carries all of it.
        _ => target
            .map(|table| table.primary_key.clone())
            .filter(|key| key.iter().all(|k| wishes.iter().any(|w| &w.to == k)))
            .unwrap_or_default(),
    }
}

/// The column denk would make in the target for a wish.
fn made_column(flow: &Flow, wish: &Wish<'_>, source: &Table, target: &dyn Session) -> Result<ColumnDef> {
    let rule = wish.rule;
    let mut wanted = match &wish.from {
        Some(from) => require(source, from)?.clone(),
        None => ColumnDef::new(&wish.to, DataType::TEXT),
    };
    wanted.name.clone_from(&wish.to);
    wanted.default = None;
    wanted.generated = Generated::No;
    if let Some(words) = rule.and_then(|rule| rule.made_as.as_ref()) {
        wanted.data_type = types::from_words(words).ok_or_else(|| Error::NoType { word: words.clone() })?;
        wanted.native = String::new();
    }
    if !flow.stateless {
        wanted.nullable = true;
    }
    target.faithful(&wanted).map_err(|lost| Error::Unfaithful(vec![lost]))
}

/// The columns denk would make for `wishes`. All that would not survive are told at once.
fn made_columns<'a>(
    flow: &Flow,
    wishes: impl Iterator<Item = &'a Wish<'a>>,
    source: &Table,
    target: &dyn Session,
) -> Result<Vec<ColumnDef>> {
    let (mut columns, mut lost) = (Vec::new(), Vec::new());
    for wish in wishes {
        match made_column(flow, wish, source, target) {
            Ok(column) => columns.push(column),
            Err(Error::Unfaithful(more)) => lost.extend(more),
            Err(error) => return Err(error),
        }
    }
    if lost.is_empty() { Ok(columns) } else { Err(Error::Unfaithful(lost)) }
}

fn planned_table(
    flow: &Flow,
    wishes: &[Wish<'_>],
    source: &Table,
    key: &[String],
    target: &dyn Session,
) -> Result<Table> {
    let mut columns = made_columns(flow, wishes.iter(), source, target)?;
    columns.iter_mut().for_each(|column| column.nullable &= !key.contains(&column.name));
    Ok(Table {
        name: flow.target_table(),
        kind: TableKind::Table,
        columns,
        primary_key: key.to_vec(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    })
}

fn lacking(
    flow: &Flow,
    wishes: &[Wish<'_>],
    table: &Table,
    source: &Table,
    target: &dyn Session,
) -> Result<Vec<ColumnDef>> {
    let lacking = || wishes.iter().filter(|wish| table.column(&wish.to).is_none());
    if let Some(wish) = lacking().next().filter(|_| !flow.target.create) {
        require(table, &wish.to)?;
    }
    let mut add = made_columns(flow, lacking(), source, target)?;
    add.iter_mut().for_each(|column| column.nullable = true);
    Ok(add)
}

/// A column that every new row would lack makes every row fail: told before anything is touched.
fn refuse_unfilled(flow: &Flow, wishes: &[Wish<'_>], table: &Table) -> Result<()> {
    let needed = |column: &&ColumnDef| {
        !column.nullable && column.default.is_none() && column.generated == Generated::No
    };
    // A single whole-number key may number itself.
    let numbered = |column: &ColumnDef| {
        table.primary_key == [column.name.clone()] && matches!(column.data_type, DataType::Int { .. })
    };
    let unfilled = |column: &&ColumnDef| {
        needed(column) && !numbered(column) && !wishes.iter().any(|wish| wish.to == column.name)
    };
    match table.columns.iter().find(unfilled) {
        Some(column) if flow.target.rows == Rows::All => {
            Err(Error::Unfilled { table: table.name.to_string(), column: column.name.clone() })
        }
        _ => Ok(()),
    }
}

struct Binder<'a> {
    flow: &'a Flow,
    shape: &'a Table,
    target: &'a Table,
    zone: &'a Zone,
    now: Instant,
    reads: Vec<ColumnRead>,
}

impl Binder<'_> {
    fn bind(
        mut self,
        wishes: &[Wish<'_>],
        key_names: &[String],
        create: bool,
        add: Vec<ColumnDef>,
    ) -> Result<Bound> {
        let mut fills = Vec::with_capacity(wishes.len());
        for wish in wishes {
            fills.push(self.fill(wish)?);
        }
        let key = self.places(wishes, key_names)?;
        let source_key = self.source_key(&key, &fills)?;
        let page_key = self.page_key(&source_key);
        let newest = self.natural(self.flow.source.newest.as_ref())?;
        let without = self.natural(self.flow.source.without.as_ref().map(|without| &without.column))?;
        let when = |on: On| {
            (0..wishes.len()).filter(|at| wishes[*at].rule.is_some_and(|rule| rule.on == on)).collect()
        };
        Ok(Bound {
            relation: match &self.flow.source.query {
                Some(query) => Relation::Query(query.clone()),
                None => Relation::Table(self.shape.name.clone()),
            },
            source: self.flow.source.query.is_none().then(|| self.shape.clone()),
            source_key,
            page_key,
            newest,
            without,
            filter: self.filter()?,
            target: self.target.clone(),
            create,
            add,
            columns: wishes.iter().map(|wish| ColumnRef::named(&wish.to)).collect(),
            fills,
            key,
            insert_only: when(On::Insert),
            greater: when(On::Greater),
            shape: self.shape.columns.iter().map(|c| (c.name.clone(), c.native.clone())).collect(),
            batch_rows: PAGE_ROWS,
            reads: self.reads,
            flow: self.flow.clone(),
        })
    }

    fn fill(&mut self, wish: &Wish<'_>) -> Result<Fill> {
        let column = require(self.target, &wish.to)?;
        if column.generated == Generated::Computed {
            return Err(Error::Computed { table: self.target.name.to_string(), column: wish.to.clone() });
        }
        let needs_work =
            wish.rule.is_some_and(|r| !r.has_source() || r.default.is_some() || r.lookup.is_some() || r.trim);
        match (&wish.from, wish.rule) {
            (Some(from), Some(rule)) if needs_work => self.made(Some(from), rule, column),
            (None, Some(rule)) => self.made(None, rule, column),
            (Some(from), _) => Ok(Fill::Read(self.direct(from, column, wish.rule))),
            (None, None) => Err(Error::NoColumn {
                table: self.shape.name.to_string(),
                column: wish.to.clone(),
                nearest: None,
            }),
        }
    }

    fn direct(&mut self, from: &str, column: &ColumnDef, rule: Option<&ColumnRule>) -> usize {
        let required = !column.nullable && self.flow.target.rows == Rows::All;
        let null_texts =
            rule.and_then(|r| r.null_texts.as_ref()).unwrap_or(&self.flow.columns.null_texts).clone();
        self.reads.push(ColumnRead {
            column: ColumnRef::named(from),
            wanted: column.data_type.clone(),
            required,
            null_texts,
        });
        self.reads.len() - 1
    }

    fn made(&mut self, from: Option<&String>, rule: &ColumnRule, column: &ColumnDef) -> Result<Fill> {
        let constant = |raw: Value| -> Result<Value> {
            let rules = model::Coercion { zone: self.zone, null_texts: &[] };
            model::coerce(raw, &column.data_type, rules).map_err(|misfit| Error::BadConstant {
                column: column.name.clone(),
                reason: misfit.to_string(),
            })
        };
        let given = |value: &Option<toml::Value>| value.as_ref().map_or(Value::Null, value_of);
        let value = constant(if rule.now { Value::Instant(self.now) } else { given(&rule.value) })?;
        let default = constant(given(&rule.default))?;
        let from = self.natural(from)?;
        let lookup_by = self.natural(rule.lookup.as_ref().map(|lookup| &lookup.by))?;
        Ok(Fill::Made(Box::new(Made {
            from,
            value,
            default,
            lookup: rule.lookup.clone().zip(lookup_by),
            trim: rule.trim,
            to: column.data_type.clone(),
            name: column.name.clone(),
            required: !column.nullable,
            null_texts: rule.null_texts.as_ref().unwrap_or(&self.flow.columns.null_texts).clone(),
        })))
    }

    /// Reads a source column in its own type.
    fn natural(&mut self, name: Option<&String>) -> Result<Option<usize>> {
        let Some(name) = name else { return Ok(None) };
        let column = require(self.shape, name)?;
        self.reads.push(ColumnRead::new(ColumnRef::named(name), column.data_type.clone()));
        Ok(Some(self.reads.len() - 1))
    }

    fn places(&self, wishes: &[Wish<'_>], names: &[String]) -> Result<Vec<usize>> {
        names
            .iter()
            .map(|name| {
                wishes.iter().position(|wish| &wish.to == name).ok_or_else(|| Error::NoColumn {
                    table: self.target.name.to_string(),
                    column: name.clone(),
                    nearest: None,
                })
            })
            .collect()
    }

    /// The reads behind the key. A key must come straight from the source, or pages could not be cut by it.
    fn source_key(&mut self, key: &[usize], fills: &[Fill]) -> Result<Vec<usize>> {
        if key.is_empty() {
            return if self.flow.source.query.is_some() || self.shape.kind == TableKind::View {
                Err(Error::NoKey(self.shape.name.to_string()))
            } else {
                Ok(Vec::new())
            };
        }
        key.iter()
            .map(|at| match &fills[*at] {
                Fill::Read(read) => self.same_kind(*read).map(|()| *read),
                Fill::Made(made) => Err(Error::NoKey(made.name.clone())),
            })
            .collect()
    }

    /// A key of another kind on the other side would be ordered otherwise there.
    fn same_kind(&self, read: usize) -> Result<()> {
        let ColumnRead { column, wanted, .. } = &self.reads[read];
        let of = require(self.shape, column.name())?;
        if of.data_type == DataType::Any || of.data_type.code() == wanted.code() {
            return Ok(());
        }
        Err(Error::KeyDiffers {
            column: column.name().to_owned(),
            source_type: of.data_type.code().to_owned(),
            target_type: wanted.code().to_owned(),
        })
    }

    fn page_key(&mut self, source_key: &[usize]) -> Vec<usize> {
        let names: Vec<String> =
            source_key.iter().map(|at| self.reads[*at].column.name().to_owned()).collect();
        let mut key = source_key.to_vec();
        if self.flow.source.query.is_none()
            && self.shape.kind == TableKind::Table
            && !self.shape.is_unique(&names)
        {
            self.reads.push(ColumnRead::new(ColumnRef::Locator, DataType::INT64));
            key.push(self.reads.len() - 1);
        }
        key
    }

    fn filter(&self) -> Result<Vec<Condition>> {
        self.flow.source.filter.iter().map(|filter| condition(self.shape, filter, self.zone)).collect()
    }
}

fn condition(table: &Table, filter: &Filter, zone: &Zone) -> Result<Condition> {
    let column = require(table, &filter.column)?;
    let comparison = match filter.is {
        FilterIs::Equal => Comparison::Equal,
        FilterIs::NotEqual => Comparison::NotEqual,
        FilterIs::Less => Comparison::Less,
        FilterIs::AtMost => Comparison::AtMost,
        FilterIs::Greater => Comparison::Greater,
        FilterIs::AtLeast => Comparison::AtLeast,
        FilterIs::Null => Comparison::IsNull,
        FilterIs::NotNull => Comparison::IsNotNull,
    };
    let raw = filter.value.as_ref().map_or(Value::Null, value_of);
    let value = model::coerce(raw, &column.data_type, model::Coercion { zone, null_texts: &[] })
        .map_err(|misfit| Error::BadConstant { column: filter.column.clone(), reason: misfit.to_string() })?;
    Ok(Condition::new(&filter.column, comparison, value))
}

/// A constant of a flow file.
pub(crate) fn value_of(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::Text(text.clone()),
        toml::Value::Integer(n) => Value::Int(*n),
        toml::Value::Float(r) => Value::Real(*r),
        toml::Value::Boolean(b) => Value::Bool(*b),
        toml::Value::Datetime(at) => Value::Text(at.to_string().replace('T', " ")),
        // `{ null = true }`
        toml::Value::Array(_) | toml::Value::Table(_) => Value::Null,
    }
}
