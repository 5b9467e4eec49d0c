//! The same commands on PostgreSQL and RabbitMQ.

use super::{Desk, assert_seen};
use crate::support::rooms::{Database, Queues, both};
use crate::support::servers;

#[tokio::test]
async fn a_journal_in_postgres_is_migrated_once_and_then_checked() {
    if !both("a_journal_in_postgres_is_migrated_once_and_then_checked") {
        return;
    }
    let (database, queues) = (Database::create().await, Queues::new());
    let text = tillbridge::config::PROFILES[0].template;
    let text = text.replace("sqlite = \"tillbridge.db\"\n# postgres", "postgres");
    let desk = Desk::with(&text.replace("# [bus]\n# rabbitmq", "[bus]\nrabbitmq"))
        .set("DATABASE_URL", &database.url)
        .set("AMQP_URL", &servers::rabbitmq().unwrap())
        .set("TILLBRIDGE_BUS__PREFIX", &queues.prefix)
        .set("TILLBRIDGE_STOREFRONTS__WEB__ENDPOINT", "http://127.0.0.1:1/nobody")
        .set("SHOPIFY_TOKEN", "shpat_nobody")
        .set("SHOPIFY_WEBHOOK_SECRET", "nobody")
        .set("OFFICE_DATABASE_URL", "sqlite:nowhere.db");

    let seen = tokio::task::spawn_blocking(move || {
        let commands: [&[&str]; 5] = [&["status"], &["migrate"], &["migrate"], &["status"], &["check"]];
        commands.map(|arguments| desk.run(arguments)).join("\n")
    });
    let seen = seen.await.unwrap();
    queues.delete(&["main"]).await;
    database.drop().await;

    assert_seen!(seen);
}
