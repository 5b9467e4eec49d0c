//! A small load generator: prepared HTTP/1.1 requests over kept-alive connections, so that it takes as little as can be of the
//! two cores it shares with what it measures.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{per_second, quantile};

/// How a load is sent.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Connections kept open.
    pub connections: usize,
    /// Requests in all.
    pub requests: u64,
    /// Requests a second, evenly; `None`: as fast as answers come. At a fixed rate latency counts from the moment the request
    /// was due, so that a stalled server cannot hide its stall.
    pub rate: Option<u64>,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Answers with 2xx.
    pub accepted: u64,
    /// Other answers and lost connections.
    pub failed: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Latencies of the 2xx answers, sorted.
    pub latencies: Vec<Duration>,
}

impl Report {
    /// Accepted requests a second.
    #[must_use]
    pub fn rate(&self) -> u64 {
        per_second(self.accepted, self.elapsed)
    }

    /// The latency that so many in a thousand stay under.
    #[must_use]
    pub fn quantile(&self, permille: usize) -> Duration {
        quantile(&self.latencies, permille)
    }
}

/// Makes the n-th request: the whole HTTP message.
pub type Requests = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Sends a load and waits for all answers.
///
/// # Errors
/// When no connection can be opened.
pub async fn send(address: SocketAddr, shape: Shape, requests: Requests) -> io::Result<Report> {
    let next = Arc::new(AtomicU64::new(0));
    let mut streams = Vec::with_capacity(shape.connections);
    for _ in 0..shape.connections {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let begun = Instant::now();
    let mut shooters = JoinSet::new();
    for stream in streams {
        shooters.spawn(shoot(stream, address, shape, Arc::clone(&next), Arc::clone(&requests), begun));
    }
    let mut report = Report::default();
    while let Some(part) = shooters.join_next().await {
        let Ok(part) = part else { continue };
        report.accepted += part.accepted;
        report.failed += part.failed;
        report.latencies.extend(part.latencies);
    }
    report.elapsed = begun.elapsed();
    report.latencies.sort_unstable();
    Ok(report)
}

async fn shoot(
    mut stream: TcpStream,
    address: SocketAddr,
    shape: Shape,
    next: Arc<AtomicU64>,
    requests: Requests,
    begun: Instant,
) -> Report {
    let mut report = Report::default();
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= shape.requests {
            return report;
        }
        let message = requests(number);
        let mut due = Instant::now();
        if let Some(rate) = shape.rate {
            due = begun + Duration::from_micros(number.saturating_mul(1_000_000) / rate.max(1));
            tokio::time::sleep_until(due).await;
        }
        match exchange(&mut stream, &message, &mut buffer).await {
            Ok(status) if (200..300).contains(&status) => {
                report.accepted += 1;
                report.latencies.push(due.elapsed());
            }
            Ok(_) => report.failed += 1,
            Err(_) => {
                report.failed += 1;
                match TcpStream::connect(address).await {
                    Ok(fresh) => stream = fresh,
                    Err(_) => return report,
                }
            }
        }
    }
}

/// Sends one request and reads its whole answer; answers the status.
async fn exchange(stream: &mut TcpStream, message: &[u8], buffer: &mut Vec<u8>) -> io::Result<u16> {
    stream.write_all(message).await?;
    buffer.clear();
    let head = loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = std::str::from_utf8(&buffer[..head]).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let status = text.get(9..12).and_then(|code| code.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse::<usize>().ok())
        .unwrap_or(0);
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(status)
}
