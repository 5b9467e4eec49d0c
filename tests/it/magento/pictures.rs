//! Pictures: each content once, beside the shop's own.

use serde_json::json;
use tillbridge::domain::CallError;
use tillbridge::storefront::{Picture, PicturesPut, ProductPictures as _};

use super::recorder::Recorder;

const GALLERY: &str = "GET /rest/all/V1/products/TEE/media";
const PUT: &str = "POST /rest/all/V1/products/TEE/media";

fn picture(store: &Recorder, identity: &str, name: &str) -> Picture {
    Picture { identity: identity.into(), url: store.picture(name), alt: Some("A red tee".into()) }
}

#[tokio::test]
async fn a_new_content_is_put_once_and_the_shops_own_pictures_stay() {
    let store = Recorder::start().await;
    let own = json!({ "id": 3, "media_type": "image", "position": 4, "types": [], "file": "/o/w/own.jpg" });
    store.says(GALLERY, json!([own])).says(PUT, json!("12")).says(PUT, json!(13));
    let pictures = [picture(&store, "front", "front.jpg"), picture(&store, "back", "back.jpg")];
    let put = store.storefront().put_pictures("TEE", &pictures, &[]).await.unwrap();
    assert_eq!(put, PicturesPut { ids: vec![Some("12".into()), Some("13".into())], ..PicturesPut::default() });
    insta::assert_json_snapshot!(store.requests());
    // The answer was lost: the next attempt finds both by their names.
    let requests = store.requests();
    let name = |at: usize| requests[at]["body"]["entry"]["content"]["name"].as_str().unwrap().replace(".jpg", "_1.jpg");
    let entry =
        |id: u64, name: String| json!({ "id": id, "position": id, "types": [], "file": format!("/p/o/{name}") });
    store.says(GALLERY, json!([entry(12, name(1)), entry(13, name(2))]));
    let again = store.storefront().put_pictures("TEE", &pictures, &[]).await.unwrap();
    assert_eq!(again.ids, put.ids);
    assert_eq!(store.calls().last().unwrap(), "GET all/V1/products/TEE/media");
}

#[tokio::test]
async fn a_picture_the_office_took_away_is_taken_off_unless_the_shop_was_first() {
    let store = Recorder::start().await;
    store
        .says(GALLERY, json!([{ "id": 12, "types": ["image"], "file": "/p/o/pos-1.jpg" }]))
        .says("DELETE /rest/all/V1/products/TEE/media/12", json!(true));
    store.storefront().put_pictures("TEE", &[], &["12".into(), "13".into()]).await.unwrap();
    assert_eq!(store.left(), Vec::<String>::new());
}

#[tokio::test]
async fn a_picture_that_cannot_be_shown_keeps_no_other_away() {
    let store = Recorder::start().await;
    store.says(GALLERY, json!([])).says(PUT, json!(12));
    let names = ["gone.jpg", "drawing.svg", "away.jpg", "front.jpg"];
    let pictures = names.map(|name| picture(&store, name, name));
    let put = store.storefront().put_pictures("TEE", &pictures, &[]).await.unwrap();
    assert_eq!(put.ids, [None, None, None, Some("12".into())]);
    assert!(put.notes[0].contains("404") && put.notes[1].contains("neither JPEG"), "{:?}", put.notes);
    assert!(put.pending.unwrap().contains("503"));
}

#[tokio::test]
async fn pictures_of_a_product_that_is_gone_say_so() {
    let store = Recorder::start().await;
    store.lacks(GALLERY);
    let error = store.storefront().put_pictures("TEE", &[], &["12".into()]).await.unwrap_err();
    assert!(matches!(error, CallError::Unmapped { .. }), "{error}");
}
