//! What `check` learns of an office.

use tillbridge::domain::CallError;
use tillbridge::office::Office;
use tillbridge::office::counter_intelligence::CounterIntelligence;

use super::shop::{Shop, kiwi};
use super::stories;
use crate::support::servers;

stories! {
    a_whole_office_has_no_problems,
    build_513_is_refused_and_514_accepted,
    a_missing_view_or_column_is_named,
    probing_changes_nothing,
}

async fn a_whole_office_has_no_problems(shop: Shop) {
    let office = shop.office.probe().await.unwrap();
    assert_eq!(office.problems, Vec::<String>::new());
    assert_eq!(office.version, "Counter Intelligence 11 build 514, contract 1");
    assert_eq!((office.currency.as_str(), office.branches.join(" ").as_str()), ("NZD", "AKL WEB WLG"));
    assert!(office.clock > "2026-01-01T00:00:00Z".parse().unwrap());
}

// proves F-006
async fn build_513_is_refused_and_514_accepted(shop: Shop) {
    for (version, build, accepted) in
        [(11, 513, false), (11, 514, true), (11, 900, true), (10, 999, false), (12, 1, true)]
    {
        shop.books.set_build(version, build).await.unwrap();
        let problems = shop.office.probe().await.unwrap().problems;
        assert_eq!(problems.is_empty(), accepted, "version {version} build {build}: {problems:?}");
        if !accepted {
            let said = format!(
                "Counter Intelligence {version} build {build} is too old: version 11 build 514 or greater is needed"
            );
            assert!(problems[0].starts_with(&said), "{problems:?}");
        }
    }
}

async fn a_missing_view_or_column_is_named(shop: Shop) {
    shop.sql(
        "DROP VIEW ci_pay_code; DROP VIEW ci_branch; CREATE VIEW ci_branch AS \
         SELECT branch, name, line1, city, postcode, country, deleted, marker FROM office_branch",
    )
    .await
    .unwrap();
    let problems = shop.office.probe().await.unwrap().problems;
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("ci_branch: ") && problems[0].contains("changed_at"), "{problems:?}");
    assert!(problems[1].starts_with("ci_pay_code: "), "{problems:?}");
}

async fn probing_changes_nothing(shop: Shop) {
    shop.office.probe().await.unwrap();
    assert!(shop.books.customers().await.unwrap().is_empty());
    assert_eq!(shop.books.document_counts().await.unwrap(), (0, 0));
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

/// Only a server has people with fewer rights.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_may_not_be_written_is_named() {
    let Some(shop) = Shop::on_postgres().await else {
        servers::left_out("a_table_that_may_not_be_written_is_named", "DATABASE_URL");
        return;
    };
    let guest = format!("guest_{}", uuid::Uuid::new_v4().simple());
    shop.sql(&format!(
        "CREATE ROLE {guest} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {guest};
         GRANT INSERT ON ALL TABLES IN SCHEMA public TO {guest}; REVOKE INSERT ON ci_in_post FROM {guest};
         REVOKE SELECT ON ci_stock FROM {guest}"
    ))
    .await
    .unwrap();
    let url = shop.place.url().replacen("postgres@", &format!("{guest}@"), 1);
    let office = CounterIntelligence::connect(kiwi(), &url).await.unwrap();
    let described = office.probe().await;
    drop(office);
    shop.sql(&format!("DROP OWNED BY {guest}; DROP ROLE {guest}")).await.unwrap();
    let problems = described.unwrap().problems;
    assert_eq!(
        problems,
        ["ci_stock: permission denied for view ci_stock", "ci_in_post: permission denied for table ci_in_post"]
    );
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_refused_without_repeating_secrets() {
    for url in ["mysql://root:hunter2@db/ci", "postgres://ci:hunter2@db:notaport/ci", "sqlite:/nowhere/office.db"] {
        match CounterIntelligence::connect(kiwi(), url).await {
            Err(CallError::Rejected(words)) => assert!(!words.contains("hunter2"), "{words}"),
            other => panic!("{url}: {other:?}"),
        }
    }
    let office = CounterIntelligence::connect(kiwi(), "postgres://ci:hunter2@127.0.0.1:1/ci").await.unwrap();
    assert!(!format!("{office:?}").contains("hunter2"));
    assert!(matches!(office.probe().await, Err(CallError::Transient(words)) if !words.contains("hunter2")));
}
