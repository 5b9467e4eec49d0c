//! Offices: one conformance suite on both databases, and what only a server can show.

mod booking;
mod changes;
mod crowd;
mod customers;
mod interleaved;
mod lost_connection;
mod meaning;
mod odd_documents;
mod papers;
mod probing;
mod refusals;
mod shop;

/// Runs every story on an SQLite file and on a PostgreSQL server.
macro_rules! stories {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::offices::shop::Shop::on_sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                match crate::offices::shop::Shop::on_postgres().await {
                    Some(shop) => super::$name(shop).await,
                    None => crate::support::servers::left_out(stringify!($name), "DATABASE_URL"),
                }
            })+
        }
    };
}
pub(crate) use stories;
