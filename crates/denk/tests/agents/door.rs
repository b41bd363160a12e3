//! The local page of an agent that stays, for tests that only want it to do something.

use crate::Staying;

pub struct Door {
    client: reqwest::Client,
    web: tokio::runtime::Runtime,
    base: String,
    key: String,
}

impl Door {
    pub fn of(agent: &Staying) -> Self {
        let web = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::new();
        let (base, key) = agent.page.split_once("/?key=").unwrap();
        Self { client, web, base: base.to_owned(), key: key.to_owned() }
    }

    /// A cycle that begins after now, to its end.
    pub fn sync(&self) {
        let request = self.client.post(format!("{}/sync", self.base)).header("origin", &self.base);
        let answer = self.web.block_on(request.bearer_auth(&self.key).send()).unwrap();
        assert_eq!(answer.status(), 200);
    }

    /// What the page says, in Turkish.
    pub fn page(&self) -> String {
        let request = self.client.get(format!("{}/page", self.base)).bearer_auth(&self.key);
        self.web.block_on(async {
            request.header("accept-language", "tr").send().await.unwrap().text().await.unwrap()
        })
    }
}
