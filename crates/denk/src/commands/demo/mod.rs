//! `denk demo`: everything on this machine with made-up rows. First a marketplace file and a web database, carried,
//! changed and carried again; then a hub and three offices that work by themselves until the demo is stopped.

mod hub;
mod office;
mod settings;
mod shop;

use std::{
    fs,
    path::{Path, PathBuf},
};

use ::database::Address;
use serde_json::json;
use tokio::sync::watch;

use self::{hub::DemoHub, office::Office, shop::Story};
use crate::{
    Context, Outcome,
    cli::DemoArgs,
    commands::serve,
    failure::{Code, Failure, Place, Result},
    messages::{Message, message},
    presets, stop_asked, stopped,
};

const FOLDER: &str = "denk-demo";
/// Says that the files beside it are the demo's own and may be replaced.
const MARK: &str = "denk-demo.txt";
/// What the demo makes itself, as far as it would hurt to mistake somebody else's for it.
const OWN: [&str; 4] = ["entegra.s3db", "web.db", hub::STORE, office::FOLDER];

/// # Errors
/// `CannotWrite` when the folder cannot be made; `HubLocked`, `HubCannotServe`; what a database says; `Stopped` when
/// that was asked for before the hub was there.
pub async fn run(args: &DemoArgs, context: &Context) -> Result<Outcome> {
    let folder = folder(context);
    claim(&folder)?;
    let _lock = serve::lock(&folder)?;
    context.start_log_in(folder.join("logs"));
    let mut stop = Stop::listen();
    let story = tokio::select! {
        story = shop::tell(&folder, context) => story?,
        () = stop.asked() => return Err(stopped()),
    };
    let hub = DemoHub::start(&folder, args.listen, context).await?;
    let mut offices = Office::all(&folder, &hub, context).await?;
    for office in &mut offices {
        if let Err(failure) = office.turn().await {
            context.output.note(&context.text, &Message::verbatim(failure.shown(&context.text)));
        }
    }
    let shown = context.environment.shown(&folder);
    announce(context, shown, (&story, &hub, &offices));
    office::work(offices, &stop, context).await;
    hub.end().await?;
    context.output.note(&context.text, &message("demo-stopped").with("folder", shown));
    Ok(story.outcome())
}

/// `--data`, else a folder beside the caller.
fn folder(context: &Context) -> PathBuf {
    let named = context.global.data.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
    context.environment.folder().join(named)
}

/// Makes the folder and marks it as the demo's; one that holds somebody else's files is left alone.
fn claim(folder: &Path) -> Result<()> {
    store::make_private(folder).map_err(|error| unwritable(folder, &error))?;
    let mark = folder.join(MARK);
    let strange = OWN.iter().find(|name| folder.join(name).exists() && !mark.exists());
    if let Some(name) = strange {
        let why = message("demo-strange").with("file", folder.join(name).as_path());
        return Err(Failure::new(Code::CannotWrite, message("demo-what"), why, message("demo-hint")));
    }
    fs::write(&mark, "denk demo\n").map_err(|error| unwritable(&mark, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let why = message("config-read-why").with("file", path).with("reason", error.to_string());
    Failure::new(Code::CannotWrite, message("demo-what"), why, message("demo-hint"))
}

/// Runs a script of a preset on a file, which is made if it is not there.
async fn script(file: &Path, preset: &str, part: &str) -> Result<()> {
    let files = presets::files(preset).unwrap_or_default();
    let sql = files.into_iter().find(|one| one.path == part).ok_or_else(|| Failure::defect(part))?;
    let address = Address::sqlite(file);
    let ran = ::database::run_script(&address, sql.text).await;
    ran.map_err(|error| Failure::of_database(&error, &Place::at(&address)))
}

fn announce(context: &Context, folder: &Path, (story, hub, offices): (&Story, &DemoHub, &[Office])) {
    let passwords: Vec<_> =
        hub.passwords.iter().map(|one| json!({ "name": one.name, "password": one.password })).collect();
    let mut answer = story.json();
    answer["folder"] = json!(folder.display().to_string());
    answer["url"] = json!(hub.url);
    answer["passwords"] = json!(passwords);
    answer["offices"] = offices.iter().map(Office::json).collect();
    context.output.answer(&answer);

    let line = |line: &str| context.output.line(line);
    line("");
    line(&context.text.say(&message("demo-hub").with("url", hub.url.as_str())));
    if hub.passwords.is_empty() {
        line(&context.text.say(&message("demo-log-in-again").with("folder", folder)));
    } else {
        line(&context.text.get("demo-log-in"));
        hub.passwords.iter().for_each(|one| line(&format!("  {}  {}", one.name, one.password)));
    }
    line(&context.text.get("demo-offices"));
    offices.iter().for_each(|office| line(&format!("  {}  {}", office.region, office.file.display())));
    line(&context.text.say(&message("demo-look").with("folder", folder)));
}

/// That the demo was asked to stop; heard once, however many wait for it.
#[derive(Clone)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    fn listen() -> Self {
        let (tell, heard) = watch::channel(false);
        tokio::spawn(async move {
            stop_asked().await;
            // Whoever has gone need not be told.
            let _ = tell.send(true);
        });
        Self(heard)
    }

    async fn asked(&mut self) {
        // The sender goes only after it has told.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}
