//! What no test can do from within Wine: the program as a console would start and stop it.

use std::{fs, net::TcpListener, path::Path, process::Stdio, thread, time::Duration};

use anyhow::{bail, ensure};

use super::{http, staying::Staying, wine::Wine};

/// A folder as offices have it: blanks, and letters that no code page of western Windows has.
pub const FOLDER: &str = "şube dosyası İ";

/// Says its version; serves; stops at Ctrl+C; serves as a service.
pub fn run(wine: &Wine, denk: &Path) -> anyhow::Result<()> {
    let version = wine.command(denk).arg("--version").stderr(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&version.stdout);
    ensure!(version.status.success() && said.starts_with("denk "), "denk --version says {said:?}");
    let folder = wine.drive().join(FOLDER);
    fs::create_dir(&folder)?;
    fs::write(folder.join("denk.toml"), "[hub]\r\nlisten = '127.0.0.1:0'\r\n")?;
    let mut serve = wine.command(denk);
    serve.args(["serve", "--json"]).current_dir(&folder);
    let mut hub = Staying::start(serve)?;
    let address = hub.says("url")?.trim_start_matches("http://").to_owned();
    ensure!(is_well(&address), "the hub at {address} is not well");
    hub.stop()?;
    ensure!(folder.join("data/hub.db").is_file(), "the hub's data is not where it belongs");
    as_a_service(wine, denk, &folder)?;
    println!("denk --version, serve, Ctrl+C, service: good");
    Ok(())
}

/// The hub, with the settings of its folder.
fn as_a_service(wine: &Wine, denk: &Path, folder: &Path) -> anyhow::Result<()> {
    let _awake = wine.stay_awake()?;
    // Nobody else takes it in the moment in which it is given back.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    fs::write(folder.join("denk.toml"), format!("[hub]\r\nlisten = '{address}'\r\n"))?;
    wine.run(denk, &["service", "install", "hub"], folder)?;
    until("the hub answers", || Ok(is_well(&address)))?;
    wine.run(denk, &["service", "remove", "hub"], folder)?;
    ensure!(!is_well(&address), "the hub that was removed still runs");
    Ok(())
}

fn is_well(address: &str) -> bool {
    http::get(address, "/health", "").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// Far longer than anything here takes on a slow machine.
const LOOKS: u32 = 3_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Looks again and again until it is so.
pub fn until(what: &str, mut so: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    for _ in 0..LOOKS {
        if so()? {
            return Ok(());
        }
        thread::park_timeout(BETWEEN_LOOKS);
    }
    bail!("not after {LOOKS} looks: {what}")
}
