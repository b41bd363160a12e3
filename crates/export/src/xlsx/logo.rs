//! Whether a logo's bytes are a picture that Excel opens.

/// Why a logo is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoProblem {
    #[error("the logo is not a PNG picture")]
    NotAPng,
    #[error("the logo is damaged")]
    Damaged,
    /// Than 4 MB, or 4096 points in width or height.
    #[error("the logo is larger than a report takes")]
    TooLarge,
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const BYTES_MAX: usize = 4 << 20;
const POINTS_MAX: u32 = 4096;

/// Looks at all of a PNG but its points: a workbook with a damaged picture is one that Excel wants to repair.
///
/// **Source**: PNG specification: length, type, data and CRC of each chunk, from `IHDR` to `IEND`.
pub fn check_png(bytes: &[u8]) -> Result<(), LogoProblem> {
    let mut rest = bytes.strip_prefix(SIGNATURE).ok_or(LogoProblem::NotAPng)?;
    if bytes.len() > BYTES_MAX {
        return Err(LogoProblem::TooLarge);
    }
    let (kind, header) = chunk(&mut rest).ok_or(LogoProblem::Damaged)?;
    check_header(kind, header)?;
    let mut has_points = false;
    loop {
        let (kind, _) = chunk(&mut rest).ok_or(LogoProblem::Damaged)?;
        has_points |= kind == b"IDAT";
        if kind == b"IEND" {
            return if has_points { Ok(()) } else { Err(LogoProblem::Damaged) };
        }
    }
}

fn check_header(kind: &[u8], header: &[u8]) -> Result<(), LogoProblem> {
    if kind != b"IHDR" || header.len() != 13 {
        return Err(LogoProblem::Damaged);
    }
    for points in [number(&header[..4]), number(&header[4..8])] {
        match points {
            Some(1..=POINTS_MAX) => {}
            Some(1..) => return Err(LogoProblem::TooLarge),
            _ => return Err(LogoProblem::Damaged),
        }
    }
    Ok(())
}

/// Type and data of the next chunk; `None` when it is cut or its CRC is another.
fn chunk<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (length, after) = rest.split_at_checked(4)?;
    let length = usize::try_from(number(length)?).ok()?;
    let (body, after) = after.split_at_checked(length.checked_add(4)?)?;
    let (crc, after) = after.split_at_checked(4)?;
    *rest = after;
    (crc32fast::hash(body) == number(crc)?).then(|| body.split_at(4))
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A picture of so many points, whose points nobody has drawn.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        header.extend([8, 6, 0, 0, 0]);
        let mut bytes = SIGNATURE.to_vec();
        for (kind, data) in [(b"IHDR", &header[..]), (b"IDAT", b"points"), (b"IEND", b"")] {
            let body = [&kind[..], data].concat();
            bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend(&body);
            bytes.extend(crc32fast::hash(&body).to_be_bytes());
        }
        bytes
    }

    #[test]
    fn a_picture_is_taken_and_what_is_none_is_named() {
        assert_eq!(check_png(&png(110, 60)), Ok(()));
        assert_eq!(check_png(b""), Err(LogoProblem::NotAPng));
        assert_eq!(check_png(b"\xff\xd8\xff\xe0 a jpeg"), Err(LogoProblem::NotAPng));
        assert_eq!(check_png(SIGNATURE), Err(LogoProblem::Damaged));
        assert_eq!(check_png(&png(0, 60)), Err(LogoProblem::Damaged));
        assert_eq!(check_png(&png(4096, 4097)), Err(LogoProblem::TooLarge));
        let mut large = png(110, 60);
        large.resize(BYTES_MAX + 1, 0);
        assert_eq!(check_png(&large), Err(LogoProblem::TooLarge));
    }

    #[test]
    fn a_picture_without_points_is_damaged() {
        let whole = png(110, 60);
        // The second chunk: 12 bytes around 6 of data.
        let second = SIGNATURE.len() + 25;
        let without = [&whole[..second], &whole[second + 18..]].concat();
        assert_eq!(check_png(&without), Err(LogoProblem::Damaged));
    }

    proptest! {
        #[test]
        fn every_cut_and_every_flipped_bit_is_found(at in 0_usize..1000, bit in 0_u8..8) {
            let whole = png(110, 60);
            let at = at % whole.len();
            prop_assert!(check_png(&whole[..at]).is_err());
            let mut flipped = whole;
            flipped[at] ^= 1 << bit;
            prop_assert!(check_png(&flipped).is_err());
        }

        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = check_png(&[SIGNATURE, &bytes].concat());
        }
    }
}
