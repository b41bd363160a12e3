//! A headless Chromium, driven by its own driver.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use thirtyfour::{
    By, CapabilitiesHelper, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver, WebElement,
};

use super::until;

/// One window, closed at the end.
pub struct Browser {
    web: tokio::runtime::Runtime,
    driver: Option<WebDriver>,
    process: Child,
    address: String,
}

impl Browser {
    /// Of a person who reads this language.
    pub fn open(language: &str) -> Self {
        // The driver looks for a free port and then takes it, which another one may have done meanwhile.
        let (process, address) = (0..20).find_map(|_| driver()).expect("chromedriver starts");
        let web = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        let accept = format!("--accept-lang={language}");
        // As root in a container there is no sandbox, and little shared memory.
        for word in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", &accept] {
            wanted.add_arg(word).unwrap();
        }
        wanted.set("goog:loggingPrefs", json!({ "browser": "ALL" })).unwrap();
        let driver = web.block_on(WebDriver::new(&address, wanted)).unwrap();
        Self { web, driver: Some(driver), process, address }
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().unwrap()
    }

    pub fn goto(&self, address: &str) {
        self.web.block_on(self.driver().goto(address)).unwrap();
    }

    fn element(&self, id: &str) -> WebElement {
        self.web.block_on(self.driver().find(By::Id(id))).unwrap()
    }

    pub fn click(&self, id: &str) {
        self.web.block_on(self.element(id).click()).unwrap();
    }

    pub fn type_into(&self, id: &str, text: &str) {
        let element = self.element(id);
        self.web.block_on(async {
            element.clear().await.unwrap();
            element.send_keys(text).await.unwrap();
        });
    }

    /// Presses keys wherever the cursor is.
    pub fn press(&self, keys: &str) {
        self.web.block_on(async {
            self.driver().active_element().await.unwrap().send_keys(keys).await.unwrap();
        });
    }

    pub fn run(&self, script: &str) -> Value {
        let done = self.web.block_on(self.driver().execute(script, Vec::new())).unwrap();
        done.json().clone()
    }

    pub fn text(&self, id: &str) -> String {
        let text = self.run(&format!("return document.getElementById('{id}')?.textContent ?? ''"));
        text.as_str().unwrap_or_default().to_owned()
    }

    pub fn value(&self, id: &str) -> String {
        self.run(&format!("return document.getElementById('{id}').value")).as_str().unwrap().to_owned()
    }

    /// Waits for a text of an element.
    pub fn shows(&self, id: &str, text: &str) {
        until(&format!("#{id} shows {text}"), || self.text(id).contains(text));
    }

    /// Goes on in another tab.
    pub fn new_tab(&self) {
        self.web.block_on(async {
            let tab = self.driver().new_tab().await.unwrap();
            self.driver().switch_to_window(tab).await.unwrap();
        });
    }

    /// Every cookie of every site, and the addresses of this tab's history.
    pub fn kept(&self) -> (Value, Vec<String>) {
        let cookies = self.chromium("Network.getAllCookies", &json!({}))["cookies"].take();
        let history = self.chromium("Page.getNavigationHistory", &json!({}));
        let entries = history["entries"].as_array().unwrap().iter();
        (cookies, entries.map(|entry| entry["url"].as_str().unwrap().to_owned()).collect())
    }

    /// A call of Chromium's own.
    pub fn chromium(&self, command: &str, parameters: &Value) -> Value {
        self.ask("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))["value"].take()
    }

    /// What the console says: warnings and errors, also of what the page's policy forbids.
    pub fn complaints(&self) -> Vec<String> {
        let said = self.ask("se/log", &json!({ "type": "browser" }));
        let said = said["value"].as_array().unwrap().clone();
        let serious = |entry: &&Value| ["WARNING", "SEVERE"].contains(&entry["level"].as_str().unwrap());
        said.iter().filter(serious).map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    fn ask(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/session/{}/{path}", self.address, self.driver().session_id());
        let request = reqwest::Client::new().post(url).json(body);
        self.web.block_on(async { request.send().await.unwrap().json().await.unwrap() })
    }

    /// Keeps what is seen, where `DENK_TEST_SCREENSHOTS` says.
    #[expect(clippy::disallowed_methods, reason = "tests take no configuration from the program")]
    pub fn picture(&self, name: &str) {
        let Some(folder) = env::var_os("DENK_TEST_SCREENSHOTS") else { return };
        std::fs::create_dir_all(&folder).unwrap();
        let file = Path::new(&folder).join(format!("{name}.png"));
        self.web.block_on(self.driver().screenshot(&file)).unwrap();
    }

    /// A screen of this size, light or dark.
    pub fn screen(&self, width: u32, height: u32, colours: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.chromium("Emulation.setDeviceMetricsOverride", &size);
        let colours = json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] });
        self.chromium("Emulation.setEmulatedMedia", &colours);
    }
}

/// The driver, and where it says that it listens.
fn driver() -> Option<(Child, String)> {
    let mut process = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(process.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
    let port = said.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        Some(port.trim_end_matches('.').to_owned())
    });
    let Some(port) = port else {
        let _ = process.wait();
        return None;
    };
    Some((process, format!("http://127.0.0.1:{port}")))
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            let _ = self.web.block_on(driver.quit());
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
