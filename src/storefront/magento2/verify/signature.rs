//! The primitives: HMAC in hex, equal secrets, RSA signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use spki::SubjectPublicKeyInfoRef;
use subtle::{Choice, ConstantTimeEq as _};

use crate::domain::Secret;

/// Whether lower-case hex is the HMAC-SHA256 of a body under one of these secrets.
pub(super) fn hmac_hex(secrets: &[Secret], body: &[u8], sent: &str) -> bool {
    let mut fits = Choice::from(0);
    for secret in secrets {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { continue };
        mac.update(body);
        let digest = mac.finalize().into_bytes();
        let hex = digest.iter().fold(String::with_capacity(64), |text, byte| format!("{text}{byte:02x}"));
        fits |= hex.as_bytes().ct_eq(sent.as_bytes());
    }
    fits.into()
}

/// Whether a text is one of these secrets. Digests are compared, so that not even its length shows.
pub(super) fn same(secrets: &[Secret], sent: &str) -> bool {
    let sent = Sha256::digest(sent.as_bytes());
    let mut fits = Choice::from(0);
    for secret in secrets {
        fits |= Sha256::digest(secret.expose().as_bytes()).ct_eq(&sent);
    }
    fits.into()
}

/// The RSA encryption algorithm's name in a public key (RFC 8017).
const RSA: spki::ObjectIdentifier = spki::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// An RSA public key of 2048 bits or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads a key in PEM, as `SubjectPublicKeyInfo`.
    pub fn from_pem(pem: &str) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok()?;
        let info = SubjectPublicKeyInfoRef::try_from(der.as_ref()).ok()?;
        if info.algorithm.oid != RSA {
            return None;
        }
        Some(Self(info.subject_public_key.as_bytes()?.to_vec()))
    }

    /// Whether base64 is this key's signature of a message: PKCS#1 v1.5 with SHA-256.
    pub fn signed(&self, message: &[u8], signature: &str) -> bool {
        let Ok(signature) = BASE64.decode(signature.trim()) else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(message, &signature).is_ok()
    }
}
