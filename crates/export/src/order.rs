//! The order of names in the Turkish alphabet.

/// A key by which names are sorted as a Turkish telephone book sorts them: ç after c, ı before i; size does not matter; q, w
/// and x where the English alphabet has them; other signs and digits first, other letters last.
pub fn turkish(name: &str) -> Vec<u32> {
    name.trim().chars().flat_map(small).map(rank).collect()
}

fn small(letter: char) -> impl Iterator<Item = char> {
    let letter = match letter {
        'I' => 'ı',
        'İ' | 'Î' | 'î' => 'i',
        'Â' | 'â' => 'a',
        'Û' | 'û' => 'u',
        other => other,
    };
    letter.to_lowercase()
}

fn rank(letter: char) -> u32 {
    const ALPHABET: &str = "abcçdefgğhıijklmnoöpqrsştuüvwxyz";
    const LETTERS: u32 = 0x11_0000;
    let place =
        ALPHABET.chars().position(|known| known == letter).and_then(|place| u32::try_from(place).ok());
    match place {
        Some(place) => LETTERS + place,
        None if letter.is_alphabetic() => 2 * LETTERS + u32::from(letter),
        None => letter.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_as_in_a_turkish_telephone_book() {
        let sorted = [
            "1. Depo", "Âdem", "ali", "Cem", "Çağ", "Dağ", "Ilgaz", "ışık", "İnci", "Jale", "Oya", "Öz",
            "Sevgi", "Şen", "Tuna", "Ulu", "Ümit", "Veli", "Wanda", "Yıl", "Zeki", "Żak",
        ];
        let mut names = sorted;
        names.reverse();
        names.sort_by_key(|name| turkish(name));
        assert_eq!(names, sorted);
        assert_eq!(turkish("IŞIK"), turkish(" ışık"));
        assert!(turkish("Ali Can") < turkish("Alican"), "a blank comes before letters");
    }
}
