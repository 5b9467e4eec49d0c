//! The journals: one list of stories that both tell alike, then what only one of them can do wrong.

/// Runs each story on each journal. The PostgreSQL half is left out, saying so, where no server is given.
macro_rules! on_both_journals {
    ($($story:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story(crate::journals::shelf::Shelf::sqlite()).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                if let Some(shelf) = crate::journals::shelf::Shelf::postgres(concat!("journals::", stringify!($story))).await {
                    super::$story(shelf).await;
                }
            })*
        }
    };
}

mod circuits;
mod counts;
mod deliveries;
mod demand;
mod edits;
mod effects;
mod entities;
mod holdings;
mod intake;
mod links;
mod model;
mod opening;
mod operators;
mod outbox;
mod privacy;
mod replays;
mod shelf;
mod storm;
mod things;
mod together;
mod upkeep;
