//! `denk conflicts`: values that two people changed, of which one did not stand, and what a person decides about them.

use serde_json::{Value, json};
use store::{ConflictState, Error, KeptConflict, KeptSide, RecentChange, Site, Take};

use super::site::called_by_number;
use crate::{
    Context, Outcome,
    cli::{ConflictSide, ConflictsCommand},
    failure::{Code, Failure, Result},
    hub_store::HubStore,
    messages::{Message, message},
    output::Table,
};

/// Who decides, for the audit: whoever may use this machine.
const WHO: &str = "denk conflicts";

/// # Errors
/// The store is not there or fails; no conflict has this number, or nothing is left to decide about it.
pub async fn run(command: &ConflictsCommand, context: &Context) -> Result<Outcome> {
    let hub = HubStore::open(context).await?;
    let done = match command {
        ConflictsCommand::List => list(&hub, context).await,
        ConflictsCommand::Show(args) => show(&hub, args.id, context).await,
        ConflictsCommand::Take(args) => take(&hub, args.id, args.side, context).await,
    };
    hub.store.close().await;
    done
}

/// Those that nobody has decided.
async fn list(hub: &HubStore, context: &Context) -> Result<Outcome> {
    let mut conflicts = all(hub).await?;
    conflicts.retain(|one| one.state != ConflictState::Decided);
    let sites = hub.store.sites().await.map_err(|error| hub.failure(&error))?;
    let items: Vec<_> = conflicts.iter().map(|one| json(context, one)).collect();
    context.output.answer(&json!({ "items": items }));
    let headings = ["number", "table", "row", "column", "local", "incoming", "stands"]
        .map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings).right([0]);
    for one in &conflicts {
        let [local, incoming] = [ConflictSide::Local, ConflictSide::Incoming].map(|side| {
            let side = one.side(side);
            format!("{} ({})", words(context, one, side), called_by_number(side.site, &sites, context))
        });
        let column = one.column.clone().unwrap_or_else(|| "-".to_owned());
        let stands = one.stands_now().map_or("-", ConflictSide::word).to_owned();
        table.row([one.id.to_string(), one.table.clone(), one.row.clone(), column, local, incoming, stands]);
    }
    context.output.table(&table);
    if !conflicts.is_empty() {
        context.output.line(&context.text.get("conflicts-how"));
    }
    Ok(Outcome::Done)
}

/// Everything about one; it no longer counts as new.
async fn show(hub: &HubStore, id: i64, context: &Context) -> Result<Outcome> {
    let one = find(hub, id).await?;
    let sites = hub.store.sites().await.map_err(|error| hub.failure(&error))?;
    hub.store.look_at(&[id], WHO).await.map_err(|error| hub.failure(&error))?;
    context.output.answer(&json(context, &one));
    let line = |words: &Message| context.output.line(&context.text.say(words));
    let head = message("conflicts-head").with("table", one.table.as_str()).with("row", one.row.as_str());
    line(&head.with("column", one.column.clone().unwrap_or_else(|| "-".to_owned())));
    for (side, words_of) in
        [(ConflictSide::Local, "conflicts-local"), (ConflictSide::Incoming, "conflicts-incoming")]
    {
        let kept = one.side(side);
        let stands = if one.stands_now() == Some(side) { "conflicts-stands" } else { "conflicts-stands-not" };
        line(
            &message(words_of)
                .with("value", words(context, &one, kept))
                .with("site", called_by_number(kept.site, &sites, context))
                .with(
                    "at",
                    written(context, kept).unwrap_or_else(|| context.text.get("conflicts-unknown-age")),
                )
                .with("stands", message(stands)),
        );
    }
    match (one.state, &one.who) {
        (ConflictState::Decided, Some(who)) => {
            let at = context.moment(one.looked_ms.unwrap_or_default());
            line(&message("conflicts-decided").with("who", who.as_str()).with("at", at));
        }
        _ => context.output.line(&context.text.get("conflicts-how")),
    }
    Ok(Outcome::Done)
}

async fn take(hub: &HubStore, id: i64, side: ConflictSide, context: &Context) -> Result<Outcome> {
    let one = find(hub, id).await?;
    let take = if one.standing() == side { Take::Winner } else { Take::Loser };
    if let Err(error) = hub.store.resolve(id, take, WHO).await {
        return Err(failure(hub, &one, error, context).await);
    }
    context.output.answer(&json!({ "id": id, "taken": side.word() }));
    let value = words(context, &one, one.side(side));
    let done = message(match take {
        Take::Winner => "conflicts-kept",
        Take::Loser => "conflicts-put-back",
    });
    context.output.line(&context.text.say(&done.with("id", id.to_string()).with("value", value)));
    Ok(Outcome::Done)
}

async fn failure(hub: &HubStore, one: &KeptConflict, error: Error, context: &Context) -> Failure {
    match error {
        Error::NoConflict(_) => {
            let why = message("conflicts-decided-why").with("id", one.id.to_string());
            refused(why.with("who", one.who.clone().unwrap_or_default()), "conflicts-decided-hint")
        }
        Error::Gone => refused(message("conflicts-gone"), "conflicts-gone-hint"),
        Error::Later(change) => match hub.store.sites().await {
            Ok(sites) => refused(later(one, &change, &sites, context), "conflicts-later-hint"),
            Err(error) => hub.failure(&error),
        },
        other => hub.failure(&other),
    }
}

/// What came in after a conflict.
fn later(one: &KeptConflict, change: &RecentChange, sites: &[Site], context: &Context) -> Message {
    let site = called_by_number(change.site, sites, context);
    let (why, what) = match &one.column {
        Some(column) => {
            ("conflicts-later", said(change.after.as_ref().and_then(|row| row.get(column)), context))
        }
        None => ("conflicts-later-row", change.table.clone()),
    };
    message(why).with("site", site).with("at", context.moment(change.at_ms)).with("what", what)
}

async fn all(hub: &HubStore) -> Result<Vec<KeptConflict>> {
    hub.store.conflicts().await.map_err(|error| hub.failure(&error))
}

async fn find(hub: &HubStore, id: i64) -> Result<KeptConflict> {
    let found = all(hub).await?.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| {
        refused(message("conflicts-unknown").with("id", id.to_string()), "conflicts-unknown-hint")
    })
}

fn refused(why: Message, hint: &'static str) -> Failure {
    Failure::new(Code::UnknownConflict, message("conflicts-what"), why, message(hint))
}

/// **Shape**: `stands` is null where something later stands. `columns` names no column when what did not stand is a deletion; then `deletion` is true. `site`: whose
/// value did not stand.
fn json(context: &Context, one: &KeptConflict) -> Value {
    let sides = json!({ "winner": one.winner.value, "loser": one.loser.value });
    let columns: serde_json::Map<String, Value> =
        one.column.iter().map(|name| (name.clone(), sides.clone())).collect();
    json!({
        "id": one.id,
        "table": one.table,
        "key": one.row,
        "columns": columns,
        "site": one.loser.site_name,
        "at": context.moment(one.at_ms),
        "deletion": one.column.is_none(),
        "gid": one.gid,
        "region": one.region,
        "stands": one.stands_now().map(ConflictSide::word),
        "winner_site": one.winner.site_name,
        "winner_at": written(context, &one.winner),
        "loser_at": written(context, &one.loser),
        "asked": one.asked,
        "state": one.state,
        "who": one.who,
    })
}

/// `None`: nobody knows when.
fn written(context: &Context, side: &KeptSide) -> Option<String> {
    (side.wall_ms != UNKNOWN_AGE).then(|| context.moment(side.wall_ms))
}

fn words(context: &Context, one: &KeptConflict, side: &KeptSide) -> String {
    match &side.value {
        None if one.column.is_none() && *side == one.loser => context.text.get("conflicts-deletion"),
        None if one.column.is_none() => context.text.get("conflicts-row"),
        value => said(value.as_ref(), context),
    }
}

fn said(value: Option<&Value>, context: &Context) -> String {
    match value {
        None | Some(Value::Null) => context.text.get("conflicts-empty"),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(value) => value.to_string(),
    }
}

/// The time of a value that a file of unknown age brought: it came in later, whenever it was written.
const UNKNOWN_AGE: i64 = 0;

/// Which value came when.
trait Sides {
    /// What the hub had first, or what came in later.
    fn side(&self, side: ConflictSide) -> &KeptSide;
    /// Which side the one is that stood when they met.
    fn standing(&self) -> ConflictSide;
    /// `None`: neither; a later value, or the row is gone.
    fn stands_now(&self) -> Option<ConflictSide>;
}

impl Sides for KeptConflict {
    fn side(&self, side: ConflictSide) -> &KeptSide {
        if self.standing() == side { &self.winner } else { &self.loser }
    }

    fn standing(&self) -> ConflictSide {
        let later = self.winner.wall_ms == UNKNOWN_AGE || self.winner.wall_ms > self.loser.wall_ms;
        if later && self.loser.wall_ms != UNKNOWN_AGE { ConflictSide::Incoming } else { ConflictSide::Local }
    }

    fn stands_now(&self) -> Option<ConflictSide> {
        match self.stands? {
            Take::Winner => Some(self.standing()),
            Take::Loser => Some(self.standing().other()),
        }
    }
}

impl ConflictSide {
    const fn other(self) -> Self {
        match self {
            Self::Local => Self::Incoming,
            Self::Incoming => Self::Local,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Incoming => "incoming",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_unknown_age_came_in_later() {
        let side = |wall_ms| KeptSide { value: None, site: 1, site_name: String::new(), wall_ms };
        let standing = |winner, loser| {
            KeptConflict {
                id: 1,
                table: String::new(),
                gid: String::new(),
                row: String::new(),
                column: None,
                winner: side(winner),
                loser: side(loser),
                stands: None,
                region: None,
                asked: false,
                state: ConflictState::New,
                who: None,
                looked_ms: None,
                chosen: None,
                other: None,
                at_ms: 9,
            }
            .standing()
            .word()
        };
        assert_eq!([standing(5, 0), standing(5, 7)], ["local"; 2], "what the hub had first stands");
        assert_eq!([standing(7, 5), standing(0, 5)], ["incoming"; 2]);
    }
}
