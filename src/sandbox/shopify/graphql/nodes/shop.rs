//! The shop itself, its places, channels, definitions and subscriptions.

use super::super::super::ids::gid;
use super::super::super::state::{Definition, Place};
use super::super::super::webhooks::{ShopSubscription, word_of};
use super::super::desk::Desk;
use super::super::object::{Object, leaf, many, one};

/// Id of the only shop there is.
const SHOP: u64 = 8_500_000_000_000_000_001;

/// The shop.
pub(in super::super) fn shop<'s>(desk: &Desk<'_>) -> Object<'s> {
    let options = desk.state().options.clone();
    Object::new("Shop", move |ask| match ask.name {
        "id" => leaf(gid("Shop", SHOP)),
        "name" => leaf(options.name.as_str()),
        "myshopifyDomain" => leaf(options.domain.as_str()),
        "currencyCode" => leaf(options.currency.code()),
        "taxesIncluded" => leaf(options.taxes_included),
        _ => None,
    })
}

/// The app's installation.
pub(in super::super) fn app<'s>(desk: &Desk<'_>) -> Object<'s> {
    let scopes = desk.state().options.scopes.clone();
    Object::new("AppInstallation", move |ask| match ask.name {
        "id" => leaf(gid("AppInstallation", SHOP)),
        "accessScopes" => many(scopes.clone().into_iter().map(scope)),
        _ => None,
    })
}

fn scope<'s>(handle: String) -> Object<'s> {
    Object::new("AccessScope", move |ask| match ask.name {
        "handle" => leaf(handle.as_str()),
        _ => None,
    })
}

/// A location by id.
pub(in super::super) fn location<'s>(desk: &Desk<'_>, id: u64) -> Option<Object<'s>> {
    desk.state().locations.iter().find(|place| place.id == id).map(location_of)
}

/// A location.
pub(in super::super) fn location_of<'s>(place: &Place) -> Object<'s> {
    place_of("Location", place)
}

/// A publication.
pub(in super::super) fn publication<'s>(place: &Place) -> Object<'s> {
    place_of("Publication", place)
}

/// A location or publication.
fn place_of<'s>(kind: &'static str, place: &Place) -> Object<'s> {
    let place = place.clone();
    Object::new(kind, move |ask| match ask.name {
        "id" => leaf(gid(kind, place.id)),
        "name" => leaf(place.name.as_str()),
        "isActive" => leaf(true),
        _ => None,
    })
}

/// A metafield definition.
pub(in super::super) fn definition<'s>(definition: Definition) -> Object<'s> {
    Object::new("MetafieldDefinition", move |ask| match ask.name {
        "id" => leaf(gid("MetafieldDefinition", definition.id)),
        "key" => leaf(definition.key.as_str()),
        "namespace" => leaf(definition.namespace.as_str()),
        "type" => {
            let kind = definition.kind.clone();
            one(Object::new("MetafieldDefinitionType", move |ask| match ask.name {
                "name" => leaf(kind.as_str()),
                _ => None,
            }))
        }
        _ => None,
    })
}

/// A webhook subscription.
pub(in super::super) fn subscription<'s>(subscription: ShopSubscription, version: String) -> Object<'s> {
    Object::new("WebhookSubscription", move |ask| match ask.name {
        "id" => leaf(gid("WebhookSubscription", subscription.id)),
        "topic" => leaf(word_of(&subscription.topic).unwrap_or_default()),
        "uri" => leaf(subscription.address.as_str()),
        "format" => leaf("JSON"),
        "apiVersion" => {
            let version = version.clone();
            one(Object::new("ApiVersion", move |ask| match ask.name {
                "handle" => leaf(version.as_str()),
                _ => None,
            }))
        }
        _ => None,
    })
}
