//! Encryption of a connection (`sslmode` of the address).

use std::sync::Arc;

use model::ErrorKind;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use super::connect::refused_option;
use crate::{Address, Error, Result};

/// `sslmode`, by libpq's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    /// Encrypted if the server can; says nothing about who the server is.
    Prefer,
    /// Encrypted; says nothing about who the server is.
    Require,
    /// Encrypted, and the certificate names this host and comes from a trusted authority.
    VerifyFull,
}

impl Mode {
    /// # Errors
    /// `Unsupported` for another word.
    pub(super) fn of(address: &Address) -> Result<Self> {
        match address.option("sslmode").as_deref() {
            Some("disable") => Ok(Self::Disable),
            None | Some("prefer") => Ok(Self::Prefer),
            Some("require") => Ok(Self::Require),
            Some("verify-full") => Ok(Self::VerifyFull),
            Some(other) => Err(refused_option("sslmode", other)),
        }
    }
}

/// # Errors
/// `Connection` when the certificates to trust cannot be read.
pub(super) fn client(address: &Address, mode: Mode) -> Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Internal, "TLS cannot be set up").caused_by(error))?;
    let config = match mode {
        Mode::VerifyFull => builder.with_root_certificates(trusted(address)?),
        _ => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider))),
    };
    Ok(config.with_no_client_auth())
}

/// The authorities of the file `sslrootcert`, else those that the system trusts.
fn trusted(address: &Address) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(file) = address.option("sslrootcert") else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let unreadable = || Error::new(ErrorKind::Connection, format!("sslrootcert={file} cannot be read"));
    for certificate in CertificateDer::pem_file_iter(&file).map_err(|error| unreadable().caused_by(error))? {
        let certificate = certificate.map_err(|error| unreadable().caused_by(error))?;
        roots.add(certificate).map_err(|error| unreadable().caused_by(error))?;
    }
    Ok(roots)
}

/// Accepts every certificate, as `require` and `prefer` mean it; signatures are still checked.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
