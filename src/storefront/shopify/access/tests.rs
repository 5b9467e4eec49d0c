//! When tokens are renewed, and that none of them shows.

use super::*;

#[test]
fn a_token_is_renewed_before_it_ends_by_a_margin_that_fits_its_life() {
    let granted: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
    let renewed = |lives: i64| renew_at(granted, granted + SignedDuration::from_secs(lives)).duration_since(granted);
    assert_eq!(renewed(86_399), SignedDuration::from_secs(86_399 - 300));
    assert_eq!(renewed(3_600), SignedDuration::from_secs(3_300));
    assert_eq!(renewed(10), SignedDuration::from_secs(9));
}

#[test]
fn a_token_with_odd_characters_is_none_and_a_good_one_is_never_shown() {
    for bad in ["", " ", "a b", "a\nb", "é"] {
        assert!(header(bad).is_none(), "{bad:?}");
    }
    assert!(header(" shpat_0 ").unwrap().is_sensitive());
    let api = Url::parse("https://kiwi.myshopify.com/admin/api/2026-10/graphql.json").unwrap();
    let keeper = Keeper::new(Access::Token(Secret::new("shpat_0".into())), &api).unwrap();
    assert!(!format!("{keeper:?}").contains("shpat_0"));
}

#[test]
fn tokens_are_asked_for_where_the_api_is() {
    let api = Url::parse("https://kiwi.myshopify.com/admin/api/2026-10/graphql.json?x=1").unwrap();
    let access = Access::ClientCredentials { id: "app".into(), secret: Secret::new("s".into()) };
    let Way::Fetched { endpoint, .. } = Keeper::new(access, &api).unwrap().way else { panic!("not fetched") };
    assert_eq!(endpoint.as_str(), "https://kiwi.myshopify.com/admin/oauth/access_token");
}
