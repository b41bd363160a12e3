//! A PC that had an agent, and sends its file the old way again.

use database::Address;
use merge::{Cells, Kept, LocalId};
use model::{Gid, TableRef, Value};
use replica::{
    codec::Stored as _,
    naming::{Naming, Nonce},
    outbox::Told,
    wire::{self, Met},
};
use rusqlite::{Connection, params};
use testkit::office::{Employee, Record, Timesheet};

use crate::{
    agents::{batch, delete, employee, push, text, update},
    lab::{Book, Lab, PRESET, Pc, on_both, value},
    mirror::fetched,
};

/// Writes into the file what an agent keeps there: the rows that the hub met, as they are in the file now.
pub fn keep(pc: &Pc, met: &Met, cursor: i64) {
    let file = Connection::open(pc.desktop.path()).unwrap();
    file.execute_batch(
        "drop table if exists denk_state; drop table if exists denk_shadow;
         create table denk_state (name text primary key, value text);
         create table denk_shadow (table_name text, id text, gid text, rev integer, cells blob, primary key (table_name, id));",
    )
    .unwrap();
    let state =
        [("hub", format!("\"{}\"", met.hub)), ("site", met.site.to_string()), ("cursor", cursor.to_string())];
    for (name, value) in state {
        file.execute("insert into denk_state values (?, ?)", params![name, value]).unwrap();
    }
    for table in &met.tables {
        for ((id, gid), rev) in table.ids.iter().zip(&table.gids).zip(&table.revs) {
            let cells = cells(&file, met, &table.table, &id.0);
            let row = params![table.table, id.0.to_string(), gid.to_string(), rev, cells];
            file.execute("insert into denk_shadow values (?, ?, ?, ?, ?)", row).unwrap();
        }
    }
}

/// A row of the file with gids instead of ids, as bytes.
fn cells(file: &Connection, met: &Met, table: &str, id: &Value) -> Vec<u8> {
    let rules = merge::read(PRESET.rules).unwrap();
    let rule = &rules[rules.table(table).unwrap()];
    assert_eq!(rule.kept, Kept::Merged);
    let cell = |column: &merge::ColumnRule| -> Option<Value> {
        let sql = format!("select {} from {table} where id = {id}", column.name);
        let value: rusqlite::types::Value = file.query_row(&sql, [], |row| row.get(0)).ok()?;
        Some(match (value, column.reference) {
            (rusqlite::types::Value::Null, _) => Value::Null,
            (rusqlite::types::Value::Integer(target), Some(to)) => {
                let known = met.tables.iter().find(|known| known.table == rules[to.table].name).unwrap();
                let at = known.ids.iter().position(|id| id.0 == Value::Int(target)).unwrap();
                Gid::from_uuid(known.gids[at]).into()
            }
            (rusqlite::types::Value::Integer(number), None) => Value::Int(number),
            (rusqlite::types::Value::Real(number), _) => Value::Real(number),
            (rusqlite::types::Value::Text(text), _) => Value::Text(text),
            (rusqlite::types::Value::Blob(bytes), _) => Value::Bytes(bytes),
        })
    };
    rule.columns.iter().map(cell).collect::<Cells>().encode()
}

/// A PC that was met, and has since got another PC's row, as its agent put it into the file.
async fn with_agent(lab: &Lab) -> Pc {
    let pc = lab.pc("Ankara 1", "Ankara", 1).await;
    let other = lab.site("Ankara 2", "Ankara").await;
    let mut met = lab.store.meet(&pc.device, pc.desktop.path()).await.unwrap();
    let pushed = push(lab, &other, batch(1, 0, vec![employee(1, "Öbür Kişi", "Ankara")])).await;
    let id =
        pc.desktop.save_employee(None, &Employee { full_name: "Öbür Kişi", ..Employee::default() }).unwrap();
    let people = met.tables.iter_mut().find(|table| table.table == "employees").unwrap();
    people.ids.push(wire::Cell(Value::Int(id)));
    people.gids.push(Gid::new(7, 1).uuid());
    people.revs.push(pushed.fates[0].rev);
    keep(&pc, &met, pushed.to.max(pushed.fates[0].rev));
    pc
}

/// The person that the agent knows is corrected beyond recognition, as its journal notes it; that person's id.
async fn renamed(pc: &Pc) -> i64 {
    let id: i64 = value(pc, "select id from employees where full_name = 'Öbür Kişi'");
    watched(pc).await;
    let file = Connection::open(pc.desktop.path()).unwrap();
    file.execute("update employees set full_name = 'Bambaşka Bir Ad' where id = ?", [id]).unwrap();
    id
}

/// From now on what is done to the people is noted, as an agent has it.
async fn watched(pc: &Pc) {
    let mut session = database::open(&Address::sqlite(pc.desktop.path())).await.unwrap();
    session.journal_install(&TableRef::new("employees"), &["id".to_owned()]).await.unwrap();
}

/// The program makes its table of people anew, with them as `chosen` selects them.
fn made_anew(file: &Connection, chosen: &str) {
    let made: String = file
        .query_row("select sql from sqlite_master where type = 'table' and name = 'employees'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let script = format!(
        "pragma foreign_keys = off; create temp table people as {chosen};
         drop table employees; {made}; insert into employees select * from people; drop table people;"
    );
    file.execute_batch(&script).unwrap();
}

/// A hub was restored to what it has now. Before, it had a title of somebody from the file, and the agent has heard since that
/// it lost that, as `state` says, with the row at `rev`; meanwhile the hub went on. That person's identity is the first.
async fn half_told(lab: &Lab, state: &[&str], rev: impl Fn(i64) -> i64) -> Pc {
    let pc = with_agent(lab).await;
    let kept = lab.store.health().await.unwrap().rev;
    let center = lab.site("Merkez", "*").await;
    let since = (81..89).map(|number| employee(number, &format!("Yeni {number}"), "Bursa")).collect();
    push(lab, &center, batch(1, kept, since)).await;
    let file = Connection::open(pc.desktop.path()).unwrap();
    let id: i64 = value(&pc, "select id from employees where full_name = 'Öbür Kişi'");
    file.execute("update employees set title = 'Şef' where id = ?", [id]).unwrap();
    let said = cells(&file, &Met::default(), "employees", &Value::Int(id));
    let shadow = "update denk_shadow set rev = ?, cells = ? where table_name = 'employees' and id = ?";
    file.execute(shadow, params![rev(kept), said, id.to_string()]).unwrap();
    file.execute("update denk_state set value = '0' where name = 'cursor'", []).unwrap();
    for name in state {
        file.execute("insert into denk_state values (?, ?)", params![name, kept.to_string()]).unwrap();
    }
    pc
}

async fn title(lab: &Lab, pc: &Pc) -> wire::Cell {
    fetched(lab, &pc.device, 0).await.row("employees", Gid::new(7, 1).uuid())["title"].clone()
}

async fn comes_back(lab: &Lab, pc: &Pc) {
    lab.send(pc).await.unwrap();
    assert_eq!(title(lab, pc).await, text("Şef"));
    lab.fetch(pc).await;
    assert_eq!(value::<String>(pc, "select title from employees where full_name = 'Öbür Kişi'"), "Şef");
}

on_both! {
    async fn what_an_agent_was_to_tell_a_restored_hub_again_its_file_tells_the_old_way(lab) {
        let pc = half_told(&lab, &["behind"], |_| -1).await;
        comes_back(&lab, &pc).await;
    }

    async fn so_it_does_where_not_everything_is_marked_yet(lab) {
        let pc = half_told(&lab, &["behind", "retelling"], |kept| kept + 2).await;
        comes_back(&lab, &pc).await;
    }

    async fn so_it_does_where_everything_was_pulled_and_nothing_told_yet(lab) {
        let pc = half_told(&lab, &["retelling"], |_| -1).await;
        comes_back(&lab, &pc).await;
    }

    async fn what_others_told_a_restored_hub_since_is_not_set_back_by_a_file_that_had_something_else(lab) {
        let pc = half_told(&lab, &[], |_| -1).await;
        let (other, head) = (lab.site("Ankara 7", "Ankara").await, lab.store.health().await.unwrap().rev);
        push(&lab, &other, batch(1, head, vec![update("employees", (Gid::new(7, 1), head), [("title", text("Müdür"))])])).await;
        let before = std::fs::read(pc.desktop.path()).unwrap();
        for state in ["behind", "retelling", "nothing"] {
            // Each time as it was, and otherwise than before: the same bytes are not looked at again.
            std::fs::write(pc.desktop.path(), &before).unwrap();
            let file = Connection::open(pc.desktop.path()).unwrap();
            file.execute("insert into denk_state values (?, ?)", params![state, (head - 8).to_string()]).unwrap();
            file.close().unwrap();
            lab.send(&pc).await.unwrap();
            assert_eq!(title(&lab, &pc).await, text("Müdür"), "{state}");
        }
    }

    async fn it_goes_on_from_what_its_agent_had(lab) {
        let pc = with_agent(&lab).await;
        assert_eq!(lab.send(&pc).await.unwrap().tables["employees"].inserted, 0, "nothing is new to the hub");
        let people: i64 = value(&pc, "select count(*) from employees");
        pc.desktop.save_employee(None, &Employee { full_name: "Yeni Kişi", ..Employee::default() }).unwrap();
        let id: i64 = value(&pc, "select id from employees where full_name = 'Öbür Kişi'");
        pc.desktop.save_employee(Some(id), &Employee { full_name: "Öbür Kişi", title: "Şef", ..Employee::default() }).unwrap();
        let day: i64 = value(&pc, "select max(id) from timesheets");
        pc.desktop.delete(Record::Timesheet, day).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        let told = receipt.tables["employees"];
        assert_eq!((told.inserted, told.updated, receipt.tables["timesheets"].deleted, receipt.conflicts), (1, 1, 1, 0), "{receipt:?}");
        let told = lab.send(&pc).await.unwrap().tables["employees"];
        assert_eq!((told.inserted, told.updated), (0, 0), "twice is once");
        assert_eq!(lab.all().await.count("employees"), usize::try_from(people + 1).unwrap());
        // From here on as ever.
        lab.fetch(&pc).await;
        assert_eq!(lab.sync(&pc).await.tables["employees"].unchanged, usize::try_from(people + 1).unwrap());
        assert_eq!(Book::of(&pc), lab.all().await);
    }

    async fn a_batch_whose_answer_was_lost_is_not_entered_again(lab) {
        let pc = with_agent(&lab).await;
        let told = |table: &str, id: i64, of: Gid, cells: Option<Cells>| {
            Told::new(table, (&LocalId::Int(id), of), cells.as_ref(), (String::new(), (0, 0)))
        };
        let cells_of = |table: &str, said: &wire::Cells| -> Cells {
            let rules = merge::read(PRESET.rules).unwrap();
            let columns = &rules[rules.table(table).unwrap()].columns;
            columns.iter().map(|column| said.get(&column.name).map(|cell| cell.0.clone())).collect()
        };
        // The agent has sent a person with a day, a new title, and that a day is gone, and did not live to hear the answer.
        let id = pc.desktop.save_employee(None, &Employee { full_name: "Yeni Kişi", ..Employee::default() }).unwrap();
        let other: i64 = value(&pc, "select id from employees where full_name = 'Öbür Kişi'");
        pc.desktop.save_employee(Some(other), &Employee { full_name: "Öbür Kişi", title: "Şef", ..Employee::default() }).unwrap();
        let day: i64 = value(&pc, "select max(id) from timesheets");
        pc.desktop.delete(Record::Timesheet, day).unwrap();
        let file = Connection::open(pc.desktop.path()).unwrap();
        let gone: String = file.query_row("select gid from denk_shadow where table_name = 'timesheets' and id = ?", [day.to_string()], |row| row.get(0)).unwrap();
        let gone = Gid::from_uuid(gone.parse().unwrap());
        let rev = lab.store.health().await.unwrap().rev;
        let changes = vec![
            employee(60, "Yeni Kişi", "Ankara"),
            update("employees", (Gid::new(7, 1), rev), [("title", text("Şef"))]),
            delete("timesheets", (gone, rev)),
        ];
        let other_cells: Vec<u8> = file.query_row("select cells from denk_shadow where table_name = 'employees' and id = ?", [other.to_string()], |row| row.get(0)).unwrap();
        let mut other_cells = Cells::decode(&other_cells).unwrap();
        for (cell, new) in other_cells.iter_mut().zip(cells_of("employees", changes[1].update.as_ref().unwrap())) {
            *cell = new.or(cell.take());
        }
        let rows = [
            told("employees", id, Gid::new(7, 60), Some(cells_of("employees", changes[0].insert.as_ref().unwrap()))),
            told("employees", other, Gid::new(7, 1), Some(other_cells)),
            told("timesheets", day, gone, None),
        ];
        let sent = batch(1, rev, changes);
        file.execute_batch("create table denk_outbox (number integer primary key, push blob, told blob)").unwrap();
        file.execute("insert into denk_outbox values (1, ?, ?)", params![wire::pack(&sent), wire::pack(&rows.to_vec())]).unwrap();
        file.close().unwrap();
        let people = lab.all().await.count("employees");
        push(&lab, &pc.device, sent).await;
        let receipt = lab.send(&pc).await.unwrap();
        let told = receipt.tables["employees"];
        assert_eq!((told.inserted, receipt.tables["timesheets"].deleted, receipt.conflicts), (0, 0, 0), "{receipt:?}");
        assert_eq!(lab.all().await.count("employees"), people + 1);
        // Somebody else's word on it since then stands: the file says nothing new.
        let center = lab.site("Merkez", "*").await;
        let rev = lab.store.health().await.unwrap().rev;
        push(&lab, &center, batch(1, rev, vec![update("employees", (Gid::new(7, 1), rev), [("title", text("Müdür"))])])).await;
        pc.desktop.save_employee(None, &Employee { full_name: "En Yeni Kişi", ..Employee::default() }).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.tables["employees"].inserted, receipt.tables["employees"].updated, receipt.conflicts), (1, 0, 0), "{receipt:?}");
        lab.fetch(&pc).await;
        assert_eq!(Book::of(&pc), lab.all().await);
    }

    async fn what_waits_of_an_agent_waits_no_longer_than_its_file(lab) {
        let pc = with_agent(&lab).await;
        let file = Connection::open(pc.desktop.path()).unwrap();
        let rev = lab.store.health().await.unwrap().rev;
        let mut days = file.prepare("select id, gid from denk_shadow where table_name = 'timesheets'").unwrap();
        let days: Vec<(String, String)> = days.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        let all = days.iter().map(|(_, of)| delete("timesheets", (Gid::from_uuid(of.parse().unwrap()), rev))).collect();
        let gone = |(id, of): &(String, String)| Told::new("timesheets", (&LocalId::Int(id.parse().unwrap()), Gid::from_uuid(of.parse().unwrap())), None, (String::new(), (0, 0)));
        let rows: Vec<Told> = days.iter().map(gone).collect();
        let mut sent = batch(1, rev, all);
        sent.rows.insert("timesheets".into(), 0);
        assert!(push(&lab, &pc.device, sent.clone()).await.held);
        file.execute_batch("create table denk_outbox (number integer primary key, push blob, told blob); delete from timesheets").unwrap();
        file.execute("insert into denk_outbox values (1, ?, ?)", params![wire::pack(&sent), wire::pack(&rows)]).unwrap();
        assert_eq!(lab.store.held().await.unwrap().len(), 1);
        assert!(lab.send(&pc).await.unwrap().held > 0);
        let waiting = lab.store.held().await.unwrap();
        assert_eq!((waiting.len(), waiting[0].tables[0].deletes), (1, days.len() as u64), "once: {waiting:?}");
        lab.store.decide(waiting[0].id, store::Decision::LetThrough, "admin").await.unwrap();
        assert_eq!(lab.all().await.count("timesheets"), 0);
        // The agent is back, and asks for its batch.
        assert!(matches!(lab.store.push(&pc.device, sent).await, Err(store::Declined::Older { number: 2, .. })));
    }

    async fn what_such_a_file_claims_counts_only_in_its_own_region(lab) {
        let bursa = lab.site("Bursa 1", "Bursa").await;
        push(&lab, &bursa, batch(1, 0, vec![employee(50, "Bursalı Kişi", "Bursa")])).await;
        let pc = with_agent(&lab).await;
        let before = fetched(&lab, &bursa, 0).await;
        let file = Connection::open(pc.desktop.path()).unwrap();
        let cells: Vec<u8> = file.query_row("select cells from denk_shadow where table_name = 'employees'", [], |row| row.get(0)).unwrap();
        // Another region's row that is not in the file, one that nobody has, rows in wrong tables, and what is no row at all.
        let claims: [(&str, &str, String, Vec<u8>); 6] = [
            ("employees", "9001", Gid::new(7, 50).uuid().to_string(), cells.clone()),
            ("employees", "9002", Gid::new(7, 51).uuid().to_string(), cells.clone()),
            ("drivers", "9003", Gid::new(7, 50).uuid().to_string(), cells.clone()),
            ("employees", "9004", "not a gid".to_owned(), cells.clone()),
            ("timesheets", "x", Gid::new(7, 52).uuid().to_string(), b"garbled".to_vec()),
            ("users", "1", Gid::new(7, 53).uuid().to_string(), cells),
        ];
        for (table, id, gid, cells) in claims {
            file.execute("insert into denk_shadow values (?, ?, ?, ?, ?)", params![table, id, gid, i64::MAX, cells]).unwrap();
        }
        file.close().unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.tables["employees"].inserted, receipt.tables["employees"].deleted), (0, 0), "{receipt:?}");
        assert_eq!(fetched(&lab, &bursa, 0).await.tables, before.tables);
        // It had another region's row, it says, and deleted it.
        let file = Connection::open(pc.desktop.path()).unwrap();
        let id: i64 = value(&pc, "select id from employees where full_name = 'Öbür Kişi'");
        let bursas = Gid::new(7, 50).uuid().to_string();
        file.execute_batch("delete from denk_shadow where id like '900%' or table_name = 'users'").unwrap();
        file.execute("update denk_shadow set gid = ? where table_name = 'employees' and id = ?", params![bursas, id.to_string()]).unwrap();
        file.close().unwrap();
        pc.desktop.delete(Record::Employee, id).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.tables["employees"].refused, receipt.tables["employees"].deleted), (0, 0), "{receipt:?}");
        assert_eq!(fetched(&lab, &bursa, 0).await.tables, before.tables);
        assert_eq!(before.row("employees", Gid::new(7, 50).uuid())["full_name"], text("Bursalı Kişi"));
    }

    async fn what_another_hub_called_its_rows_they_are_called_here(lab) {
        let pc = with_agent(&lab).await;
        let file = Connection::open(pc.desktop.path()).unwrap();
        file.execute_batch("update denk_state set value = '\"elsewhere\"' where name = 'hub'").unwrap();
        // A row that this hub never had, one that was corrected, one that another person took over, and one of no name.
        let new = pc.desktop.save_employee(None, &Employee { full_name: "Oradaki Kişi", ..Employee::default() }).unwrap();
        let row = params!["employees", new.to_string(), Gid::new(7, 70).uuid().to_string(), 9, cells(&file, &Met::default(), "employees", &Value::Int(new))];
        file.execute("insert into denk_shadow values (?, ?, ?, ?, ?)", row).unwrap();
        let id: i64 = value(&pc, "select id from employees where full_name = 'Öbür Kişi'");
        file.execute_batch(&format!("update employees set title = 'Şef' where id = {id}")).unwrap();
        let second: i64 = value(&pc, "select id from employees order by id limit 1 offset 1");
        file.execute_batch(&format!("update employees set full_name = 'Bambaşka Biri', identity_no = '99999999999', title = 'x' where id = {second}")).unwrap();
        file.close().unwrap();
        pc.desktop.save_employee(None, &Employee { full_name: "Yeni Kişi", ..Employee::default() }).unwrap();
        let people = lab.all().await.count("employees");
        for name in ["Ankara 3", "Ankara 4"] {
            let met = lab.store.meet(&lab.site(name, "Ankara").await, pc.desktop.path()).await.unwrap();
            let table = met.tables.iter().find(|table| table.table == "employees").unwrap();
            assert!([1, 70].iter().all(|number| table.gids.contains(&Gid::new(7, *number).uuid())), "{table:?}");
            assert_eq!(lab.all().await.count("employees"), people + 3, "{name}");
        }
    }

    async fn who_was_renamed_before_the_agent_told_so_is_nobody_new_the_old_way(lab) {
        let pc = with_agent(&lab).await;
        renamed(&pc).await;
        let people = lab.all().await.count("employees");
        let told = lab.send(&pc).await.unwrap().tables["employees"];
        assert_eq!((told.inserted, told.updated, lab.all().await.count("employees")), (0, 1, people), "{told:?}");
        let row = fetched(&lab, &pc.device, 0).await.row("employees", Gid::new(7, 1).uuid())["full_name"].clone();
        assert_eq!(row, text("Bambaşka Bir Ad"));
        lab.fetch(&pc).await;
        assert_eq!(Book::of(&pc), lab.all().await);
    }

    async fn who_was_renamed_before_the_agent_told_so_is_nobody_new_at_another_hub(lab) {
        let pc = with_agent(&lab).await;
        let id = renamed(&pc).await;
        let file = Connection::open(pc.desktop.path()).unwrap();
        file.execute_batch("update denk_state set value = '\"elsewhere\"' where name = 'hub'").unwrap();
        let people = lab.all().await.count("employees");
        let mut met = lab.store.meet(&lab.site("Ankara 3", "Ankara").await, pc.desktop.path()).await.unwrap();
        let mut named = || {
            let table = met.tables.iter_mut().find(|table| table.table == "employees").unwrap();
            table.gids[table.ids.iter().position(|known| known.0 == Value::Int(id)).unwrap()]
        };
        assert_eq!((named(), lab.all().await.count("employees")), (Gid::new(7, 1).uuid(), people));
        // Given up and given anew, it is somebody else.
        let again = format!("create temp table one as select * from employees where id = {id}; delete from employees where id = {id}; insert into employees select * from one; drop table one");
        file.execute_batch(&again).unwrap();
        met = lab.store.meet(&lab.site("Ankara 4", "Ankara").await, pc.desktop.path()).await.unwrap();
        let table = met.tables.iter().find(|table| table.table == "employees").unwrap();
        let at = table.ids.iter().position(|known| known.0 == Value::Int(id)).unwrap();
        assert_ne!(table.gids[at], Gid::new(7, 1).uuid());
    }

    async fn notes_about_a_table_that_was_made_anew_since_are_about_other_people(lab) {
        let pc = with_agent(&lab).await;
        // The journal says that somebody was updated; then the program makes its table anew, and gives that number to another.
        let id: i64 = value(&pc, "select max(id) from employees where full_name <> 'Öbür Kişi'");
        let was: String = value(&pc, &format!("select full_name from employees where id = {id}"));
        watched(&pc).await;
        let file = Connection::open(pc.desktop.path()).unwrap();
        file.execute_batch(&format!("update employees set title = 'Usta' where id = {id}")).unwrap();
        made_anew(&file, &format!("select * from employees where id <> {id}"));
        file.execute("insert into employees (id, full_name, department, region) values (?, 'Bambaşka Biri', 'Depo', 'Ankara')", [id]).unwrap();
        file.close().unwrap();
        lab.send(&pc).await.unwrap();
        let names = fetched(&lab, &pc.device, 0).await.names("employees");
        assert!(names.contains(&was) && names.contains(&"Bambaşka Biri".to_owned()), "{was} is nobody else: {names:?}");
    }

    async fn a_file_of_another_hub_that_was_held_is_decided_once(lab) {
        for (decision, region, seed) in [(store::Decision::LetThrough, "Ankara", 5), (store::Decision::SendBack, "Bursa", 6)] {
            let name = format!("{decision:?}");
            let pc = lab.pc(&name, region, seed).await;
            let met = lab.store.meet(&pc.device, pc.desktop.path()).await.unwrap();
            keep(&pc, &met, 1);
            let file = Connection::open(pc.desktop.path()).unwrap();
            file.execute_batch(
                "update denk_state set value = '\"elsewhere\"' where name = 'hub'; update timesheets set notes = 'x' || id;
                pragma foreign_keys = off; insert into timesheets (employee_id, work_date, start_time, end_time) values (9999, '2026-01-02', '08:00', '17:00')",
            )
            .unwrap();
            file.close().unwrap();
            let again = lab.site(&format!("{name} 2"), region).await;
            assert!(lab.store.meet(&again, pc.desktop.path()).await.unwrap().held);
            let before = lab.all().await;
            let id = lab.store.held().await.unwrap()[0].id;
            lab.store.decide(id, decision, "admin").await.unwrap();
            let met = lab.store.meet(&again, pc.desktop.path()).await.unwrap();
            assert!(!met.held && lab.store.held().await.unwrap().is_empty(), "{name}: it was decided");
            assert_eq!(lab.all().await.count("timesheets"), before.count("timesheets"), "{name}");
        }
    }

    async fn what_the_hub_lost_comes_back_under_its_name(lab) {
        let pc = with_agent(&lab).await;
        let new = pc.desktop.save_employee(None, &Employee { full_name: "Unutulan Kişi", ..Employee::default() }).unwrap();
        let id: i64 = value(&pc, "select id from employees where full_name = 'Öbür Kişi'");
        pc.desktop.save_employee(Some(id), &Employee { full_name: "Öbür Kişi", title: "Şef", ..Employee::default() }).unwrap();
        let mut met = lab.store.meet(&lab.site("Ankara 3", "Ankara").await, pc.desktop.path()).await.unwrap();
        lab.script("delete from denk_agents");
        // As the file and the hub agreed before the hub was restored.
        let people = met.tables.iter_mut().find(|table| table.table == "employees").unwrap();
        for ((at, gid), rev) in people.ids.iter().zip(&mut people.gids).zip(&mut people.revs) {
            if at.0 == Value::Int(new) {
                (*gid, *rev) = (Gid::new(7, 71).uuid(), 1_000);
            } else if at.0 == Value::Int(id) {
                *rev = 1_001;
            }
        }
        met.site = pc.device.site.0;
        keep(&pc, &met, 2_000);
        lab.send(&pc).await.unwrap();
        let hub = fetched(&lab, &pc.device, 0).await;
        assert_eq!(hub.row("employees", Gid::new(7, 71).uuid())["full_name"], text("Unutulan Kişi"));
        assert_eq!(hub.row("employees", Gid::new(7, 1).uuid())["title"], text("Şef"));
    }

    async fn no_file_hangs_a_row_on_another_region_s_by_saying_that_it_had_it(lab) {
        let bursa = lab.site("Bursa 1", "Bursa").await;
        push(&lab, &bursa, batch(1, 0, vec![employee(50, "Bursalı Kişi", "Bursa")])).await;
        let pc = with_agent(&lab).await;
        let id: i64 = value(&pc, "select id from employees where full_name = 'Öbür Kişi'");
        let file = Connection::open(pc.desktop.path()).unwrap();
        let bursas = Gid::new(7, 50).uuid().to_string();
        file.execute("update denk_shadow set gid = ? where table_name = 'employees' and id = ?", params![bursas, id.to_string()]).unwrap();
        file.close().unwrap();
        let day = Timesheet { employee_id: id, work_date: "2026-01-24", ..Timesheet::default() };
        pc.desktop.save_timesheet(None, &day).unwrap();
        lab.send(&pc).await.unwrap();
        let seen = fetched(&lab, &pc.device, 0).await;
        assert!(!seen.names("employees").contains(&"Bursalı Kişi".to_owned()), "{:?}", seen.names("employees"));
        lab.fetch(&pc).await;
        assert!(!Book::of(&pc).has("employees", "Bursalı Kişi"));
    }

    async fn no_file_takes_another_region_s_row_by_saying_that_another_hub_called_it_so(lab) {
        let bursa = lab.site("Bursa 1", "Bursa").await;
        push(&lab, &bursa, batch(1, 0, vec![employee(50, "Öbür Kişi", "Bursa")])).await;
        let bursas = Gid::new(7, 50).uuid().to_string();
        let pc = with_agent(&lab).await;
        let id: i64 = value(&pc, "select id from employees where full_name = 'Öbür Kişi'");
        let file = Connection::open(pc.desktop.path()).unwrap();
        file.execute_batch("update denk_state set value = '\"elsewhere\"' where name = 'hub'").unwrap();
        file.execute("update denk_shadow set gid = ? where table_name = 'employees' and id = ?", params![bursas, id.to_string()]).unwrap();
        file.close().unwrap();
        let before = fetched(&lab, &bursa, 0).await;
        let met = lab.store.meet(&pc.device, pc.desktop.path()).await.unwrap();
        assert!(!met.tables.iter().any(|table| table.gids.contains(&Gid::new(7, 50).uuid())));
        let people = met.tables.iter().find(|table| table.table == "employees").unwrap();
        assert!(!people.ids.contains(&wire::Cell(Value::Int(id))), "nor is it somebody else: that person may have moved");
        assert_eq!(met.refused, 1);
        assert_eq!(fetched(&lab, &bursa, 0).await.tables, before.tables);
    }

    async fn an_agent_that_goes_on_after_its_file_came_the_old_way_tells_the_same_rows(lab) {
        let pc = with_agent(&lab).await;
        let nonce = Nonce::new(5, [7; 16]);
        let file = Connection::open(pc.desktop.path()).unwrap();
        file.execute("insert into denk_state values ('nonce', ?)", [serde_json::to_string(&nonce).unwrap()]).unwrap();
        file.close().unwrap();
        let id = pc.desktop.save_employee(None, &Employee { full_name: "Yeni Kişi", ..Employee::default() }).unwrap();
        let day = Timesheet { employee_id: id, work_date: "2026-01-24", ..Timesheet::default() };
        let day = pc.desktop.save_timesheet(None, &day).unwrap();
        assert_eq!(lab.send(&pc).await.unwrap().tables["employees"].inserted, 1);
        let before = lab.all().await;
        // The answer, or the file that the hub made of it, never arrived; the agent is switched on again.
        let naming = Naming::new(nonce, []).unwrap();
        let [person, hours] = [("employees", id), ("timesheets", day)].map(|(table, id)| naming.gid(table, &LocalId::Int(id)));
        let said = |table: &str, id: i64, columns: &[&str]| -> wire::Cells {
            let cell = |column: &&str| (column.to_string(), text(&value::<String>(&pc, &format!("select {column} from {table} where id = {id}"))));
            columns.iter().map(cell).collect()
        };
        let new = |table: &str, gid: Gid, cells: wire::Cells| wire::Change { insert: Some(cells), ..crate::agents::change(table, gid) };
        let mut of_day = said("timesheets", day, &["work_date", "start_time", "end_time", "region"]);
        of_day.insert("employee_id".into(), crate::agents::to(person));
        let changes = vec![new("employees", person, said("employees", id, &["full_name", "region"])), new("timesheets", hours, of_day)];
        let told = push(&lab, &pc.device, batch(1, 0, changes)).await;
        assert!(told.fates.iter().all(|fate| fate.gid.is_none()), "{told:?}");
        assert_eq!(lab.all().await, before);
    }
}
