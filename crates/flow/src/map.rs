//! From source columns to target columns. Pure.

use std::collections::HashMap;

use model::{Batch, Coercion, Column, DataType, Key, Misfit, Rejected, Value, Zone};

use crate::{
    bind::{Bound, value_of},
    definition::Lookup,
    error::{Error, Result},
};

/// How one target column is filled.
#[derive(Clone, Debug)]
pub enum Fill {
    /// Read in the target's type already: the column moves as it is.
    Read(usize),
    Made(Box<Made>),
}

/// A column that is worked out row by row.
#[derive(Clone, Debug)]
pub struct Made {
    pub name: String,
    pub to: DataType,
    pub required: bool,
    pub from: Option<usize>,
    pub value: Value,
    pub default: Value,
    pub trim: bool,
    /// The table to look in, and the read that holds what to look for.
    pub lookup: Option<(Lookup, usize)>,
    pub null_texts: Vec<String>,
}

/// What each lookup found: by the name of the made column. `None` where rows of the target answer differently.
pub type Found = HashMap<String, HashMap<Value, Option<Value>>>;

/// Turns source rows into target rows; rows that do not fit join `rejected`.
pub fn map(bound: &Bound, source: Batch, rejected: &mut Vec<Rejected>, found: &Found, zone: &Zone) -> Batch {
    let mut bad = vec![false; source.rows()];
    let mut made: Vec<Option<Column>> = Vec::with_capacity(bound.fills.len());
    for fill in &bound.fills {
        let Fill::Made(rule) = fill else {
            made.push(None);
            continue;
        };
        let mut column = Column::new(&rule.to);
        for (at, bad) in bad.iter_mut().enumerate() {
            match rule.cell(&source, at, found, zone) {
                Ok(value) => column.push_value(&value),
                Err(reason) => {
                    column.push_null();
                    if !std::mem::replace(bad, true) {
                        rejected.push(Rejected {
                            key: source.key(&bound.source_key, at),
                            column: rule.name.clone(),
                            reason,
                        });
                    }
                }
            }
        }
        made.push(Some(column));
    }
    let batch = assemble(bound, source, made);
    if bad.contains(&true) { without(&batch, &bad, bound) } else { batch }
}

fn assemble(bound: &Bound, source: Batch, made: Vec<Option<Column>>) -> Batch {
    let rows = source.rows();
    let mut read: Vec<Option<Column>> = source.columns.into_iter().map(Some).collect();
    let columns = bound.fills.iter().zip(made).map(|(fill, column)| match (fill, column) {
        (Fill::Read(at), _) => read[*at].take().expect("each target column has a read of its own"),
        (Fill::Made(_), column) => column.expect("every made column was made"),
    });
    Batch::from_columns(columns.collect(), rows)
}

fn without(batch: &Batch, bad: &[bool], bound: &Bound) -> Batch {
    let mut good = Batch::new(bound.types());
    (0..batch.rows()).filter(|at| !bad[*at]).for_each(|at| good.push_from(batch, at));
    good
}

impl Made {
    fn cell(
        &self,
        source: &Batch,
        at: usize,
        found: &Found,
        zone: &Zone,
    ) -> std::result::Result<Value, Misfit> {
        let read = |column: usize| source.columns[column].value(at);
        self.work(self.from.map(read), self.lookup.as_ref().map(|(_, by)| read(*by)).as_ref(), found, zone)
    }

    fn work(
        &self,
        from: Option<Value>,
        by: Option<&Value>,
        found: &Found,
        zone: &Zone,
    ) -> std::result::Result<Value, Misfit> {
        let mut raw = from.unwrap_or_else(|| self.value.clone());
        if let (true, Value::Text(text)) = (self.trim, &raw) {
            raw = Value::Text(text.trim_matches(' ').to_owned());
        }
        let mut value = model::coerce(raw, &self.to, Coercion { zone, null_texts: &self.null_texts })?;
        if let (Value::Null, Some(by)) = (&value, by) {
            let answer = match found.get(&self.name).and_then(|table| table.get(by)) {
                Some(None) => return Err(Misfit::SeveralAnswers { value: by.to_string() }),
                Some(Some(answer)) => answer.clone(),
                None => Value::Null,
            };
            value = model::coerce(answer, &self.to, Coercion { zone, null_texts: &[] })?;
        }
        if value.is_null() {
            value = self.default.clone();
        }
        if value.is_null() && self.required { Err(Misfit::Null) } else { Ok(value) }
    }
}

/// Runs the test cases of the flow file on the bound flow, without a database.
///
/// # Errors
/// [`Error::CaseFailed`] for the first column that differs.
pub fn run_cases(bound: &Bound, zone: &Zone) -> Result<()> {
    for case in &bound.flow.test {
        let row = case_row(bound, case, zone);
        let failed = |column: &str, wanted: String, got: String| {
            Err(Error::CaseFailed { test: case.name.clone(), column: column.to_owned(), wanted, got })
        };
        match (&row, &case.parked) {
            (Err(rejected), Some(column)) if &rejected.column == column => continue,
            (Err(rejected), _) => {
                return failed(&rejected.column, "a value".to_owned(), rejected.reason.to_string());
            }
            (Ok(_), Some(column)) => return failed(column, "parked".to_owned(), "a row".to_owned()),
            (Ok(_), None) => {}
        }
        let row = row.unwrap_or_default();
        for (name, wanted) in &case.expect {
            let Some(at) = bound.columns.iter().position(|column| column.name() == name) else {
                return failed(name, "a column".to_owned(), "none".to_owned());
            };
            let to = &bound.target_column(&bound.columns[at]).data_type;
            let wanted = model::coerce(value_of(wanted), to, Coercion { zone, null_texts: &[] });
            if wanted.as_ref().ok() != Some(&row[at]) {
                let wanted = wanted.map_or_else(|misfit| misfit.to_string(), |value| value.to_string());
                return failed(name, wanted, row[at].to_string());
            }
        }
    }
    Ok(())
}

fn case_row(
    bound: &Bound,
    case: &crate::definition::Case,
    zone: &Zone,
) -> std::result::Result<Vec<Value>, Rejected> {
    let given = |at: usize| case.given.get(bound.reads[at].column.name()).map_or(Value::Null, value_of);
    let fail = |column: &str, reason| Rejected { key: Key(Vec::new()), column: column.to_owned(), reason };
    bound
        .fills
        .iter()
        .zip(&bound.columns)
        .map(|(fill, column)| match fill {
            Fill::Read(at) => {
                let read = &bound.reads[*at];
                let rules = Coercion { zone, null_texts: &read.null_texts };
                let value = model::coerce(given(*at), &read.wanted, rules)
                    .map_err(|misfit| fail(column.name(), misfit))?;
                if value.is_null() && read.required {
                    Err(fail(column.name(), Misfit::Null))
                } else {
                    Ok(value)
                }
            }
            Fill::Made(made) => {
                let by = made.lookup.as_ref().map(|(_, by)| given(*by));
                made.work(made.from.map(given), by.as_ref(), &Found::new(), zone)
                    .map_err(|misfit| fail(&made.name, misfit))
            }
        })
        .collect()
}
