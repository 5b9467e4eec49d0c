//! Questions: the fields of `QueryRoot`.

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::JsonValue;

use super::super::ids::read_gid;
use super::super::markets::carries;
use super::desk::Desk;
use super::inputs::{CustomerIdentifier, DefinitionIdentifier, Identifier, ProductIdentifier, read};
use super::object::{Ask, ConnectionKind, Object, Val, maybe, one, page};
use super::variant_rules::{id_metafield_missing, namespace_of};
use super::{nodes, search};

/// How far back orders are shown without a permission of its own.
const SIXTY_DAYS: jiff::SignedDuration = jiff::SignedDuration::from_hours(60 * 24);

/// The most ids one `nodes` call takes.
const MOST_NODES: usize = 250;

/// The root of questions.
pub(super) fn root<'s>(desk: &'s Desk<'_>) -> Object<'s> {
    Object::fallible("QueryRoot", move |ask| {
        Ok(match ask.name {
            "shop" => one(nodes::shop(desk)),
            "currentAppInstallation" => one(nodes::app(desk)),
            "bulkOperation" => maybe(id_of(ask, "BulkOperation").and_then(|id| nodes::bulk_operation(desk, id))),
            "collectionByIdentifier" => maybe(collection_by_identifier(desk, ask)?),
            "locationByIdentifier" => maybe(location_by_identifier(desk, ask)?),
            "priceList" => maybe(id_of(ask, "PriceList").and_then(|id| nodes::price_list(desk, id))),
            "productOperation" => maybe(id_of(ask, "ProductSetOperation").and_then(|id| nodes::operation(desk, id))),
            "locations" => locations(desk, ask),
            "publications" => publications(desk, ask),
            "orders" => orders(desk, ask),
            "webhookSubscriptions" => subscriptions(desk, ask),
            "metafieldDefinition" => maybe(definition(desk, ask)?),
            "customers" => customers(desk, ask),
            "products" => products(desk, ask),
            "customerByIdentifier" => maybe(customer_by_identifier(desk, ask)?),
            "fulfillment" => maybe(id_of(ask, "Fulfillment").and_then(|id| nodes::shipment(desk, id))),
            "refund" => maybe(id_of(ask, "Refund").and_then(|id| nodes::refund(desk, id))),
            "order" => maybe(id_of(ask, "Order").and_then(|id| nodes::order(desk, id))),
            "product" => maybe(id_of(ask, "Product").and_then(|id| nodes::product(desk, id))),
            "productByIdentifier" => maybe(product_by_identifier(desk, ask)?),
            "nodes" => Some(nodes_of(desk, ask)?),
            _ => None,
        })
    })
}

fn id_of(ask: &Ask<'_>, kind: &str) -> Option<u64> {
    read_gid(kind, ask.text("id")?)
}

fn locations<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Option<Val<'s>> {
    let all = desk.state().locations.clone();
    page(ConnectionKind("LocationConnection"), ask, &all, |place| place.id, nodes::location_of)
}

/// Orders that fit a search, as far back as the app may look.
fn orders<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Option<Val<'s>> {
    let all: Vec<(jiff::Timestamp, u64)> = {
        let state = desk.state();
        let all = state.options.scopes.iter().any(|scope| scope == "read_all_orders");
        let oldest = state.now().checked_sub(SIXTY_DAYS).ok().filter(|_| !all);
        let seen = state.orders.values().filter(|order| oldest.is_none_or(|oldest| order.placed_at >= oldest));
        seen.map(|order| (order.updated_at, order.id)).collect()
    };
    let show = move |(_, id): &(jiff::Timestamp, u64)| nodes::known_order(desk, *id);
    page(ConnectionKind("OrderConnection"), ask, &fitting(desk, ask, all), |(_, id)| *id, show)
}

fn customers<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Option<Val<'s>> {
    let all = desk.state().customers.all().map(|customer| (customer.updated_at, customer.id)).collect();
    let show = move |(_, id): &(jiff::Timestamp, u64)| nodes::known_customer(desk, *id);
    page(ConnectionKind("CustomerConnection"), ask, &fitting(desk, ask, all), |(_, id)| *id, show)
}

fn products<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Option<Val<'s>> {
    let all = desk.state().catalogue.products().map(|product| (product.updated_at, product.id)).collect();
    let show = move |(_, id): &(jiff::Timestamp, u64)| nodes::known_product(desk, *id);
    page(ConnectionKind("ProductConnection"), ask, &fitting(desk, ask, all), |(_, id)| *id, show)
}

/// Those of the things of a kind, told by when they changed, that fit the search, in the order that is asked for.
fn fitting(desk: &Desk<'_>, ask: &Ask<'_>, mut all: Vec<(jiff::Timestamp, u64)>) -> Vec<(jiff::Timestamp, u64)> {
    let text = ask.text("query").unwrap_or_default();
    let (conditions, warnings) = search::read(text);
    if !warnings.is_empty() {
        desk.searched(ask.name, text, &warnings);
    }
    all.retain(|(changed_at, _)| conditions.iter().all(|condition| condition.holds(*changed_at)));
    if ask.arguments.get("sortKey").and_then(JsonValue::as_str) == Some("UPDATED_AT") {
        all.sort_unstable();
    }
    all
}

fn publications<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Option<Val<'s>> {
    let all = desk.state().publications.clone();
    page(ConnectionKind("PublicationConnection"), ask, &all, |place| place.id, nodes::publication)
}

fn subscriptions<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Option<Val<'s>> {
    let state = desk.state();
    let all = state.subscriptions.all().to_vec();
    let version = state.options.api_version.clone();
    page(
        ConnectionKind("WebhookSubscriptionConnection"),
        ask,
        &all,
        |one| one.id,
        move |one| nodes::subscription(one.clone(), version.clone()),
    )
}

fn definition<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Option<Object<'s>>, FieldError> {
    let Some(wanted) = read::<Option<DefinitionIdentifier>>(desk, ask, "identifier")? else { return Ok(None) };
    let namespace = namespace_of(wanted.namespace.as_deref());
    let state = desk.state();
    Ok(state.definition(&wanted.owner_type, &namespace, &wanted.key).cloned().map(nodes::definition))
}

/// What an identifier names: an id, or the namespace, key and value of a custom id that a definition allows.
enum Named {
    Id(String),
    Custom(String, String, String),
}

fn named(desk: &Desk<'_>, owner: &str, wanted: Identifier) -> Result<Named, FieldError> {
    match (wanted.id, wanted.custom_id) {
        (Some(id), None) => Ok(Named::Id(id)),
        (None, Some(custom)) => {
            let namespace = namespace_of(custom.namespace.as_deref());
            if !desk.state().identifies(owner, &namespace, &custom.key) {
                return Err(id_metafield_missing(desk));
            }
            Ok(Named::Custom(namespace, custom.key, custom.value))
        }
        _ => Err(desk.refuse("INVALID_FIELD_ARGUMENTS", "Exactly one key of the identifier must be given.")),
    }
}

fn collection_by_identifier<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Option<Object<'s>>, FieldError> {
    let named = named(desk, "COLLECTION", read(desk, ask, "identifier")?)?;
    let state = desk.state();
    let found = match &named {
        Named::Id(id) => read_gid("Collection", id).and_then(|id| state.collections.get(&id)),
        Named::Custom(namespace, key, value) => {
            state.collections.values().find(|one| carries(&one.metafields, namespace, key, value))
        }
    };
    Ok(found.map(nodes::collection_of))
}

fn location_by_identifier<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Option<Object<'s>>, FieldError> {
    let named = named(desk, "LOCATION", read(desk, ask, "identifier")?)?;
    let state = desk.state();
    let found = match &named {
        Named::Id(id) => state.locations.iter().find(|one| read_gid("Location", id) == Some(one.id)),
        Named::Custom(namespace, key, value) => {
            state.locations.iter().find(|one| carries(&one.metafields, namespace, key, value))
        }
    };
    Ok(found.map(nodes::location_of))
}

fn customer_by_identifier<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Option<Object<'s>>, FieldError> {
    let wanted = read::<CustomerIdentifier>(desk, ask, "identifier")?;
    let id = match (&wanted.id, &wanted.email_address) {
        (Some(id), None) => read_gid("Customer", id),
        (None, Some(email)) => desk.state().customers.by_email(email).map(|found| found.id),
        _ => return Err(desk.refuse("INVALID_FIELD_ARGUMENTS", "Exactly one key of the identifier must be given.")),
    };
    Ok(id.and_then(|id| nodes::customer(desk, id)))
}

fn product_by_identifier<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Option<Object<'s>>, FieldError> {
    let wanted = read::<ProductIdentifier>(desk, ask, "identifier")?;
    let id = wanted.find(desk)?;
    Ok(id.and_then(|id| nodes::product(desk, id)))
}

fn nodes_of<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Val<'s>, FieldError> {
    let ids: Vec<&str> = ask
        .arguments
        .get("ids")
        .and_then(JsonValue::as_array)
        .map(|ids| ids.iter().filter_map(JsonValue::as_str).collect())
        .unwrap_or_default();
    if ids.len() > MOST_NODES {
        return Err(super::mutation::too_many(desk, ids.len()));
    }
    let found = ids.iter().map(|id| nodes::node(desk, id));
    Ok(Val::List(found.map(|found| found.map_or(Val::Leaf(JsonValue::Null), Val::Object)).collect()))
}
