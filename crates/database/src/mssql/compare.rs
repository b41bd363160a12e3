//! How denk's order and equality of values are said in T-SQL.
//!
//! SQL Server compares texts by collation and without trailing blanks, byte strings without trailing zeros, points in
//! time without their offset. Each comparison here adds what makes it exact, and keeps the bare column in front of it
//! where that lets an index be used.

use model::{DataType, Fraction, Timestamp, Value};
use tiberius::{ColumnData, time};

use super::{
    connect::place,
    decode::YEAR_1,
    types::{Family, Length, NativeType},
};
use crate::{
    Comparison,
    sql::{Slot, slot},
};

/// All of a text, told apart by code units. The mark at its end makes trailing blanks count.
const EXACT_TEXT: &str = "(cast({x} as nvarchar(max)) + nchar(1)) collate Latin1_General_BIN2";
/// The same for keys, which are never that long.
const KEY_TEXT: &str = "(cast({x} as nvarchar(4000)) + nchar(1)) collate Latin1_General_BIN2";
const UUID_TEXT: &str = "convert(nchar(36), {x}) collate Latin1_General_BIN2";
const LENGTH: &str = "datalength({x})";
const OFFSET: &str = "datepart(tz, {x})";
const FLOAT_BITS: &str = "cast({x} as binary(8))";
const AS_WHOLE_NUMBER: &str = "try_cast({x} as bigint)";
const AS_MILLISECONDS: &str = "cast({x} as datetime2(3))";

/// A column in an expression, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub sql: Slot,
    pub native: NativeType,
    /// Its collation is one of those that compare code units, so a bare comparison (and an index) is nearly exact.
    pub binary: bool,
}

/// Parameters of a statement in the making.
#[derive(Default)]
pub(super) struct Parameters(pub Vec<ColumnData<'static>>);

fn with(template: &str, x: &Slot) -> Slot {
    slot(template, &[("x", x.clone())])
}

/// Expressions that, one after the other, order rows as [`Value`] orders this column's values.
///
/// A text column that is read as numbers is ordered by them (what is no number counts as NULL), and the other way round.
pub(super) fn order(operand: &Operand, wanted: &DataType) -> Vec<Slot> {
    let x = &operand.sql;
    let family = operand.native.family;
    match family {
        _ if family.is_text() && matches!(wanted, DataType::Int { .. }) => vec![with(AS_WHOLE_NUMBER, x)],
        _ if family.is_integer() && matches!(wanted, DataType::Text { .. }) => vec![with(KEY_TEXT, x)],
        _ if family.is_text() && operand.binary => vec![x.clone()],
        _ if family.is_text() && operand.native.length == Length::Max => vec![with(EXACT_TEXT, x)],
        _ if family.is_text() => vec![with(KEY_TEXT, x)],
        _ if family.is_bytes() => vec![x.clone(), with(LENGTH, x)],
        Family::Uuid => vec![with(UUID_TEXT, x)],
        Family::DateTimeOffset => vec![x.clone(), with(OFFSET, x)],
        _ => vec![x.clone()],
    }
}

/// Expressions of the column and of `value`, to be compared one with the other in the order of [`order`].
pub(super) fn bounds(
    operand: &Operand,
    wanted: &DataType,
    value: &Value,
    parameters: &mut Parameters,
) -> (Vec<Slot>, Vec<Slot>) {
    let (column, native) = operands(operand, value);
    let at = parameters.add(value, native);
    let number = matches!(value, Value::Int(_)) && native.family.is_text();
    let right = if number { vec![at] } else { order(&Operand { sql: at, ..column.clone() }, wanted) };
    (order(&column, wanted), right)
}

/// `column comparison value`, exact.
pub(super) fn condition(
    operand: &Operand,
    comparison: Comparison,
    value: &Value,
    parameters: &mut Parameters,
) -> Slot {
    let x = &operand.sql;
    match comparison {
        Comparison::IsNull => return with("{x} is null", x),
        Comparison::IsNotNull => return with("{x} is not null", x),
        _ => {}
    }
    let (column, native) = operands(operand, value);
    let at = parameters.add(value, native);
    // Even a collation that compares code units ignores trailing blanks.
    let exact = Operand { binary: false, ..column };
    let right = order(&Operand { sql: at.clone(), ..exact.clone() }, &DataType::Any);
    let left = order(&exact, &DataType::Any);
    compared(&left, &right, comparison, seekable(native.family).then(|| (x.clone(), at)))
}

/// That the column equals one of `values`.
pub(super) fn any_of(operand: &Operand, values: &[Value], parameters: &mut Parameters) -> Slot {
    let equal: Vec<Slot> =
        values.iter().map(|value| condition(operand, Comparison::Equal, value, parameters)).collect();
    match equal.is_empty() {
        true => Slot::fixed("1 = 0"),
        false => with("({x})", &Slot::balanced(&equal, " or ")),
    }
}

/// Texts that the server can look up by its own equality, which is wider than ours.
fn seekable(family: Family) -> bool {
    family.is_text() && !matches!(family, Family::Text | Family::NText)
}

/// The column as it can be compared with `value`: a `datetime` keeps its index where the value is one of its ticks.
fn operands(operand: &Operand, value: &Value) -> (Operand, NativeType) {
    let at = match value {
        Value::Timestamp(at) => *at,
        Value::Date(date) => Timestamp::new(*date, model::Time(0)),
        _ => return (operand.clone(), operand.native),
    };
    let coarse = matches!(operand.native.family, Family::DateTime | Family::SmallDateTime);
    if !coarse || held(operand.native.family, at) {
        return (operand.clone(), operand.native);
    }
    let finer = NativeType { family: Family::DateTime2, scale: 7, ..operand.native };
    (Operand { sql: with(AS_MILLISECONDS, &operand.sql), native: finer, binary: false }, finer)
}

/// Whether a `datetime` or `smalldatetime` can be exactly `at`.
fn held(family: Family, at: Timestamp) -> bool {
    let year = at.split().0.civil().0;
    match family {
        Family::DateTime => (1753..=9999).contains(&year) && Fraction::Tick300.holds(at),
        Family::SmallDateTime => (1900..=2078).contains(&year) && Fraction::Minute.holds(at),
        _ => false,
    }
}

fn compared(left: &[Slot], right: &[Slot], comparison: Comparison, seek: Option<(Slot, Slot)>) -> Slot {
    match comparison {
        Comparison::Less => ordered(left, right, "<", "<"),
        Comparison::AtMost => ordered(left, right, "<", "<="),
        Comparison::Greater => ordered(left, right, ">", ">"),
        Comparison::AtLeast => ordered(left, right, ">", ">="),
        Comparison::NotEqual => with("(not {x})", &equal(left, right, None)),
        _ => equal(left, right, seek),
    }
}

fn equal(left: &[Slot], right: &[Slot], seek: Option<(Slot, Slot)>) -> Slot {
    let pairs = seek.into_iter().chain(left.iter().cloned().zip(right.iter().cloned()));
    let terms = pairs.map(|(l, r)| Slot::join([l, r], " = "));
    with("({x})", &Slot::join(terms, " and "))
}

/// Lexicographic comparison of two lists; `last` is the operator between the last ones, `before` between the others.
pub(super) fn ordered(left: &[Slot], right: &[Slot], before: &'static str, last: &'static str) -> Slot {
    let ([l, lefts @ ..], [r, rights @ ..]) = (left, right) else { return Slot::fixed("1 = 1") };
    let term = |operator| Slot::join([l.clone(), Slot::fixed(operator), r.clone()], " ");
    if lefts.is_empty() {
        return term(last);
    }
    // The first part, which is implied, lets an index find the stretch.
    let wide = if before == "<" { "<=" } else { ">=" };
    let slots =
        [("wide", term(wide)), ("strict", term(before)), ("rest", ordered(lefts, rights, before, last))];
    slot("({wide} and ({strict} or {rest}))", &slots)
}

/// Whether two columns of the same type hold the same value; NULLs are not the same.
pub(super) fn same(left: &Slot, right: &Slot, native: NativeType) -> Slot {
    equal(&exact(left, native), &exact(right, native), Some((left.clone(), right.clone())))
}

/// Expressions whose equality, NULLs included, is that of the column's values.
pub(super) fn exact(x: &Slot, native: NativeType) -> Vec<Slot> {
    let family = native.family;
    match family {
        _ if family.is_padded() => vec![with(EXACT_TEXT, &with("rtrim({x})", x))],
        _ if family.is_text() || family.is_other() => vec![with(EXACT_TEXT, x)],
        Family::Image => {
            let bytes = with("cast({x} as varbinary(max))", x);
            vec![with(LENGTH, &bytes), bytes]
        }
        _ if family.is_bytes() => vec![x.clone(), with(LENGTH, x)],
        Family::Float => vec![with(FLOAT_BITS, x)],
        Family::Real => vec![with("cast({x} as binary(4))", x)],
        // The time on its wall and the offset: Babelfish takes equal instants of this type for different ones here.
        Family::DateTimeOffset => vec![with("cast({x} as datetime2(7))", x), with(OFFSET, x)],
        _ => vec![x.clone()],
    }
}

impl Parameters {
    /// Adds `value`; the answer is its place, converted to the column's type where that loses nothing.
    pub(super) fn add(&mut self, value: &Value, native: NativeType) -> Slot {
        let (data, cast) = parameter(value, native);
        self.0.push(data);
        slot("cast({place} as {type})", &[("place", place(self.0.len())), ("type", cast)])
    }
}

/// The value as the driver sends it, and the type that the server is to see.
fn parameter(value: &Value, native: NativeType) -> (ColumnData<'static>, Slot) {
    let own = || Slot::native_type(&native.to_string());
    match value {
        Value::Null => (ColumnData::String(None), Slot::fixed("nvarchar(1)")),
        Value::Bool(b) => (ColumnData::Bit(Some(*b)), Slot::fixed("bit")),
        Value::Int(n) => {
            let fits = match native.data_type(0) {
                DataType::Int { min, max } => (min..=max).contains(n),
                _ => false,
            };
            (ColumnData::I64(Some(*n)), if fits { own() } else { Slot::fixed("bigint") })
        }
        Value::Real(r) => (ColumnData::F64(Some(*r)), Slot::fixed("float")),
        // As text: the driver would announce decimal(39,38) for numbers near that many digits.
        Value::Decimal(d) => {
            let scale =
                NativeType { family: Family::Decimal, length: Length::None, precision: 38, scale: d.scale() };
            (ColumnData::String(Some(d.to_string().into())), Slot::native_type(&scale.to_string()))
        }
        Value::Text(text) | Value::Json(text) => text_parameter(text, native),
        Value::Bytes(bytes) => {
            (ColumnData::Binary(Some(bytes.clone().into())), Slot::fixed("varbinary(max)"))
        }
        Value::Uuid(uuid) => {
            (ColumnData::String(Some(uuid.to_string().into())), Slot::fixed("uniqueidentifier"))
        }
        Value::Date(date) => {
            (ColumnData::DateTime2(Some(datetime2(Timestamp::new(*date, model::Time(0))))), moment(native))
        }
        Value::Time(at) => (ColumnData::String(Some(at.to_string().into())), Slot::fixed("time(7)")),
        Value::Timestamp(at) => {
            let cast = if held(native.family, *at) { own() } else { Slot::fixed("datetime2(7)") };
            (ColumnData::DateTime2(Some(datetime2(*at))), cast)
        }
        Value::Instant(at) => {
            let data = time::DateTimeOffset::new(datetime2(at.utc), at.offset_minutes);
            (ColumnData::DateTimeOffset(Some(data)), Slot::fixed("datetimeoffset(7)"))
        }
    }
}

fn moment(native: NativeType) -> Slot {
    match native.family {
        Family::DateTime | Family::SmallDateTime | Family::DateTime2 => {
            Slot::native_type(&native.to_string())
        }
        _ => Slot::fixed("date"),
    }
}

/// Plain letters are compared in the column's own code page, whose index would be lost by an nvarchar.
fn text_parameter(text: &str, native: NativeType) -> (ColumnData<'static>, Slot) {
    let data = ColumnData::String(Some(text.to_owned().into()));
    let cast = match (native.family, text.len()) {
        (Family::Uuid, 36) => "uniqueidentifier",
        (family, 0..=4000) if family.in_code_page() && text.is_ascii() => "varchar(8000)",
        (_, 0..=4000) => "nvarchar(4000)",
        _ => "nvarchar(max)",
    };
    (data, Slot::fixed(cast))
}

/// `at` on the server's scale of 100 ns; what is finer was refused before.
fn datetime2(at: Timestamp) -> time::DateTime2 {
    let (date, of_day) = at.split();
    let days = u32::try_from(i64::from(date.0) - i64::from(YEAR_1)).unwrap_or(0).min(0x00ff_ffff);
    time::DateTime2::new(time::Date::new(days), ticks(of_day))
}

fn ticks(at: model::Time) -> time::Time {
    time::Time::new(u64::try_from(at.0 / 100).unwrap_or(0), 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operand(native: &str, binary: bool) -> Operand {
        Operand { sql: Slot::fixed("r.k"), native: NativeType::parse(native).unwrap(), binary }
    }

    fn told(native: &str, comparison: Comparison, value: &Value) -> String {
        condition(&operand(native, false), comparison, value, &mut Parameters::default()).as_str().to_owned()
    }

    #[test]
    fn a_text_is_equal_only_to_itself_and_an_index_helps() {
        assert_eq!(
            told("varchar(10)", Comparison::Equal, &Value::Text("web".into())),
            "(r.k = cast(@P1 as varchar(8000)) and (cast(r.k as nvarchar(4000)) + nchar(1)) collate Latin1_General_BIN2 = \
             (cast(cast(@P1 as varchar(8000)) as nvarchar(4000)) + nchar(1)) collate Latin1_General_BIN2)"
        );
        assert!(
            told("varchar(10)", Comparison::Equal, &Value::Text("ış".into()))
                .contains("@P1 as nvarchar(4000)")
        );
    }

    #[test]
    fn a_moment_between_two_ticks_is_not_rounded() {
        let at = |text| Value::Timestamp(Timestamp::parse(text).unwrap());
        assert_eq!(
            told("datetime", Comparison::Greater, &at("2026-01-31 09:05:07.003")),
            "r.k > cast(@P1 as datetime)"
        );
        assert_eq!(
            told("datetime", Comparison::Greater, &at("2026-01-31 09:05:07.002")),
            "cast(r.k as datetime2(3)) > cast(@P1 as datetime2(7))"
        );
        assert_eq!(
            told("datetime", Comparison::AtLeast, &at("0001-01-01 00:00:00")),
            "cast(r.k as datetime2(3)) >= cast(@P1 as datetime2(7))"
        );
    }

    #[test]
    fn lists_compare_from_the_left() {
        let slots = |names: &[&'static str]| names.iter().map(|name| Slot::fixed(name)).collect::<Vec<_>>();
        let sql = ordered(&slots(&["a", "b"]), &slots(&["1", "2"]), ">", ">=");
        assert_eq!(sql.as_str(), "(a >= 1 and (a > 1 or b >= 2))");
    }

    #[test]
    fn a_number_out_of_the_columns_range_is_compared_all_the_same() {
        assert_eq!(told("tinyint", Comparison::Less, &Value::Int(300)), "r.k < cast(@P1 as bigint)");
        assert_eq!(told("int", Comparison::Less, &Value::Int(300)), "r.k < cast(@P1 as int)");
    }
}
