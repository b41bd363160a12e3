//! A token is good for its own region and for as long as nobody revokes it, whatever a request says.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{Office, hub::Hub};

/// Somebody who has a token and writes requests by hand.
struct Stranger {
    url: String,
    token: String,
    web: tokio::runtime::Runtime,
}

impl Stranger {
    fn new(hub: &Hub, office: &Office) -> Self {
        let web = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { url: hub.url.clone(), token: office.line.split_once('#').unwrap().1.to_owned(), web }
    }

    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = Client::new()
            .request(method, format!("{}/v1/{path}", self.url))
            .bearer_auth(&self.token)
            .header("X-Region", "Bursa")
            .header("X-Office-Region", "Bursa");
        if let Some(body) = body {
            request = request.json(body);
        }
        self.web.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json().await.unwrap_or_default())
        })
    }

    fn hello(&self) -> Value {
        let (status, said) = self.ask(Method::POST, "hello", Some(&json!({"version": "0", "clock_ms": 0})));
        assert_eq!(status, 200, "{said}");
        said
    }

    /// Everything that this token is shown.
    fn everything(&self) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), Value::from(0));
        loop {
            let (status, mut page) =
                self.ask(Method::GET, &format!("pull?after={after}&region=Bursa&limit=100000"), None);
            assert_eq!(status, 200, "{page}");
            all.append(page["rows"].as_array_mut().unwrap());
            after = page["next"].clone();
            if page["more"] == false {
                return all;
            }
        }
    }

    /// Sends one change as the next batch, with every lie that may help.
    fn push(&self, change: &Value) -> (u16, Value) {
        let number = self.hello()["number"].as_u64().unwrap() + 1;
        let now = self.hello()["clock_ms"].clone();
        let seen = self.hello()["rev"].clone();
        let mut change = change.clone();
        change["at"] = json!([now, 0]);
        let rows = json!({"employees": 1_000_000, "timesheets": 1_000_000, "drivers": 1_000_000});
        let batch = json!({
            "number": number, "seen": seen, "clock_ms": now, "rows": rows, "region": "Bursa",
            "changes": [change],
        });
        self.ask(Method::POST, "push", Some(&batch))
    }
}

/// A row's own columns of text, said otherwise.
fn otherwise(cells: &Value) -> Value {
    let texts =
        cells.as_object().unwrap().iter().filter(|(name, cell)| *name != "region" && cell.is_string());
    texts.map(|(name, _)| (name.clone(), Value::from("başkasının"))).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn nothing_of_another_region_is_seen_or_changed() {
    let hub = Hub::start();
    let mine = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1));
    let theirs = Office::new(&hub, "b1", "Bursa", hub.file("b1.db", "Bursa", 3));
    mine.synced(&hub);
    theirs.synced(&hub);
    let (me, they) = (Stranger::new(&hub, &mine), Stranger::new(&hub, &theirs));
    let before = they.everything();
    let own = me.everything();
    let gids = |rows: &[Value]| rows.iter().map(|row| row["gid"].clone()).collect::<Vec<_>>();
    // What everybody shares is no target.
    let targets: Vec<&Value> =
        before.iter().filter(|row| !gids(&own).contains(&row["gid"]) && row["cells"].is_object()).collect();
    assert!(targets.len() > 20);
    assert!(own.iter().all(|row| row["cells"]["region"] != "Bursa"), "nothing is seen");

    let mut tables = Vec::new();
    for target in targets {
        if tables.contains(&&target["table"]) {
            continue;
        }
        tables.push(&target["table"]);
        let name = json!({"table": target["table"], "gid": target["gid"]});
        let with = |field: &str, value: Value, base: &Value| {
            let mut change = name.clone();
            (change[field], change["base"]) = (value, base.clone());
            change
        };
        let cells = &target["cells"];
        let moved = json!({"region": "Ankara"});
        for base in [&json!(0), &target["rev"], &json!(i64::MAX)] {
            for change in [
                with("update", otherwise(cells), base),
                with("update", moved.clone(), base),
                with("insert", cells.clone(), base),
                with("insert", otherwise(cells), base),
                with("delete", json!({}), base),
            ] {
                let (status, said) = me.push(&change);
                assert!(status == 200 || (400..500).contains(&status), "{change} -> {status} {said}");
                assert_eq!(they.everything(), before, "{change} -> {said}");
            }
        }
    }
    for row in me.everything() {
        assert_ne!(row["cells"]["region"], "Bursa", "nothing is seen: {row}");
    }
    // Rows of one's own under somebody else's name, and rows that hang on theirs.
    let theirs_is = before.iter().find(|row| row["table"] == "employees").unwrap();
    let gid = "0196f2d4-0000-7000-8000-0000000000a";
    let person = json!({"full_name": "Sahte Kişi", "region": "Bursa"});
    let day = json!({"employee_id": {"gid": theirs_is["gid"]}, "work_date": "2026-02-02", "start_time": "08:00",
        "end_time": "17:00", "region": "Ankara"});
    for (at, (table, cells)) in [("employees", person), ("timesheets", day)].into_iter().enumerate() {
        let (status, said) = me.push(&json!({"table": table, "gid": format!("{gid}{at}"), "insert": cells}));
        assert!(status == 200 || (400..500).contains(&status), "{status} {said}");
        assert_eq!(they.everything(), before, "{said}");
    }
    let own_person = own.iter().find(|row| row["table"] == "employees").unwrap();
    let change = json!({"table": "employees", "gid": own_person["gid"], "base": own_person["rev"],
        "update": {"region": "Bursa"}});
    let (_, said) = me.push(&change);
    assert_eq!(they.everything(), before, "nobody gives rows away: {said}");
    let own_day = own.iter().find(|row| row["table"] == "timesheets").unwrap();
    let change = json!({"table": "timesheets", "gid": own_day["gid"], "base": own_day["rev"],
        "update": {"employee_id": {"gid": theirs_is["gid"]}}});
    let (_, said) = me.push(&change);
    assert_eq!(they.everything(), before, "{said}");
}

#[test]
fn a_revoked_token_is_refused_at_once_and_no_longer_told_anything() {
    let hub = Hub::start();
    let office = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1));
    office.synced(&hub);
    let client = Stranger::new(&hub, &office);
    client.hello();
    let mut stream = TcpStream::connect(hub.url.strip_prefix("http://").unwrap()).unwrap();
    let request = format!(
        "GET /v1/events HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        client.token
    );
    stream.write_all(request.as_bytes()).unwrap();
    // Far less than between two signs of life of the hub, and more than a loaded machine needs.
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("data:")), "the stream is open");
    assert_eq!(hub.denk(&["site", "revoke", "a1"]).0, 0);
    for (method, path) in [(Method::GET, "pull?after=0"), (Method::GET, "events"), (Method::GET, "snapshot")]
    {
        let (status, said) = client.ask(method, path, None);
        assert_eq!((status, &said["code"]), (401, &"token".into()), "{path}: {said}");
    }
    for path in ["hello", "push"] {
        let body = json!({"version": "0", "clock_ms": 0, "number": 1, "seen": 0, "rows": {}, "changes": []});
        assert_eq!(client.ask(Method::POST, path, Some(&body)).0, 401, "{path}");
    }
    for line in lines {
        let line = line.expect("the hub hangs up in time");
        assert!(!line.starts_with("data:"), "{line}");
    }
}
