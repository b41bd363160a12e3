//! A file with some of its tables only.

use std::path::Path;

use super::{
    connect::{Absent, Link},
    journal::about,
};
use crate::Result;

/// Takes all tables out of a file that are not kept, and all views, virtual tables and triggers but the journal's; nothing of
/// what they hold, or ever held, is in it any more. The file is the caller's own: nobody else has it open.
pub(super) fn reduce(path: &Path, keep: &dyn Fn(&str) -> bool) -> Result<()> {
    // A virtual table needs its module to be dropped: its line goes, and what it kept in tables is dropped as tables.
    Link::open(path, Absent::Refuse)?.connection.execute_batch(include_str!("sql/drop_programs.sql"))?;
    let link = Link::open(path, Absent::Refuse)?;
    link.connection.execute_batch("pragma foreign_keys = off; begin")?;
    for table in names(&link)?.iter().filter(|table| !keep(table)) {
        link.connection.execute_batch(&about(include_str!("sql/drop_table.sql"), table)?)?;
    }
    Ok(link.connection.execute_batch("commit; vacuum")?)
}

fn names(link: &Link) -> Result<Vec<String>> {
    let mut statement = link.connection.prepare(include_str!("sql/plain_tables.sql"))?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_gone_to_the_last_byte() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.db");
        let program = Link::open(&file, Absent::Create).unwrap();
        let sql = "create table kept (k integer primary key, v); insert into kept values (1, 'stays');
             create table \"a \"\"secret\"\"\" (v); insert into \"a \"\"secret\"\"\" values ('hidden in a table' || hex(zeroblob(9000)));
             create virtual table search using fts5(v); insert into search values ('hiddenintheindex');
             create view seen as select * from \"a \"\"secret\"\"\"; create index of_kept on kept (v);
             insert into \"a \"\"secret\"\"\" select 'hidden and deleted' || hex(zeroblob(9000)); delete from \"a \"\"secret\"\"\" where rowid = 2;
             create trigger denk_journal_update_kept after update on kept begin select 1; end;
             create trigger noted after insert on kept begin insert into search values (new.v); end;
             create trigger instead instead of insert on seen begin select 1; end";
        program.connection.execute_batch(sql).unwrap();
        drop(program);
        reduce(&file, &|table| table == "kept").unwrap();
        let link = Link::open(&file, Absent::Refuse).unwrap();
        let names = "select group_concat(name, ' ') from (select name from sqlite_schema order by name)";
        let left: String = link.connection.query_row(names, [], |row| row.get(0)).unwrap();
        assert_eq!(left, "denk_journal_update_kept kept of_kept");
        let said: String = link.connection.query_row("select v from kept", [], |row| row.get(0)).unwrap();
        assert_eq!(said, "stays");
        let whole: String =
            link.connection.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.windows(6).all(|part| part != b"hidden"));
    }
}
