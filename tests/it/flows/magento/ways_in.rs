//! The four ways in which a Magento store calls. In each, what is proven is taken once and leads to the document being read and
//! booked; what is not proven is turned away and leaves nothing behind.

use tillbridge::rehearsal::MagentoTown;
use tillbridge::sandbox::magento2::HookWay;

use super::super::by_hand::caller;
use super::{call_by, documents, open, order};
use crate::sandbox::magento2::stranger::{Listener, Received};
use crate::support::house::{Deployment, House, on_both_deployments};

/// What Adobe Commerce waits for before the shopper goes on.
const GO_ON: &str = r#"{"op":"success"}"#;

/// Two pieces are bought and paid for, and what the store tells of it in that way comes to somebody else. Answers the call about
/// the invoice.
async fn overheard(house: &House, way: HookWay) -> Received {
    let shop = &house.magento().shop;
    let (listener, address) = Listener::open(&[]).await;
    shop.tell_nobody();
    shop.tell(way, &address);
    let bought = shop.place_order(&order(house.magento(), 2)).await.unwrap();
    shop.invoice(bought).await.unwrap();
    shop.hooks_idle().await;
    shop.tell_nobody();
    let calls = listener.take();
    calls.into_iter().find(|call| call.event.contains("invoice")).expect("the store tells of the invoice")
}

/// Makes a call at the bridge's door; `path` is what stands behind the storefront's name. Answers status and body.
async fn calls(house: &House, path: &str, call: &Received) -> (u16, String) {
    call_by(&caller(), house, path, call).await
}

/// The same call with some headers replaced; those without a value are left out.
fn but(call: &Received, headers: &[(&str, Option<&str>)]) -> Received {
    let mut changed = Received { event: call.event.clone(), headers: call.headers.clone(), body: call.body.clone() };
    for (name, value) in headers {
        assert!(changed.headers.remove(*name).is_some(), "the call has no {name}");
        changed.headers.extend(value.map(|value| ((*name).to_owned(), value.to_owned())));
    }
    changed
}

/// The same call with a blank behind its body: it says the same in other bytes.
fn in_other_bytes(call: &Received) -> Received {
    let body = [&call.body[..], b" "].concat().into();
    Received { event: call.event.clone(), headers: call.headers.clone(), body }
}

/// Each of these is answered so, and none is journalled.
async fn are_turned_away(house: &House, status: u16, path: &str, wrong: &[Received]) {
    let before = house.received().await;
    for call in wrong {
        assert_eq!(calls(house, path, call).await.0, status, "{:?}", call.headers);
    }
    assert_eq!(house.received().await, before);
}

/// The call is taken and its invoice booked; once more it is taken again, which books nothing more. Answers whether the second one
/// was known to be the same.
async fn is_taken(house: &House, path: &str, call: &Received) -> bool {
    let booked = documents(house).await.0;
    assert_eq!(calls(house, path, call).await, (200, GO_ON.to_owned()));
    house.until("it is booked", async || documents(house).await == (booked + 1, 0)).await;
    house.rest().await;
    let before = house.received().await;
    assert_eq!(calls(house, path, call).await, (200, GO_ON.to_owned()));
    let same = house.received().await == before;
    house.rest().await;
    assert_eq!(documents(house).await, (booked + 1, 0), "booked once");
    same
}

/// From now on the store itself calls the bridge in that way: another invoice is booked, and nobody had to wait in vain.
async fn goes_on_by_itself(house: House, way: HookWay, path: &str) {
    let (shop, booked) = (&house.magento().shop, documents(&house).await.0);
    shop.tell(way, &format!("{}{path}", house.bridge.as_ref().unwrap().address_for(house.magento())));
    let bought = shop.place_order(&order(house.magento(), 1)).await.unwrap();
    shop.invoice(bought).await.unwrap();
    shop.hooks_idle().await;
    house.until("it is booked", async || documents(&house).await == (booked + 1, 0)).await;
    let counts = shop.hook_counts();
    assert_eq!((counts.objections, counts.failed_attempts, counts.given_up), (0, 0, 0), "{counts:?}");
    house.keeps_its_promises(0).await;
}

on_both_deployments! {
    async fn mage_os_async_events_are_proven_by_an_hmac(deployment: Deployment) {
        let house = open(deployment).await;
        let [way, ..] = MagentoTown::ways_in();
        let (call, path) = (overheard(&house, way.clone()).await, "/sales.invoice.paid");
        let proof = "x-magento-signature";
        let upper = call.headers[proof].to_uppercase();
        let other = overheard(&house, HookWay::AsyncEvents { token: "of another store".to_owned() }).await;
        let wrong = [in_other_bytes(&call), but(&call, &[(proof, None)]), but(&call, &[(proof, Some(&upper))]), other];
        are_turned_away(&house, 401, path, &wrong).await;
        assert!(is_taken(&house, path, &call).await, "the same body is the same news");
        found_by_asking(&house, 2).await;
        goes_on_by_itself(house, way, "/{event}").await;
    }

    async fn adobe_io_events_are_proven_by_either_of_two_signatures_with_keys_of_the_pinned_host(deployment: Deployment) {
        let house = open(deployment).await;
        let [_, way, ..] = MagentoTown::ways_in();
        // The event is named in a header, so one address is enough.
        let (call, path) = (overheard(&house, way.clone()).await, "");
        let signatures = ["x-adobe-digital-signature-1", "x-adobe-digital-signature-2"];
        let keys = ["x-adobe-public-key1-path", "x-adobe-public-key2-path"];
        let both = |names: [&'static str; 2], value: Option<&'static str>| names.map(|name| (name, value));
        let swapped = [call.headers[keys[1]].clone(), call.headers[keys[0]].clone()];
        let wrong = [
            in_other_bytes(&call),
            but(&call, &both(signatures, None)),
            but(&call, &both(signatures, Some("bm8="))),
            but(&call, &[(keys[0], Some(&swapped[0])), (keys[1], Some(&swapped[1]))]),
            but(&call, &both(keys, Some("https://elsewhere.example/keys/pub-key-1.pem"))),
            but(&call, &both(keys, Some("//elsewhere.example/keys/pub-key-1.pem"))),
            overheard(&house, HookWay::IoEvents { client_id: "somebody-else".to_owned() }).await,
        ];
        are_turned_away(&house, 401, path, &wrong).await;
        are_turned_away(&house, 400, path, &[but(&call, &[("x-adobe-event-id", None)])]).await;
        // A key that is not there may come: Adobe is to try again.
        are_turned_away(&house, 503, path, &[but(&call, &both(keys, Some("/keys/pub-key-9.pem")))]).await;
        let second_alone = but(&call, &[(signatures[0], Some("bm8="))]);
        assert!(is_taken(&house, path, &second_alone).await, "its id tells an event");
        let before = house.received().await;
        assert_eq!(calls(&house, path, &call).await.0, 200);
        assert_eq!(house.received().await, before, "the same id is the same event, whichever signature proves it");

        let address = house.bridge.as_ref().unwrap().address_for(house.magento());
        let asked = reqwest::get(format!("{address}?challenge=8ec8d794-e0ab")).await.unwrap();
        assert_eq!((asked.status().as_u16(), asked.headers()["content-type"].to_str().unwrap()), (200, "text/plain"));
        assert_eq!(asked.text().await.unwrap(), "8ec8d794-e0ab");
        found_by_asking(&house, 2).await;
        goes_on_by_itself(house, way, "").await;
    }

    async fn adobe_commerce_webhooks_are_proven_over_the_base64_of_the_body_and_let_the_shopper_go_on(deployment: Deployment) {
        let house = open(deployment).await;
        let [_, _, way, _] = MagentoTown::ways_in();
        let (call, path) = (overheard(&house, way.clone()).await, "/sales.invoice.paid");
        let proof = "x-adobe-commerce-webhook-signature";
        let wrong = [in_other_bytes(&call), but(&call, &[(proof, None)]), but(&call, &[(proof, Some("bm8="))])];
        are_turned_away(&house, 401, path, &wrong).await;
        assert!(!is_taken(&house, path, &call).await, "nothing in it tells one call from another");
        goes_on_by_itself(house, way, "/{event}").await;
    }

    async fn modules_that_sign_nothing_show_a_secret(deployment: Deployment) {
        let house = open(deployment).await;
        let [.., way] = MagentoTown::ways_in();
        // The template names the event in the body.
        let (call, path) = (overheard(&house, way.clone()).await, "");
        let proof = "x-tillbridge-secret";
        let longer = format!("{}x", call.headers[proof]);
        let wrong = [but(&call, &[(proof, None)]), but(&call, &[(proof, Some(""))]), but(&call, &[(proof, Some(&longer))])];
        are_turned_away(&house, 401, path, &wrong).await;
        assert!(!is_taken(&house, path, &call).await, "a document may be saved twice in the same words");
        goes_on_by_itself(house, way, "").await;
    }
}

/// What nobody told in the right way is found by asking.
async fn found_by_asking(house: &House, invoices: usize) {
    house
        .until("all are booked", async || {
            super::asks(house).await;
            documents(house).await == (invoices, 0)
        })
        .await;
    house.rest().await;
}
