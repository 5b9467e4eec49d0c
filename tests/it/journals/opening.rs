//! Opening a journal: what is refused, and in which words.

use tillbridge::journal::postgres::PostgresJournal;
use tillbridge::journal::sqlite::SqliteJournal;
use tillbridge::journal::{Intake, Journal, JournalError};

use super::shelf::{Database, run};
use super::things::*;

#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tillbridge.db");
    let first = SqliteJournal::open(&path).unwrap();
    let Err(JournalError::Unavailable(text)) = SqliteJournal::open(&path) else { panic!("it must be refused") };
    assert!(text.contains("another process") && text.contains("tillbridge.db"), "{text}");
    first.append(signed("w1", None, b"{}")).await.unwrap();
    drop(first);
    let second = SqliteJournal::open(&path).expect("the file is free again");
    assert_eq!(second.counts().await.unwrap().deliveries["new"], 1);
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("accounts.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE account (id INTEGER)").unwrap();
    let Err(JournalError::Broken(text)) = SqliteJournal::open(&foreign) else { panic!("it must be refused") };
    assert!(text.contains("not a tillbridge journal"), "{text}");
    let text_file = folder.path().join("notes.txt");
    std::fs::write(&text_file, "x".repeat(10_000)).unwrap();
    assert!(matches!(SqliteJournal::open(&text_file), Err(JournalError::Broken(_))));
    assert_eq!(std::fs::read_to_string(&text_file).unwrap(), "x".repeat(10_000));
    let nowhere = folder.path().join("missing/folder/tillbridge.db");
    assert!(matches!(SqliteJournal::open(&nowhere), Err(JournalError::Unavailable(_))));
}

#[test]
fn a_file_of_a_newer_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tillbridge.db");
    drop(SqliteJournal::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    let Err(JournalError::Broken(text)) = SqliteJournal::open(&path) else { panic!("it must be refused") };
    assert!(text.contains("999") && text.contains("newer"), "{text}");
}

#[tokio::test]
async fn a_database_without_the_schema_or_with_a_newer_one_is_refused() {
    let Some(database) = Database::create("journals::opening").await else { return };
    let Err(JournalError::Broken(text)) = PostgresJournal::connect(&database.url(), 2).await else {
        panic!("it must be refused")
    };
    assert!(text.contains("`tillbridge migrate`"), "{text}");

    let url = database.url();
    let both = tokio::join!(PostgresJournal::migrate(&url), PostgresJournal::migrate(&url));
    let mut applied = [both.0.unwrap().len(), both.1.unwrap().len()];
    applied.sort_unstable();
    assert_eq!(applied[0], 0, "one of two at once finds it done");
    let journal = PostgresJournal::connect(&database.url(), 2).await.unwrap();
    journal.ping().await.unwrap();

    run(&database.url(), "UPDATE tillbridge.migration SET version = -version").await;
    let Err(JournalError::Broken(text)) = PostgresJournal::connect(&database.url(), 2).await else {
        panic!("it must be refused")
    };
    assert!(text.contains("`tillbridge migrate`"), "{text}");
    run(
        &database.url(),
        "UPDATE tillbridge.migration SET version = 999 + version - (SELECT max(version) FROM tillbridge.migration)",
    )
    .await;
    let Err(JournalError::Broken(text)) = PostgresJournal::connect(&database.url(), 2).await else {
        panic!("it must be refused")
    };
    assert!(text.contains("999") && text.contains("newer"), "{text}");
    assert!(matches!(PostgresJournal::migrate(&database.url()).await, Err(JournalError::Broken(_))));
}

#[tokio::test]
async fn a_journal_that_is_shared_has_the_time_of_its_server() {
    let Some(database) = Database::create("journals::time").await else { return };
    PostgresJournal::migrate(&database.url()).await.unwrap();
    let journal = PostgresJournal::connect(&database.url(), 2).await.unwrap();
    let (server, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let said = async || -> i64 {
        let now = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)";
        server.query_one(now, &[]).await.unwrap().get(0)
    };
    let before = said().await;
    let now = journal.now().as_second();
    let after = said().await;
    // It was read on a way there and back, which may have taken a while.
    assert!((before - 6..=after + 6).contains(&now), "{before} {now} {after}");
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_and_no_error_shows_the_password() {
    let away = PostgresJournal::connect("postgres://user:hunter2@127.0.0.1:1/tillbridge", 2).await.unwrap_err();
    assert!(matches!(away, JournalError::Unavailable(_)), "{away}");
    let nonsense = PostgresJournal::connect("postgres://user:hunter2@[/", 2).await.unwrap_err();
    assert!(matches!(nonsense, JournalError::Broken(_)), "{nonsense}");
    for error in [away, nonsense] {
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_journal_whose_connections_were_cut_works_again() {
    let Some(database) = Database::create("journals::cut").await else { return };
    PostgresJournal::migrate(&database.url()).await.unwrap();
    let journal = PostgresJournal::connect(&database.url(), 2).await.unwrap();
    journal.append(signed("w1", None, b"{}")).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    run(&database.url(), cut).await;
    // The first call may find out the hard way; it must say so in the right class, and the next ones must get through.
    for attempt in 0.. {
        match journal.append(signed("w2", None, b"{}")).await {
            Ok(_) => break,
            Err(JournalError::Unavailable(_)) if attempt < 5 => {}
            Err(error) => panic!("{error}"),
        }
    }
    for attempt in 0.. {
        match journal.counts().await {
            Ok(counts) => {
                assert_eq!(counts.deliveries["new"], 2);
                break;
            }
            Err(JournalError::Unavailable(_)) if attempt < 5 => {}
            Err(error) => panic!("{error}"),
        }
    }
}
