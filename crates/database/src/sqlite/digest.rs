//! Fingerprints of stretches of a table, read as raw pages without decoding a single row.
//!
//! Rows of a rowid table lie in a tree of pages, in order of rowid. A fingerprint is a hash over rowid and record of each
//! row of a stretch. Where a stretch ends depends on the rowids alone (about every 32nd), and nothing else that lies on
//! a page is hashed, so that moving rows between pages (VACUUM, another order of inserting) changes no fingerprint.
//! What a record means depends on the table's definition and the encoding of texts, which key the hash. Whatever looks
//! unfamiliar ends in "no digest", never in a wrong one.
//!
//! **Source**: <https://www.sqlite.org/fileformat2.html>, sections 1.3 and 1.5 to 1.6; the virtual table
//! `sqlite_dbpage`, which shows the pages of the open transaction.

use model::TableRef;
use rusqlite::{Connection, Statement, types::ValueRef};

use super::{
    connect::{CACHE_KIB, Link},
    introspect::Shape,
};
use crate::{Digest, Result, Segment};

const INTERIOR_TABLE: u8 = 0x05;
const LEAF_TABLE: u8 = 0x0d;
const INTERIOR_HEADER: usize = 12;
const LEAF_HEADER: usize = 8;
/// The file's own header, before the tree page on page 1.
const FILE_HEADER: usize = 100;
/// Place in the file's header of the number of bytes at the end of each page that are not `SQLite`'s.
const RESERVED_AT: usize = 20;
/// **Units**: KiB, negative as the pragma wants it.
const SMALL_CACHE_KIB: i64 = -2_000;
/// A tree of 2^32 pages with two children a page is no deeper.
const DEPTH_MAX: usize = 32;

/// `None`: a page is not as it should be.
type Sound<T> = Result<Option<T>>;

impl Link {
    pub(super) fn digest(&mut self, table: &TableRef) -> Result<Option<Digest>> {
        self.reading(|link| {
            let shape = link.shape(table)?;
            let Some((root, key)) = link.root(&shape)? else { return Ok(None) };
            // Each page is looked at once: what fits the processor's own cache is faster than a large one.
            link.connection.pragma_update(None, "cache_size", SMALL_CACHE_KIB)?;
            let Some(mut walk) = Walk::new(&link.connection, key)? else { return Ok(None) };
            let whole = walk.tree(root, 0)?.is_some();
            link.connection.pragma_update(None, "cache_size", CACHE_KIB)?;
            Ok(whole.then(|| Digest { column: shape.alias.clone(), segments: walk.rows.end() }))
        })
    }

    /// Page on which the table's tree begins, and the key of all its hashes; `None` for what is no table with rowids.
    fn root(&self, shape: &Shape) -> Sound<(u32, [u8; 32])> {
        if shape.rowid.is_none() && shape.alias.is_none() {
            return Ok(None);
        }
        let read =
            |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<u32>>(0)?, row.get::<_, Option<String>>(1)?));
        let Some((Some(root), Some(definition))) =
            self.rows(include_str!("sql/root.sql"), [&shape.name], read)?.pop()
        else {
            return Ok(None);
        };
        // The table's name means nothing.
        let meaning = [
            &definition[definition.find('(').unwrap_or_default()..],
            "\0",
            if self.is_utf16()? { "UTF-16" } else { "UTF-8" },
        ]
        .concat();
        Ok((root > 0).then(|| (root, *blake3::hash(meaning.as_bytes()).as_bytes())))
    }
}

/// A walk through one tree.
struct Walk<'c> {
    pages: Statement<'c>,
    /// A second cursor: a row's overflow pages are read while its leaf is held.
    overflow: Statement<'c>,
    usable: usize,
    /// Pages seen may not be more than the file has, or they go in circles.
    pages_left: i64,
    rows: Rows,
}

/// What a page of the tree holds.
enum Node {
    Children(Vec<u32>),
    Leaf,
}

impl<'c> Walk<'c> {
    fn new(connection: &'c Connection, key: [u8; 32]) -> Sound<Self> {
        let page = include_str!("sql/page.sql");
        let mut pages = connection.prepare(page)?;
        let first = pages.query_row([1], |row| Ok(row.get_ref(0)?.as_blob().ok().map(usable_size)));
        let usable = match first {
            Ok(usable) => usable.flatten(),
            Err(rusqlite::Error::QueryReturnedNoRows) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(usable) = usable else { return Ok(None) };
        let pages_left = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let rows = Rows { key, content: Vec::new(), open: None, segments: Vec::new() };
        Ok(Some(Self { pages, overflow: connection.prepare(page)?, usable, pages_left, rows }))
    }

    fn tree(&mut self, number: u32, depth: usize) -> Sound<()> {
        if self.pages_left <= 0 || depth > DEPTH_MAX {
            return Ok(None);
        }
        self.pages_left -= 1;
        match self.node(number)? {
            None => Ok(None),
            Some(Node::Leaf) => Ok(Some(())),
            Some(Node::Children(children)) => {
                for child in children {
                    if self.tree(child, depth + 1)?.is_none() {
                        return Ok(None);
                    }
                }
                Ok(Some(()))
            }
        }
    }

    /// Reads one page; a leaf's rows are taken at once, while the page is at hand.
    fn node(&mut self, number: u32) -> Sound<Node> {
        let mut rows = self.pages.query([number])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let ValueRef::Blob(page) = row.get_ref(0)? else { return Ok(None) };
        let start = if number == 1 { FILE_HEADER } else { 0 };
        match page.get(start) {
            Some(&INTERIOR_TABLE) => Ok(children(page, start).map(Node::Children)),
            Some(&LEAF_TABLE) => {
                let mut overflow =
                    Overflow { pages: &mut self.overflow, left: &mut self.pages_left, usable: self.usable };
                Ok(take_leaf(page, start, &mut overflow, &mut self.rows)?.map(|()| Node::Leaf))
            }
            _ => Ok(None),
        }
    }
}

/// Rows one after the other, cut into segments.
struct Rows {
    key: [u8; 32],
    /// Rowids and records of the open segment.
    content: Vec<u8>,
    open: Option<Open>,
    segments: Vec<Segment>,
}

/// The segment that rows are added to.
#[derive(Clone, Copy)]
struct Open {
    first: i64,
    last: i64,
    rows: u32,
}

/// Rows of a segment, on average.
const ROWS_MEAN: u64 = 32;
/// **Units**: bytes at which a segment ends though its rows are few.
const CONTENT_MAX: usize = 1 << 18;

impl Rows {
    /// Whether `rowid` follows the rows before.
    fn ascends(&self, rowid: i64) -> bool {
        let before = self.open.map(|open| open.last).or(self.segments.last().map(|segment| segment.last));
        before.is_none_or(|before| before < rowid)
    }

    /// Counts a row whose record was appended to `content`.
    fn add(&mut self, rowid: i64) {
        let open = self.open.map_or(Open { first: rowid, last: rowid, rows: 1 }, |open| Open {
            last: rowid,
            rows: open.rows + 1,
            ..open
        });
        self.open = Some(open);
        if is_cut(rowid) || self.content.len() > CONTENT_MAX {
            self.close();
        }
    }

    fn close(&mut self) {
        let Some(Open { first, last, rows }) = self.open.take() else { return };
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::keyed_hash(&self.key, &self.content).as_bytes()[..16]);
        self.segments.push(Segment { first, last, rows, digest });
        self.content.clear();
    }

    fn end(mut self) -> Vec<Segment> {
        self.close();
        self.segments
    }
}

/// Whether a segment ends with this row: a matter of the rowid alone, so that one row more or less moves no other cut.
/// **Source**: the finalizer of `MurmurHash3`, which spreads neighbouring numbers.
fn is_cut(rowid: i64) -> bool {
    let mut mixed = rowid.cast_unsigned();
    mixed = (mixed ^ mixed >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ mixed >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (mixed ^ mixed >> 33).is_multiple_of(ROWS_MEAN)
}

fn usable_size(page: &[u8]) -> Option<usize> {
    let reserved = usize::from(*page.get(RESERVED_AT)?);
    page.len().checked_sub(reserved).filter(|usable| *usable >= 480)
}

/// The pages below an interior page, in order.
fn children(page: &[u8], start: usize) -> Option<Vec<u32>> {
    let cells = usize::from(u16_at(page, start + 3)?);
    let mut children = Vec::with_capacity(cells + 1);
    for cell in 0..cells {
        let at = u16_at(page, start + INTERIOR_HEADER + 2 * cell)?;
        children.push(u32_at(page, usize::from(at))?);
    }
    children.push(u32_at(page, start + 8)?);
    Some(children)
}

/// Adds the rows of a leaf.
fn take_leaf(page: &[u8], start: usize, overflow: &mut Overflow<'_, '_>, rows: &mut Rows) -> Sound<()> {
    let Some(cells) = u16_at(page, start + 3) else { return Ok(None) };
    for cell in 0..usize::from(cells) {
        let at = u16_at(page, start + LEAF_HEADER + 2 * cell);
        let cell = at.and_then(|at| Cell::at(page, usize::from(at), overflow.usable));
        let Some(cell) = cell.filter(|cell| rows.ascends(cell.rowid)) else { return Ok(None) };
        rows.content.extend_from_slice(&cell.rowid.to_le_bytes());
        rows.content.extend_from_slice(&(cell.size as u64).to_le_bytes());
        rows.content.extend_from_slice(cell.local);
        if overflow.append(cell.rest, cell.size - cell.local.len(), &mut rows.content)?.is_none() {
            return Ok(None);
        }
        rows.add(cell.rowid);
    }
    Ok(Some(()))
}

/// One row on a leaf.
struct Cell<'p> {
    rowid: i64,
    /// Bytes of the whole record.
    size: usize,
    /// The part of the record on the leaf.
    local: &'p [u8],
    /// First overflow page; 0: none.
    rest: u32,
}

impl<'p> Cell<'p> {
    fn at(page: &'p [u8], at: usize, usable: usize) -> Option<Self> {
        let (size, at) = varint(page, at)?;
        let (rowid, at) = varint(page, at)?;
        let size = usize::try_from(size).ok()?;
        let kept = kept_on_leaf(size, usable);
        let local = page.get(at..at + kept)?;
        let rest = if kept < size { u32_at(page, at + kept)? } else { 0 };
        Some(Self { rowid: rowid.cast_signed(), size, local, rest })
    }
}

/// How much of a record stays on its leaf (section 1.6 of the format).
const fn kept_on_leaf(size: usize, usable: usize) -> usize {
    let most = usable - 35;
    if size <= most {
        return size;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let even = least + (size - least) % (usable - 4);
    if even <= most { even } else { least }
}

/// Reads chains of overflow pages.
struct Overflow<'w, 'c> {
    pages: &'w mut Statement<'c>,
    left: &'w mut i64,
    usable: usize,
}

impl Overflow<'_, '_> {
    /// Appends the `missing` bytes of a record that begin on page `number`.
    fn append(&mut self, mut number: u32, mut missing: usize, content: &mut Vec<u8>) -> Sound<()> {
        while missing > 0 {
            if *self.left <= 0 {
                return Ok(None);
            }
            *self.left -= 1;
            let mut rows = self.pages.query([number])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let ValueRef::Blob(page) = row.get_ref(0)? else { return Ok(None) };
            let take = missing.min(self.usable - 4);
            let (Some(next), Some(part)) = (u32_at(page, 0), page.get(4..4 + take)) else { return Ok(None) };
            content.extend_from_slice(part);
            number = next;
            missing -= take;
        }
        Ok(Some(()))
    }
}

fn u16_at(page: &[u8], at: usize) -> Option<u16> {
    page.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]))
}

fn u32_at(page: &[u8], at: usize) -> Option<u32> {
    page.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

/// A number of one to nine bytes, and where it ends (section 1.6 of the format).
#[inline]
fn varint(page: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number = 0_u64;
    for length in 0..8 {
        let byte = *page.get(at + length)?;
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, at + length + 1));
        }
    }
    Some((number << 8 | u64::from(*page.get(at + 8)?), at + 9))
}
