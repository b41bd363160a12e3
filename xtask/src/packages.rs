//! What the machine must have beside Rust and a C compiler, and how it gets there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, bail};
use testkit::postgres::find_program;

use crate::windows::wine;

/// Packages that one task works with.
pub struct Need {
    /// Who needs whose programs; the programs' names follow.
    sentence: &'static str,
    packages: &'static [Package],
    /// What would do instead.
    instead: &'static str,
}

/// Something to install, by the name each package manager has for it.
struct Package {
    /// The program that is there once it is installed.
    program: &'static str,
    find: fn(&str) -> Option<PathBuf>,
    apt: &'static str,
    dnf: &'static str,
    brew: &'static str,
}

pub const POSTGRESQL: Need = Need {
    sentence: "the tests need PostgreSQL's",
    packages: &[
        Package {
            program: "initdb",
            find: find_program,
            apt: "postgresql",
            dnf: "postgresql-server",
            brew: "postgresql@17",
        },
        Package {
            program: "psql",
            find: find_program,
            apt: "postgresql-client",
            dnf: "postgresql",
            brew: "postgresql@17",
        },
    ],
    instead: "hint: or set DENK_TEST_POSTGRES_URL to a server (and have psql) that may be used for tests\n",
};

pub const BROWSER: Need = Need {
    sentence: "the tests of the agent's page need",
    packages: &[
        Package {
            program: "chromium",
            find: on_path,
            apt: "chromium",
            dnf: "chromium",
            brew: "--cask chromium",
        },
        Package {
            program: "chromedriver",
            find: on_path,
            apt: "chromium-driver",
            dnf: "chromedriver",
            brew: "chromedriver",
        },
    ],
    instead: "",
};

pub const OPENSSH: Need = Need {
    sentence: "the tests of copies on another machine need OpenSSH's",
    packages: &[
        Package {
            program: "sshd",
            find: testkit::sshd::find_program,
            apt: "openssh-server",
            dnf: "openssh-server",
            brew: "openssh",
        },
        Package {
            program: "ssh-keygen",
            find: on_path,
            apt: "openssh-client",
            dnf: "openssh-clients",
            brew: "openssh",
        },
    ],
    instead: "",
};

pub const PYTHON: Need = Need {
    sentence: "the scan needs",
    packages: &[Package {
        program: "python3",
        find: with_venv,
        apt: "python3-venv",
        dnf: "python3",
        brew: "python",
    }],
    instead: "",
};

pub const WINDOWS: Need = Need {
    sentence: "building and running for Windows needs",
    packages: &[
        Package {
            program: "x86_64-w64-mingw32-gcc",
            find: on_path,
            apt: "gcc-mingw-w64-x86-64",
            dnf: "mingw64-gcc",
            brew: "mingw-w64",
        },
        Package {
            program: "wine64",
            find: wine::find_program,
            apt: "wine64",
            dnf: "wine-core",
            brew: "wine-stable",
        },
    ],
    instead: "",
};

/// What to do about missing packages.
pub enum Provided {
    Yes,
    /// It was said what to install; the program ends with this code.
    No(ExitCode),
}

/// Makes sure that everything is there: installs it as root on Debian and its relatives, else says what to install.
pub fn provide(need: &Need) -> anyhow::Result<Provided> {
    let missing: Vec<&Package> = need.packages.iter().filter(|package| !is_there(package)).collect();
    if missing.is_empty() {
        return Ok(Provided::Yes);
    }
    if on_path("apt-get").is_none() || !is_root() {
        eprint!("{}", instructions(need, &missing));
        return Ok(Provided::No(ExitCode::from(2)));
    }
    install(&missing)?;
    match missing.iter().find(|package| !is_there(package)) {
        None => Ok(Provided::Yes),
        Some(package) => {
            bail!("package {} is installed, but its program {} is not there", package.apt, package.program)
        }
    }
}

fn is_there(package: &Package) -> bool {
    (package.find)(package.program).is_some()
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = crate::cargo::variable("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A Python that can make environments: Debian's has the part for it in a package of its own.
fn with_venv(program: &str) -> Option<PathBuf> {
    let python = on_path(program)?;
    let can = Command::new(&python).args(["-c", "import ensurepip"]).stderr(Stdio::null()).status();
    can.is_ok_and(|status| status.success()).then_some(python)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn instructions(need: &Need, missing: &[&Package]) -> String {
    let programs = names(missing, |package| package.program);
    format!(
        "error: {} {programs}, found neither in PATH nor where packages put it\n\
         hint: install it and run this again:\n  \
         Debian, Ubuntu:  sudo apt-get install {}\n  \
         Fedora, RHEL:    sudo dnf install {}\n  \
         macOS:           brew install {}\n\
         {}",
        need.sentence,
        names(missing, |package| package.apt),
        names(missing, |package| package.dnf),
        names(missing, |package| package.brew),
        need.instead,
    )
}

/// Each name once.
fn names(packages: &[&Package], name: fn(&Package) -> &'static str) -> String {
    let mut names: Vec<&str> = packages.iter().map(|package| name(package)).collect();
    names.dedup();
    names.join(" ")
}

fn install(missing: &[&Package]) -> anyhow::Result<()> {
    let names: Vec<&str> = missing.iter().map(|package| package.apt).collect();
    eprintln!("installing {}", names.join(" "));
    let _no_cluster = names.contains(&"postgresql").then(NoCluster::declare).transpose()?;
    let _no_service = names.contains(&"openssh-server").then(NoService::declare).transpose()?.flatten();
    // Without lists, or with lists older than the archive, only a second try after an update can work.
    if apt_get(&["install"], &names).is_err() {
        apt_get(&["update"], &[])?;
        apt_get(&["install"], &names)?;
    }
    Ok(())
}

fn apt_get(command: &[&str], packages: &[&str]) -> anyhow::Result<()> {
    let status = Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["--yes", "--quiet", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"])
        .args(command)
        .args(packages)
        .status()
        .context("cannot run apt-get")?;
    if !status.success() {
        bail!("apt-get {} {} failed", command.join(" "), packages.join(" "));
    }
    Ok(())
}

/// While it lives, Debian's PostgreSQL packages make no cluster of their own when they are installed: nobody asked for
/// a server on this machine, and in a container it could not be started. The person's later installations are not
/// touched.
struct NoCluster(PathBuf);

impl NoCluster {
    fn declare() -> anyhow::Result<Self> {
        let folder = Path::new("/etc/postgresql-common/createcluster.d");
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let file = folder.join("denk-tests.conf");
        fs::write(&file, "create_main_cluster = false\n")
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self(file))
    }
}

impl Drop for NoCluster {
    fn drop(&mut self) {
        // Only while installing; left behind it would keep the next version from making its cluster.
        let _ = fs::remove_file(&self.0);
    }
}

/// While it lives, Debian's packages start no service when they are installed: tests run `sshd` by themselves, and nobody
/// asked for one that others can reach.
struct NoService(PathBuf);

impl NoService {
    /// `None` where somebody decided about services already.
    fn declare() -> anyhow::Result<Option<Self>> {
        use std::os::unix::fs::PermissionsExt;
        let file = PathBuf::from("/usr/sbin/policy-rc.d");
        if file.exists() {
            return Ok(None);
        }
        fs::write(&file, "#!/bin/sh\nexit 101\n")
            .with_context(|| format!("cannot write {}", file.display()))?;
        let this = Self(file);
        fs::set_permissions(&this.0, fs::Permissions::from_mode(0o755))?;
        Ok(Some(this))
    }
}

impl Drop for NoService {
    fn drop(&mut self) {
        // Left behind it would keep every later package from starting what it brings.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_name_each_package_once() {
        let all: Vec<&Package> = POSTGRESQL.packages.iter().collect();
        let text = instructions(&POSTGRESQL, &all);
        assert!(text.contains("apt-get install postgresql postgresql-client\n"));
        assert!(text.contains("brew install postgresql@17\n"));
        assert!(text.contains("hint:"));
    }
}
