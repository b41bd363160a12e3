//! A message as an e-mail.

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    message::{Mailbox, Message as Letter, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};

use crate::{Error, Message};

const WAIT: Duration = Duration::from_secs(20);

/// How bytes travel to the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Plain at first, TLS before anything is said; without it nothing is.
    StartTls,
    Tls,
    /// On this machine only.
    None,
}

/// A mail server, and to whom it takes messages.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({} people)", self.to.len())
    }
}

impl Mail {
    /// `server` is its name and port.
    ///
    /// # Errors
    /// `Address`, `Plain`, `Smtp`.
    pub fn new(
        (server, port): (&str, u16),
        security: Security,
        login: Option<(String, String)>,
        (from, to): (&str, &[String]),
    ) -> Result<Self, Error> {
        let tls = || TlsParameters::new(server.to_owned());
        let tls = match security {
            Security::StartTls => Tls::Required(tls()?),
            Security::Tls => Tls::Wrapper(tls()?),
            Security::None if is_here(server) => Tls::None,
            Security::None => return Err(Error::Plain),
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server);
        let builder = builder.port(port).tls(tls).timeout(Some(WAIT));
        let builder = match login {
            Some((user, password)) => builder.credentials(Credentials::new(user, password)),
            None => builder,
        };
        let to = to.iter().map(|address| mailbox(address)).collect::<Result<_, _>>()?;
        Ok(Self { transport: builder.build(), from: mailbox(from)?, to })
    }

    /// # Errors
    /// `Message`, `Smtp`.
    pub async fn send(&self, message: &Message) -> Result<(), Error> {
        let mut letter = Letter::builder()
            .from(self.from.clone())
            .subject(message.subject.clone())
            .message_id(Some(format!("<{}@denk.invalid>", message.id)));
        for to in &self.to {
            letter = letter.to(to.clone());
        }
        let letter = letter.header(ContentType::TEXT_PLAIN).body(message.text.clone())?;
        self.transport.send(letter).await?;
        Ok(())
    }
}

fn mailbox(address: &str) -> Result<Mailbox, Error> {
    let is_odd = address.chars().any(char::is_control);
    let read = address.parse().ok().filter(|_| !is_odd);
    read.ok_or_else(|| Error::Address(crate::plan::visible(address)))
}

fn is_here(server: &str) -> bool {
    let address = server.parse::<std::net::IpAddr>();
    server == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(server: &str, security: Security, from: &str, to: &str) -> Result<Mail, Error> {
        Mail::new((server, 25), security, None, (from, &[to.to_owned()]))
    }

    #[test]
    fn without_tls_a_server_is_on_this_machine() {
        for server in ["127.0.0.1", "localhost", "::1"] {
            assert!(mail(server, Security::None, "a@x.example", "b@x.example").is_ok(), "{server}");
        }
        let error = mail("mail.example", Security::None, "a@x.example", "b@x.example").unwrap_err();
        assert!(matches!(error, Error::Plain));
    }

    #[test]
    fn what_is_no_address_is_none() {
        for bad in ["", "x", "a@b@c", "a@x.example\r\nBcc: c@x.example", "Ali\n <a@x.example>"] {
            assert!(mail("localhost", Security::None, bad, "b@x.example").is_err(), "{bad}");
            assert!(mail("localhost", Security::None, "b@x.example", bad).is_err(), "{bad}");
        }
        assert!(mail("localhost", Security::None, "denk <denk@x.example>", "Şube Ö <b@x.example>").is_ok());
    }
}
