//! `customerSet`, `customerUpdate`, the addresses of a customer, and consent to marketing mail.

use apollo_compiler::resolvers::FieldError;

use super::super::super::customers::{ShopAddress, ShopCustomer, is_e164};
use super::super::super::ids::{gid, read_gid};
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::{AddressInput, ConsentInput, CustomerInput, CustomerNamed, read};
use super::super::nodes;
use super::super::object::{Ask, Object, maybe};
use super::{UserError, errors};

/// `customerSet`.
pub(super) fn set<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let named = read::<Option<CustomerNamed>>(desk, ask, "identifier")?;
    let input = read::<CustomerInput>(desk, ask, "input")?;
    let (id, found) = split(set_customer(&mut desk.state(), named.as_ref(), &input));
    Ok(Object::new("CustomerSetPayload", move |ask| match ask.name {
        "customer" => maybe(id.and_then(|id| nodes::customer(desk, id))),
        "userErrors" => errors("CustomerSetUserError", &found),
        _ => None,
    }))
}

fn set_customer(
    state: &mut State,
    named: Option<&CustomerNamed>,
    input: &CustomerInput,
) -> Result<u64, Vec<UserError>> {
    let existing =
        match named.map(|named| (&named.id, &named.email)) {
            Some((Some(id), None)) => {
                let found = read_gid("Customer", id).and_then(|id| state.customers.get(id)).cloned();
                Some(found.ok_or_else(|| {
                    vec![UserError::new("NOT_FOUND", &["identifier", "id"], "Customer does not exist")]
                })?)
            }
            Some((None, Some(email))) => {
                if input.email.as_ref().is_some_and(|given| !given.eq_ignore_ascii_case(email)) {
                    let what = "The email in the input differs from the identifier";
                    return Err(vec![UserError::new("INPUT_MISMATCH", &["input", "email"], what)]);
                }
                state.customers.by_email(email).cloned()
            }
            _ => None,
        };
    let created = existing.is_none();
    let mut customer = existing.unwrap_or_else(|| state.blank_customer());
    if created {
        customer.email = named.and_then(|named| named.email.clone());
    }
    write(state, customer, input, created, "customerSet")
}

/// `customerUpdate`.
pub(super) fn update<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let input = read::<CustomerInput>(desk, ask, "input")?;
    let (id, found) = {
        let mut state = desk.state();
        let known =
            input.id.as_deref().and_then(|id| read_gid("Customer", id)).and_then(|id| state.customers.get(id)).cloned();
        split(match known {
            Some(customer) => write(&mut state, customer, &input, false, "customerUpdate"),
            None => Err(vec![UserError::new("", &["id"], "Customer does not exist")]),
        })
    };
    Ok(Object::new("CustomerUpdatePayload", move |ask| match ask.name {
        "customer" => maybe(id.and_then(|id| nodes::customer(desk, id))),
        "userErrors" => errors("UserError", &found),
        _ => None,
    }))
}

fn write(
    state: &mut State,
    mut customer: ShopCustomer,
    input: &CustomerInput,
    created: bool,
    what: &'static str,
) -> Result<u64, Vec<UserError>> {
    let before = customer.clone();
    for (given, place) in [
        (&input.email, &mut customer.email),
        (&input.first_name, &mut customer.first_name),
        (&input.last_name, &mut customer.last_name),
        (&input.phone, &mut customer.phone),
    ] {
        if given.is_some() {
            place.clone_from(given);
        }
    }
    let objections = state.customers.objections(&customer);
    if !objections.is_empty() {
        let code = |words: &str| if words.contains("taken") { "TAKEN" } else { "INVALID" };
        return Err(objections
            .iter()
            .map(|(field, words)| UserError::new(code(words), &["input", field], words))
            .collect());
    }
    let id = customer.id;
    if created || customer != before {
        state.wrote(what, gid("Customer", id));
        let tell = state.echoes;
        state.keep_customer(customer, if created { "customers/create" } else { "customers/update" }, tell);
    }
    Ok(id)
}

/// `customerAddressCreate`.
pub(super) fn create_address<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let input = read::<AddressInput>(desk, ask, "address")?;
    let default = read::<Option<bool>>(desk, ask, "setAsDefault")?.unwrap_or(false);
    let customer = ask.text("customerId").and_then(|id| read_gid("Customer", id));
    let done = {
        let mut state = desk.state();
        put_address(&mut state, customer, None, &input, default, "customerAddressCreate")
    };
    Ok(address_payload(desk, "CustomerAddressCreatePayload", customer, done))
}

/// `customerAddressUpdate`.
pub(super) fn update_address<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let input = read::<AddressInput>(desk, ask, "address")?;
    let default = read::<Option<bool>>(desk, ask, "setAsDefault")?.unwrap_or(false);
    let customer = ask.text("customerId").and_then(|id| read_gid("Customer", id));
    let address = ask.text("addressId").and_then(|id| read_gid("MailingAddress", id.split('?').next().unwrap_or(id)));
    let done = {
        let mut state = desk.state();
        put_address(&mut state, customer, Some(address.unwrap_or(0)), &input, default, "customerAddressUpdate")
    };
    Ok(address_payload(desk, "CustomerAddressUpdatePayload", customer, done))
}

fn put_address(
    state: &mut State,
    customer: Option<u64>,
    address: Option<u64>,
    input: &AddressInput,
    default: bool,
    what: &'static str,
) -> Result<u64, Vec<UserError>> {
    let error = |field: &[&str], words: &str| Err(vec![UserError::new("", field, words)]);
    let Some(mut customer) = customer.and_then(|id| state.customers.get(id)).cloned() else {
        return error(&["customerId"], "Customer does not exist");
    };
    if input.phone.as_deref().is_some_and(|phone| !is_e164(phone)) {
        return error(&["address", "phone"], "Phone is invalid");
    }
    let id = address.unwrap_or_else(|| state.ids.next());
    let new = ShopAddress {
        id,
        first_name: input.first_name.clone(),
        last_name: input.last_name.clone(),
        company: input.company.clone(),
        address1: input.address1.clone(),
        address2: input.address2.clone(),
        city: input.city.clone(),
        province_code: input.province_code.clone(),
        zip: input.zip.clone(),
        country_code: input.country_code.clone(),
        phone: input.phone.clone(),
    };
    let bare = |one: &ShopAddress| ShopAddress { id: 0, ..one.clone() };
    if customer.addresses.iter().any(|one| one.id != id && bare(one) == bare(&new)) {
        return error(&["address"], "Address already exists");
    }
    let place = customer.addresses.iter().position(|one| one.id == id);
    match (address, place) {
        (Some(_), None) => return error(&["addressId"], "Address does not exist"),
        (_, Some(place)) => customer.addresses[place] = new,
        (None, None) if default => customer.addresses.insert(0, new),
        (None, None) => customer.addresses.push(new),
    }
    state.wrote(what, gid("MailingAddress", id));
    let tell = state.echoes;
    state.keep_customer(customer, "customers/update", tell);
    Ok(id)
}

fn address_payload<'s>(
    desk: &'s Desk<'_>,
    kind: &'static str,
    customer: Option<u64>,
    done: Result<u64, Vec<UserError>>,
) -> Object<'s> {
    let (id, found) = split(done);
    Object::new(kind, move |ask| match ask.name {
        "address" => maybe(customer.zip(id).and_then(|(customer, id)| nodes::address(desk, customer, id))),
        "userErrors" => errors("UserError", &found),
        _ => None,
    })
}

/// `customerEmailMarketingConsentUpdate`.
pub(super) fn consent<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let input = read::<ConsentInput>(desk, ask, "input")?;
    let (id, found) = split(set_consent(&mut desk.state(), &input));
    Ok(Object::new("CustomerEmailMarketingConsentUpdatePayload", move |ask| match ask.name {
        "customer" => maybe(id.and_then(|id| nodes::customer(desk, id))),
        "userErrors" => errors("CustomerEmailMarketingConsentUpdateUserError", &found),
        _ => None,
    }))
}

fn set_consent(state: &mut State, input: &ConsentInput) -> Result<u64, Vec<UserError>> {
    let error = |code: &str, field: &[&str], words: &str| Err(vec![UserError::new(code, field, words)]);
    let Some(mut customer) = read_gid("Customer", &input.customer_id).and_then(|id| state.customers.get(id)).cloned()
    else {
        return error("INVALID", &["input", "customerId"], "Customer does not exist");
    };
    if customer.email.is_none() {
        return error("MISSING_ARGUMENT", &["input", "customerId"], "The customer has no email address");
    }
    let wanted = &input.email_marketing_consent;
    if !["SUBSCRIBED", "UNSUBSCRIBED", "PENDING"].contains(&wanted.marketing_state.as_str()) {
        return error(
            "INCLUSION",
            &["input", "emailMarketingConsent", "marketingState"],
            "Marketing state is not included",
        );
    }
    let now = state.now();
    let at = match wanted.consent_updated_at.as_deref().map(str::parse::<jiff::Timestamp>) {
        None => now,
        Some(Ok(at)) if at <= now => at,
        Some(_) => {
            return error(
                "INVALID",
                &["input", "emailMarketingConsent", "consentUpdatedAt"],
                "Consent updated at is invalid",
            );
        }
    };
    customer.consent.clone_from(&wanted.marketing_state);
    customer.consent_at = Some(at);
    let id = customer.id;
    state.wrote("customerEmailMarketingConsentUpdate", gid("Customer", id));
    // Consents have topics of their own.
    state.keep_customer(customer, "customers/update", false);
    Ok(id)
}

fn split<T>(done: Result<T, Vec<UserError>>) -> (Option<T>, Vec<UserError>) {
    match done {
        Ok(done) => (Some(done), Vec::new()),
        Err(found) => (None, found),
    }
}
