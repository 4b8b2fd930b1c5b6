//! TLS on both sides, 1.2 and 1.3, with the one provider of the program.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The dialling side, trusting what the system trusts.
pub(super) fn connector() -> Result<TlsConnector, rustls::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The accepting side, from PEM files; an error is the cause in words.
pub(super) fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(|chain| chain.collect::<Result<Vec<_>, _>>())
        .map_err(|error| error.to_string())?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| error.to_string())?;
    warn_if_readable(key);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| error.to_string())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(unix)]
fn warn_if_readable(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if std::fs::metadata(key).is_ok_and(|m| m.permissions().mode() & 0o077 != 0) {
        tracing::warn!(key = %key.display(), "others can read the TLS key; chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_if_readable(_: &Path) {}
