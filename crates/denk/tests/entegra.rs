//! `denk run entegra`, the built program on real files and a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "tests")]

mod shop;

use shop::{Shop, Web, count, total, written};
use testkit::entegra::{self, Size, Work};

const TABLES: [&str; 15] = [
    "order",
    "order_product",
    "order_status",
    "product",
    "pictures",
    "product_quantity",
    "product_prices",
    "product_info",
    "product_description",
    "messages",
    "message_template",
    "customer",
    "brand",
    "category",
    "category2",
];

fn flow_of(table: &str) -> String {
    format!("entegra-{}", table.replace('_', "-"))
}

#[test]
fn the_first_run_copies_everything_and_the_second_writes_nothing() {
    for shop in Shop::both() {
        let first = shop.run(0);
        for (table, rows) in Size::small().rows() {
            assert_eq!(count(&first, &flow_of(table), "inserted"), rows, "{table}");
            assert_eq!(
                shop.web(&format!("select count(*) from entegra_{table}")),
                [rows.to_string()],
                "{table}"
            );
        }
        let second = shop.run(0);
        assert_eq!(written(&second), 0, "{second:#}");
        for (table, rows) in Size::small().rows() {
            assert_eq!(count(&second, &flow_of(table), "unchanged"), rows, "{table}");
        }
        shop.assert_equal();
        let full = shop.denk(&["run", "entegra", "--full"]);
        assert_eq!((full.code, written(&full.json)), (0, 0), "{:#}", full.json);
        let log = std::fs::read_to_string(shop.folder.path().join("logs/sync.log")).unwrap();
        assert!(log.contains("entegra-order") && !log.contains("Müşteri"), "names and counts, no values");
    }
}

/// Counts every write to the copied tables, whoever does it.
fn count_writes(shop: &Shop) {
    for table in TABLES {
        shop.change_web(&match shop.web {
            Web::Sqlite(_) => format!(
                "create table if not exists writes (what text);
                 create trigger wi_{table} after insert on entegra_{table} begin insert into writes values ('{table} i'); end;
                 create trigger wu_{table} after update on entegra_{table} begin insert into writes values ('{table} u'); end;
                 create trigger wd_{table} after delete on entegra_{table} begin insert into writes values ('{table} d'); end;"
            ),
            Web::Postgres(_) => format!(
                "create table if not exists writes (what text);
                 create or replace function note() returns trigger language plpgsql as $$ begin insert into writes values (tg_argv[0] || ' ' || lower(left(tg_op, 1))); return null; end $$;
                 create trigger w after insert or update or delete on entegra_{table} for each row execute function note('{table}');"
            ),
        });
    }
}

/// Rows that a deleted product leaves behind in the file, and that go from the web with it.
fn of_deleted_products(shop: &Shop, table: &str) -> u64 {
    let sql = format!(
        "select count(*) from {table} where product_id in (select product_id from delete_product where sync = 0 and supplier <> 'deleteCdnPicture')"
    );
    shop::sqlite_rows(&shop.entegra_file(), &sql)[0].parse().unwrap()
}

#[test]
fn a_days_work_writes_its_own_rows_and_nothing_else() {
    for shop in Shop::both() {
        shop.run(0);
        count_writes(&shop);
        for day in 1..3 {
            shop.change_web("delete from writes");
            let edits = entegra::day(&shop.entegra(), &Work::usual(), day).unwrap();
            entegra::unrelated(&shop.entegra()).unwrap();
            let left_behind =
                ["pictures", "product_info"].map(|table| (table, of_deleted_products(&shop, table)));
            let run = shop.run(0);
            let mut total = edits.total();
            for table in TABLES {
                let wanted = edits.of(table);
                let more: u64 =
                    left_behind.iter().filter(|(name, _)| *name == table).map(|(_, rows)| rows).sum();
                total += more;
                let got = ["inserted", "updated", "deleted"].map(|what| count(&run, &flow_of(table), what));
                assert_eq!(
                    got,
                    [wanted.inserted, wanted.updated, wanted.deleted + more],
                    "{table}, day {day}"
                );
            }
            assert_eq!(shop.web("select count(*) from writes"), [total.to_string()], "day {day}");
            shop.assert_equal();
        }
    }
}

#[test]
fn the_printed_mark_goes_both_ways_and_is_never_undone() {
    for shop in Shop::both() {
        shop.entegra().execute_batch("update \"order\" set invoice_print = 0 where id in (select id from \"order\" order by id limit 3)").unwrap();
        shop.run(0);
        let ids = shop.web("select id from entegra_order order by id limit 3");
        let [web, file, both] = [&ids[0], &ids[1], &ids[2]];
        shop.change_web(&format!("update entegra_order set invoice_print = 1 where id in ({web}, {both})"));
        shop.entegra()
            .execute_batch(&format!(
                "update \"order\" set invoice_print = 1 where id = {file};
                 update \"order\" set note = 'değişti', date_change = '2026-05-15 10:00:00' where id = {both}"
            ))
            .unwrap();
        let run = shop.run(0);
        assert_eq!(count(&run, "entegra-invoice-print", "updated"), 2, "{run:#}");
        let marks = |rows: Vec<String>| assert_eq!(rows, ["1", "1", "1"]);
        marks(shop.web("select invoice_print from entegra_order order by id limit 3"));
        marks(shop::sqlite_rows(
            &shop.entegra_file(),
            "select invoice_print from \"order\" order by id limit 3",
        ));
        assert_eq!(shop.web(&format!("select note from entegra_order where id = {both}")), ["değişti"]);
        assert_eq!(written(&shop.run(0)), 0);
    }
}

#[test]
fn deleted_products_leave_the_web_and_are_marked_as_seen() {
    for shop in Shop::both() {
        shop.run(0);
        let product = shop.web("select id from entegra_product order by id limit 1").remove(0);
        let code =
            shop.web(&format!("select \"productCode\" from entegra_product where id = {product}")).remove(0);
        let ignored = shop.web("select id from entegra_product order by id limit 1 offset 1").remove(0);
        shop.entegra()
            .execute_batch(&format!(
                "delete from delete_product;
                 insert into delete_product (id, product_id, supplier, date_add, sync) values (501, {product}, 'trendyol', '2027-01-01 00:00:00', 0);
                 insert into delete_product (id, product_id, supplier, date_add, sync) values (502, {ignored}, 'deleteCdnPicture', '2027-01-01 00:00:00', 0);"
            ))
            .unwrap();
        shop.run(0);
        let left = |table: &str, column: &str| {
            shop.web(&format!("select count(*) from entegra_{table} where {column} = {product}"))
        };
        assert_eq!(left("product", "id"), ["0"]);
        for table in ["product_prices", "product_quantity", "product_description", "product_info", "pictures"]
        {
            assert_eq!(left(table, "product_id"), ["0"], "{table}");
        }
        assert_eq!(
            shop.web("select source_id, product_id, product_code from entegra_product_delete"),
            [format!("501|{product}|{code}")]
        );
        assert_eq!(shop.web(&format!("select count(*) from entegra_product where id = {ignored}")), ["1"]);
        assert_eq!(
            shop::sqlite_rows(&shop.entegra_file(), "select id, sync from delete_product order by id"),
            ["501|1", "502|0"]
        );
        assert_eq!(written(&shop.run(0)), 0, "gone for good, noted once");
        shop.entegra()
            .execute_batch(&format!(
                "update product set date_change = '2027-06-01 00:00:00' where id = {product}"
            ))
            .unwrap();
        shop.run(0);
        assert_eq!(
            left("product", "id"),
            ["1"],
            "a product that was changed after its deletion is alive again"
        );
    }
}

#[test]
fn what_does_not_fit_is_parked_by_key_and_column_and_everything_else_lands() {
    for shop in Shop::both() {
        let spoilt = entegra::spoil(&shop.entegra()).unwrap();
        let run = shop.run(3);
        assert_eq!(total(&run, "parked"), spoilt.len() as u64, "{run:#}");
        for cell in &spoilt {
            let sql = format!(
                "select column_name from denk_parked where flow = '{}' and row_key = '{}'",
                flow_of(cell.table),
                cell.key
            );
            assert_eq!(shop.web(&sql), [cell.column], "{} {}", cell.table, cell.key);
        }
        let rows: u64 = Size::small().rows().iter().map(|(_, rows)| rows).sum();
        assert_eq!(total(&run, "inserted"), rows - spoilt.len() as u64);
        for cell in &spoilt {
            let sql = format!(
                "update \"{}\" set \"{}\" = null where {} = {}",
                cell.table, cell.column, cell.key_column, cell.key
            );
            shop.entegra().execute_batch(&sql).unwrap();
        }
        shop.run(0);
        assert_eq!(shop.web("select count(*) from denk_parked"), ["0"]);
        shop.assert_equal();
    }
}

#[test]
fn new_columns_follow_and_old_rows_get_their_values() {
    for shop in Shop::both() {
        shop.run(0);
        let added = entegra::drift(&shop.entegra()).unwrap();
        let run = shop.run(0);
        let reported: usize = run["flows"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|flow| flow["added_columns"].as_array())
            .map(Vec::len)
            .sum();
        assert_eq!(reported, added.len());
        shop.assert_equal();
    }
}

#[test]
fn another_program_keeps_the_file_open_and_writes() {
    let shop = Shop::on_sqlite();
    let other = shop.entegra();
    other.execute_batch("begin immediate; update brand set name = 'x' where id = 1;").unwrap();
    let mut run =
        shop.command(&["run", "entegra", "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    other.execute_batch("commit").unwrap();
    assert!(run.wait().unwrap().success());
    drop(other);
    shop.run(0);
    shop.assert_equal();
    let pragmas = shop::sqlite_rows(
        &shop.entegra_file(),
        "select journal_mode, user_version from pragma_journal_mode, pragma_user_version",
    );
    assert_eq!(pragmas, ["delete|0"]);
}

#[test]
fn verify_finds_what_somebody_changed_on_the_web_and_repairs_it() {
    for shop in Shop::both() {
        shop.run(0);
        shop.change_web("update entegra_brand set name = 'elle' where id = 1; delete from entegra_customer where id = (select min(id) from entegra_customer)");
        let found = shop.denk(&["verify", "entegra"]);
        assert_eq!((found.code, &found.json["equal"]), (3, &serde_json::Value::Bool(false)));
        assert_eq!(
            (
                count(&found.json, "entegra-brand", "different"),
                count(&found.json, "entegra-customer", "missing")
            ),
            (1, 1)
        );
        assert_eq!(shop.denk(&["verify", "entegra", "--repair"]).code, 0);
        shop.assert_equal();
    }
}
