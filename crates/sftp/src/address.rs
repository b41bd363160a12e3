//! Where files lie, as people write it: `sftp://user@host:port/folder`.

use std::fmt;

use url::Url;

const PORT: u16 = 22;
const SCHEME: &str = "sftp://";
/// A folder that begins so lies in the home of whoever logs in.
const HOME: &str = "/~/";

/// A folder on a server, and who asks for it. **Invariants**: holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub user: String,
    pub host: String,
    pub port: u16,
    /// As the server is asked for it: `/srv/backups`, or `backups` for one in the home; without a slash at the end.
    pub folder: String,
}

impl Address {
    /// Whether somebody means such an address at all.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    /// `None` for what is no such address: without a user or a folder, with a password (it is a setting of its own), or with
    /// an option.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain = url.scheme() == "sftp"
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let path = decoded(url.path())?;
        let folder = path.strip_prefix(HOME).unwrap_or(&path).trim_end_matches('/').to_owned();
        let user = decoded(url.username())?;
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let is_odd = |text: &str| text.is_empty() || text.chars().any(char::is_control);
        if !plain || is_odd(&user) || is_odd(&folder) || is_odd(&host) {
            return None;
        }
        Some(Self { user, host, port: url.port().unwrap_or(PORT), folder })
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}@", self.user)?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port != PORT {
            write!(f, ":{}", self.port)?;
        }
        if !self.folder.starts_with('/') {
            f.write_str(HOME)?;
        }
        f.write_str(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_told() {
        for (text, user, host, port, folder) in [
            ("sftp://denk@nas.example:2022/srv/denk", "denk", "nas.example", 2022, "/srv/denk"),
            ("sftp://denk@nas.example/~/yedek", "denk", "nas.example", 22, "yedek"),
            ("sftp://denk@[::1]:2222/a", "denk", "::1", 2222, "/a"),
            ("sftp://u1-sub1@192.0.2.7/a", "u1-sub1", "192.0.2.7", 22, "/a"),
        ] {
            let address = Address::read(text).unwrap();
            let (user, host, folder) = (user.to_owned(), host.to_owned(), folder.to_owned());
            assert_eq!(address, Address { user, host, port, folder });
            assert_eq!(address.to_string(), text);
        }
        assert_eq!(Address::read("sftp://a%40b@h/y%20z/").unwrap().folder, "/y z");
        assert_eq!(Address::read("SFTP://a@h:22/y").unwrap().to_string(), "sftp://a@h/y");
    }

    #[test]
    fn what_lacks_something_or_holds_a_password_is_none() {
        for odd in [
            "",
            "sftp://",
            "sftp://host/a",
            "sftp://user@/a",
            "sftp://user@host",
            "sftp://user@host/",
            "sftp://user@host/~/",
            "sftp://user:secret@host/a",
            "sftp://user@host/a?x=1",
            "sftp://user@host/a#b",
            "ssh://user@host/a",
            "/mnt/a",
            "sftp://user@host/a%0Ab",
            "sftp://user@host/%ff",
        ] {
            assert_eq!(Address::read(odd), None, "{odd}");
        }
        assert!(Address::is_meant("Sftp://x") && !Address::is_meant("/sftp://x") && !Address::is_meant("ş"));
    }
}
