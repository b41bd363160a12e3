//! `[hub] backup`: the server that copies go to, and who logs in there.

use sftp::{Address, Login, Target};

use super::Config;
use crate::{
    failure::{Code, Failure, Result},
    messages::{Message, message},
};

impl Config {
    /// How the server at this address is entered.
    ///
    /// # Errors
    /// `SettingsConflict` when something is missing or there twice; `SecretMissing`.
    pub fn copies_at(&self, address: &Address) -> Result<Target> {
        let lacks = |key: &'static str, hint: Message| {
            let why = message(key).with("place", address.to_string());
            Failure::new(Code::SettingsConflict, message("config-what"), why, hint)
        };
        let Some(host_key) = self.hub.backup.copy_host_key.clone() else {
            let hint = message("copy-no-host-key-hint").with("host", address.host.as_str());
            return Err(lacks("copy-no-host-key", hint.with("port", i64::from(address.port))));
        };
        let key = self.secret_of("hub.backup.copy_key")?;
        let login = match (key, self.secret_of("hub.backup.copy_password")?) {
            (Some(text), None) => {
                Login::Key { text, passphrase: self.secret_of("hub.backup.copy_passphrase")? }
            }
            (None, Some(password)) => Login::Password(password),
            (None, None) => return Err(lacks("copy-no-login", message("copy-login-hint"))),
            (Some(_), Some(_)) => return Err(lacks("copy-two-logins", message("copy-login-hint"))),
        };
        Ok(Target { address: address.clone(), host_key, login })
    }
}
