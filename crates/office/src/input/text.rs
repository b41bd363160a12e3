//! Turkish letters and spellings of headers.

/// `text` in small letters without the marks of Turkish: `ÇALIŞAN`, `Çalışan` and `calisan` are all `calisan`.
///
/// For comparing only. `I` is folded like `İ` and `ı` to `i`, as files of every origin mix them; a letter that was
/// written with a combining mark is folded like the one letter.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().filter(|c| !is_combining(*c)).flat_map(char::to_lowercase).filter_map(plain).collect()
}

/// A table's header without what people write differently: [`fold`]ed, without blanks and underscores.
///
/// **Corrects** the old program, which did not fold Turkish letters: `Çalışan`, `Giriş` and `TARİH` were not recognised.
#[must_use]
pub fn header(text: &str) -> String {
    fold(text).chars().filter(|c| !c.is_whitespace() && *c != '_').collect()
}

/// The letter without its mark; `None` for the dot that is left of a small `İ`.
fn plain(letter: char) -> Option<char> {
    Some(match letter {
        'ç' => 'c',
        'ğ' => 'g',
        'ı' | 'î' => 'i',
        'ö' => 'o',
        'ş' => 's',
        'ü' | 'û' => 'u',
        'â' => 'a',
        mark if is_combining(mark) => return None,
        other => other,
    })
}

const fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_match_however_they_are_written() {
        for (written, wanted) in [
            ("Çalışan", "calisan"),
            ("ÇALIŞAN", "calisan"),
            ("Giriş", "giris"),
            ("TARİH", "tarih"),
            ("TARIH", "tarih"),
            ("Özel Gün", "ozelgun"),
            (" full_name ", "fullname"),
            ("Ad Soyad", "adsoyad"),
            ("Mola\u{a0}dk", "moladk"),
            ("C\u{327}alıs\u{327}an", "calisan"),
            ("Kâğıt", "kagit"),
        ] {
            assert_eq!(header(written), wanted, "{written:?}");
        }
        assert_eq!(fold("Ayşe IŞIK"), "ayse isik");
    }
}
