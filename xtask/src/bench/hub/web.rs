//! Requests as the old program sends them.

use anyhow::{Context, ensure};
use reqwest::{
    Client, RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::Value;
use tokio::{runtime::Runtime, task::JoinSet};

use super::{CHANGED, Site};
use crate::hub::Hub;

pub struct Web {
    runtime: Runtime,
    client: Client,
}

impl Web {
    pub fn new() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, client: Client::new() })
    }

    pub fn upload(&self, hub: &Hub, site: &Site, file: &[u8]) -> anyhow::Result<()> {
        self.runtime.block_on(answer(self.sync(hub, site, file)?)).map(drop)
    }

    /// Uploads a file in which [`CHANGED`] rows have changed.
    pub fn change(&self, hub: &Hub, site: &Site, file: &[u8]) -> anyhow::Result<()> {
        self.runtime.block_on(changed(self.sync(hub, site, file)?))
    }

    /// All sites at the same time, each its files one after the other.
    pub fn change_all(&self, hub: &Hub, sites: &[Site], files: &[Vec<Vec<u8>>]) -> anyhow::Result<()> {
        let mut work = JoinSet::new();
        for (site, files) in sites.iter().zip(files) {
            let uploads = files.iter().map(|file| self.sync(hub, site, file));
            let uploads = uploads.collect::<anyhow::Result<Vec<_>>>()?;
            let all = async {
                for upload in uploads {
                    changed(upload).await?;
                }
                Ok(())
            };
            work.spawn_on(all, self.runtime.handle());
        }
        let done: Vec<anyhow::Result<()>> = self.runtime.block_on(work.join_all());
        done.into_iter().collect()
    }

    pub fn download(&self, hub: &Hub, site: &Site) -> anyhow::Result<()> {
        let request = self.client.get(format!("{}/sync/download", hub.url)).header("X-API-KEY", &site.token);
        self.runtime.block_on(async {
            let bytes = request.send().await?.error_for_status()?.bytes().await?;
            ensure!(bytes.starts_with(b"SQLite format 3\0"), "the download is no database");
            Ok(())
        })
    }

    pub fn status(&self, hub: &Hub) -> anyhow::Result<()> {
        let request = self.client.get(format!("{}/status", hub.url)).header("X-API-KEY", "shared");
        self.runtime.block_on(answer(request)).map(drop)
    }

    fn sync(&self, hub: &Hub, site: &Site, file: &[u8]) -> anyhow::Result<RequestBuilder> {
        let part = Part::bytes(file.to_vec()).file_name("puantaj.db");
        let request = self.client.post(format!("{}/sync", hub.url)).header("X-API-KEY", &site.token);
        Ok(request.header("X-Reason", "timesheet").multipart(Form::new().part("db", part)))
    }
}

async fn answer(request: RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let (status, said) = (answer.status(), answer.json::<Value>().await?);
    ensure!(status.is_success() && said["held"].as_u64().unwrap_or(0) == 0, "{status}: {said}");
    Ok(said)
}

async fn changed(request: RequestBuilder) -> anyhow::Result<()> {
    let said = answer(request).await?;
    let updated = said["tables"]["timesheets"]["updated"].as_u64().context("no receipt")?;
    ensure!(updated == u64::from(CHANGED), "{updated} rows were updated instead of {CHANGED}");
    Ok(())
}
