//! `denk check`: opens every database and the hub's store, and looks whether the flows fit and the activity is whole.

use std::collections::BTreeMap;

use ::database::{Engine, Session};
use flow::Flow;
use model::{ErrorKind, Instant, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::Sealed;

use crate::{
    Context, Outcome,
    cli::CheckArgs,
    clock,
    failure::{Failure, Place, Result},
    hub_store::{self, HubStore},
    messages::{Message, message},
    output::Table,
    wiring::{self, Databases},
};

/// Findings about the hub's store.
const HUB: &str = "hub";
/// Clocks may differ by this much. **Units**: seconds.
const CLOCK_SECONDS: i64 = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Ok,
    Warning,
    Error,
}

#[derive(Debug, Serialize)]
struct Finding {
    area: String,
    severity: Severity,
    text: String,
    hint: String,
}

struct Check<'a> {
    context: &'a Context,
    findings: Vec<Finding>,
    sessions: BTreeMap<String, Box<dyn Session>>,
    /// Databases that the first run makes.
    unmade: Vec<String>,
}

/// # Errors
/// None of its own: what is wrong is a finding. A configuration that cannot be read ends the command before.
pub async fn run(_args: &CheckArgs, context: &Context) -> Result<Outcome> {
    let mut check = Check { context, findings: Vec::new(), sessions: BTreeMap::new(), unmade: Vec::new() };
    let names = context.config.database_names().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let has_hub = check.hub().await;
    if names.is_empty() && !has_hub {
        check.find(
            "databases",
            Severity::Error,
            &message("check-no-databases"),
            Some(&message("check-no-databases-hint")),
        );
    }
    if names.is_empty() {
        return Ok(check.show());
    }
    let flows = wiring::flows(context);
    for name in &names {
        let makes = |flow: &Flow| flow.target.create && &flow.target.database == name;
        let reads = |flow: &Flow| &flow.source.database == name;
        let made = flows.as_ref().is_ok_and(|flows| flows.iter().any(makes) && !flows.iter().all(reads));
        check.database(name, made).await;
    }
    match flows {
        Ok(flows) => {
            for flow in &flows {
                check.flow(flow, &flows).await;
            }
        }
        Err(failure) => check.fail("flows", &failure),
    }
    Ok(check.show())
}

impl Check<'_> {
    fn find(&mut self, area: &str, severity: Severity, text: &Message, hint: Option<&Message>) {
        let say = |words: &Message| self.context.text.say(words);
        let finding = Finding {
            area: area.to_owned(),
            severity,
            text: say(text),
            hint: hint.map(say).unwrap_or_default(),
        };
        self.findings.push(finding);
    }

    fn fail(&mut self, area: &str, failure: &Failure) {
        let text = &self.context.text;
        let finding = Finding {
            area: area.to_owned(),
            severity: Severity::Error,
            text: failure.sentence(text),
            hint: failure.hint_words(text),
        };
        self.findings.push(finding);
    }

    /// Whether there is a hub here.
    async fn hub(&mut self) -> bool {
        match hub_store::is_here(self.context) {
            Ok(false) => return false,
            Ok(true) => {}
            Err(failure) => {
                self.fail(HUB, &failure);
                return true;
            }
        }
        let sealed = async {
            let hub = HubStore::open(self.context).await?;
            let sealed = hub.store.check_activity().await;
            hub.close(sealed).await
        };
        match sealed.await {
            Ok(sealed) => self.activity(&sealed),
            Err(failure) => self.fail(HUB, &failure),
        }
        true
    }

    fn activity(&mut self, sealed: &Sealed) {
        let (severity, text) = match sealed.broken {
            Some(line) => (Severity::Error, message("check-activity-broken").with("line", line)),
            None if sealed.cut => (Severity::Error, message("check-activity-cut")),
            None => (Severity::Ok, message("check-activity").with("seal", sealed.seal.as_str())),
        };
        let lines = i64::try_from(sealed.lines).unwrap_or(i64::MAX);
        let hint = (!sealed.is_whole()).then(|| message("check-activity-hint"));
        self.find(HUB, severity, &text.with("lines", lines), hint.as_ref());
    }

    /// `made`: some flow may make it.
    async fn database(&mut self, name: &str, made: bool) {
        let area = format!("databases.{name}");
        let address = match self.context.config.database(name) {
            Ok(address) => address,
            Err(failure) => return self.fail(&area, &failure),
        };
        let place = Place::named(name, &address);
        let mut session = match ::database::open(&address).await {
            Ok(session) => session,
            Err(error) if error.kind == ErrorKind::Missing && made && address.engine() == Engine::Sqlite => {
                self.unmade.push(name.to_owned());
                return self.find(&area, Severity::Warning, &message("check-will-be-made"), None);
            }
            Err(error) => return self.fail(&area, &Failure::of_database(&error, &place)),
        };
        match (session.server().await, session.clock().await) {
            (Ok(server), Ok(clock)) => {
                let text =
                    message("check-opened").with("product", server.product).with("version", server.version);
                self.find(&area, Severity::Ok, &text, None);
                self.clock(&area, clock);
                self.sessions.insert(name.to_owned(), session);
            }
            (Err(error), _) | (_, Err(error)) => self.fail(&area, &Failure::of_database(&error, &place)),
        }
    }

    fn clock(&mut self, area: &str, theirs: Instant) {
        let seconds = (theirs.utc.micros - clock::now().utc.micros) / 1_000_000;
        if seconds.abs() > CLOCK_SECONDS {
            let text = message("check-clock").with("seconds", seconds);
            self.find(area, Severity::Warning, &text, Some(&message("check-clock-hint")));
        }
    }

    async fn flow(&mut self, flow: &Flow, all: &[Flow]) {
        let area = format!("flows.{}", flow.name);
        if [&flow.source.database, &flow.target.database].iter().any(|name| self.unmade.contains(name)) {
            return;
        }
        let (source, target) =
            (self.sessions.remove(&flow.source.database), self.sessions.remove(&flow.target.database));
        let databases = Databases::of_flows(std::slice::from_ref(flow), self.context);
        if let (Some(mut source), Some(mut target), Ok(databases)) = (source, target, databases) {
            let moment = Instant::utc(Timestamp { micros: 0, nanos: 0 });
            match flow::bind(flow, source.as_mut(), target.as_mut(), &self.context.config.zone, moment).await
            {
                Ok(bound) => self.bound(&area, &bound),
                Err(flow::Error::NoTable { database, table })
                    if all.iter().any(|other| other.makes(&database, &table)) =>
                {
                    let text = message("check-flow-later").with("table", table.as_str());
                    self.find(&area, Severity::Ok, &text, None);
                }
                Err(error) => self.fail(&area, &Failure::of_flow(&error, &flow.name, &databases)),
            }
            self.sessions.insert(flow.source.database.clone(), source);
            self.sessions.insert(flow.target.database.clone(), target);
        } else {
            self.find(
                &area,
                Severity::Error,
                &message("check-flow-unopened"),
                Some(&message("check-flow-unopened-hint")),
            );
        }
    }

    fn bound(&mut self, area: &str, bound: &flow::Bound) {
        let cases = flow::run_cases(bound, &self.context.config.zone);
        if let Err(error) = cases {
            let failure = Failure::of_flow(&error, &bound.flow.name, &Databases::default());
            return self.fail(area, &failure);
        }
        let columns = i64::try_from(bound.columns.len()).unwrap_or(i64::MAX);
        let text = message(if bound.create { "check-flow-creates" } else { "check-flow-fits" });
        let text = text.with("table", bound.target.name.to_string()).with("columns", columns);
        self.find(area, Severity::Ok, &text, None);
        if !bound.add.is_empty() {
            let names: Vec<&str> = bound.add.iter().map(|column| column.name.as_str()).collect();
            self.find(
                area,
                Severity::Warning,
                &message("check-flow-adds").with("columns", names.join(", ")),
                None,
            );
        }
    }

    fn show(self) -> Outcome {
        let ok = self.findings.iter().all(|finding| finding.severity != Severity::Error);
        let context = self.context;
        context.output.answer(&json!({ "ok": ok, "findings": self.findings }));
        let mut table = Table::headed(
            ["area", "severity", "finding"].map(|word| context.text.get(&format!("column-{word}"))),
        );
        for finding in &self.findings {
            let severity =
                context.text.get(&format!("severity-{}", format!("{:?}", finding.severity).to_lowercase()));
            table.row([finding.area.clone(), severity, finding.text.clone()]);
            if !finding.hint.is_empty() {
                table.row([String::new(), context.text.get("failure-hint"), finding.hint.clone()]);
            }
        }
        context.output.table(&table);
        if ok { Outcome::Done } else { Outcome::Failed }
    }
}
