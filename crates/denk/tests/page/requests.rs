//! What requests come to that no browser would send.

use super::{Office, until};

pub struct Client {
    web: tokio::runtime::Runtime,
    client: reqwest::Client,
    base: String,
    key: String,
}

pub struct Answer {
    pub status: u16,
    to: Option<String>,
    pub text: String,
}

impl Client {
    /// Without the secret.
    pub fn stranger(office: &Office) -> Self {
        let web = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { web, client, base: office.base().to_owned(), key: String::new() }
    }

    fn of(office: &Office) -> Self {
        let mut client = Self::stranger(office);
        let ticket = client.ticket(office.page.split_once("?key=").unwrap().1);
        client.key = client.open(&ticket.unwrap()).text;
        client
    }

    /// Where a link leads.
    pub fn ticket(&self, key: &str) -> Option<String> {
        let to = self.get(&format!("/?key={key}")).to?;
        Some(to.strip_prefix("/#").unwrap().to_owned())
    }

    pub fn open(&self, ticket: &str) -> Answer {
        let request = self.client.post(format!("{}/open", self.base)).body(ticket.to_owned());
        self.send(request.header("origin", &self.base))
    }

    fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = if self.key.is_empty() { request } else { request.bearer_auth(&self.key) };
        self.web.block_on(async {
            let answer = request.header("accept-language", "tr").send().await.unwrap();
            assert!(answer.headers().get("set-cookie").is_none(), "a cookie goes to every port");
            let to = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
            Answer { status: answer.status().as_u16(), to, text: answer.text().await.unwrap() }
        })
    }

    fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, fields: &[(String, String)]) -> Answer {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(fields.iter().fold(request, |request, (name, value)| request.header(name, value)))
    }

    fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post_with(path, form, &[("origin".to_owned(), self.base.clone())])
    }

    pub fn post_with(&self, path: &str, form: &[(&str, &str)], fields: &[(String, String)]) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base)).form(form);
        self.send(fields.iter().fold(request, |request, (name, value)| request.header(name, value)))
    }
}

#[test]
fn nobody_without_the_secret_is_told_or_changes_anything() {
    let office = Office::start();
    let (client, stranger) = (Client::of(&office), Client::stranger(&office));
    until("the first exchange", || client.get("/page").text.contains("Senkron OK (Ankara)"));
    let kept = office.kept();
    let wanted = [("active", "on"), ("url", "http://evil.example/"), ("token", "9_evil")];
    let key = office.page.split_once("?key=").unwrap().1;
    let told = ["/page", "/state"].map(|path| stranger.get(path).status);
    let changed = ["/settings", "/test", "/sync"].map(|path| stranger.post(path, &wanted).status);
    assert_eq!((told, changed), ([403; 2], [403; 3]));
    assert!(!stranger.get("/").text.contains("Ankara"), "the shell says nothing");
    // The right secret in what a browser sends by itself, and in the address of what tells something.
    let ambient = [("cookie".to_owned(), format!("denk={key}")), ("referer".to_owned(), office.page.clone())];
    assert_eq!(stranger.get_with("/state", &ambient).status, 403);
    assert_eq!(stranger.get(&format!("/state?key={key}")).status, 403);
    // The secret itself, by another name that leads here, or from another's page.
    let port = office.base().rsplit(':').next().unwrap();
    for host in [format!("evil.example:{port}"), format!("localhost:{port}")] {
        for path in ["/", "/page", "/state"] {
            let answer = client.get_with(path, &[("host".to_owned(), host.clone())]);
            assert_eq!(answer.status, 403, "{host}{path}");
        }
    }
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let fields = [("origin".to_owned(), origin.to_owned())];
        assert_eq!(client.post_with("/settings", &wanted, &fields).status, 403, "{origin}");
    }
    assert_eq!(client.post_with("/settings", &wanted, &[]).status, 403);
    // A ticket is good once; nothing else is one.
    let ticket = stranger.ticket(key).unwrap();
    let used = [&ticket, &ticket, key, ""].map(|shown| stranger.open(shown).status);
    assert_eq!(used, [200, 403, 403, 403]);
    assert_eq!(stranger.ticket(&ticket), None);
    assert_eq!(office.kept(), kept);
}

#[test]
fn the_local_page_shows_and_changes_what_the_agent_does() {
    let office = Office::start();
    let client = Client::of(&office);
    until("the first exchange", || client.get("/page").text.contains("Senkron OK (Ankara)"));
    assert!(client.post("/sync", &[]).text.contains("Eşitlendi."));
    assert!(client.post("/sync?lang=en", &[]).text.contains("Synchronised."));

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
    assert!(away.contains("Merkeze ulaşılamıyor (adreste dinleyen yok). "), "{away}");
    let secure = tested(&hub.replace("http://", "https://"), "9_typed");
    assert!(secure.contains("Bu adreste https:// ile konuşulmuyor"), "{secure}");
    let pasted = format!("Kayıt satırı: denk+{hub}#9_wrong");
    for (url, token) in [(pasted.as_str(), ""), ("https://hub.example/", &pasted)] {
        assert!(tested(url, token).contains("Merkez bu token"), "the whole line is taken from either field");
    }
    for (language, told) in [("tr", "Adres yanlış"), ("en", "The address is wrong")] {
        let answer = client.post(&format!("/test?lang={language}"), &[("active", "on")]);
        assert!(answer.status == 200 && answer.text.contains(told), "{}", answer.text);
    }
    assert!(tested("https://ayse:gizli@hub.example", "9_typed").contains("Adreste kullanıcı adı"));
    let line = tested(&format!("denk+{hub}#8_hidden.12"), "");
    assert!(line.contains("Kayıt satırı yanlış") && !line.contains("8_hidden"), "{line}");
    assert!(tested("hub.example", "").contains("Adres yanlış"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let other = format!("http://{}/", listener.local_addr().unwrap());
    assert!(tested(&other, "").contains("Yeni adresin token'ı yok"), "what is kept is shown to nobody else");
    assert!(listener.accept().is_err(), "and nobody is asked");
}

#[test]
fn settings_are_kept_only_when_they_can_be_right() {
    let office = Office::start();
    let client = Client::of(&office);
    let hub = format!("{}/", office.hub.url);
    let before = office.kept();
    let wrong = client.post("/settings", &[("url", "hub.example"), ("token", "9_typed")]);
    assert_eq!((wrong.status, office.kept()), (200, before));
    assert!(wrong.text.contains("Adres yanlış"), "{}", wrong.text);
    let form = |token| [("active", "on"), ("url", hub.as_str()), ("token", token)];
    let saved = client.post("/settings", &form("9_wrong")).text;
    assert!(saved.contains("Kaydedildi.") && !saved.contains("9_wrong"), "{saved}");
    until("the error is shown", || client.get("/page").text.contains("Senkron HATA: Merkez bu token"));
    assert!(!client.get("/page").text.contains("9_wrong"), "no page shows a token");
    assert!(!client.get("/state").text.contains("9_wrong"));
    let off = client.post("/settings", &[("url", hub.as_str()), ("token", "")]);
    assert!(off.text.contains("Kaydedildi."), "{}", off.text);
    until("switched off", || client.get("/page").text.contains("Senkron kapalı"));
    assert!(!client.post("/sync", &[]).text.contains("Eşitlendi."), "it does not say that it did");
}
