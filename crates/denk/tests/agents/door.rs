//! The local page of an agent that stays, for tests that only want it to do something.

use crate::Staying;

pub struct Door {
    client: reqwest::Client,
    web: tokio::runtime::Runtime,
    base: String,
    cookie: String,
}

impl Door {
    pub fn of(agent: &Staying) -> Self {
        let web = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let base = agent.page.split("/?").next().unwrap().to_owned();
        let answer = web.block_on(client.get(&agent.page).send()).unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { client, web, base, cookie }
    }

    /// A cycle that begins after now, to its end.
    pub fn sync(&self) {
        let request = self.client.post(format!("{}/sync", self.base)).header("origin", &self.base);
        let answer = self.web.block_on(request.header("cookie", &self.cookie).send()).unwrap();
        assert_eq!(answer.status(), 303);
    }

    /// What the page says, in Turkish.
    pub fn page(&self) -> String {
        let request = self.client.get(format!("{}/", self.base)).header("cookie", &self.cookie);
        self.web.block_on(async {
            request.header("accept-language", "tr").send().await.unwrap().text().await.unwrap()
        })
    }
}
