//! Writes an office's customer: finds the account by id, else by e-mail, else makes one; then writes what differs.
//!
//! What comes in: a [`CustomerWrite`] with who owns each field. What goes out: the account's id, the ids of the office's addresses,
//! and notes about what could not be taken over. The shop's own addresses are never touched, a field of the shop's is filled only
//! where it is empty, a consent is written only when it is newer than the shop's, and a telephone number Shopify would refuse is
//! left out with a note rather than the customer lost. Every step looks first, so repeating all of it is safe.

use jiff::Timestamp;

use super::graphql::{
    CreateAddress, FindCustomer, SetConsent, SetCustomer, UpdateAddress, UpdateCustomer, create_address, find_customer,
    gid, set_consent, set_customer, update_address, update_customer,
};
use super::phone::international;
use super::refusal::{UserError, code, refused, user_errors, without};
use super::{Shopify, repeatable};
use crate::domain::{Address, CallError, Consent, ConsentState};
use crate::storefront::{CustomerWrite, CustomerWritten, Owner, WrittenAddress};

/// An address as an operation's input.
macro_rules! address_input {
    ($operation:ident, $address:expr) => {
        $operation::MailingAddressInput {
            address1: $address.line1.clone(),
            address2: $address.line2.clone(),
            city: $address.city.clone(),
            company: $address.company.clone(),
            country_code: $address.country.clone().map($operation::CountryCode::Other),
            first_name: $address.first_name.clone(),
            last_name: $address.last_name.clone(),
            phone: $address.phone.clone(),
            province_code: $address.region.clone(),
            zip: $address.postcode.clone(),
        }
    };
}
/// Addresses read with a customer; somebody with more has theirs left alone.
const MOST_ADDRESSES: i64 = 100;

/// A customer as the shop has them.
struct Found {
    id: String,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    consent: Option<(String, Option<Timestamp>)>,
    phone: Option<String>,
    addresses: Vec<(String, Address)>,
    all_addresses: bool,
}

/// Fields that are to be written; `None` leaves a field alone.
#[derive(Clone, Default, PartialEq, Eq)]
struct Fields {
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

impl Fields {
    fn parts(&self) -> [&Option<String>; 4] {
        [&self.first_name, &self.last_name, &self.email, &self.phone]
    }
}

impl Shopify {
    pub(super) async fn put_customer(&self, write: &CustomerWrite) -> Result<CustomerWritten, CallError> {
        let mut notes = Vec::new();
        let wanted = Self::wanted(write, &mut notes);
        let found = self.look_for(write).await?;
        let (found, mut changed) = match found {
            Some(found) => {
                let changed = self.update_fields(&found, write, wanted, &mut notes).await?;
                (found, changed)
            }
            None => (self.make(wanted, &mut notes).await?, true),
        };
        let addresses = self.write_addresses(&found, write, &mut changed, &mut notes).await?;
        changed |= self.write_consent(&found, write).await?;
        Ok(CustomerWritten { id: found.id, addresses, changed, notes })
    }

    /// What the office says, in the forms Shopify takes.
    fn wanted(write: &CustomerWrite, notes: &mut Vec<String>) -> Fields {
        let profile = &write.profile;
        let country =
            profile.billing.as_ref().or(profile.shipping.as_ref()).and_then(|address| address.country.as_deref());
        Fields {
            first_name: profile.first_name.clone(),
            last_name: profile.last_name.clone(),
            email: profile.email.clone(),
            phone: telephone(profile.phone.as_deref(), country, "the telephone number", notes),
        }
    }

    async fn look_for(&self, write: &CustomerWrite) -> Result<Option<Found>, CallError> {
        for id in &write.known {
            let by_id = find_customer::CustomerIdentifierInput::Id(gid("Customer", id));
            if let Some(found) = self.find(by_id).await? {
                return Ok(Some(found));
            }
        }
        let Some(email) = &write.profile.email else { return Ok(None) };
        self.find(find_customer::CustomerIdentifierInput::EmailAddress(email.clone())).await
    }

    async fn find(&self, identifier: find_customer::CustomerIdentifierInput) -> Result<Option<Found>, CallError> {
        let variables = find_customer::Variables { identifier, addresses: MOST_ADDRESSES };
        let Some(customer) = self.client.call::<FindCustomer>(variables).await?.customer_by_identifier else {
            return Ok(None);
        };
        let email = customer.default_email_address;
        Ok(Some(Found {
            id: customer.id,
            first_name: customer.first_name,
            last_name: customer.last_name,
            consent: email.as_ref().map(|email| {
                let since = email.marketing_updated_at.as_ref().and_then(|at| at.parse().ok());
                (code(Some(&email.marketing_state)).unwrap_or_default(), since)
            }),
            email: email.map(|email| email.email_address),
            phone: customer.default_phone_number.map(|phone| phone.phone_number),
            all_addresses: !customer.addresses_v2.page_info.has_next_page,
            addresses: customer.addresses_v2.nodes.into_iter().map(address).collect(),
        }))
    }

    /// Makes the account of an e-mail address; one that came into being meanwhile is set instead, so repeating is safe.
    async fn make(&self, mut wanted: Fields, notes: &mut Vec<String>) -> Result<Found, CallError> {
        let Some(email) = wanted.email.clone() else {
            return Err(CallError::Rejected("a customer without an e-mail address cannot have an account".into()));
        };
        loop {
            let variables = set_customer::Variables {
                identifier: set_customer::CustomerSetIdentifiers::Email(email.clone()),
                input: set_customer::CustomerSetInput {
                    email: Some(email.clone()),
                    first_name: wanted.first_name.clone(),
                    last_name: wanted.last_name.clone(),
                    phone: wanted.phone.clone(),
                },
            };
            let answer = self.client.call::<SetCustomer>(variables).await.map_err(repeatable)?.customer_set;
            let answer = answer.ok_or_else(|| CallError::Transient("SetCustomer: no answer".into()))?;
            let errors = user_errors!(answer.user_errors);
            if without_refused_phone(&errors, &mut wanted, notes) {
                continue;
            }
            refused("the customer", &without(errors, &wanted.parts()))?;
            let id = answer.customer.map(|customer| customer.id);
            return Ok(Found {
                id: id.ok_or_else(|| CallError::Transient("SetCustomer: the answer names no customer".into()))?,
                first_name: wanted.first_name,
                last_name: wanted.last_name,
                email: Some(email),
                consent: Some(("NOT_SUBSCRIBED".into(), None)),
                phone: wanted.phone,
                addresses: Vec::new(),
                all_addresses: true,
            });
        }
    }

    /// Writes the fields that differ and are the office's, and fills those that are empty. Answers whether anything was written.
    async fn update_fields(
        &self,
        found: &Found,
        write: &CustomerWrite,
        wanted: Fields,
        notes: &mut Vec<String>,
    ) -> Result<bool, CallError> {
        let owners = &write.owners;
        let pick = |owner: Owner, here: Option<&String>, there: Option<String>| {
            let empty = here.is_none_or(|here| here.trim().is_empty());
            there.filter(|there| (owner == Owner::Office || empty) && Some(there) != here)
        };
        let same_email =
            found.email.as_ref().zip(wanted.email.as_ref()).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
        let mut fields = Fields {
            first_name: pick(owners.names, found.first_name.as_ref(), wanted.first_name),
            last_name: pick(owners.names, found.last_name.as_ref(), wanted.last_name),
            email: pick(owners.email, found.email.as_ref(), wanted.email).filter(|_| !same_email),
            phone: pick(owners.phone, found.phone.as_ref(), wanted.phone),
        };
        loop {
            if fields == Fields::default() {
                return Ok(false);
            }
            let input = update_customer::CustomerInput {
                id: Some(found.id.clone()),
                email: fields.email.clone(),
                first_name: fields.first_name.clone(),
                last_name: fields.last_name.clone(),
                phone: fields.phone.clone(),
            };
            let answer = self.client.call::<UpdateCustomer>(update_customer::Variables { input }).await;
            let answer = answer.map_err(repeatable)?.customer_update;
            let answer = answer.ok_or_else(|| CallError::Transient("UpdateCustomer: no answer".into()))?;
            let errors = user_errors!(plain answer.user_errors);
            if without_refused_phone(&errors, &mut fields, notes) {
                continue;
            }
            if errors.iter().any(|error| is_about(error, "email")) && fields.email.take().is_some() {
                notes.push("the e-mail address belongs to another account or is none: left as it was".into());
                continue;
            }
            refused("the customer", &without(errors, &fields.parts()))?;
            return Ok(true);
        }
    }

    /// The office's addresses: one that is there already is taken as it is, one we added before is set, another is added.
    async fn write_addresses(
        &self,
        found: &Found,
        write: &CustomerWrite,
        changed: &mut bool,
        notes: &mut Vec<String>,
    ) -> Result<Vec<WrittenAddress>, CallError> {
        if !found.all_addresses {
            notes.push(format!("the account has more than {MOST_ADDRESSES} addresses: they are left alone"));
            return Ok(Vec::new());
        }
        let mut written: Vec<WrittenAddress> = Vec::new();
        for (kind, address) in [("billing", &write.profile.billing), ("shipping", &write.profile.shipping)] {
            let Some(address) = address.as_ref().filter(|address| address.line1.is_some() || address.city.is_some())
            else {
                continue;
            };
            let phone =
                telephone(address.phone.as_deref(), address.country.as_deref(), "an address's telephone number", notes);
            let wanted = Address { phone, ..address.clone() };
            let ours = written.iter().find(|one| one.address == wanted).map(|one| one.id.clone());
            let there = found.addresses.iter().find(|(_, there)| is_same(there, &wanted)).map(|(id, _)| id.clone());
            let id = match ours.or(there) {
                Some(id) => Some(id),
                None if write.owners.addresses == Owner::Storefront && !found.addresses.is_empty() => None,
                None => {
                    let before = write.addresses.iter().find(|known| known.kind == kind).map(|known| &known.id);
                    let before =
                        before.filter(|id| found.addresses.iter().any(|(there, _)| number_of(there) == number_of(id)));
                    let default = found.addresses.is_empty() && written.is_empty();
                    let id = self.write_address(&found.id, before, &wanted, default, notes).await?;
                    *changed |= id.is_some();
                    id
                }
            };
            written.extend(id.map(|id| WrittenAddress { kind, id, address: wanted }));
        }
        Ok(written)
    }

    /// Sets or adds one address; one that Shopify refuses is noted and left out.
    async fn write_address(
        &self,
        customer: &str,
        before: Option<&String>,
        address: &Address,
        default: bool,
        notes: &mut Vec<String>,
    ) -> Result<Option<String>, CallError> {
        let (id, errors) = match before {
            Some(id) => {
                let variables = update_address::Variables {
                    customer: customer.to_owned(),
                    id: id.clone(),
                    address: address_input!(update_address, address),
                };
                let answer = self.client.call::<UpdateAddress>(variables).await.map_err(repeatable)?;
                let answer = answer.customer_address_update;
                let answer = answer.ok_or_else(|| CallError::Transient("UpdateAddress: no answer".into()))?;
                (answer.address.map(|address| address.id), user_errors!(plain answer.user_errors))
            }
            None => {
                let variables = create_address::Variables {
                    customer: customer.to_owned(),
                    address: address_input!(create_address, address),
                    default,
                };
                let answer = self.client.call::<CreateAddress>(variables).await.map_err(repeatable)?;
                let answer = answer.customer_address_create;
                let answer = answer.ok_or_else(|| CallError::Transient("CreateAddress: no answer".into()))?;
                (answer.address.map(|address| address.id), user_errors!(plain answer.user_errors))
            }
        };
        let Address { first_name, last_name, company, line1, line2, city, postcode, phone, region: _, country: _ } =
            address;
        let sent = [first_name, last_name, company, line1, line2, city, postcode, phone];
        if let Err(error) = refused("an address", &without(errors, &sent)) {
            notes.push(format!("left out: {error}"));
            return Ok(None);
        }
        Ok(id)
    }

    /// Writes the office's consent when it is newer than the shop's and says something else.
    async fn write_consent(&self, found: &Found, write: &CustomerWrite) -> Result<bool, CallError> {
        let Some((Consent { state, changed_at }, (there, since))) = write.consent.as_ref().zip(found.consent.as_ref())
        else {
            return Ok(false);
        };
        let wanted = match state {
            ConsentState::Subscribed => "SUBSCRIBED",
            ConsentState::Unsubscribed => "UNSUBSCRIBED",
        };
        // Who never said yes need not say no.
        let says_so = there == wanted || (there == "NOT_SUBSCRIBED" && *state == ConsentState::Unsubscribed);
        if says_so || since.is_some_and(|since| since >= *changed_at) {
            return Ok(false);
        }
        let input = set_consent::CustomerEmailMarketingConsentUpdateInput {
            customer_id: found.id.clone(),
            email_marketing_consent: set_consent::CustomerEmailMarketingConsentInput {
                consent_updated_at: Some(changed_at.to_string()),
                marketing_state: match state {
                    ConsentState::Subscribed => set_consent::CustomerEmailMarketingState::SUBSCRIBED,
                    ConsentState::Unsubscribed => set_consent::CustomerEmailMarketingState::UNSUBSCRIBED,
                },
            },
        };
        let answer = self.client.call::<SetConsent>(set_consent::Variables { input }).await.map_err(repeatable)?;
        let answer = answer.customer_email_marketing_consent_update;
        let answer = answer.ok_or_else(|| CallError::Transient("SetConsent: no answer".into()))?;
        refused("the customer's consent", &user_errors!(answer.user_errors))?;
        Ok(true)
    }
}

fn address(node: find_customer::FindCustomerCustomerByIdentifierAddressesV2Nodes) -> (String, Address) {
    let address = Address {
        first_name: node.first_name,
        last_name: node.last_name,
        company: node.company,
        line1: node.address1,
        line2: node.address2,
        city: node.city,
        region: node.province_code,
        postcode: node.zip,
        country: code(node.country_code_v2),
        phone: node.phone,
    };
    (node.id, address)
}

/// Whether two addresses are one; the telephone does not tell, and the shop may know a province the office does not.
fn is_same(one: &Address, other: &Address) -> bool {
    let plain = |part: &Option<String>| part.as_deref().unwrap_or_default().trim().to_lowercase();
    let parts = |address: &Address| {
        [
            plain(&address.first_name),
            plain(&address.last_name),
            plain(&address.company),
            plain(&address.line1),
            plain(&address.line2),
            plain(&address.city),
            plain(&address.postcode),
            plain(&address.country),
        ]
    };
    parts(one) == parts(other)
}

/// The number in an address's id; Shopify puts what kind of address it is behind it.
fn number_of(id: &str) -> &str {
    let id = id.split('?').next().unwrap_or(id);
    id.rsplit('/').next().unwrap_or(id)
}

/// A telephone number in the form Shopify takes, or a note why there is none.
fn telephone(given: Option<&str>, country: Option<&str>, what: &str, notes: &mut Vec<String>) -> Option<String> {
    let given = given.map(str::trim).filter(|given| !given.is_empty())?;
    let number = international(given, country);
    if number.is_none() {
        notes.push(format!("{what} is not in international form: left out"));
    }
    number
}

/// Whether the telephone number was what was refused; it is then left out, with a note.
fn without_refused_phone(errors: &[UserError], fields: &mut Fields, notes: &mut Vec<String>) -> bool {
    let refused = errors.iter().any(|error| is_about(error, "phone"));
    let dropped = refused && fields.phone.take().is_some();
    if dropped {
        notes.push("the telephone number was refused or belongs to another account: left out".into());
    }
    dropped
}

fn is_about(error: &UserError, field: &str) -> bool {
    error.field.last().is_some_and(|last| last == field)
}
