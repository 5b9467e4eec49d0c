//! Where a simulated office keeps its pictures: a web server that has one under every name, each of its own content.
//!
//! What comes in: requests of whoever fetches pictures. What goes out: tiny pictures that say their name, so that the same name is
//! always the same content. It can be closed for a while, as servers are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio_util::sync::CancellationToken;

/// A picture of one dot, up to where a remark may stand.
const DOT: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00";

#[derive(Default)]
struct Shelf {
    closed: AtomicBool,
    handed_out: AtomicU64,
}

/// A running server; it ends when it is dropped.
pub struct PictureHost {
    address: SocketAddr,
    shelf: Arc<Shelf>,
    closing: CancellationToken,
}

impl PictureHost {
    /// Opens on a free port of this machine.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (shelf, closing) = (Arc::<Shelf>::default(), CancellationToken::new());
        let app = Router::new().fallback(hand_out).with_state(Arc::clone(&shelf));
        let ends = closing.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = ends.cancelled() => {}
                ended = axum::serve(listener, app) => {
                    if let Err(error) = ended {
                        tracing::warn!(%error, "the picture server ended");
                    }
                }
            }
        });
        Ok(Self { address, shelf, closing })
    }

    /// Its address; a picture lies under any name beneath it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes it for a while (`true`), or opens it again.
    pub fn close(&self, closed: bool) {
        self.shelf.closed.store(closed, Ordering::Relaxed);
    }

    /// How many pictures were handed out.
    #[must_use]
    pub fn handed_out(&self) -> u64 {
        self.shelf.handed_out.load(Ordering::Relaxed)
    }
}

impl Drop for PictureHost {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

async fn hand_out(State(shelf): State<Arc<Shelf>>, uri: Uri) -> Response {
    if shelf.closed.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    shelf.handed_out.fetch_add(1, Ordering::Relaxed);
    // A remark, its length before it, and the end of the picture.
    let name = uri.path().as_bytes();
    let remark = &name[..name.len().min(255)];
    let length = [u8::try_from(remark.len()).unwrap_or(u8::MAX)];
    let picture = [DOT, b"!\xfe", length.as_slice(), remark, b"\x00;"].concat();
    ([(header::CONTENT_TYPE, "image/gif")], picture).into_response()
}
