//! A text as a QR code, drawn into a page: no file of its own that somebody could ask for, no style.

use qrcode::{Color, EcLevel, QrCode};

/// What a reader needs around the code. **Units**: modules.
const QUIET: usize = 4;

/// A code as one path of an SVG.
///
/// **Units**: modules.
pub(super) struct Qr {
    /// Of the code with what is quiet around it.
    pub side: usize,
    /// The dark modules, row by row.
    pub path: String,
}

impl Qr {
    /// `None` for a text that is too long for a code.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let colors = code.to_colors();
        let rows = colors.chunks(width).enumerate();
        let path = rows.map(|(y, row)| drawn(y + QUIET, row)).collect();
        Some(Self { side: width + 2 * QUIET, path })
    }
}

/// The dark runs of a row.
fn drawn(y: usize, row: &[Color]) -> String {
    let mut x = QUIET;
    let runs = row.chunk_by(|one, other| one == other).map(|run| {
        let from = x;
        x += run.len();
        if run[0] == Color::Dark { format!("M{from} {y}h{0}v1h-{0}z", run.len()) } else { String::new() }
    });
    runs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(Qr::of(&"x".repeat(300)).is_some());
        assert!(Qr::of(&"x".repeat(5_000)).is_none());
    }
}
