//! What a report's file is called.

use jiff::civil::Date;
use office::input::fold;

use super::Language;

/// `puantaj_raporu_<person|tum_calisanlar>_<first day|tum>_<last day|tum>.xlsx`, in letters that every system takes.
#[must_use]
pub fn file_name(
    language: Language,
    person: Option<&str>,
    from: Option<Date>,
    until: Option<Date>,
) -> String {
    let labels = language.labels();
    let person = person.map_or_else(|| labels.file_everybody.to_owned(), slug);
    let day = |day: Option<Date>| day.map_or_else(|| labels.file_all.to_owned(), |day| day.to_string());
    format!("{}_{person}_{}_{}.xlsx", labels.file, day(from), day(until))
}

/// What the file of a list is called: `calisanlar-2026-01-31.xlsx`, in letters that every system takes.
#[must_use]
pub fn list_file_name(title: &str, made: Date, ending: &str) -> String {
    format!("{}-{made}.{}", slug(title), slug(ending))
}

/// A name in small English letters and digits, what is between them as one `_`, 40 characters at most.
fn slug(name: &str) -> String {
    const LENGTH_MAX: usize = 40;
    let folded = fold(name);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("_").chars().take(LENGTH_MAX).collect();
    if slug.is_empty() { "x".into() } else { slug }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_files_name_tells_who_and_when() {
        let january = (Some(date(2026, 1, 1)), Some(date(2026, 1, 31)));
        assert_eq!(
            file_name(Language::Turkish, Some("Ayşe IŞIK-Öz"), january.0, january.1),
            "puantaj_raporu_ayse_isik_oz_2026-01-01_2026-01-31.xlsx"
        );
        assert_eq!(
            file_name(Language::Turkish, None, None, None),
            "puantaj_raporu_tum_calisanlar_tum_tum.xlsx"
        );
        let english = file_name(Language::English, None, january.0, None);
        assert_eq!(english, "timesheet_report_all_employees_2026-01-01_all.xlsx");
    }

    #[test]
    fn a_lists_file_is_called_by_what_it_lists() {
        let made = date(2026, 1, 31);
        assert_eq!(list_file_name("Çalışanlar", made, "xlsx"), "calisanlar-2026-01-31.xlsx");
        assert_eq!(list_file_name("../a\r\n\"; b", made, "csv"), "a_b-2026-01-31.csv");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for (name, wanted) in
            [("../../etc/passwd", "etc_passwd"), ("北京", "x"), ("", "x"), ("a\r\n\"b", "a_b")]
        {
            assert_eq!(
                file_name(Language::Turkish, Some(name), None, None),
                format!("puantaj_raporu_{wanted}_tum_tum.xlsx")
            );
        }
        let long = file_name(Language::Turkish, Some(&"a".repeat(500)), None, None);
        assert_eq!(long.len(), "puantaj_raporu__tum_tum.xlsx".len() + 40);
    }
}
