//! The keys Adobe signs with, and the place they are served from.
//!
//! They are made for this sandbox and open nothing else.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;

const PRIVATE: [&[u8]; 2] = [include_bytes!("../keys/1.pk8"), include_bytes!("../keys/2.pk8")];
const PUBLIC: [&str; 2] = [include_str!("../keys/1.pub.pem"), include_str!("../keys/2.pub.pem")];

/// Where the public half of a key is served, beneath the shop's own address.
pub(super) fn path_of(key: usize) -> String {
    format!("/keys/pub-key-{}.pem", key + 1)
}

/// The public half of the first key, as a merchant copies it from the shop's configuration.
pub(in super::super) fn first_public_key() -> &'static str {
    PUBLIC[0]
}

/// RSA with SHA-256, PKCS #1 v1.5, in base64.
pub(super) fn signed(key: usize, message: &[u8]) -> Option<String> {
    let der = PrivateKeyDer::Pkcs8((*PRIVATE.get(key)?).into());
    let key = rustls::crypto::ring::sign::any_supported_type(&der).ok()?;
    let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])?;
    signer.sign(message).ok().map(|signature| STANDARD.encode(signature))
}

/// Serves a public key.
pub(in super::super) async fn public_key(Path(name): Path<String>) -> Response {
    let found = (0..PUBLIC.len()).find(|key| path_of(*key) == format!("/keys/{name}"));
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |key| PUBLIC[key].into_response())
}
