//! Pages of rows in key order.
//!
//! A page is one short statement, so that the program whose file it is never waits long. It ends where the key
//! changes: the next page starts after the last key, and rows that share it must not be cut in two.

use model::{DataType, Key, Page, Value, Zone};

use super::{
    connect::Link,
    encode::{self, Stored},
    introspect::{QUOTING, Shape},
    key::{self, KeyColumn},
    page::{Fetch, Pager},
};
use crate::{
    ColumnRead, ColumnRef, Comparison, Condition, Read, Relation, Result,
    sql::{Slot, render, slot},
};

/// A [`Read`] that owns its parts, to travel to another thread.
pub(super) struct Request {
    from: Relation,
    pub columns: Vec<ColumnRead>,
    pub key: Vec<usize>,
    filter: Vec<Condition>,
    pub after: Option<Key>,
    up_to: Option<Key>,
    pub rows: Option<usize>,
    pub bytes: Option<usize>,
    pub zone: Zone,
}

impl From<&Read<'_>> for Request {
    fn from(read: &Read<'_>) -> Self {
        Self {
            from: read.from.clone(),
            columns: read.columns.to_vec(),
            key: read.key.to_vec(),
            filter: read.filter.to_vec(),
            after: read.after.cloned(),
            up_to: read.up_to.cloned(),
            rows: read.rows,
            bytes: read.bytes,
            zone: read.zone.clone(),
        }
    }
}

/// The text of a page's statement, for tests that look at its plan.
#[cfg(test)]
pub(super) fn statement(link: &Link, request: &Request) -> Result<String> {
    Plan::new(link, request).map(|plan| plan.sql)
}

impl Link {
    pub(super) fn read(&self, request: &Request) -> Result<Page> {
        let plan = Plan::new(self, request)?;
        let mut statement = self.connection.prepare(&plan.sql)?;
        for (at, parameter) in plan.parameters.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, parameter)?;
        }
        let limit = plan.parameters.len() + 1;
        // One row more tells whether another page follows.
        let fetch = match request.rows {
            Some(rows) if !request.key.is_empty() => Fetch::Limited(rows.saturating_add(1)),
            _ => Fetch::All,
        };
        statement.raw_bind_parameter(limit, fetch.limit())?;
        if let Some(page) = Pager::new(request, &plan.key).fill(statement.raw_query(), plan.past, fetch)? {
            return Ok(page);
        }
        // More rows share the last key than the page holds: they all come at once.
        statement.raw_bind_parameter(limit, Fetch::All.limit())?;
        let page = Pager::new(request, &plan.key).fill(statement.raw_query(), plan.past, Fetch::All)?;
        Ok(page.expect("without a limit the rows come to their end"))
    }
}

/// Most columns of a result.
pub(super) const COLUMNS_MAX: usize = 2000;

/// The statement of a page.
struct Plan {
    sql: String,
    parameters: Vec<Stored<'static>>,
    key: Vec<KeyColumn>,
    /// Place of the column that tells that a row lies beyond `up_to`.
    past: Option<usize>,
}

impl Plan {
    fn new(link: &Link, request: &Request) -> Result<Self> {
        let shape = match &request.from {
            Relation::Table(table) => Some(link.shape(table)?),
            Relation::Query(_) => None,
        };
        let shape = shape.as_deref();
        let columns = request
            .columns
            .iter()
            .map(|read| key::expression(shape, &read.column))
            .collect::<Result<Vec<Slot>>>()?;
        let key = request.key.iter().map(|at| {
            let read = &request.columns[*at];
            KeyColumn::new(link, shape, &read.column, &read.wanted)
        });
        let mut plan =
            Self { sql: String::new(), parameters: Vec::new(), key: key.collect::<Result<_>>()?, past: None };
        let mut conditions = plan.conditions(link, request, shape)?;
        conditions.extend(request.after.as_ref().map(|after| plan.after(after)));
        let columns = plan.with_end(columns, request, shape, &mut conditions);
        plan.sql = plan.statement(&request.from, shape, &columns, &conditions)?;
        Ok(plan)
    }

    fn statement(
        &self,
        from: &Relation,
        shape: Option<&Shape>,
        columns: &[Slot],
        conditions: &[Slot],
    ) -> Result<String> {
        let relation = match (from, shape) {
            (Relation::Table(_), Some(shape)) => QUOTING.name(&shape.name)?,
            (Relation::Table(table), None) => QUOTING.table(table)?,
            (Relation::Query(query), _) => {
                slot(include_str!("sql/subselect.sql"), &[("query", Slot::query(query))])
            }
        };
        let filter =
            if conditions.is_empty() { Slot::fixed("true") } else { Slot::balanced(conditions, " and ") };
        // Without a key no order is asked for: even `order by null` would sort the whole table.
        let order = match self.key.is_empty() {
            true => Slot::fixed(""),
            false => slot(include_str!("sql/order.sql"), &[("terms", Slot::join(self.terms(), ", "))]),
        };
        let slots = [
            ("columns", Slot::join(columns.iter().cloned(), ", ")),
            ("relation", relation),
            ("filter", filter),
            ("order", order),
            ("limit", key::parameter(self.parameters.len() + 1)),
        ];
        Ok(render(include_str!("sql/read.sql"), &slots))
    }

    fn terms(&self) -> Vec<Slot> {
        self.key.iter().map(KeyColumn::term).collect()
    }

    fn bind(&mut self, value: Stored<'static>) -> usize {
        self.parameters.push(value);
        self.parameters.len()
    }

    /// Numbers of the parameters of a whole key.
    fn bind_key(&mut self, key: &Key) -> Vec<usize> {
        let stored: Vec<_> =
            key.0.iter().zip(&self.key).map(|(value, column)| encode::key_parameter(value, column)).collect();
        stored.into_iter().map(|value| self.bind(value)).collect()
    }

    fn conditions(&mut self, link: &Link, request: &Request, shape: Option<&Shape>) -> Result<Vec<Slot>> {
        request.filter.iter().map(|condition| self.condition(link, condition, shape)).collect()
    }

    fn condition(&mut self, link: &Link, condition: &Condition, shape: Option<&Shape>) -> Result<Slot> {
        let column = ColumnRef::named(&condition.column);
        let bare = |template| Ok(slot(template, &[("column", key::expression(shape, &column)?)]));
        match condition.comparison {
            Comparison::IsNull => return bare(include_str!("sql/is_null.sql")),
            Comparison::IsNotNull => return bare(include_str!("sql/is_not_null.sql")),
            Comparison::AnyOf if condition.values.is_empty() => return Ok(Slot::fixed("false")),
            _ => {}
        }
        let declared =
            shape.and_then(|shape| shape.column(&condition.column)).map(|column| &column.data_type);
        let compared = KeyColumn::new(link, shape, &column, &compared_as(condition.value(), declared))?;
        let right: Vec<Slot> = condition
            .values
            .iter()
            .map(|value| {
                let number = self.bind(encode::key_parameter(value, &compared));
                compared.parameter(number)
            })
            .collect();
        let template = match condition.comparison {
            Comparison::AnyOf => include_str!("sql/any_of.sql"),
            _ => include_str!("sql/condition.sql"),
        };
        let slots = [
            ("left", compared.term()),
            ("operator", operator(condition.comparison)),
            ("right", Slot::join(right, ", ")),
        ];
        Ok(slot(template, &slots))
    }

    /// The condition that a row comes after `after`.
    fn after(&mut self, after: &Key) -> Slot {
        let numbers = self.bind_key(after);
        self.behind(after, &numbers)
    }

    fn behind(&self, key: &Key, numbers: &[usize]) -> Slot {
        if key.0.iter().any(Value::is_null) { self.behind_null(key, numbers) } else { self.beyond(numbers) }
    }

    /// `(a, b) > (?, ?)`; with an expression in it, only the first column's own bound lets an index help.
    fn beyond(&self, numbers: &[usize]) -> Slot {
        let right = self.key.iter().zip(numbers).map(|(column, number)| column.parameter(*number));
        let slots = [("left", Slot::join(self.terms(), ", ")), ("right", Slot::join(right, ", "))];
        let beyond = slot(include_str!("sql/beyond.sql"), &slots);
        let plain = self.key.iter().all(|column| column.order() == key::Order::Plain);
        match self.key.first() {
            Some(first) if !plain && self.key.len() > 1 => {
                let bound = [("left", first.term()), ("right", first.parameter(numbers[0]))];
                Slot::join([slot(include_str!("sql/at_least.sql"), &bound), beyond], " and ")
            }
            _ => beyond,
        }
    }

    /// As [`Plan::beyond`], where NULL, the least of all, compares with nothing.
    fn behind_null(&self, after: &Key, numbers: &[usize]) -> Slot {
        let mut rest = Slot::fixed("false");
        for ((column, number), value) in self.key.iter().zip(numbers).zip(&after.0).rev() {
            let template = if value.is_null() {
                include_str!("sql/after_null.sql")
            } else {
                include_str!("sql/after_value.sql")
            };
            rest = slot(
                template,
                &[("term", column.term()), ("value", column.parameter(*number)), ("rest", rest)],
            );
        }
        rest
    }

    /// Adds the end of the stretch: as a condition on the rowid, which is never NULL; else as a column that tells when
    /// to stop, because a row whose key is NULL lies before every end and must still be seen.
    fn with_end(
        &mut self,
        mut columns: Vec<Slot>,
        request: &Request,
        shape: Option<&Shape>,
        conditions: &mut Vec<Slot>,
    ) -> Vec<Slot> {
        let Some(up_to) = &request.up_to else { return columns };
        let numbers = self.bind_key(up_to);
        let is_rowid = |at: &usize| match &request.columns[*at].column {
            ColumnRef::Locator => true,
            ColumnRef::Named(name) => shape.is_some_and(|shape| shape.is_alias(name)),
        };
        if let ([only], [number], [column]) =
            (request.key.as_slice(), numbers.as_slice(), self.key.as_slice())
            && is_rowid(only)
        {
            let slots = [("left", column.term()), ("right", column.parameter(*number))];
            conditions.push(slot(include_str!("sql/at_most.sql"), &slots));
        } else if columns.len() < COLUMNS_MAX {
            self.past = Some(columns.len());
            columns.push(self.behind(up_to, &numbers));
        } else {
            conditions
                .push(slot(include_str!("sql/not_beyond.sql"), &[("beyond", self.behind(up_to, &numbers))]));
        }
        columns
    }
}

/// What both sides of a condition are taken for. Dates and times compare as the texts that they are stored as, which
/// needs no function for each row of a large table.
fn compared_as(value: &Value, declared: Option<&DataType>) -> DataType {
    match (value, declared) {
        (Value::Int(_) | Value::Real(_), Some(DataType::Decimal(limits))) => DataType::Decimal(*limits),
        (Value::Decimal(_), _) => DataType::Decimal(None),
        (Value::Instant(_), _) => DataType::INSTANT,
        (Value::Uuid(_), _) => DataType::Uuid,
        (Value::Text(_), _) => DataType::TEXT,
        _ => DataType::Any,
    }
}

fn operator(comparison: Comparison) -> Slot {
    Slot::fixed(match comparison {
        Comparison::NotEqual => "<>",
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Greater => ">",
        Comparison::AtLeast => ">=",
        Comparison::Equal | Comparison::AnyOf | Comparison::IsNull | Comparison::IsNotNull => "=",
    })
}
