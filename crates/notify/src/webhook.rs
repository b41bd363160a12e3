//! A message as a POST of JSON, signed.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, redirect::Policy};
use sha2::Sha256;
use url::{Host, Url};

use crate::{Error, Message};

const WAIT: Duration = Duration::from_secs(20);
/// `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`.
const SIGNATURE: &str = "X-Denk-Signature";
const DELIVERY: &str = "X-Denk-Delivery";

/// Where messages are posted. `Debug` shows neither the secret nor the address, which may be one.
pub struct Webhook {
    url: Url,
    secret: Option<String>,
    client: Client,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Webhook({})", self.host())
    }
}

impl Webhook {
    /// # Errors
    /// `Url`, `Client`.
    pub fn new(url: &str, secret: Option<String>) -> Result<Self, Error> {
        let refused = || Error::Url(url.split("://").next().unwrap_or_default().to_owned() + "://…");
        let url = Url::parse(url).map_err(|_| refused())?;
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_here(&url);
        if !is_safe || url.host_str().is_none() {
            return Err(refused());
        }
        let client =
            Client::builder().redirect(Policy::none()).timeout(WAIT).build().map_err(Error::Client)?;
        Ok(Self { url, secret, client })
    }

    fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    /// # Errors
    /// `Webhook`, `Status` for every answer but 2xx.
    pub async fn send(&self, message: &Message, now_ms: i64) -> Result<(), Error> {
        let body = message.json.to_string();
        let mut request = self
            .client
            .post(self.url.clone())
            .header("Content-Type", "application/json")
            .header(DELIVERY, &message.id);
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, signature(secret, now_ms / 1000, &body));
        }
        let answer = request.body(body).send().await;
        let answer =
            answer.map_err(|cause| Error::Webhook { host: self.host(), cause: cause.without_url() })?;
        let status = answer.status();
        if status.is_success() {
            Ok(())
        } else {
            Err(Error::Status { host: self.host(), status: status.as_u16() })
        }
    }
}

fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    format!("t={seconds},v1={}", data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()))
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256_of_time_and_body() {
        // printf '1768802400.{"a":1}' | openssl dgst -sha256 -hmac gizli
        let wanted = "f0b5344101033688f38d15055aeceb71ff5931ba6110e56fb0a8e1aa19c854f6";
        assert_eq!(signature("gizli", 1_768_802_400, "{\"a\":1}"), format!("t=1768802400,v1={wanted}"));
    }

    #[test]
    fn plain_http_stays_on_this_machine_and_nothing_tells_the_address() {
        for url in ["https://hooks.example/x", "http://127.0.0.1:9/x", "http://[::1]/x", "http://localhost/x"]
        {
            assert!(Webhook::new(url, None).is_ok(), "{url}");
        }
        for url in [
            "http://hooks.example/gizli",
            "ftp://127.0.0.1/gizli",
            "gizli",
            "",
            "file:///gizli",
            "http://127.0.0.1.evil.example/gizli",
        ] {
            let error = Webhook::new(url, None).unwrap_err();
            assert!(!error.to_string().contains("example"), "{error}");
        }
        let shown = format!("{:?}", Webhook::new("https://hooks.example/gizli", Some("sir".into())).unwrap());
        assert_eq!(shown, "Webhook(hooks.example)");
    }
}
