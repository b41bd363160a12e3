//! A SQLite table of goods, as large as wanted: ids, texts, amounts, numbers, a time and a text that is mostly missing.

use std::path::Path;

use anyhow::Context as _;

const SCHEMA: &str = "create table goods (
    id         integer primary key not null,
    code       text not null,
    name       text not null,
    brand      text not null,
    price      numeric(18,4) not null,
    weight     real not null,
    stock      integer not null,
    changed_at timestamp not null,
    note       text
)";

const FILL: &str = "with recursive n(n) as (select 1 union all select n + 1 from n where n < ?1)
insert into goods
select n,
       printf('KOD-%08d', n),
       'Ürün ' || n || ' çok iyi, ığüşöçİ',
       'Marka ' || n % 100,
       (n % 100000) * 12345 / 10000.0,
       n / 7.0,
       n % 1000,
       datetime('2020-01-01 00:00:00', n || ' minutes'),
       case when n % 4 = 0 then 'not ' || n end
from n";

/// Makes `file` with `rows` rows.
///
/// # Errors
/// When the file cannot be written.
pub fn generate(file: &Path, rows: u64) -> anyhow::Result<()> {
    let connection =
        rusqlite::Connection::open(file).with_context(|| format!("cannot make {}", file.display()))?;
    connection.execute_batch(SCHEMA)?;
    connection.execute(FILL, [i64::try_from(rows)?])?;
    Ok(())
}
