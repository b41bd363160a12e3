//! Rows as cases write them down.

use model::{
    Batch, Cell, Coercion, DataType, Date, Decimal, Instant, Misfit, Timestamp, Uuid, Value, Zone, coerce,
};

pub type Row = Vec<Value>;

pub const NULL: Value = Value::Null;

/// What may stand in [`row!`].
pub trait IntoValue {
    fn into_value(self) -> Value;
}

/// One row: `row![1, "a", NULL]`.
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($crate::rows::IntoValue::into_value($cell)),*] };
}
pub(crate) use row;

macro_rules! into_value {
    ($($from:ty, $value:ident => $made:expr;)*) => {
        $(impl IntoValue for $from {
            fn into_value(self) -> Value {
                let $value = self;
                $made
            }
        })*
    };
}

into_value! {
    Value, value => value;
    i32, n => Value::Int(n.into());
    i64, n => Value::Int(n);
    f64, r => Value::Real(r);
    bool, b => Value::Bool(b);
    &str, t => Value::Text(t.to_owned());
    String, t => Value::Text(t);
    &[u8], b => Value::Bytes(b.to_owned());
    Decimal, d => Value::Decimal(d);
    Date, d => Value::Date(d);
    Timestamp, t => Value::Timestamp(t);
    Instant, t => Value::Instant(t);
    Uuid, u => Value::Uuid(u);
}

pub fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

pub fn date(text: &str) -> Value {
    Value::Date(Date::parse(text).unwrap())
}

pub fn time(text: &str) -> Value {
    Value::Time(model::Time::parse(text).unwrap())
}

pub fn timestamp(text: &str) -> Value {
    Value::Timestamp(Timestamp::parse(text).unwrap())
}

pub fn instant(text: &str) -> Value {
    Value::Instant(Instant::parse(text).unwrap())
}

pub fn uuid(text: &str) -> Value {
    Value::Uuid(text.parse().unwrap())
}

/// `value` as a column of `data_type` holds it.
pub fn held(value: Value, data_type: &DataType) -> Result<Value, Misfit> {
    coerce(value, data_type, Coercion { zone: &Zone::utc(), null_texts: &[] })
}

/// A batch of `types`, each value brought into its column's type.
pub fn batch(types: &[DataType], rows: &[Row]) -> Batch {
    let mut batch = Batch::new(types);
    for row in rows {
        assert_eq!(row.len(), types.len());
        let row: Row = row.iter().zip(types).map(|(value, t)| fit(value, t)).collect();
        batch.push_row(row.iter().map(Cell::from));
    }
    batch
}

fn fit(value: &Value, data_type: &DataType) -> Value {
    held(value.clone(), data_type).unwrap_or_else(|misfit| panic!("{value:?} in {data_type:?}: {misfit}"))
}

pub fn of(batch: &Batch) -> Vec<Row> {
    (0..batch.rows()).map(|at| batch.row(at)).collect()
}

/// Rows in the order of their key.
pub fn sorted(mut rows: Vec<Row>, key: &[usize]) -> Vec<Row> {
    rows.sort_by_key(|row| key.iter().map(|at| row[*at].clone()).collect::<Row>());
    rows
}

/// The same rows in an order that is neither theirs nor its reverse.
pub fn shuffled<T: Clone>(rows: &[T]) -> Vec<T> {
    let (mut even, odd): (Vec<_>, Vec<_>) = rows.iter().cloned().enumerate().partition(|(at, _)| at % 2 == 0);
    even.reverse();
    even.into_iter().chain(odd).map(|(_, row)| row).collect()
}
