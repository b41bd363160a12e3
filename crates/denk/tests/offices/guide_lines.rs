//! The lines of the users' guides as they stand there, against the built program as the guides start it: key and port from the
//! environment, nothing configured.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use reqwest::multipart::{Form, Part};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::office::{self, Office, Shape, Size};

use crate::hub::rows;

const UPLOAD: [&str; 9] = [
    "-X",
    "POST",
    "-H",
    "X-API-KEY: your_token",
    "-H",
    "X-Region: Ankara",
    "-F",
    "db=@puantaj.db",
    "https://your-app.onrender.com/sync",
];
const DOWNLOAD: [&str; 7] = [
    "-X",
    "GET",
    "-H",
    "X-API-KEY: your_token",
    "https://your-app.onrender.com/sync/download",
    "-o",
    "puantaj.db",
];
const STATUS: [&str; 1] = ["https://your-app.onrender.com/status"];
const HEALTH: [&str; 1] = ["https://your-app-xxxxx.onrender.com/health"];

struct Served {
    folder: TempDir,
    process: Child,
    url: String,
}

impl Served {
    fn start() -> Self {
        // Somebody else may take the port in between.
        (0..10).find_map(|_| Self::try_start()).expect("a free port")
    }

    fn try_start() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = Command::new(env!("CARGO_BIN_EXE_denk"))
            .current_dir(folder.path())
            .args(["serve", "--allow-temporary", "--json"])
            .envs([("API_KEY", "your_token"), ("PORT", &port.to_string()), ("DENK_LANG", "en")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said =
            serde_json::Deserializer::from_reader(process.stdout.take().unwrap()).into_iter::<Value>().next();
        let said = said.and_then(Result::ok).unwrap_or_default();
        let served = Self { folder, process, url: format!("https://127.0.0.1:{port}") };
        // Dropped, and with it ended, when it says something else.
        said["url"].as_str().is_some_and(|url| url.ends_with(&format!(":{port}"))).then_some(served)
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("puantaj.db")
    }

    /// What `curl` does with these arguments in the folder: status and what it prints.
    fn curl(&self, arguments: &[&str]) -> (u16, String) {
        let client =
            reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).build().unwrap();
        let (mut method, mut headers, mut form, mut output, mut path) = ("GET", Vec::new(), None, None, "");
        let mut arguments = arguments.iter().copied();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap();
            match argument {
                "-X" => method = value(),
                "-H" => headers.push(value().split_once(": ").unwrap()),
                "-F" => form = Some(self.form(value())),
                "-o" => output = Some(self.folder.path().join(value())),
                url => path = url.splitn(4, '/').nth(3).unwrap(),
            }
        }
        let mut request = client.request(method.parse().unwrap(), format!("{}/{path}", self.url));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(form) = form {
            request = request.multipart(form);
        }
        let web = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (status, bytes) = web.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.bytes().await.unwrap())
        });
        let Some(output) = output else { return (status, String::from_utf8(bytes.to_vec()).unwrap()) };
        fs::write(output, bytes).unwrap();
        (status, String::new())
    }

    /// `db=@puantaj.db`
    fn form(&self, field: &str) -> Form {
        let (name, file) = field.split_once("=@").unwrap();
        let bytes = fs::read(self.folder.path().join(file)).unwrap();
        let part =
            Part::bytes(bytes).file_name(file.to_owned()).mime_str("application/octet-stream").unwrap();
        Form::new().part(name.to_owned(), part)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (status, said) = self.curl(arguments);
        assert_eq!(status, 200, "{said}");
        serde_json::from_str(&said).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn people(file: &Path) -> Vec<String> {
    rows(file, "select id || full_name from employees order by id")
}

#[test]
fn the_lines_of_the_guides_answer_as_the_guides_say() {
    let served = Served::start();
    let health = served.json(&HEALTH);
    assert_eq!(health["status"], "ok");
    assert!(health["timestamp"].is_string());
    assert_eq!(served.json(&STATUS)["success"], true, "no key is asked for");

    let office = Office { shape: Shape::Live, size: Size::small(), region: "Ankara", seed: 1 };
    office::generate(&served.file(), &office).unwrap();
    let before = people(&served.file());
    let told = served.json(&UPLOAD);
    assert_eq!((&told["success"], &told["region"]), (&Value::Bool(true), &Value::from("Ankara")));
    assert!(told["message"].is_string() && told["timestamp"].is_string());
    for _ in 0..2 {
        assert_eq!(served.curl(&DOWNLOAD), (200, String::new()));
        assert_eq!(people(&served.file()), before);
        let file = Connection::open(served.file()).unwrap();
        let sound: String = file.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        drop(file);
        let told = served.json(&UPLOAD);
        assert_eq!(told["tables"]["employees"]["unchanged"], before.len(), "{told:#}");
    }

    let with_key = ["-H", "X-API-KEY: your_token", STATUS[0]];
    assert_eq!(served.json(&with_key)["employees"], before.len());
    let (status, page) =
        served.curl(&["-H", "X-API-KEY: your_token", "https://your-app.onrender.com/dashboard"]);
    assert!(status == 200 && page.contains("Ankara"), "{page}");
    let wrong = UPLOAD.map(|argument| argument.trim_end_matches("your_token"));
    assert_eq!(served.curl(&wrong), (401, r#"{"success":false,"error":"Invalid API key"}"#.to_owned()));
}
