//! What people are told who do not get what they asked for.

use axum::http::StatusCode;

use crate::Language;

/// A title, and a sentence where nothing more is known.
type Said = (&'static str, &'static str);

pub(crate) struct TroubleWords {
    missing: Said,
    foreign: Said,
    large: Said,
    many: Said,
    unread: Said,
    busy: Said,
    ours: Said,
}

impl TroubleWords {
    pub const fn of(language: Language) -> &'static Self {
        match language {
            Language::Turkish => &TURKISH,
            Language::English => &ENGLISH,
        }
    }

    pub fn said(&self, status: StatusCode) -> Said {
        match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => self.missing,
            StatusCode::FORBIDDEN => self.foreign,
            StatusCode::PAYLOAD_TOO_LARGE => self.large,
            StatusCode::TOO_MANY_REQUESTS => self.many,
            StatusCode::SERVICE_UNAVAILABLE => self.busy,
            status if status.is_server_error() => self.ours,
            _ => self.unread,
        }
    }
}

static TURKISH: TroubleWords = TroubleWords {
    missing: ("Burada bir şey yok", "Adres yanlış yazılmış ya da sayfa artık yok."),
    foreign: (
        "Form alınmadı",
        "Bu form merkezin kendi sayfasından gelmedi. Sayfayı merkezin kendi adresinden açıp yeniden deneyin.",
    ),
    large: ("Form çok büyük", "Yazılan çok uzun. Kısaltıp yeniden deneyin; hiçbir şey değişmedi."),
    many: (
        "Çok fazla deneme",
        "Bu adresten çok fazla yanlış deneme geldi. Birkaç dakika sonra yeniden deneyin.",
    ),
    unread: (
        "İstek anlaşılamadı",
        "Gelen form ya da adres okunamadı. Sayfayı yenileyip yeniden deneyin; hiçbir şey değişmedi.",
    ),
    busy: ("Merkez meşgul", "Merkez şu anda meşgul. Biraz sonra yeniden deneyin."),
    ours: ("Merkez bunu yapamadı", "Nedeni merkezin kaydında yazıyor. Biraz sonra yeniden deneyin."),
};

static ENGLISH: TroubleWords = TroubleWords {
    missing: ("There is nothing here", "The address is mistyped, or the page is no more."),
    foreign: (
        "The form was not taken",
        "This form did not come from a page of the hub. Open the page at the hub's own address and try again.",
    ),
    large: (
        "The form is too large",
        "What was typed is too long. Shorten it and try again; nothing was changed.",
    ),
    many: (
        "Too many attempts",
        "Too many wrong attempts came from this address. Try again in a few minutes.",
    ),
    unread: (
        "The request was not understood",
        "The form or the address could not be read. Load the page again and try again; nothing was changed.",
    ),
    busy: ("The hub is busy", "The hub is busy at the moment. Try again a little later."),
    ours: ("The hub could not do it", "Its log says why. Try again a little later."),
};
