//! A TCP proxy between a test and a server: it can cut connections, swallow what passes, let it through a byte at a time, close one
//! direction, refuse new connections, and speak to the client in the server's place.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

/// What happens to bytes and to new connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// All pass.
    Flow,
    /// Connections stay open and open anew, but no byte arrives any more, in either direction.
    BlackHole,
    /// A byte passes now and then.
    Trickle,
    /// What the server says is said, and no more: its direction is closed, the client's stays open.
    HalfClosed,
    /// New connections are closed at once.
    Refuse,
}

/// What a network does to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Refused,
    BlackHole,
    Reset,
    ByteNowAndThen,
    HalfClosed,
}

impl Cut {
    pub const ALL: [Self; 5] = [Self::Refused, Self::BlackHole, Self::Reset, Self::ByteNowAndThen, Self::HalfClosed];
}

/// How often a byte passes a [`Mode::Trickle`].
const BETWEEN_BYTES: Duration = Duration::from_millis(200);

/// A proxy in front of one server; dropping it ends every connection.
pub struct Proxy {
    place: SocketAddr,
    shared: Arc<Shared>,
    acceptor: AbortHandle,
}

struct Shared {
    mode: watch::Sender<Mode>,
    /// Counts the cuts; a connection ends when it changes.
    cuts: watch::Sender<u64>,
    clients: Mutex<Vec<Client>>,
    /// How many connections were refused and how many chunks held up.
    felt: AtomicU64,
}

/// A connection of the client's.
#[derive(Clone)]
struct Client {
    /// What the client has sent first, where its name is found.
    greeting: Arc<Mutex<Vec<u8>>>,
    insert: mpsc::UnboundedSender<Vec<u8>>,
}

impl Proxy {
    /// Starts a proxy on a free port of this machine.
    pub async fn start(upstream: (String, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            mode: watch::Sender::new(Mode::Flow),
            cuts: watch::Sender::new(0),
            clients: Mutex::default(),
            felt: AtomicU64::new(0),
        });
        let acceptor = tokio::spawn(accept(listener, upstream, Arc::clone(&shared))).abort_handle();
        Self { place, shared, acceptor }
    }

    /// Starts one before the server that an address names.
    pub async fn before(address: &str) -> Self {
        let address = reqwest::Url::parse(address).unwrap();
        let usual = match address.scheme() {
            "amqp" => Some(5672),
            scheme if scheme.starts_with("postgres") => Some(5432),
            _ => None,
        };
        Self::start((address.host_str().unwrap().to_owned(), address.port_or_known_default().or(usual).unwrap())).await
    }

    /// The same address, led through here.
    pub fn led(&self, address: &str) -> String {
        let mut address = reqwest::Url::parse(address).unwrap();
        address.set_ip_host(self.place.ip()).unwrap();
        address.set_port(Some(self.place.port())).unwrap();
        address.to_string()
    }

    /// Where the client should connect to.
    pub fn place(&self) -> SocketAddr {
        self.place
    }

    /// Has this befall the way, until it is mended.
    pub fn suffers(&self, cut: Cut) {
        match cut {
            Cut::Refused => self.refuse(),
            Cut::BlackHole => self.black_hole(),
            Cut::Reset => self.cut(),
            Cut::ByteNowAndThen => self.trickle(),
            Cut::HalfClosed => self.half_close(),
        }
    }

    /// Lets everything pass again, after this befell the way.
    pub fn is_mended(&self, after: Cut) {
        self.resume();
        if after == Cut::HalfClosed {
            // Connections of which one direction is gone stay as they are until somebody gives them up.
            self.cut();
        }
    }

    /// Ends every connection there is; new ones pass.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Keeps every connection but lets nothing through.
    pub fn black_hole(&self) {
        self.shared.mode.send_replace(Mode::BlackHole);
    }

    /// Lets a byte through now and then.
    pub fn trickle(&self) {
        self.shared.mode.send_replace(Mode::Trickle);
    }

    /// Closes the server's direction of each connection with its next words, and leaves the client's open.
    pub fn half_close(&self) {
        self.shared.mode.send_replace(Mode::HalfClosed);
    }

    /// How often anybody has felt that something is not as it should be.
    pub fn felt(&self) -> u64 {
        self.shared.felt.load(Ordering::Relaxed)
    }

    /// Ends every connection and refuses new ones.
    pub fn refuse(&self) {
        self.shared.mode.send_replace(Mode::Refuse);
        self.cut();
    }

    /// Lets everything pass again.
    pub fn resume(&self) {
        self.shared.mode.send_replace(Mode::Flow);
    }

    /// Sends bytes, as if from the server, to the connections whose client has introduced itself with these words. To be
    /// used while nothing else is on its way to the client.
    pub fn say(&self, to: &str, bytes: &[u8]) {
        let mut reached = 0;
        for client in self.shared.clients.lock().unwrap().iter() {
            let greeting = client.greeting.lock().unwrap();
            let named = greeting.windows(to.len()).any(|window| window == to.as_bytes());
            if named && client.insert.send(bytes.to_vec()).is_ok() {
                reached += 1;
            }
        }
        assert!(reached > 0, "no connection of `{to}` is open");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept(listener: TcpListener, upstream: (String, u16), shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        if *shared.mode.borrow() == Mode::Refuse {
            shared.felt.fetch_add(1, Ordering::Relaxed);
        } else {
            connections.spawn(carry(client, upstream.clone(), Arc::clone(&shared)));
        }
    }
}

async fn carry(client: TcpStream, upstream: (String, u16), shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let Ok(server) = TcpStream::connect((upstream.0.as_str(), upstream.1)).await else { return };
    let (insert, inserted) = mpsc::unbounded_channel();
    let greeting = Arc::new(Mutex::new(Vec::new()));
    shared.clients.lock().unwrap().push(Client { greeting: Arc::clone(&greeting), insert });
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let never = mpsc::unbounded_channel();
    tokio::select! {
        () = pump(client_reads, server_writes, &shared, Some(greeting), never.1) => {}
        () = pump(server_reads, client_writes, &shared, None, inserted) => {}
        _ = cuts.changed() => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    greeting: Option<Arc<Mutex<Vec<u8>>>>,
    mut inserted: mpsc::UnboundedReceiver<Vec<u8>>,
) {
    let mut mode = shared.mode.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let chunk = tokio::select! {
            read = from.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => buffer[..count].to_vec(),
            },
            Some(bytes) = inserted.recv() => bytes,
        };
        if let Some(greeting) = &greeting {
            let mut greeting = greeting.lock().unwrap();
            if greeting.len() < 4096 {
                greeting.extend_from_slice(&chunk);
            }
        }
        let now = *mode.borrow();
        if now != Mode::Flow {
            shared.felt.fetch_add(1, Ordering::Relaxed);
        }
        if now == Mode::HalfClosed && greeting.is_none() {
            // To the client the server has ended what it says in the middle of it.
            let _ = to.write_all(&chunk[..chunk.len() / 2]).await;
            let _ = to.shutdown().await;
            std::future::pending::<()>().await;
        }
        if mode.wait_for(|mode| *mode != Mode::BlackHole).await.is_err() {
            return;
        }
        let mut rest = chunk.as_slice();
        while *mode.borrow() == Mode::Trickle && !rest.is_empty() {
            let (first, others) = rest.split_at(1);
            if to.write_all(first).await.is_err() {
                return;
            }
            rest = others;
            let _ = tokio::time::timeout(BETWEEN_BYTES, mode.wait_for(|mode| *mode != Mode::Trickle)).await;
        }
        if to.write_all(rest).await.is_err() {
            return;
        }
    }
}
