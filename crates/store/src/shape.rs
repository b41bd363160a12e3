//! The tables of the store: those of denk, and one a merged table of the business.
//!
//! Rows of the business are read by the beginning of a primary key, so there are no further indexes. The small tables
//! beside them (lineages, held batches, sites, conflicts) are also read whole.

use std::sync::Arc;

use database::{ColumnRead, ColumnRef, Relation, Session};
use merge::{ColumnType, Kept, Rules, TableRules};
use model::{ColumnDef, DataType, ErrorKind, Table, TableKind, TableRef};

use crate::{Error, Result, query::Db};

/// What a column of denk's tables holds.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
    Gid,
}
use Kind::{Bytes, Gid, Int, Text};

/// One of denk's tables.
struct Shape {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    /// So many of the first columns are the primary key; they are never NULL.
    key: usize,
}

pub(crate) const META: &str = "denk_meta";
pub(crate) const ROWS: &str = "denk_rows";
pub(crate) const REFERS: &str = "denk_refers";
pub(crate) const FALLEN: &str = "denk_fallen";
pub(crate) const NAMES: &str = "denk_names";
pub(crate) const BECAME: &str = "denk_became";
pub(crate) const SITES: &str = "denk_sites";
pub(crate) const PCS: &str = "denk_pcs";
pub(crate) const LINEAGES: &str = "denk_lineages";
pub(crate) const TAKEN: &str = "denk_taken";
pub(crate) const SHADOW: &str = "denk_shadow";
pub(crate) const PIECES: &str = "denk_pieces";
pub(crate) const ASIDE: &str = "denk_aside";
pub(crate) const LEFT: &str = "denk_left";
pub(crate) const NEXT: &str = "denk_next";
pub(crate) const DEVICE: &str = "denk_device";
pub(crate) const LOG: &str = "denk_log";
/// The place of what a line of it tells: see [`Deed`](crate::deed::Deed).
pub(crate) const LOG_ACTION: usize = 6;
pub(crate) const LOG_AFTER: usize = 9;
/// Changes that came together.
pub(crate) const BATCHES: &str = "denk_batches";
pub(crate) const CONFLICTS: &str = "denk_conflicts";
pub(crate) const HELD: &str = "denk_held";
pub(crate) const HELD_FILES: &str = "denk_held_files";
pub(crate) const ALERTS: &str = "denk_alerts";
pub(crate) const ACCEPTED: &str = "denk_accepted";
pub(crate) const TOLD: &str = "denk_told";
pub(crate) const WAYS: &str = "denk_ways";
pub(crate) const AUDIT: &str = "denk_audit";
pub(crate) const REGIONS: &str = "denk_regions";
pub(crate) const AGENTS: &str = "denk_agents";
pub(crate) const TOUCHED: &str = "denk_touched";
pub(crate) const GUARD: &str = "denk_guard";
pub(crate) const FORGOTTEN: &str = "denk_forgotten";
pub(crate) const BESIDE: &str = "denk_beside";
pub(crate) const OFFICES: &str = "denk_offices";

const SHAPES: &[Shape] = &[
    // Where the store stands: see `meta`.
    Shape { name: META, columns: &[("name", Text), ("value", Text)], key: 1 },
    // Every row, living or dead. `cells` is what counts; the business tables are made of it for people.
    Shape {
        name: ROWS,
        columns: &[
            ("table_name", Text),
            ("gid", Gid),
            ("rev", Int),
            ("born", Text),
            ("dead", Text),
            ("dead_rev", Int),
            ("dead_cause", Text),
            ("dead_of", Gid),
            ("cells", Bytes),
            ("marks", Bytes),
            ("heard", Bytes),
        ],
        key: 2,
    },
    // Who refers to a row, living or dead.
    Shape {
        name: REFERS,
        columns: &[("to_gid", Gid), ("table_name", Text), ("from_gid", Gid), ("column_name", Text)],
        key: 4,
    },
    // What fell, or of which a cell was emptied, with a row.
    Shape { name: FALLEN, columns: &[("of_gid", Gid), ("table_name", Text), ("gid", Gid)], key: 3 },
    // Bearers of a natural key; `name` is its hash.
    Shape { name: NAMES, columns: &[("table_name", Text), ("name", Text), ("gid", Gid)], key: 3 },
    // What was forgotten of people, and by which change.
    Shape {
        name: FORGOTTEN,
        columns: &[("gid", Gid), ("column_name", Text), ("table_name", Text), ("rev", Int)],
        key: 2,
    },
    // Rows that turned out to be another.
    Shape { name: BECAME, columns: &[("gid", Gid), ("to_gid", Gid)], key: 1 },
    Shape {
        name: SITES,
        columns: &[
            ("id", Int),
            ("name", Text),
            ("region", Text),
            ("token_hash", Bytes),
            ("created", Int),
            ("revoked", Int),
            ("last_contact", Int),
            ("last_reason", Text),
            ("shared", Int),
        ],
        key: 1,
    },
    // Families of lineages: a PC, as far as the hub can tell PCs apart.
    Shape {
        name: PCS,
        columns: &[
            ("site", Int),
            ("pc", Int),
            ("latest", Text),
            ("handed", Text),
            ("own", Int),
            ("contact", Int),
            ("unswept", Int),
        ],
        key: 2,
    },
    // Files that the hub knows the content of: what it handed out or met, and how they went on.
    Shape {
        name: LINEAGES,
        columns: &[
            ("site", Int),
            ("name", Text),
            ("pc", Int),
            ("number", Int),
            ("kind", Text),
            ("root", Text),
            ("of_tag", Text),
            ("seen", Int),
            ("counter", Int),
            ("content", Text),
            ("own", Int),
            ("odd", Text),
            ("used", Int),
        ],
        key: 2,
    },
    // Which files were taken, by the hash of their bytes.
    Shape { name: TAKEN, columns: &[("site", Int), ("content", Text), ("pc", Int)], key: 2 },
    // What such a file holds: pieces by their hashes.
    Shape {
        name: SHADOW,
        columns: &[("lineage", Text), ("table_name", Text), ("part", Int), ("piece", Text)],
        key: 3,
    },
    // Rows of shadows. What did not change from one file of a PC to its next is kept once.
    Shape { name: PIECES, columns: &[("pc", Int), ("piece", Text), ("row_bytes", Bytes)], key: 2 },
    // Rows of the last file that were not taken: by table and id, with the hash of what they said.
    Shape {
        name: ASIDE,
        columns: &[("lineage", Text), ("table_name", Text), ("id", Text), ("content", Text)],
        key: 3,
    },
    // What cells of a branch said before they were changed, as hashes.
    Shape { name: LEFT, columns: &[("lineage", Text), ("value", Text)], key: 2 },
    // The highest id that a PC ever used or was given; and, under its number, a lineage.
    Shape { name: NEXT, columns: &[("pc", Int), ("table_name", Text), ("last", Int)], key: 2 },
    // A PC's own, local and evidence tables, as its last file had them.
    Shape { name: DEVICE, columns: &[("pc", Int), ("table_name", Text), ("row_bytes", Bytes)], key: 2 },
    // The history: one line a row that a change touched.
    Shape {
        name: LOG,
        columns: &[
            ("rev", Int),
            ("gid", Gid),
            ("table_name", Text),
            ("site", Int),
            ("stamp", Text),
            ("at", Int),
            ("action", Text),
            ("region", Text),
            ("before", Text),
            ("after", Text),
            // Which changes came together: see [`BATCHES`]. Empty in lines from before there was such a number.
            ("batch", Int),
            // The cells before, exactly, where `before` cannot say them so.
            ("exact", Bytes),
        ],
        key: 2,
    },
    // What was written at once, one line a region that it touched (empty: nobody's, or everybody's). Its number is that of
    // its first change.
    Shape {
        name: BATCHES,
        columns: &[
            ("id", Int),
            ("region", Text),
            ("last", Int),
            ("site", Int),
            ("at", Int),
            // `upload`, `push`, `conflict`, `undo`, `erase`.
            ("kind", Text),
            // The person, where one is known.
            ("who", Text),
            ("why", Text),
            // The batch (`12`) or change (`12/gid`) that it undid.
            ("undoes", Text),
            ("inserts", Int),
            ("updates", Int),
            ("deletes", Int),
        ],
        key: 2,
    },
    Shape {
        name: CONFLICTS,
        columns: &[
            ("id", Int),
            ("table_name", Text),
            ("gid", Gid),
            ("column_name", Text),
            ("winner", Text),
            ("winner_stamp", Text),
            ("loser", Text),
            ("loser_stamp", Text),
            ("region", Text),
            ("asked", Int),
            ("rev", Int),
            ("at", Int),
            // The value that did not stand, exactly.
            ("loser_cell", Bytes),
            // `new`, `seen`, `decided`.
            ("state", Text),
            ("who", Text),
            ("looked", Int),
            // What the person took: `winner`, `loser`, or `other`, a value of their own.
            ("chosen", Text),
            ("other", Text),
        ],
        key: 1,
    },
    Shape {
        name: HELD,
        columns: &[
            ("id", Int),
            ("site", Int),
            ("pc", Int),
            ("lineage", Text),
            ("upload", Text),
            ("tables", Text),
            ("state", Text),
            ("reason", Text),
            ("at", Int),
            ("digest", Text),
        ],
        key: 1,
    },
    // Files of batches that wait: whichever hub settles one needs it, and each keeps uploads on a disk of its own.
    Shape { name: HELD_FILES, columns: &[("held", Int), ("part", Int), ("part_bytes", Bytes)], key: 2 },
    // One line an occurrence: what the next upload only repeats is none.
    Shape {
        name: ALERTS,
        columns: &[
            ("id", Int),
            ("site", Int),
            ("kind", Text),
            ("what", Text),
            ("row_count", Int),
            ("at", Int),
        ],
        key: 1,
    },
    // Findings that somebody looked at and left as they are; the key is that of what they say.
    Shape {
        name: ACCEPTED,
        columns: &[("finding", Text), ("kind", Text), ("who", Text), ("note", Text), ("at", Int)],
        key: 1,
    },
    // What people were told, on each way by which they are.
    Shape {
        name: TOLD,
        columns: &[
            ("way", Text),
            ("finding", Text),
            ("level", Int),
            ("ends", Int),
            ("line", Text),
            ("at", Int),
        ],
        key: 2,
    },
    // When the last message went on a way; since when none goes, and why.
    Shape {
        name: WAYS,
        columns: &[("way", Text), ("last_sent", Int), ("failing", Int), ("why", Text)],
        key: 1,
    },
    Shape {
        name: AUDIT,
        columns: &[
            ("id", Int),
            ("at", Int),
            ("who", Text),
            ("action", Text),
            ("what", Text),
            // Of this line and all before it: see `activity`.
            ("seal", Text),
            // Which one it concerns; NULL: none, or several.
            ("region", Text),
        ],
        key: 1,
    },
    // When a PC of a region last changed one of its rows, and by which rev one last was, by whomever.
    Shape { name: REGIONS, columns: &[("region", Text), ("last_change", Int), ("rev", Int)], key: 1 },
    // Agents: the last batch of each and the answer to it, and what it last said of itself.
    Shape {
        name: AGENTS,
        columns: &[
            ("site", Int),
            ("number", Int),
            ("digest", Text),
            // `answered`, `held`, `decided` (and not asked for since).
            ("state", Text),
            ("answer", Bytes),
            ("held", Int),
            ("seen", Int),
            ("version", Text),
            // How far its clock runs before ours.
            ("ahead", Int),
            ("waiting", Int),
            ("at", Int),
        ],
        key: 1,
    },
    // What PCs say of their office's own settings, and since when they say it.
    Shape { name: OFFICES, columns: &[("site", Int), ("name", Text), ("value", Text), ("at", Int)], key: 2 },
    // Rows that the batches of a site touched lately.
    Shape {
        name: TOUCHED,
        // `insert`, `update`, `delete`.
        columns: &[("site", Int), ("table_name", Text), ("gid", Gid), ("what", Text), ("at", Int)],
        key: 3,
    },
    // What batches of a site are measured against, and what a person decided about those still to come.
    Shape {
        name: GUARD,
        columns: &[
            ("site", Int),
            ("table_name", Text),
            // At least so many rows had the region.
            ("row_count", Int),
            ("counted", Int),
            // `let_through`, `sent_back`: so many changes, since then.
            ("decision", Text),
            ("coming", Int),
            ("decided", Int),
        ],
        key: 2,
    },
];

/// A table of the store, ready to be read and written.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub table: Table,
    pub from: Relation,
    pub columns: Vec<ColumnRef>,
    pub reads: Vec<ColumnRead>,
    pub types: Vec<DataType>,
    pub key: Vec<usize>,
}

/// All tables that the store wants; the first is the one that says of which form the others are.
pub(crate) fn wanted(rules: &Rules) -> Vec<Table> {
    let business =
        rules.tables().filter(|(_, table)| table.kept == Kept::Merged).map(|(_, table)| living(table));
    SHAPES.iter().map(own).chain(business).collect()
}

/// Makes the table if it is not there, and adds columns that it lacks: a preset may have grown. What else differs (its
/// key, a column's type) is not looked at: see `meta::FORM`.
///
/// # Errors
/// `Unfaithful`; what the database says.
pub(crate) async fn ensure(session: &mut dyn Session, wanted: &Table) -> Result<Place> {
    let mut made = wanted.clone();
    for column in &mut made.columns {
        *column = session.faithful(column).map_err(Error::Unfaithful)?;
    }
    session.create_table(&made).await?;
    let table = session.table(&wanted.name).await?;
    let missing: Vec<_> =
        made.columns.iter().filter(|column| table.column(&column.name).is_none()).cloned().collect();
    let table = if missing.is_empty() {
        table
    } else {
        session.add_columns(&wanted.name, &missing).await?;
        session.table(&wanted.name).await?
    };
    place(wanted, table)
}

/// Knows one of denk's tables in a file that others have made; `false` where it is not there.
///
/// # Errors
/// What the database says.
pub(crate) async fn find(db: &mut Db, name: &str) -> Result<bool> {
    let Some(wanted) = SHAPES.iter().find(|shape| shape.name == name).map(own) else { return Ok(false) };
    find_table(db, &wanted).await
}

/// As [`find`], any table.
///
/// # Errors
/// What the database says.
pub(crate) async fn find_table(db: &mut Db, wanted: &Table) -> Result<bool> {
    match db.session.table(&wanted.name).await {
        Err(error) if error.kind == ErrorKind::Missing => Ok(false),
        table => {
            let place = place(wanted, table?)?;
            Arc::make_mut(&mut db.places).insert(wanted.name.name.clone(), place);
            Ok(true)
        }
    }
}

/// Files beside the store that a backup carries.
pub(crate) fn beside() -> Table {
    own(&Shape { name: BESIDE, columns: &[("name", Text), ("content", Bytes)], key: 1 })
}

fn place(wanted: &Table, table: Table) -> Result<Place> {
    let columns: Vec<ColumnRef> =
        wanted.columns.iter().map(|column| ColumnRef::named(&column.name)).collect();
    let found =
        wanted.columns.iter().map(|column| table.column(&column.name).map(|found| found.data_type.clone()));
    let types: Vec<DataType> =
        found.collect::<Option<_>>().ok_or(Error::Broken("a table of the store lacks a column"))?;
    let reads =
        columns.iter().cloned().zip(types.clone()).map(|(column, wanted)| ColumnRead::new(column, wanted));
    let reads = reads.collect();
    let key = (0..wanted.primary_key.len()).collect();
    Ok(Place { from: Relation::Table(wanted.name.clone()), table, columns, reads, types, key })
}

fn own(shape: &Shape) -> Table {
    let columns = shape.columns.iter().enumerate().map(|(at, (name, kind))| {
        let column = ColumnDef::new(*name, data_type(*kind));
        if at < shape.key { column.not_null() } else { column }
    });
    let key = shape.columns[..shape.key].iter().map(|(name, _)| *name);
    table(shape.name, columns.collect(), key)
}

/// Living rows of a table of the business, references as gids.
pub(crate) fn living(rules: &TableRules) -> Table {
    let gid = ColumnDef::new(GID, DataType::Uuid).not_null();
    let cells = rules.columns.iter().map(|column| {
        let kind = match (column.reference, column.data_type) {
            (Some(_), _) => DataType::Uuid,
            (None, ColumnType::Integer) => DataType::INT64,
            (None, ColumnType::Real) => DataType::REAL,
            (None, ColumnType::Text) => DataType::TEXT,
        };
        ColumnDef::new(&column.name, kind)
    });
    table(&rules.name, std::iter::once(gid).chain(cells).collect(), [GID])
}

pub(crate) const GID: &str = "gid";

fn table<'a>(name: &str, columns: Vec<ColumnDef>, key: impl IntoIterator<Item = &'a str>) -> Table {
    Table {
        name: TableRef::new(name),
        kind: TableKind::Table,
        columns,
        primary_key: key.into_iter().map(str::to_owned).collect(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    }
}

const fn data_type(kind: Kind) -> DataType {
    match kind {
        Int => DataType::INT64,
        Text => DataType::TEXT,
        Bytes => DataType::BYTES,
        Gid => DataType::Uuid,
    }
}
