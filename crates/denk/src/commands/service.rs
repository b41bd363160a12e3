//! `denk service`: the agent or the hub as a service of the system, so that it starts with the machine.

#[cfg(not(windows))]
#[path = "service/systemd.rs"]
mod manager;
#[cfg(windows)]
#[path = "service/windows.rs"]
mod manager;

use std::{
    fs,
    path::{Path, PathBuf},
};

use agent::Settings;

use super::agent::{settings_failure, settings_path};
use crate::{
    Context, Outcome,
    cli::{Served, ServiceCommand, ServiceInstallArgs},
    failure::{Code, Failure, Result},
    messages::{Message, message},
};
#[cfg(windows)]
pub(crate) use manager::stop_asked;

/// # Errors
/// Nothing manages services here, the service has nothing to work on, or the system refuses.
pub async fn run(command: &ServiceCommand, context: &Context) -> Result<Outcome> {
    match command {
        ServiceCommand::Install(args) => {
            let service = Service::find(args, context)?;
            if args.print {
                return manager::print(&service, context);
            }
            manager::install(&service, context)
        }
        ServiceCommand::Remove(args) => manager::remove(args.what, context),
        #[cfg(windows)]
        ServiceCommand::Run(args) => manager::run(args.what, context).await,
    }
}

/// What the system is told of a service. **Invariant**: all paths are absolute.
struct Service {
    what: Served,
    about: &'static str,
    program: PathBuf,
    /// Which settings and data it is about.
    options: Vec<String>,
    folder: PathBuf,
    /// `None`: whoever usually runs it.
    user: Option<String>,
    /// Is there; whoever owns it may work on the rest.
    #[cfg_attr(windows, expect(dead_code, reason = "there the system itself runs services"))]
    owned: PathBuf,
    /// What it writes into, wherever that is.
    #[cfg_attr(windows, expect(dead_code, reason = "there nothing is kept from it"))]
    writes: Vec<PathBuf>,
}

impl Service {
    fn find(args: &ServiceInstallArgs, context: &Context) -> Result<Self> {
        let program = std::env::current_exe().and_then(whole);
        let program =
            program.map_err(|error| failure(Message::verbatim(error.to_string()), message(manager::HINT)))?;
        let service = match args.what {
            Served::Agent => Self::of_agent(program, context)?,
            Served::Hub => Self::of_hub(program, context),
        };
        Ok(Self { user: args.user.clone(), ..service })
    }

    fn of_agent(program: PathBuf, context: &Context) -> Result<Self> {
        let path = settings_path(context);
        let settings = Settings::load(&path).map_err(|error| settings_failure(&error))?;
        let Some(settings) = settings else {
            let why = message("agent-not-set-why").with("file", path.as_path());
            return Err(Failure::new(
                Code::AgentNotSet,
                message("service-what"),
                why,
                message("agent-not-set-hint"),
            ));
        };
        let folder = parent(&path);
        Ok(Self {
            what: Served::Agent,
            about: "denk agent: keeps an office's file in step with the hub",
            program,
            options: vec!["-c".into(), shown(&path)],
            writes: vec![parent(&settings.db), folder.clone()],
            folder,
            user: None,
            owned: path,
        })
    }

    fn of_hub(program: PathBuf, context: &Context) -> Self {
        let (folder, data) = (context.environment.folder().to_owned(), context.data_folder());
        let mut options = vec!["--data".into(), shown(&data)];
        if let Some(config) = &context.global.config {
            options.extend(["-c".into(), shown(&folder.join(config))]);
        }
        Self {
            what: Served::Hub,
            about: "denk hub: merges the files of office PCs",
            program,
            options,
            owned: if data.exists() { data.clone() } else { folder.clone() },
            writes: vec![data, folder.clone()],
            folder,
            user: None,
        }
    }
}

fn name(what: Served) -> &'static str {
    match what {
        Served::Agent => "denk-agent",
        Served::Hub => "denk-hub",
    }
}

/// Where the program really is. Windows would write it in a way that not everything there understands.
fn whole(program: PathBuf) -> std::io::Result<PathBuf> {
    if cfg!(windows) { std::path::absolute(program) } else { fs::canonicalize(program) }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn failure(why: Message, hint: Message) -> Failure {
    Failure::new(Code::Service, message("service-what"), why, hint)
}
