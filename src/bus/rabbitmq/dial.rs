//! Opens one connection to RabbitMQ, and ends it for certain.
//!
//! What comes in: the broker's address. What goes out: a connection within a deadline, or a text that says why not.
//! The socket is kept beside the connection because the client library waits without end for a broker that accepts a
//! connection and then says nothing, and its orderly close may wait without end as well; cutting the socket ends both.
//! Next in the flow: [`super::link`] keeps such a connection alive.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{AsyncTcpStream, Connection, ConnectionProperties};
use tokio::time::timeout;

use super::fault;
use crate::bus::BusError;

/// How long a connection may take: name look-up, TCP, TLS and AMQP hand-shake together.
const DIAL_DEADLINE: Duration = Duration::from_secs(10);
/// How long an orderly close may take before the socket is cut.
const CLOSE_DEADLINE: Duration = Duration::from_secs(3);
/// Seconds between heartbeats unless the address says otherwise; a silent broker is given up after twice that.
const HEARTBEAT: u16 = 10;

/// Where the broker is and who we are there. Prints without the password.
#[derive(Clone)]
pub(super) struct Address(AMQPUri);

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, BusError> {
        const WANTED: &str =
            "the RabbitMQ address must have the form amqp://user:password@host:5672/vhost or amqps://…";
        // The parser's own words may repeat the address and with it the password, so they are not passed on.
        let mut uri: AMQPUri =
            url.parse().map_err(|_| BusError::Unavailable(format!("{WANTED}, which the configured one has not")))?;
        let numeric_v6 = url.rsplit('@').next().is_some_and(|rest| rest.contains('['));
        if numeric_v6 {
            // The parser answers `localhost` for a numeric IPv6 host.
            return Err(BusError::Unavailable(format!("{WANTED}, with a host name instead of a numeric IPv6 address")));
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self(uri))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} (vhost `{}`)", self.0.authority.host, self.0.authority.port, self.0.vhost)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// An open connection and its socket.
pub(super) struct Line {
    pub(super) connection: Arc<Connection>,
    socket: Socket,
}

impl Line {
    /// Connects under a name that the broker's management page shows.
    pub(super) async fn open(address: &Address, name: &str) -> Result<Self, String> {
        let socket = Socket::default();
        match timeout(DIAL_DEADLINE, Box::pin(connect(address.0.clone(), name, socket.clone()))).await {
            Ok(Ok(connection)) => Ok(Self { connection: Arc::new(connection), socket }),
            Ok(Err(error)) => {
                socket.cut();
                Err(format!("cannot connect to RabbitMQ at {address}: {}", fault::explain(&error)))
            }
            Err(_) => {
                socket.cut();
                Err(format!("RabbitMQ at {address} gave no answer within {} s", DIAL_DEADLINE.as_secs()))
            }
        }
    }

    /// Closes in order if the other side plays along, else by cutting the socket.
    pub(super) async fn hang_up(self) {
        if self.connection.status().connected() {
            let closing = self.connection.close(200, "tillbridge closes this connection".into());
            if timeout(CLOSE_DEADLINE, closing).await.is_err() {
                tracing::debug!("rabbitmq did not answer the close of the connection in time; the socket is cut");
            }
        }
        self.socket.cut();
    }
}

async fn connect(uri: AMQPUri, name: &str, socket: Socket) -> lapin::Result<Connection> {
    let runtime = lapin::runtime::default_runtime()?;
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    // Written in place, because only here are the types of the runtime and its streams known.
    Connection::connector(
        uri,
        runtime,
        async move |uri: AMQPUri, runtime| {
            let host = uri.authority.host.as_str();
            let mut failure = std::io::Error::new(std::io::ErrorKind::NotFound, "the host name has no address");
            for place in tokio::net::lookup_host((host, uri.authority.port)).await? {
                match AsyncTcpStream::connect(&runtime, place).await {
                    Ok(stream) => {
                        if let AsyncTcpStream::Plain(plain) = &stream {
                            socket.keep(twin(plain.get_ref())?)?;
                        }
                        return match uri.scheme {
                            AMQPScheme::AMQP => Ok(stream),
                            AMQPScheme::AMQPS => Ok(stream.into_tls(host, OwnedTLSConfig::default().as_ref()).await?),
                        };
                    }
                    Err(error) => failure = error,
                }
            }
            Err(failure.into())
        },
        properties,
    )
    .await
}

/// A second handle of a connection's socket. Cutting it wakes the client library, whose thread then ends.
#[derive(Clone, Default)]
struct Socket(Arc<Mutex<Handle>>);

#[derive(Default)]
enum Handle {
    #[default]
    NotYet,
    Open(TcpStream),
    Cut,
}

impl Socket {
    /// Refuses a socket that opened after it was given up.
    fn keep(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut handle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*handle, Handle::Cut) {
            return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "connected too late"));
        }
        *handle = Handle::Open(stream);
        Ok(())
    }

    fn cut(&self) {
        let mut handle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Handle::Open(stream) = std::mem::replace(&mut *handle, Handle::Cut) {
            // An error here means that it is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(unix)]
fn twin(stream: &tokio::net::TcpStream) -> std::io::Result<TcpStream> {
    use std::os::fd::AsFd;
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn twin(stream: &tokio::net::TcpStream) -> std::io::Result<TcpStream> {
    use std::os::windows::io::AsSocket;
    Ok(stream.as_socket().try_clone_to_owned()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_prints_without_its_password() {
        let address = Address::parse("amqp://till:s3cret@broker:5673/shop").unwrap();
        assert_eq!(format!("{address} {address:?}"), "broker:5673 (vhost `shop`) broker:5673 (vhost `shop`)");
    }

    #[test]
    fn a_wrong_address_is_refused_without_repeating_it() {
        for wrong in ["", "broker:5672", "http://u:s3cret@broker/", "data:s3cret", "amqp://u:s3cret@[::1]:5672/"] {
            let text = Address::parse(wrong).unwrap_err().to_string();
            assert!(text.contains("amqp://user:password@host:5672/vhost"), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn the_heartbeat_of_the_address_wins() {
        assert_eq!(Address::parse("amqp://b/?heartbeat=3").unwrap().0.query.heartbeat, Some(3));
        assert_eq!(Address::parse("amqp://b/").unwrap().0.query.heartbeat, Some(HEARTBEAT));
    }
}
