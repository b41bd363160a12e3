//! What no test can do from within Wine: the program as a console would start and stop it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};

use super::wine::Wine;

/// A folder as offices have it: blanks, and letters that no code page of western Windows has.
const FOLDER: &str = "şube dosyası İ";

/// Says its version; serves; stops at Ctrl+C.
pub fn run(wine: &Wine, denk: &Path) -> anyhow::Result<()> {
    let version = wine.command(denk).arg("--version").stderr(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&version.stdout);
    ensure!(version.status.success() && said.starts_with("denk "), "denk --version says {said:?}");
    let folder = wine.drive().join(FOLDER);
    fs::create_dir(&folder)?;
    fs::write(folder.join("denk.toml"), "[hub]\r\nlisten = '127.0.0.1:0'\r\n")?;
    let mut serve = wine.command(denk);
    serve.args(["serve", "--json"]).current_dir(&folder).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut hub = Hub(serve.spawn()?);
    let address = hub.address()?;
    ensure!(is_well(&address)?, "the hub at {address} is not well");
    hub.stop()?;
    ensure!(folder.join("data/hub.db").is_file(), "the hub's data is not where it belongs");
    println!("denk --version, serve, Ctrl+C: good");
    Ok(())
}

/// Killed when it is not stopped.
struct Hub(Child);

impl Hub {
    /// Waits until it says where it listens.
    fn address(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().context("no output")?).read_line(&mut line)?;
        let ready: serde_json::Value =
            serde_json::from_str(&line).with_context(|| format!("the hub says {line:?}"))?;
        let url = ready["url"].as_str().context("the hub does not say where it listens")?;
        Ok(url.trim_start_matches("http://").to_owned())
    }

    /// Wine makes Ctrl+C of the signal.
    fn stop(&mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-INT", &self.0.id().to_string()]).status()?;
        match self.0.wait()?.code() {
            Some(0) => Ok(()),
            code => bail!("the hub ends with {code:?} at Ctrl+C"),
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_well(address: &str) -> anyhow::Result<bool> {
    let mut connection = TcpStream::connect(address)?;
    connection.write_all(
        format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}
