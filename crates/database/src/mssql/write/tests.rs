use super::*;
use model::{DataType, Table};

fn column(name: &str, native: &str) -> ColumnDef {
    let known = NativeType::parse(native).unwrap();
    ColumnDef { native: native.into(), ..ColumnDef::new(name, known.data_type(1254)) }
}

fn genuine() -> Features {
    Features {
        product: "SQL Server".into(),
        version: "11.0".into(),
        schema: "dbo".into(),
        babelfish: false,
        snapshots: false,
    }
}

fn table(columns: Vec<ColumnDef>) -> Table {
    Table {
        name: TableRef::in_schema("dbo", "stok \"2\""),
        kind: TableKind::Table,
        columns,
        primary_key: vec!["kod".into()],
        unique: vec![],
        foreign_keys: vec![],
        triggers: vec![],
    }
}

fn planned<'a>(write: &'a Write<'a>) -> Plan<'a> {
    let columns =
        write.columns.iter().map(|column| place(write, column.name(), &genuine()).unwrap()).collect();
    Plan { write, name: write.table.name.clone(), columns }
}

fn write<'a>(table: &'a Table, columns: &'a [ColumnRef], insert_only: &'a [usize]) -> Write<'a> {
    Write { table, columns, key: &[0], insert_only }
}

#[test]
fn an_upsert_reads_as_it_should() {
    let table = table(vec![
        column("kod", "nvarchar(25)").not_null(),
        column("fiyat", "float"),
        column("ad", "nchar(10)"),
    ]);
    let columns = ["kod", "fiyat", "ad"].map(ColumnRef::named);
    let write = write(&table, &columns, &[]);
    let plan = planned(&write);
    assert_eq!(
        plan.stage().unwrap(),
        "if object_id('tempdb..#denk_stage') is not null drop table #denk_stage;\n\
         select top (0) t.\"kod\" as c1, t.\"fiyat\" as c2, cast(t.\"ad\" as nvarchar(10)) as c3, cast(null as tinyint) as state \
         into #denk_stage from \"dbo\".\"stok \"\"2\"\"\" as t;"
    );
    let key = "(t.\"kod\" = s.c1 and (cast(t.\"kod\" as nvarchar(max)) + nchar(1)) collate Latin1_General_BIN2 = \
               (cast(s.c1 as nvarchar(max)) + nchar(1)) collate Latin1_General_BIN2)";
    let differs = "exists (select cast(t.\"fiyat\" as binary(8)), \
                   (cast(rtrim(t.\"ad\") as nvarchar(max)) + nchar(1)) collate Latin1_General_BIN2 except select \
                   cast(s.c2 as binary(8)), \
                   (cast(rtrim(cast(s.c3 as nchar(10))) as nvarchar(max)) + nchar(1)) collate Latin1_General_BIN2)";
    let sql = plan.compared().unwrap();
    assert!(sql.contains(key), "{sql}");
    assert!(sql.contains(differs), "{sql}");
    let update = plan.update().unwrap();
    assert!(update.contains("update t set \"fiyat\" = s.c2, \"ad\" = cast(s.c3 as nchar(10))"), "{update}");
}

#[test]
fn columns_for_new_rows_only_are_neither_compared_nor_changed() {
    let table = table(vec![column("kod", "int").not_null(), column("kaynak", "varchar(10)")]);
    let columns = ["kod", "kaynak"].map(ColumnRef::named);
    let write = write(&table, &columns, &[1]);
    let sql = planned(&write).compared().unwrap();
    assert!(sql.contains("case when 1 = 0 then 2"), "{sql}");
}

#[test]
fn a_table_is_loaded_directly_only_where_nothing_is_in_the_way() {
    let direct = |change: &dyn Fn(&mut Table)| {
        let mut table = table(vec![column("kod", "int").not_null(), column("ad", "nvarchar(2000)")]);
        change(&mut table);
        let columns: Vec<ColumnRef> = table.columns.iter().map(|c| ColumnRef::named(&c.name)).collect();
        let write = write(&table, &columns, &[]);
        planned(&write).direct()
    };
    assert!(direct(&|_| {}));
    assert!(!direct(&|table| table.columns[1] = column("ad", "nvarchar(2001)")));
    assert!(!direct(&|table| table.columns[1] = column("a]d", "nvarchar(20)")));
    assert!(!direct(&|table| table.columns[1] = column("saat", "time(3)")));
    assert!(!direct(&|table| table.columns[0].generated = Generated::Identity));
}

#[test]
fn a_letter_that_the_column_cannot_store_names_its_row() {
    let table = table(vec![column("kod", "int").not_null(), column("ad", "varchar(10)")]);
    let columns = ["kod", "ad"].map(ColumnRef::named);
    let write = write(&table, &columns, &[]);
    let mut rows = Batch::new(&[DataType::INT32, DataType::TEXT]);
    rows.push_row([model::Cell::Int(1), model::Cell::Text("ığüşöçİ")]);
    rows.push_row([model::Cell::Int(2), model::Cell::Text("漢")]);
    let error = planned(&write).check(&rows).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conversion);
    assert_eq!((error.key, error.column.as_deref()), (Some(Key(vec![model::Value::Int(2)])), Some("ad")));
}

#[test]
fn what_the_server_makes_itself_is_not_written() {
    let mut computed = column("toplam", "int");
    computed.generated = Generated::Computed;
    let table = table(vec![column("kod", "int").not_null(), computed]);
    let columns = ["kod", "toplam"].map(ColumnRef::named);
    let refused = place(&write(&table, &columns, &[]), "toplam", &genuine()).err().map(|error| error.kind);
    assert_eq!(refused, Some(ErrorKind::Schema));
}
