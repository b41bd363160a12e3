//! `denk notify test`: a message on each way, and whether it went.

use serde_json::json;

use crate::{
    Context, Outcome,
    cli::NotifyCommand,
    clock,
    failure::{Code, Failure, Result},
    messages::message,
    notify::Teller,
};

/// # Errors
/// What is wrong with the configuration; `WrongValue` when nobody is to be told.
pub async fn run(command: &NotifyCommand, context: &Context) -> Result<Outcome> {
    let NotifyCommand::Test = command;
    let Some(teller) = Teller::find(context)? else {
        let why = message("notify-nobody");
        return Err(Failure::new(
            Code::WrongValue,
            message("notify-what"),
            why,
            message("notify-nobody-hint"),
        ));
    };
    let (mut items, mut failed) = (Vec::new(), 0);
    for way in &teller.ways {
        let sent = way.test(teller.language(), clock::unix_ms()).await;
        let error = sent.err().map(|error| error.to_string());
        let words = match &error {
            None => message("notify-sent").with("way", way.name.as_str()),
            Some(why) => message("notify-not-sent").with("way", way.name.as_str()).with("why", why.as_str()),
        };
        context.output.line(&context.text.say(&words));
        failed += usize::from(error.is_some());
        items.push(json!({ "way": way.name, "sent": error.is_none(), "error": error }));
    }
    context.output.answer(&json!({ "items": items }));
    Ok(match failed {
        0 => Outcome::Done,
        all if all == teller.ways.len() => Outcome::Failed,
        _ => Outcome::Partial,
    })
}
