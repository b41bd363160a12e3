//! `denk service`: the agent or the hub as a service of the system, so that it starts with the machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use agent::Settings;
use serde_json::json;

use super::agent::{settings_failure, settings_path};
use crate::{
    Context, Outcome,
    cli::{Served, ServiceCommand, ServiceInstallArgs, ServiceRemoveArgs},
    failure::{Code, Failure, Result},
    messages::{Message, message},
};

/// Where an administrator's own units belong.
const UNITS: &str = "/etc/systemd/system";
/// There only while systemd runs the machine.
const RUNNING: &str = "/run/systemd/system";

/// # Errors
/// There is no systemd, the service has nothing to work on, or systemd refuses.
pub fn run(command: &ServiceCommand, context: &Context) -> Result<Outcome> {
    match command {
        ServiceCommand::Install(args) => install(args, context),
        ServiceCommand::Remove(args) => remove(args, context),
    }
}

fn install(args: &ServiceInstallArgs, context: &Context) -> Result<Outcome> {
    let unit = unit(args, context)?.text();
    if args.print {
        context.output.answer(&json!({ "unit": unit }));
        context.output.line(unit.trim_end());
        return Ok(Outcome::Done);
    }
    must_run()?;
    let (name, path) = (name(args.what), path(args.what));
    fs::write(&path, unit).map_err(|error| unwritable(&path, &error))?;
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", &name])?;
    // A unit that ran already goes on with what it says now.
    systemctl(&["restart", &name])?;
    context.output.answer(&json!({ "service": name, "file": path }));
    let words = message("service-installed").with("name", name.as_str()).with("file", path.as_path());
    context.output.line(&context.text.say(&words));
    Ok(Outcome::Done)
}

fn remove(args: &ServiceRemoveArgs, context: &Context) -> Result<Outcome> {
    must_run()?;
    let (name, path) = (name(args.what), path(args.what));
    if !path.is_file() {
        let why = message("service-none-why").with("file", path.as_path());
        return Err(failure(why, message("service-none-hint")));
    }
    systemctl(&["disable", "--now", &name])?;
    fs::remove_file(&path).map_err(|error| unwritable(&path, &error))?;
    systemctl(&["daemon-reload"])?;
    context.output.answer(&json!({ "service": name }));
    context.output.line(&context.text.say(&message("service-removed").with("name", name.as_str())));
    Ok(Outcome::Done)
}

fn name(what: Served) -> String {
    let what = match what {
        Served::Agent => "agent",
        Served::Hub => "hub",
    };
    format!("denk-{what}.service")
}

fn path(what: Served) -> PathBuf {
    Path::new(UNITS).join(name(what))
}

/// What systemd is told of a service. **Invariant**: all paths are absolute.
struct Unit {
    about: &'static str,
    /// The program and its arguments.
    words: Vec<String>,
    folder: PathBuf,
    /// A name, or the number of whoever owns what the service works on.
    user: String,
    /// What it writes into, wherever that is.
    writes: Vec<PathBuf>,
}

fn unit(args: &ServiceInstallArgs, context: &Context) -> Result<Unit> {
    let program = std::env::current_exe().and_then(fs::canonicalize);
    let program =
        program.map_err(|error| failure(Message::verbatim(error.to_string()), message("service-hint")))?;
    let unit = match args.what {
        Served::Agent => of_agent(&program, context)?,
        Served::Hub => of_hub(&program, context)?,
    };
    let user = args.user.clone().unwrap_or(unit.user);
    Ok(Unit { user, ..unit })
}

fn of_agent(program: &Path, context: &Context) -> Result<Unit> {
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
    Ok(Unit {
        about: "denk agent: keeps an office's file in step with the hub",
        words: vec![shown(program), "-c".into(), shown(&path), "agent".into()],
        user: owner(&path)?,
        writes: vec![parent(&settings.db), folder.clone()],
        folder,
    })
}

fn of_hub(program: &Path, context: &Context) -> Result<Unit> {
    let (folder, data) = (context.environment.folder().to_owned(), context.data_folder());
    let user = match owner(&data) {
        Ok(user) => user,
        Err(_) => owner(&folder)?,
    };
    let mut words = vec![shown(program), "--data".into(), shown(&data)];
    if let Some(config) = &context.global.config {
        words.extend(["-c".into(), shown(&folder.join(config))]);
    }
    words.push("serve".into());
    let writes = vec![data, folder.clone()];
    Ok(Unit { about: "denk hub: merges the files of office PCs", words, user, writes, folder })
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Whoever owns the file runs the service that works on it.
fn owner(path: &Path) -> Result<String> {
    #[cfg(unix)]
    let found = fs::metadata(path).map(|data| std::os::unix::fs::MetadataExt::uid(&data).to_string());
    #[cfg(not(unix))]
    let found = fs::metadata(path).map(|_| String::new());
    found.map_err(|error| {
        let why = message("service-file-why").with("file", path).with("reason", error.to_string());
        failure(why, message("service-hint"))
    })
}

impl Unit {
    fn text(&self) -> String {
        let command: Vec<String> = self.words.iter().map(|word| quoted(word).replace('$', "$$")).collect();
        let writes: Vec<String> =
            self.writes.iter().map(|path| quoted(&format!("-{}", shown(path)))).collect();
        format!(
            "# Made by `denk service install`; `denk service remove` takes it away.\n\
             [Unit]\nDescription={}\nWants=network-online.target\nAfter=network-online.target\n\n\
             [Service]\nType=exec\nExecStart={}\nWorkingDirectory={}\nUser={}\n\
             Restart=always\nRestartSec=5\nRestartPreventExitStatus=2\n\
             NoNewPrivileges=yes\nProtectSystem=full\nReadWritePaths={}\nPrivateDevices=yes\n\
             ProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectControlGroups=yes\n\
             RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\nRestrictNamespaces=yes\nRestrictSUIDSGID=yes\n\
             LockPersonality=yes\nSystemCallArchitectures=native\n\n\
             [Install]\nWantedBy=multi-user.target\n",
            self.about,
            command.join(" "),
            shown(&self.folder).replace('%', "%%"),
            self.user,
            writes.join(" "),
        )
    }
}

/// One word of a unit, whatever stands in it.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

fn must_run() -> Result<()> {
    if Path::new(RUNNING).is_dir() {
        return Ok(());
    }
    let why = if cfg!(windows) { "service-windows-why" } else { "service-no-systemd-why" };
    Err(failure(message(why), message("service-no-systemd-hint")))
}

fn systemctl(words: &[&str]) -> Result<()> {
    let said = Command::new("systemctl").args(words).output();
    let reason = match said {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let why = message("service-systemctl-why").with("command", words.join(" ")).with("reason", reason);
    Err(failure(why, message("service-hint")))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let why = message("service-file-why").with("file", path).with("reason", error.to_string());
    failure(why, message("service-hint"))
}

fn failure(why: Message, hint: Message) -> Failure {
    Failure::new(Code::Service, message("service-what"), why, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_says_everything_whatever_the_folders_are_called() {
        let unit = Unit {
            about: "denk agent",
            words: vec![
                "/opt/denk".into(),
                "-c".into(),
                "/srv/50% \"büro\"/a $x.toml".into(),
                "agent".into(),
            ],
            folder: "/srv/50% \"büro\"".into(),
            user: "1000".into(),
            writes: vec!["/home/ayşe/Belgeler ve $".into()],
        };
        insta::assert_snapshot!(unit.text(), @r#"
        # Made by `denk service install`; `denk service remove` takes it away.
        [Unit]
        Description=denk agent
        Wants=network-online.target
        After=network-online.target

        [Service]
        Type=exec
        ExecStart="/opt/denk" "-c" "/srv/50%% \"büro\"/a $$x.toml" "agent"
        WorkingDirectory=/srv/50%% "büro"
        User=1000
        Restart=always
        RestartSec=5
        RestartPreventExitStatus=2
        NoNewPrivileges=yes
        ProtectSystem=full
        ReadWritePaths="-/home/ayşe/Belgeler ve $"
        PrivateDevices=yes
        ProtectKernelTunables=yes
        ProtectKernelModules=yes
        ProtectControlGroups=yes
        RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
        RestrictNamespaces=yes
        RestrictSUIDSGID=yes
        LockPersonality=yes
        SystemCallArchitectures=native

        [Install]
        WantedBy=multi-user.target
        "#);
    }
}
