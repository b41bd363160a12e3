//! The certificate that the hub shows: given files, or its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use data_encoding::HEXLOWER;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sha2::{Digest, Sha256};
use tempfile::Builder;
use url::{Host, Url};

use crate::{Reached, Settings, Transport};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} cannot be used", path.display())]
    File {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("{} is not a certificate or key in PEM form", path.display())]
    Form { path: PathBuf },
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
    #[error("the certificate and the key cannot be used for TLS")]
    Tls(#[from] rustls::Error),
}

/// What is needed for TLS.
pub(crate) struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// What the hub's certificate is recognised by: the SHA-256 of its DER form in lower-case hexadecimal. `None`
/// when the hub itself does no TLS. Makes the hub's own certificate if it is not there yet.
///
/// # Errors
/// Files that cannot be read or written, or are no certificate.
pub fn fingerprint(settings: &Settings) -> Result<Option<String>, Error> {
    Ok(of(settings)?.as_ref().and_then(Certificate::fingerprint))
}

/// `None`: plain.
pub(crate) fn of(settings: &Settings) -> Result<Option<Certificate>, Error> {
    match &settings.transport {
        _ if !settings.is_secure() => Ok(None),
        Transport::BehindProxy => Ok(None),
        Transport::Files { certificate, key } => Certificate::read(certificate, key).map(Some),
        Transport::Auto => own(settings).map(Some),
    }
}

impl Certificate {
    fn read(chain: &Path, key: &Path) -> Result<Self, Error> {
        let bad = |path: &Path| Error::Form { path: path.to_owned() };
        let certificates = CertificateDer::pem_slice_iter(&read(chain)?).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|_| bad(chain))?;
        if certificates.is_empty() {
            return Err(bad(chain));
        }
        let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| bad(key))?;
        Ok(Self { chain: certificates, key: private })
    }

    pub fn fingerprint(&self) -> Option<String> {
        Some(HEXLOWER.encode(&Sha256::digest(self.chain.first()?)))
    }

    pub fn config(self) -> Result<ServerConfig, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The hub's own certificate. Key and certificate are one file, so that there is never one without the other.
fn own(settings: &Settings) -> Result<Certificate, Error> {
    let data_folder = &settings.data_folder;
    let path = data_folder.join("certificate.pem");
    let fail = |cause| Error::File { path: path.clone(), cause };
    if !path.exists() {
        fs::create_dir_all(data_folder).map_err(fail)?;
        let text = make(names(settings))?;
        // Only the owner may read it; who comes second keeps what the first made.
        let new = Builder::new().prefix("certificate-").tempfile_in(data_folder).map_err(fail)?;
        fs::write(new.path(), text).map_err(fail)?;
        new.as_file().sync_all().map_err(fail)?;
        if let Err(error) = new.persist_noclobber(&path)
            && error.error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(fail(error.error));
        }
    }
    Certificate::read(&path, &path)
}

/// By what the hub may be called: this machine, where it listens, and where offices reach it.
fn names(settings: &Settings) -> Vec<String> {
    let address = settings.listen.ip();
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !address.is_unspecified() && !address.is_loopback() {
        names.push(address.to_string());
    }
    let reached = Url::parse(&Reached::of(settings, Some(String::new())).url).ok();
    let host = reached.as_ref().and_then(|url| match url.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    });
    names.extend(host.filter(|host| host.is_ascii() && !names.contains(host)));
    names
}

fn make(names: Vec<String>) -> Result<String, Error> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(names)?.self_signed(&key)?;
    Ok([certificate.pem(), key.serialize_pem()].concat())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|cause| Error::File { path: path.to_owned(), cause })
}
