//! What went wrong, in the words of the page: what it is, and what to do about it.

use super::Language;
use crate::{Cause, Kind, NoEnrolment, office::Stranger};

/// The first without a full stop: it stands in the status line too.
pub(super) type Told = (&'static str, &'static str);

impl Language {
    pub(super) const fn of_kind(self, kind: Kind) -> Told {
        match self {
            Self::Turkish => turkish(kind),
            Self::English => english(kind),
        }
    }

    /// What shows that the file is no office's.
    pub(super) fn of_stranger(self, stranger: &Stranger) -> String {
        use Stranger as S;
        match (self, stranger) {
            (Self::Turkish, S::Empty) => "Dosya boş.".to_owned(),
            (Self::Turkish, S::NoTable(table)) => format!("Dosyada `{table}` tablosu yok."),
            (Self::Turkish, S::NoColumn { table, column }) => {
                format!("Dosyanın `{table}` tablosunda `{column}` sütunu yok.")
            }
            (Self::Turkish, S::View(table)) => {
                format!("Dosyada `{table}` tablo değil, görünüm (view).")
            }
            (Self::Turkish, S::Encoding) => "Dosyanın metinleri UTF-8 değil.".to_owned(),
            (Self::English, S::Empty) => "The file is empty.".to_owned(),
            (Self::English, S::NoTable(table)) => format!("The file has no table `{table}`."),
            (Self::English, S::NoColumn { table, column }) => {
                format!("The file's table `{table}` has no column `{column}`.")
            }
            (Self::English, S::View(table)) => format!("`{table}` is a view there, not a table."),
            (Self::English, S::Encoding) => "The file's texts are not in UTF-8.".to_owned(),
        }
    }

    pub(super) const fn of_enrolment(self, error: NoEnrolment) -> Told {
        use NoEnrolment as N;
        match (self, error) {
            (Self::Turkish, N::Address) => (
                "Adres yanlış",
                "https://MERKEZ:8787 biçiminde olmalı (bu bilgisayardaki bir merkez için http:// da olur) ya da kayıt satırının tamamı.",
            ),
            (Self::Turkish, N::Credentials) => (
                "Adreste kullanıcı adı ya da parola var",
                "Merkez yalnızca token'a bakar: adresten @ ve öncesini silin.",
            ),
            (Self::Turkish, N::Plain) => (
                "http:// ile gönderilenleri yoldaki herkes okuyabilir",
                "https:// adresini yazın ya da yöneticinin verdiği kayıt satırının tamamını yapıştırın.",
            ),
            (Self::Turkish, N::Token) => ("Token yok ya da yanlış", "İçinde boşluk olmamalı."),
            (Self::Turkish, N::OtherHub) => (
                "Yeni adresin token'ı yok",
                "Kayıtlı token yalnızca kendi merkezine gider; yeni merkezin kayıt satırını yapıştırın.",
            ),
            (Self::Turkish, N::Fingerprint) => (
                "Kayıt satırı yanlış",
                "Sonundaki parmak izi eksik ya da bozuk; satırın tamamını kopyalayın.",
            ),
            (Self::English, N::Address) => (
                "The address is wrong",
                "It is like https://HUB:8787 (for a hub on this PC http:// will do too), or the whole enrolment line.",
            ),
            (Self::English, N::Credentials) => (
                "The address has a user name or password in it",
                "The hub looks at the token only: take the @ and what is before it out of the address.",
            ),
            (Self::English, N::Plain) => (
                "Everybody on the way can read what is sent over http://",
                "Type the https:// address, or paste the whole enrolment line that the administrator gave you.",
            ),
            (Self::English, N::Token) => ("The token is missing or wrong", "There is no blank in it."),
            (Self::English, N::OtherHub) => (
                "The new address has no token",
                "The token that is kept goes to its own hub only; paste the new hub's enrolment line.",
            ),
            (Self::English, N::Fingerprint) => (
                "The enrolment line is wrong",
                "The fingerprint at its end is incomplete or damaged; copy the whole line.",
            ),
        }
    }
}

const fn turkish(kind: Kind) -> Told {
    match kind {
        Kind::Away(cause) => (
            match cause {
                Cause::Name => "Merkeze ulaşılamıyor (adı bulunamadı)",
                Cause::Refused => "Merkeze ulaşılamıyor (adreste dinleyen yok)",
                Cause::TimedOut => "Merkeze ulaşılamıyor (zamanında yanıt yok)",
                Cause::NoWay => "Merkeze ulaşılamıyor (oraya giden ağ yok)",
                Cause::Cut => "Merkeze ulaşılamıyor (bağlantı koptu)",
                Cause::Other => "Merkeze ulaşılamıyor",
            },
            "Bağlantı gelince kendiliğinden sürer; o zamana kadar çalışmaya devam edin, hiçbir kayıt kaybolmaz.",
        ),
        Kind::NotPlain => (
            "Bu adreste http:// ile konuşulmuyor",
            "Adres https:// ile başlamalı: kayıt satırının tamamını Senkron URL alanına yapıştırın.",
        ),
        Kind::NotTls => (
            "Bu adreste https:// ile konuşulmuyor",
            "Adres ya da kapısı yanlış: kayıt satırının tamamını Senkron URL alanına yapıştırın.",
        ),
        Kind::HubBusy => {
            ("Merkez şu anda yanıt veremiyor", "Kendiliğinden yeniden denenir; hiçbir kayıt kaybolmaz.")
        }
        Kind::Token => {
            ("Merkez bu token'ı tanımıyor ya da iptal etmiş", "Yöneticiden yeni bir kayıt satırı isteyin.")
        }
        Kind::Certificate => (
            "Merkezin sertifikası kayıt satırındaki değil",
            "Hiçbir şey gönderilmedi. Yöneticiye haber verin.",
        ),
        Kind::Untrusted => (
            "Bu bilgisayar merkezin sertifikasına güvenmiyor",
            "Hiçbir şey gönderilmedi. Kayıt satırının tamamını Senkron URL alanına yapıştırın.",
        ),
        Kind::NoHub => ("Bu adreste denk merkezi yok", "Senkron URL alanını denetleyin."),
        Kind::Answer => (
            "Merkezin yanıtı okunamadı",
            "Merkezde denk'in başka bir sürümü olabilir. Yöneticiye haber verin.",
        ),
        Kind::Refused => ("Merkez isteği kabul etmedi", "Yöneticiye haber verin."),
        Kind::Restless => ("Merkezle eşitleme sona ermedi", "Kendiliğinden yeniden denenir."),
        Kind::Missing => (
            "Programın dosyası yerinde yok",
            "Dosya geri gelince kendiliğinden sürer. Taşındıysa yöneticiye yeni yerini söyleyin.",
        ),
        Kind::ReadOnly => (
            "Programın dosyasına yazılamıyor",
            "Dosya ya da klasörü salt okunur. Yöneticiden yazma izni isteyin.",
        ),
        Kind::Locked => (
            "Bu dosyayı başka bir denk ajanı kullanıyor",
            "Bir dosya için tek ajan çalışır: ötekini kapatın.",
        ),
        Kind::Busy => ("Dosyayı şu anda program kullanıyor", "Birazdan kendiliğinden yeniden denenir."),
        Kind::Full => ("Disk dolu", "Yer açın; sonra kendiliğinden sürer."),
        Kind::Corrupt => (
            "Dosya bozuk ya da bir veritabanı değil",
            "Programı kapatın ve yöneticiye haber verin. Merkeze gitmiş kayıtlar orada duruyor.",
        ),
        Kind::NotAnOfficeFile => (
            "Bu, büro programının dosyası değil",
            "Dosyaya hiçbir şey yazılmadı. Eksik olan aşağıda. Yöneticiye haber verin: ajana yanlış dosya verilmiş.",
        ),
        Kind::Lacks => (
            "Dosyada programın bir tablosu ya da sütunu eksik",
            "Aşağıda yazıyor. Geri gelince kendiliğinden sürer, o arada hiçbir şey kaybolmaz. Programın yeni sürümünde artık yoksa \
             yöneticiye haber verin.",
        ),
        Kind::OtherRegion => (
            "Kayıt satırı başka bir bölgenin",
            "Dosyanın bölgesinin satırını girin. Şube bölge değiştirdiyse önce ajanı eski satırıyla dosyadan çıkarın \
             (`denk agent --remove`).",
        ),
        Kind::NewerTables => ("Dosyada denk'in daha yeni bir sürümü çalışmış", "denk'i güncelleyin."),
        Kind::File => ("Programın dosyası kullanılamıyor", "Yöneticiye haber verin."),
    }
}

const fn english(kind: Kind) -> Told {
    match kind {
        Kind::Away(cause) => (
            match cause {
                Cause::Name => "The hub cannot be reached (its name is not found)",
                Cause::Refused => "The hub cannot be reached (nobody listens there)",
                Cause::TimedOut => "The hub cannot be reached (no answer in time)",
                Cause::NoWay => "The hub cannot be reached (no network leads there)",
                Cause::Cut => "The hub cannot be reached (connection broke off)",
                Cause::Other => "The hub cannot be reached",
            },
            "It goes on by itself once it can; work on meanwhile, nothing is lost.",
        ),
        Kind::NotPlain => (
            "What answers there does not speak http://",
            "The address begins with https://: paste the whole enrolment line into the sync URL.",
        ),
        Kind::NotTls => (
            "What answers there does not speak https://",
            "The address or its port is wrong: paste the whole enrolment line into the sync URL.",
        ),
        Kind::HubBusy => ("The hub cannot answer now", "It is tried again by itself; nothing is lost."),
        Kind::Token => (
            "The hub does not know this token, or has revoked it",
            "Ask the administrator for a new enrolment line.",
        ),
        Kind::Certificate => {
            ("The hub's certificate is not the enrolment line's", "Nothing was sent. Tell the administrator.")
        }
        Kind::Untrusted => (
            "This PC does not trust the hub's certificate",
            "Nothing was sent. Paste the whole enrolment line into the sync URL.",
        ),
        Kind::NoHub => ("There is no denk hub at this address", "Look at the sync URL."),
        Kind::Answer => (
            "The hub's answer cannot be read",
            "Another version of denk may be there. Tell the administrator.",
        ),
        Kind::Refused => ("The hub refused the request", "Tell the administrator."),
        Kind::Restless => ("The exchange with the hub came to no end", "It is tried again by itself."),
        Kind::Missing => (
            "The program's file is not there",
            "It goes on by itself once it is back. If it was moved, tell the administrator where to.",
        ),
        Kind::ReadOnly => (
            "The program's file cannot be written",
            "It, or its folder, is read-only. Ask the administrator for the right to write.",
        ),
        Kind::Locked => ("Another denk agent uses this file", "One agent works on a file: close the other."),
        Kind::Busy => ("The program is using the file", "It is tried again by itself in a moment."),
        Kind::Full => ("The disk is full", "Make room; then it goes on by itself."),
        Kind::Corrupt => (
            "The file is damaged, or is no database",
            "Close the program and tell the administrator. What went to the hub is there.",
        ),
        Kind::NotAnOfficeFile => (
            "This is not the office program's file",
            "Nothing was written into it. What it lacks stands below. Tell the administrator: the agent was given a wrong file.",
        ),
        Kind::Lacks => (
            "A table or column of the program's is missing",
            "It stands below. It goes on by itself once it is back, and nothing is lost meanwhile. If the program's new version no \
             longer has it, tell the administrator.",
        ),
        Kind::OtherRegion => (
            "The line is another region's",
            "Give a line of the file's region. When the office has moved to another region, take the agent out of the file \
             first, with its old line (`denk agent --remove`).",
        ),
        Kind::NewerTables => ("A newer version of denk has worked on the file", "Update denk."),
        Kind::File => ("The program's file cannot be used", "Tell the administrator."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_has_a_short_name_and_a_remedy_of_its_own_in_both_languages() {
        for language in [Language::Turkish, Language::English] {
            let told = Kind::ALL.map(|kind| language.of_kind(kind));
            for (what, todo) in told {
                assert!(!what.ends_with('.') && what.len() < 60 && todo.ends_with('.'), "{what} {todo}");
                assert_eq!(told.iter().filter(|(other, _)| *other == what).count(), 1, "{what}");
            }
        }
    }
}
