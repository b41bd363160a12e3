//! Ten thousand damaged files: each is refused or read, soon, and leaves nothing behind.

use std::{
    panic,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use database::untrusted::{Class, Limits};

use super::{Lab, READER, office};

const FILES: u64 = 10_000;
/// Most that this process may ever have used: the files are of a few pages, SQLite's cache is 2 MB.
const MEMORY_KIB: u64 = 200 << 10;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `end`.
    #[allow(clippy::cast_possible_truncation, reason = "lengths of small files")]
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        // Edges are where mistakes are.
        [self.next().to_le_bytes()[0], 0, 1, 0x7f, 0x80, 0xff][self.below(6)]
    }
}

fn page_bytes(file: &[u8]) -> usize {
    match usize::from(u16::from_be_bytes([file[16], file[17]])) {
        bytes if bytes >= 512 => bytes,
        _ => 512,
    }
}

/// Does one kind of damage.
fn damage(file: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let (page, at) = (page_bytes(file), dice.below(file.len()));
    let pages = (file.len() / page).max(1);
    match dice.below(9) {
        0 => file[at] ^= 1 << dice.below(8),
        1 => {
            let end = file.len().min(at + 1 + dice.below(40));
            file[at..end].fill_with(|| dice.byte());
        }
        2 => file.truncate(100 + dice.below(file.len() - 100)),
        3 => file.truncate(page * (1 + dice.below(pages))),
        4 => {
            let (one, two) = (dice.below(pages) * page, dice.below(pages) * page);
            let end = (one + page).min(file.len());
            let copy = file[one..end].to_vec();
            let fits = two + copy.len() <= file.len();
            if fits {
                file.copy_within(two..two + copy.len(), one);
                file[two..two + copy.len()].copy_from_slice(&copy);
            }
        }
        5 => file[16 + dice.below(84)] = dice.byte(),
        6 => {
            // The rest of another file.
            let from = at - at % page;
            let rest = other.get(from..).unwrap_or_default();
            let end = file.len().min(from + rest.len());
            file[from..end].copy_from_slice(&rest[..end - from]);
        }
        7 => {
            // A page's own head: its kind, its number of cells, where they are.
            let head = dice.below(pages) * page;
            let head = if head == 0 { 100 } else { head };
            let at = (head + dice.below(24)).min(file.len() - 1);
            file[at] = dice.byte();
        }
        _ => {
            let end = file.len().min(at + 1 + dice.below(200));
            file.extend_from_within(at..end);
        }
    }
}

fn damaged(files: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut file = files[dice.below(files.len())].clone();
    for _ in 0..1 + dice.below(4) {
        let other = &files[dice.below(files.len())];
        damage(&mut file, other, &mut dice);
        if file.len() < 200 {
            break;
        }
    }
    file
}

/// Most memory that this process has ever used. **Units**: KiB; `None` where the system does not tell.
fn memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Also panics that are caught on the way, as those in a callback from SQLite.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let (counter, before) = (Arc::clone(&count), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() == Some(READER) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
    count
}

#[test]
fn damaged_files_are_refused_or_read() {
    let files = office::files();
    let lab = Lab::of(&[]);
    let panics = count_panics();
    let limits = Limits { bytes: 1 << 20, time: Duration::from_secs(2), ..Limits::default() };
    let (mut refused, mut partly, mut whole) = (0, 0, 0);
    for seed in 0..FILES {
        lab.write(&damaged(&files, seed));
        match lab.read_within(&limits) {
            Ok(content) if content.iter().all(|(_, rows)| rows.is_ok()) => whole += 1,
            Ok(content) => {
                partly += 1;
                let ours = |rows: &Result<_, _>| {
                    rows.as_ref()
                        .is_err_and(|refused: &database::untrusted::Refused| refused.class() == Class::Ours)
                };
                assert!(!content.iter().any(|(_, rows)| ours(rows)), "seed {seed}: {content:?}");
            }
            Err(reason) => {
                refused += 1;
                assert_ne!(reason.class(), Class::Ours, "seed {seed}: {reason:?}");
            }
        }
        assert_eq!(panics.load(Ordering::Relaxed), 0, "seed {seed}");
    }
    println!("{refused} refused, {partly} in part, {whole} read");
    assert!(refused > FILES / 2 && partly > 100 && whole > 500, "each way is gone often enough");
    if let Some(used) = memory_kib() {
        assert!(used < MEMORY_KIB, "{used} KiB");
    }
}
