//! Rows that travel to another database and back are what they were.

use std::sync::Arc;

use database::ColumnRead;
use model::{ColumnDef, DataType, Value};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::{
    engine::Engine,
    lab::{Lab, Made, Part},
    rows::{Row, row},
    types::{self, Kind},
};

const ROWS: i32 = 40;

/// Every other engine that this build and this machine have.
async fn others(lab: &Lab) -> Vec<Arc<dyn Engine>> {
    let mut all: Vec<Option<Arc<dyn Engine>>> = Vec::new();
    #[cfg(feature = "sqlite")]
    all.push(crate::engine::sqlite::Sqlite::start().await);
    #[cfg(feature = "postgres")]
    all.push(crate::engine::postgres::Postgres::start().await);
    #[cfg(feature = "mssql")]
    all.push(crate::engine::mssql::Mssql::start().await);
    let here = lab.engine.address().engine();
    all.into_iter().flatten().filter(|engine| engine.address().engine() != here).collect()
}

pub async fn rows_survive_a_journey_through_the_others(lab: &mut Lab) {
    for engine in others(lab).await {
        let mut there = Lab::open(engine).await;
        for kind in types::numbers().into_iter().chain(types::texts()).chain(types::times()) {
            travel(lab, &mut there, &kind).await;
        }
    }
}

/// There and back: as a copy does it, types chosen by the target, rows coerced by the reader.
async fn travel(here: &mut Lab, there: &mut Lab, kind: &Kind) {
    let asked = ColumnDef::new("v", kind.data_type.clone());
    let Ok(first) = here.session.faithful(&asked) else { return };
    let (Ok(second), Ok(_)) = (there.session.faithful(&first), here.session.faithful(&asked)) else {
        return;
    };
    let source =
        here.make("source", &[("id", DataType::INT32), ("v", kind.data_type.clone())], &["id"]).await;
    let rows = some_rows(here, there, kind, &second);
    here.insert(&source, &rows).await.unwrap();

    let target = make_as(there, "target", &source, &[first]).await;
    copy(here, &source, there, &target).await;
    let back = make_as(here, "back", &source, &source.table.columns[1..]).await;
    copy(there, &target, here, &back).await;

    let mut returned = back.clone();
    returned.types = source.types.clone();
    assert_eq!(here.rows(&returned).await, rows, "{:?} by {second:?}", kind.data_type);
    for table in ["source", "back"] {
        here.execute(&format!("drop table {table}")).await;
    }
    there.execute("drop table target").await;
}

/// Values that neither side may refuse.
fn some_rows(here: &Lab, there: &Lab, kind: &Kind, held_there: &ColumnDef) -> Vec<Row> {
    let mut runner = TestRunner::deterministic();
    let mut value = |id: i32| -> Value {
        loop {
            let value = kind.values.new_tree(&mut runner).unwrap().current();
            let refusable = [here, there].iter().any(|lab| lab.engine.may_refuse(&kind.data_type, &value));
            if !refusable && (id % 10 != 0) {
                let fits = crate::rows::held(value.clone(), &held_there.data_type);
                assert!(fits.is_ok(), "{value:?} does not fit {held_there:?}");
                return value;
            } else if id % 10 == 0 {
                return Value::Null;
            }
        }
    };
    (0..ROWS).map(|id| row![id, value(id)]).collect()
}

/// A table for the columns of `source`, as this database would hold them.
async fn make_as(lab: &mut Lab, name: &str, source: &Made, columns: &[ColumnDef]) -> Made {
    let mut defined = vec![lab.session.faithful(&ColumnDef::new("id", DataType::INT32).not_null()).unwrap()];
    defined.extend(columns.iter().map(|column| lab.session.faithful(column).unwrap()));
    lab.create(name, defined, &["id"]).await;
    lab.made(name, source.types.clone(), &["id"]).await
}

async fn copy(from: &mut Lab, source: &Made, to: &mut Lab, target: &Made) {
    let wanted: Vec<ColumnRead> = source.columns(&target.native_types());
    let page = from.read(&source.relation, &wanted, &source.key, &Part::default()).await.unwrap();
    assert_eq!(page.rejected, [], "{:?}", target.table.columns);
    let applied = to.session.upsert(&target.write(), &page.batch).await.unwrap();
    assert_eq!(applied.inserted, u64::try_from(ROWS).unwrap());
    // What arrived is, to the target, what is there already.
    let applied = to.session.upsert(&target.write(), &page.batch).await.unwrap();
    assert_eq!(applied.unchanged, u64::try_from(ROWS).unwrap());
}
