//! What people wait for who look at the hub's pages.

use anyhow::{Context, ensure};
use reqwest::{Client, Response, StatusCode, header, redirect::Policy};
use testkit::office::Size;
use tokio::runtime::Runtime;

use super::{
    figures::{Figures, Goal},
    web::Web,
};
use crate::{bench::Bench, hub::Hub};

/// 20 regions with 1 000 people, 100 000 timesheets and 400 vehicles, all together.
const REGIONS: u64 = 20;
const SIZE: Size = Size {
    employees: 50,
    timesheets: 5_000,
    timesheets_a_day: 30,
    vehicles: 20,
    drivers: 20,
    faults: 100,
    inspections: 300,
    service_visits: 50,
    stock: 500,
    ..Size::small()
};
const GOAL: Goal = Goal { most_ms: Some(100), least_a_second: None, most_mb: None };
/// 17 days of all regions, 30 timesheets a day in each: 10 200 rows.
const REPORT: &str = "/reports/timesheets?from=2025-09-01&to=2025-09-17";
const REPORT_GOAL: Goal = Goal { most_ms: Some(2000), least_a_second: None, most_mb: None };
/// A file of so many rows is not smaller. **Units**: bytes.
const REPORT_BYTES_MIN: usize = 200_000;
/// **Units**: bytes.
const PAGE_BYTES_MAX: usize = 300_000;
const PASSWORD: &str = "uzun-bir-parola";

pub fn run(bench: &Bench) -> anyhow::Result<()> {
    let web = Web::new()?;
    let hub = bench.hub("pages")?;
    let mut last = None;
    for seed in 0..REGIONS {
        let site = super::site(&hub, seed, SIZE)?;
        web.upload(&hub, &site, &std::fs::read(&site.file)?)?;
        last = Some(site);
    }
    let site = last.context("no region")?;
    let reader = Reader::new(&hub)?;
    let mut figures = Figures::new("pages: 20 regions, 1 000 people, 100 000 timesheets");
    figures.add(
        "first list after a start",
        Goal::default(),
        &hub,
        (1, |_| reader.page("/employees").map(drop)),
    )?;
    figures.add(
        "first overview after a start",
        Goal::default(),
        &hub,
        (1, |_| reader.page("/dashboard").map(drop)),
    )?;
    let first = reader.page("/employees")?;
    let row = first.split("<th scope=\"row\"").nth(1).and_then(|row| row.split("href=\"").nth(1));
    let row = row.and_then(|row| row.split('"').next()).context("no row")?.to_owned();
    reader.page(&row)?;
    for path in [
        "/dashboard",
        "/activity",
        "/activity?kind=failed&region=Office+7",
        "/employees",
        "/timesheets",
        "/timesheets?page=1000",
        "/timesheets?sort=employee_id",
        "/timesheets?sort=notes&page=500",
        "/timesheets?q=isik+ornek",
        "/timesheets?q=vardiya&sort=-employee_id",
        "/timesheets?region=Office+7&month=2025-09",
        "/stock?q=00042&sort=seri_no",
        "/inspections",
        "/vehicles",
        "/history",
        "/conflicts",
        "/held",
        "/reports",
        "/admin/users",
        "/admin/sites",
        "/alerts",
        "/alerts?kind=long_shift&region=Office+7",
        &row,
    ] {
        let name = if path == row { "a person's page" } else { path };
        figures.add(name, GOAL, &hub, (bench.runs as usize, |_| reader.page(path).map(drop)))?;
    }
    let report = |_| reader.file(REPORT).map(drop);
    figures.add("an xlsx report of 10 200 rows", REPORT_GOAL, &hub, (bench.runs as usize, report))?;
    for (at, version) in super::versions(&site, 0..bench.runs)?.iter().enumerate() {
        web.change(&hub, &site, version)?;
        let name = format!("a list after 100 changes, {}", at + 1);
        figures.add(&name, GOAL, &hub, (1, |_| reader.page("/timesheets").map(drop)))?;
    }
    print!("{figures}");
    Ok(())
}

/// An administrator who is logged in.
struct Reader {
    runtime: Runtime,
    client: Client,
    url: String,
    cookie: String,
}

impl Reader {
    fn new(hub: &Hub) -> anyhow::Result<Self> {
        let arguments = ["user", "add", "reader", "--role", "admin", "--json"];
        let output = hub.command().args(arguments).output()?;
        ensure!(output.status.success(), "nobody can be added");
        let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let once = said["password"].as_str().context("no password")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = Client::builder().redirect(Policy::none()).build()?;
        let mut reader = Self { runtime, client, url: hub.url.clone(), cookie: String::new() };
        reader.send("/login", &[("username", "reader"), ("password", once)])?;
        reader.send("/password", &[("old", once), ("new", PASSWORD), ("again", PASSWORD)])?;
        Ok(reader)
    }

    /// Sends a form and keeps the cookie of the answer.
    fn send(&mut self, path: &str, form: &[(&str, &str)]) -> anyhow::Result<()> {
        let url = format!("{}{path}", self.url);
        let request = self.client.post(url).header(header::COOKIE, &self.cookie).form(form);
        let answer = self.runtime.block_on(request.send())?;
        let cookie = answer.headers().get(header::SET_COOKIE).context("nobody is logged in")?.to_str()?;
        cookie.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
        Ok(())
    }

    fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.client.get(format!("{}{path}", self.url)).header(header::COOKIE, &self.cookie);
        self.runtime.block_on(async { whole(request.send().await?).await })
    }

    fn file(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let file = self.get(path)?;
        ensure!(file.len() > REPORT_BYTES_MIN, "{path} is {} bytes", file.len());
        Ok(file)
    }

    fn page(&self, path: &str) -> anyhow::Result<String> {
        let page = String::from_utf8(self.get(path)?)?;
        ensure!(page.len() < PAGE_BYTES_MAX, "{path} is {} bytes", page.len());
        Ok(page)
    }
}

async fn whole(answer: Response) -> anyhow::Result<Vec<u8>> {
    ensure!(answer.status() == StatusCode::OK, "{}: {}", answer.url(), answer.status());
    Ok(answer.bytes().await?.into())
}
