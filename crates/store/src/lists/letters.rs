//! Letters as people who read Turkish take them: alike when they search, in order when they sort.

/// The Turkish alphabet, with the letters of foreign names where dictionaries put them.
const ALPHABET: &str = "abcçdefgğhıijklmnoöpqrsştuüvwxyz";
/// Behind every sign and figure.
const LETTERS_FROM: u32 = 0x80;

/// A text as it is searched: neither case nor the marks of letters count, so that `ISIK`, `ışık` and `isik` are one.
pub(super) fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| !is_mark(*c))
        .flat_map(char::to_lowercase)
        .map(bare)
        .filter(|c| !is_mark(*c))
        .collect()
}

/// Combining marks: a letter may come with its mark apart.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

const fn bare(c: char) -> char {
    match c {
        'ı' | 'î' | 'í' | 'ï' => 'i',
        'â' | 'á' | 'à' | 'ä' | 'å' => 'a',
        'û' | 'ü' | 'ú' => 'u',
        'ö' | 'ô' | 'ó' => 'o',
        'é' | 'è' | 'ê' => 'e',
        'ç' => 'c',
        'ğ' => 'g',
        'ş' => 's',
        c => c,
    }
}

/// What texts are sorted by.
pub(super) fn order(text: &str) -> Vec<u32> {
    text.trim().chars().filter(|c| !is_mark(*c)).flat_map(lower).map(weight).collect()
}

fn lower(c: char) -> impl Iterator<Item = char> {
    let (one, rest) = match c {
        'I' => (Some('ı'), None),
        'İ' => (Some('i'), None),
        c => (None, Some(c.to_lowercase())),
    };
    one.into_iter().chain(rest.into_iter().flatten())
}

fn weight(c: char) -> u32 {
    let plain = match c {
        'â' => 'a',
        'î' => 'i',
        'û' => 'u',
        c => c,
    };
    match ALPHABET.chars().position(|letter| letter == plain) {
        Some(at) => LETTERS_FROM + u32::try_from(at).unwrap_or_default(),
        None if c.is_ascii() => u32::from(c),
        None => u32::from(c).saturating_add(0x1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_only_by_case_and_marks_is_found() {
        for (one, other) in [
            ("IŞIK", "ışık"),
            ("Işık", "isik"),
            ("İZMİR", "izmir"),
            ("izmir", "IZMIR"),
            ("Çağlayan ÖRNEK", "caglayan ornek"),
            ("Kâmil", "kamil"),
            ("i\u{307}zmir", "İzmir"),
            ("u\u{308}mit", "ÜMİT"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        assert_ne!(fold("Ali"), fold("Alı Z"));
    }

    #[test]
    fn names_stand_in_the_order_of_the_turkish_alphabet() {
        let sorted = [
            "06 A", "34 A", "Ali", "Cem", "Çağla", "Deniz", "Gül", "ğ", "Hale", "Işık", "İbrahim", "Jale",
            "Oya", "Özlem", "Suna", "Şule", "Ufuk", "Ümit", "Zeki",
        ];
        assert!(sorted.windows(2).all(|pair| order(pair[0]) < order(pair[1])), "{sorted:?}");
        assert_eq!(order("IŞIK"), order("ışık"));
        assert_ne!(order("IŞIK"), order("işik"));
    }
}
