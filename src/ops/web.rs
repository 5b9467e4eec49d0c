//! Serves HTTP until the process ends, then lets running exchanges finish.
//!
//! What comes in: connections. What goes out: answers of the routes. It keeps P9: connections are bounded in number, and one
//! that does not say what it wants is closed after a while.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a connection may take to send a request's head, or stay open without one.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// Connections that are served at a time; more wait with the system until one is closed.
const CONNECTIONS: usize = 4_096;
/// The pause after a connection could not be taken, such as for want of file handles.
const REST: Duration = Duration::from_millis(100);

/// Opens an address to listen on.
///
/// # Errors
/// When it is taken or not ours, with what to do.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| anyhow::anyhow!("cannot listen on {address}: {error}; free it or choose another"))
}

/// Serves these routes until `stop`, then finishes what is under way.
pub fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> JoinHandle<()> {
    serve_within(listener, router, stop, HEAD_DEADLINE)
}

/// The same with another deadline for a request's head.
pub fn serve_within(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    head_deadline: Duration,
) -> JoinHandle<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_deadline);
    tokio::spawn(async move {
        let open = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        while let Some((stream, place)) = next(&listener, &room, &stop).await {
            let service = TowerToHyperService::new(router.clone());
            let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
            tokio::spawn(async move {
                // A connection that breaks is its sender's affair: what was not acknowledged is sent again.
                let _ = connection.await;
                drop(place);
            });
        }
        drop(listener);
        open.shutdown().await;
    })
}

/// The next connection with its place, or `None` when there shall be no more.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let taken = async {
        let place = Arc::clone(room).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    // Answers are small: waiting to fill a packet would only add to their latency.
                    let _ = stream.set_nodelay(true);
                    return Some((stream, place));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => None,
        taken = taken => taken,
    }
}
