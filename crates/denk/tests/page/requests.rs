//! What requests come to that no browser would send.

use super::{Office, until};

struct Client {
    web: tokio::runtime::Runtime,
    client: reqwest::Client,
    base: String,
    cookie: String,
}

struct Answer {
    status: u16,
    to: Option<String>,
    cookie: Option<String>,
    text: String,
}

impl Client {
    fn new(office: &Office) -> Self {
        let web = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { web, client, base: office.base().to_owned(), cookie: String::new() }
    }

    fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.header("cookie", &self.cookie).header("accept-language", "tr");
        self.web.block_on(async {
            let answer = request.send().await.unwrap();
            let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let (to, cookie) = (header("location"), header("set-cookie"));
            Answer { status: answer.status().as_u16(), to, cookie, text: answer.text().await.unwrap() }
        })
    }

    fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.base)))
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_from(path, form, &self.base)
    }

    fn post_from(&self, path: &str, form: &[(&str, &str)], origin: &str) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base)).form(form);
        self.send(request.header("origin", origin))
    }
}

#[test]
fn the_local_page_shows_and_changes_what_the_agent_does() {
    let office = Office::start();
    let mut client = Client::new(&office);
    assert_eq!(client.get("/").status, 403, "nobody without the link");
    let answer = client.get(&format!("/?{}", office.page.split_once("/?").unwrap().1));
    assert_eq!(answer.status, 303);
    client.cookie = answer.cookie.unwrap().split(';').next().unwrap().to_owned();
    until("the first exchange", || client.get("/").text.contains("Senkron OK (Ankara)"));
    assert_eq!(client.post_from("/sync", &[], "http://evil.example").status, 403);
    assert_eq!(client.post("/sync", &[]).to.as_deref(), Some("/?note=synced"));
    assert_eq!(client.post("/sync?lang=en", &[]).to.as_deref(), Some("/?note=synced&lang=en"));

    let hub = format!("{}/", office.hub.url);
    let tested = |url: &str, token: &str| {
        let before = office.kept();
        let answer = client.post("/test", &[("active", "on"), ("url", url), ("token", token)]);
        assert_eq!((answer.status, office.kept()), (200, before), "a test keeps nothing");
        assert!(token.is_empty() || !answer.text.contains(token), "no page shows a token");
        answer.text
    };
    assert!(tested(&hub, "").contains("merkez bu büroyu tanıyor (Ankara)"));
    assert!(tested(&hub, "9_wrong").contains("Merkez bu token"), "a real test");
    let away = tested("http://127.0.0.1:1/typed", "9_typed");
    assert!(away.contains("Merkeze ulaşılamıyor. "), "{away}");
    assert!(away.contains("value=\"http://127.0.0.1:1/typed\""), "what was typed stays: {away}");
    let line = tested(&format!("denk+{hub}#8_hidden.12"), "");
    assert!(line.contains("Kayıt satırı yanlış") && !line.contains("8_hidden"), "{line}");
    assert!(tested("hub.example", "").contains("Adres yanlış"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let other = format!("http://{}/", listener.local_addr().unwrap());
    assert!(
        tested(&other, "").contains("Yeni adresin token&#39;ı yok"),
        "what is kept is shown to nobody else"
    );
    assert!(listener.accept().is_err(), "and nobody is asked");
}

#[test]
fn settings_are_kept_only_when_they_can_be_right() {
    let office = Office::start();
    let mut client = Client::new(&office);
    let answer = client.get(&format!("/?{}", office.page.split_once("/?").unwrap().1));
    client.cookie = answer.cookie.unwrap().split(';').next().unwrap().to_owned();
    let hub = format!("{}/", office.hub.url);
    let before = office.kept();
    let wrong = client.post("/settings", &[("url", "hub.example"), ("token", "9_typed")]);
    assert_eq!((wrong.status, office.kept()), (200, before));
    assert!(
        wrong.text.contains("value=\"hub.example\"") && !wrong.text.contains("9_typed"),
        "{}",
        wrong.text
    );
    let form = |token| [("active", "on"), ("url", hub.as_str()), ("token", token)];
    assert_eq!(client.post("/settings", &form("9_wrong")).to.as_deref(), Some("/?note=saved"));
    until("the error is shown", || client.get("/").text.contains("Senkron HATA: Merkez bu token"));
    assert!(!client.get("/").text.contains("9_wrong"), "no page shows a token");
    assert!(!client.get("/state").text.contains("9_wrong"));
    let off = client.post("/settings", &[("url", hub.as_str()), ("token", "")]);
    assert_eq!(off.to.as_deref(), Some("/?note=saved"));
    until("switched off", || client.get("/").text.contains("Senkron kapalı"));
    assert_eq!(client.post("/sync", &[]).to.as_deref(), Some("/?note=off"), "it does not say that it did");
}
