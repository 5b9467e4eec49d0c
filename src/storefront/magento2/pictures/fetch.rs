//! Fetches the bytes of a picture from the office's address.
//!
//! What comes in: an address, https or on this machine. What goes out: the bytes with their kind, or why not: for now, or for
//! good. Has a deadline and a longest length; follows no redirect to another scheme.

use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;

/// The longest picture that is taken.
const MOST_BYTES: usize = 10 * 1024 * 1024;
/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// How many addresses may lead to it.
const HOPS: usize = 3;

/// A picture.
pub struct Fetched {
    pub bytes: Vec<u8>,
    pub kind: &'static str,
    pub extension: &'static str,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfetched {
    /// It may be there later.
    Later(String),
    /// It will not.
    Never(String),
}

/// A client for pictures: it carries nobody's access.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    let follow = Policy::custom(|attempt| {
        if attempt.previous().len() > HOPS || !is_safe(attempt.url()) { attempt.stop() } else { attempt.follow() }
    });
    let agent = concat!("tillbridge/", env!("CARGO_PKG_VERSION"));
    reqwest::Client::builder().user_agent(agent).redirect(follow).timeout(DEADLINE).build()
}

fn is_safe(url: &Url) -> bool {
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

pub async fn fetch(client: &reqwest::Client, address: &str) -> Result<Fetched, Unfetched> {
    let later = |why: &str| Unfetched::Later(format!("{address}: {why}"));
    let never = |why: &str| Unfetched::Never(why.to_owned());
    let url = Url::parse(address).ok().filter(is_safe).ok_or_else(|| never("its address is not https"))?;
    let mut response = client.get(url).send().await.map_err(|_| later("the picture's server does not answer"))?;
    let status = response.status().as_u16();
    match status {
        200 => {}
        408 | 429 | 500..=599 => return Err(later(&format!("the picture's server answered {status}"))),
        _ => return Err(never(&format!("the picture's server answered {status}"))),
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| later("the picture broke off"))? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(never(&format!("it is longer than {MOST_BYTES} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    let (kind, extension) = kind(&bytes).ok_or_else(|| never("it is neither JPEG, PNG nor GIF"))?;
    Ok(Fetched { bytes, kind, extension })
}

/// What a picture is by its first bytes; Magento takes these three everywhere.
fn kind(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(("image/jpeg", "jpg")),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(("image/png", "png")),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(("image/gif", "gif")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes_and_not_by_its_name() {
        assert_eq!(kind(b"\xff\xd8\xff\xe0..."), Some(("image/jpeg", "jpg")));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n..."), Some(("image/png", "png")));
        assert_eq!(kind(b"GIF89a..."), Some(("image/gif", "gif")));
        assert_eq!(kind(b"<svg>"), None);
        assert_eq!(kind(b""), None);
    }

    #[test]
    fn pictures_come_over_https_or_from_this_machine() {
        let safe = |text: &str| is_safe(&Url::parse(text).unwrap());
        assert!(safe("https://pictures.example/a.jpg") && safe("http://127.0.0.1:9/a.jpg"));
        assert!(!safe("http://pictures.example/a.jpg") && !safe("file:///etc/passwd") && !safe("http://10.0.0.1/a"));
    }
}
