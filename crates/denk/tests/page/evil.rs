//! A page of somebody else, open in the same browser.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use serde_json::json;

use super::{Office, browser::Browser, until};

/// Answers every request with this page, as long as the test runs. Where it listens.
fn site(page: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        // A browser also opens connections that it then says nothing on.
        for stream in listener.incoming().map_while(Result::ok) {
            let page = page.clone();
            thread::spawn(move || answer(stream, &page));
        }
    });
    port
}

fn answer(mut stream: TcpStream, page: &str) {
    let _ = stream.read(&mut [0; 4096]);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
    let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
}

/// Tries everything that a script can, and says in `window.done` what it could read.
fn attack(base: &str) -> String {
    format!(
        "<body><iframe id=frame name=frame src='{base}/'></iframe>
        <form id=form method=post action='{base}/settings' target=frame>
        <input name=url value='http://evil.example/'><input name=token value=9_evil></form>
        <script>
        const tries = [
          fetch('{base}/state', {{ credentials: 'include' }}),
          fetch('{base}/', {{ credentials: 'include' }}),
          fetch('{base}/state', {{ credentials: 'include', headers: {{ 'X-Own': '1' }} }}),
          fetch('{base}/settings', {{ method: 'POST', credentials: 'include', mode: 'no-cors',
            body: new URLSearchParams({{ url: 'http://evil.example/', token: '9_evil' }}) }}),
          fetch('{base}/sync', {{ method: 'POST', credentials: 'include', mode: 'no-cors' }}),
        ].map(async (asked) => {{
          try {{ const answer = await asked; return (await answer.text()) ? 'read' : 'nothing'; }}
          catch {{ return 'nothing'; }}
        }});
        // With everything in it, also the frame.
        const loaded = new Promise((ready) => addEventListener('load', ready));
        loaded.then(() => Promise.all(tries)).then((got) => {{
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

#[test]
fn a_page_of_another_site_reads_nothing_and_changes_nothing() {
    let office = Office::start();
    let browser = Browser::open("tr-TR");
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    let kept = office.kept();
    let port = site(attack(office.base()));
    // To a browser other ports of one address are the same site: the cookie goes along.
    for name in ["127.0.0.1", "localhost"] {
        browser.goto(&format!("http://{name}:{port}/"));
        until("everything was tried", || browser.run("return window.done !== undefined") == json!(true));
        assert_eq!(browser.run("return window.done"), json!(vec!["nothing"; 6]), "{name}");
        assert_eq!(office.kept(), kept, "{name}");
    }
    browser.goto(&format!("{}/", office.base()));
    browser.shows("status", "Senkron OK (Ankara)");
}
