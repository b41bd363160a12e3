//! Services of systemd.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use super::{Service, failure, shown};
use crate::{
    Context, Outcome,
    cli::Served,
    failure::{Failure, Result},
    messages::message,
};

/// Who may install services.
pub const HINT: &str = "service-hint";
/// Where an administrator's own units belong.
const UNITS: &str = "/etc/systemd/system";
/// There only while systemd runs the machine.
const RUNNING: &str = "/run/systemd/system";

pub fn print(service: &Service, context: &Context) -> Result<Outcome> {
    let unit = service.unit()?;
    warn_of_user(service, context);
    context.output.answer(&json!({ "unit": unit }));
    context.output.line(unit.trim_end());
    Ok(Outcome::Done)
}

pub fn install(service: &Service, context: &Context) -> Result<Outcome> {
    let unit = service.unit()?;
    must_run()?;
    warn_of_user(service, context);
    let (name, path) = (name(service.what), path(service.what));
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

pub fn remove(what: Served, context: &Context) -> Result<Outcome> {
    must_run()?;
    let (name, path) = (name(what), path(what));
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
    format!("{}.service", super::name(what))
}

fn path(what: Served) -> PathBuf {
    Path::new(UNITS).join(name(what))
}

impl Service {
    fn unit(&self) -> Result<String> {
        let user = self.user.clone().map_or_else(|| owner(&self.owned), Ok)?;
        Ok(self.unit_of(&user))
    }

    fn unit_of(&self, user: &str) -> String {
        let command = match self.what {
            Served::Agent => "agent",
            Served::Hub => "serve",
        };
        let program = shown(&self.program);
        let words = [program.as_str()].into_iter().chain(self.options.iter().map(String::as_str));
        let command: Vec<String> =
            words.chain([command]).map(|word| quoted(word).replace('$', "$$")).collect();
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
            user,
            writes.join(" "),
        )
    }
}

/// A unit for somebody who is not there yet may be wanted, and does not start.
fn warn_of_user(service: &Service, context: &Context) {
    let user = service.user.as_deref().filter(|user| !user.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(user) = user else { return };
    let found = Command::new("id").args(["-u", "--", user]).output();
    if found.is_ok_and(|found| !found.status.success()) {
        context.output.note(&context.text, &message("service-no-user").with("user", user));
    }
}

/// The number of whoever owns the file: runs the service that works on it.
fn owner(path: &Path) -> Result<String> {
    let found = fs::metadata(path).map(|data| std::os::unix::fs::MetadataExt::uid(&data).to_string());
    found.map_err(|error| unwritable(path, &error))
}

/// One word of a unit, whatever stands in it.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

fn must_run() -> Result<()> {
    if Path::new(RUNNING).is_dir() {
        return Ok(());
    }
    Err(failure(message("service-no-systemd-why"), message("service-no-systemd-hint")))
}

fn systemctl(words: &[&str]) -> Result<()> {
    let said = Command::new("systemctl").args(words).output();
    let reason = match said {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let why = message("service-systemctl-why").with("command", words.join(" ")).with("reason", reason);
    Err(failure(why, message(HINT)))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let why = message("service-file-why").with("file", path).with("reason", error.to_string());
    failure(why, message(HINT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_says_everything_whatever_the_folders_are_called() {
        let service = Service {
            what: Served::Agent,
            about: "denk agent",
            program: "/opt/denk".into(),
            options: vec!["-c".into(), "/srv/50% \"büro\"/a $x.toml".into()],
            folder: "/srv/50% \"büro\"".into(),
            user: None,
            owned: "/".into(),
            writes: vec!["/home/ayşe/Belgeler ve $".into()],
        };
        insta::assert_snapshot!(service.unit_of("1000"), @r#"
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
