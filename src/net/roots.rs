//! Whom hoop itself trusts towards AWS: the machine's certificates, else Mozilla's.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Error;
use crate::error::Kind;
use crate::error::Result;

/// How to speak TLS to AWS, with `protocols` offered by ALPN; the certificates in the PEM file `more` are trusted,
/// too. Reads the machine's trust store: some milliseconds, once.
pub fn client_config(protocols: &[&[u8]], more: Option<&Path>) -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| Error::new(Kind::System, "cannot set up TLS towards AWS").why(cause.to_string()))?
        .with_root_certificates(store(more)?)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

fn store(more: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    // A certificate that cannot be read trusts nobody: leaving it out is safe.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(file) = more {
        let read = |cause: String| {
            Error::new(Kind::Config, format!("cannot read the certificates in {}", file.display()))
                .why(cause)
                .fix("correct AWS_CA_BUNDLE, or unset it")
        };
        let certificates = CertificateDer::pem_file_iter(file).map_err(|cause| read(cause.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|cause| read(cause.to_string()))?;
            roots.add(certificate).map_err(|cause| read(cause.to_string()))?;
        }
    }
    Ok(roots)
}
