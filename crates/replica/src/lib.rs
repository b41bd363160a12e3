//! What hub and offices exchange and keep: whole files of an office, read and written, and the forms in which rows are
//! stored.
//!
//! Owns the way from a checked upload to the rows that `merge` compares, the way back into a file that the old programs
//! open, and the bytes in which shadows and marks are kept. Does not know HTTP, sites, or which rows a site may see.
//! The one thing to know: columns are bound by name, never by position, and what a file does not have is unknown, never
//! NULL.

pub mod codec;
pub mod compare;
mod fit;
pub mod handout;
pub mod naming;
pub mod notes;
pub mod office_file;
pub mod outbox;
pub mod wire;

pub use fit::settled;
