//! The connection to the office is cut at the worst moments. A relay between bridge and server does the cutting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tillbridge::domain::CallError;
use tillbridge::office::counter_intelligence::CounterIntelligence;
use tillbridge::office::{Document, DocumentKind, Office};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::papers::{goods, invoice, money};
use super::shop::{Shop, kiwi};
use crate::support::servers;

#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// The words never reach the server.
    Before,
    /// The words reach the server, its answer does not come back.
    After,
}

/// Relays to the server until the bridge says those words, once armed; answers the address to call.
async fn relay(server: String, words: &'static str, cut: Cut, armed: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((bridge, _)) = listener.accept().await {
            let (server, armed) = (TcpStream::connect(&server).await.unwrap(), Arc::clone(&armed));
            tokio::spawn(pass(bridge, server, words, cut, armed));
        }
    });
    port
}

async fn pass(bridge: TcpStream, server: TcpStream, words: &'static str, cut: Cut, armed: Arc<AtomicBool>) {
    let (mut from_bridge, mut to_bridge) = bridge.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { drop(tokio::io::copy(&mut from_server, &mut to_bridge).await) });
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from_bridge.read(&mut buffer).await {
        let said = buffer[..read].windows(words.len()).any(|window| window == words.as_bytes());
        let cutting = said && armed.swap(false, Ordering::SeqCst);
        if cutting {
            back.abort();
        }
        if (!cutting || cut == Cut::After) && to_server.write_all(&buffer[..read]).await.is_err() {
            return;
        }
        if cutting {
            return;
        }
    }
}

/// Books one invoice through a relay that cuts, then tells what the bridge answered and what it finds out afterwards.
async fn book_through(words: &'static str, cut: Cut) -> Option<(Shop, Result<tillbridge::office::Booked, CallError>)> {
    let Some(shop) = Shop::on_postgres().await else {
        servers::left_out(&format!("cutting the connection at {words}"), "DATABASE_URL");
        return None;
    };
    let config: tokio_postgres::Config = shop.place.url().parse().unwrap();
    let tokio_postgres::config::Host::Tcp(host) = &config.get_hosts()[0] else { panic!("a server over TCP") };
    let server = format!("{host}:{}", config.get_ports()[0]);
    let armed = Arc::new(AtomicBool::new(false));
    let port = relay(server.clone(), words, cut, Arc::clone(&armed)).await;
    let url = shop.place.url().replace(&server, &format!("127.0.0.1:{port}"));
    let office = CounterIntelligence::connect(kiwi(), &url).await.unwrap();
    office.probe().await.unwrap();
    armed.store(true, Ordering::SeqCst);
    let answer = office.book(&[sale(&shop)]).await.remove(0);
    assert!(!armed.load(Ordering::SeqCst), "the connection was never cut");
    // The bridge's next call opens a new connection and works.
    office.probe().await.unwrap();
    Some((shop, answer))
}

fn sale(shop: &Shop) -> Document {
    invoice("order:1", vec![goods(&shop.sku(0), 1, money("39.90"))])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_in_doubt_and_found_later() {
    let Some((shop, answer)) = book_through("COMMIT", Cut::After).await else { return };
    assert!(matches!(answer, Err(CallError::InDoubt(_))), "{answer:?}");
    let asked = ["order:1".to_owned()];
    let found = tokio::time::timeout(super::shop::PATIENCE, async {
        loop {
            if let Some(booked) = shop.office.find(DocumentKind::Invoice, &asked).await.unwrap().remove(0) {
                break booked;
            }
            tokio::task::yield_now().await;
        }
    });
    let found = found.await.expect("the server commits what it was told to");
    let again = shop.office.book(&[sale(&shop)]).await.remove(0).unwrap();
    assert_eq!((again.number, again.already), (found.number, true));
    assert_eq!(shop.books.document_counts().await.unwrap(), (1, 0));
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrived_is_in_doubt_and_not_found() {
    let Some((shop, answer)) = book_through("COMMIT", Cut::Before).await else { return };
    assert!(matches!(answer, Err(CallError::InDoubt(_))), "{answer:?}");
    let booked = shop.office.book(&[sale(&shop)]).await.remove(0).unwrap();
    assert!(!booked.already);
    assert_eq!(shop.books.document_counts().await.unwrap(), (1, 0));
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_commit_a_lost_connection_is_harmless() {
    let Some((shop, answer)) = book_through("SAVEPOINT documents", Cut::Before).await else { return };
    assert!(matches!(answer, Err(CallError::Transient(_))), "{answer:?}");
    assert!(shop.books.invoices().await.unwrap().is_empty());
    assert!(!shop.office.book(&[sale(&shop)]).await.remove(0).unwrap().already);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}
