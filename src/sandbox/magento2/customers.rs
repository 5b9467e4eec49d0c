//! Accounts: one for each e-mail address of the website; a write replaces all of it, addresses included.

use jiff::Timestamp;
use serde_json::Value;

use super::request::{self, Refusal};
use super::state::{Kind, State, WEBSITE};

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CustomerRecord {
    pub id: u64,
    pub group: u64,
    pub email: String,
    pub first: String,
    pub last: String,
    pub company_tax: Option<String>,
    pub subscribed: bool,
    pub addresses: Vec<AddressRecord>,
    pub default_billing: Option<u64>,
    pub default_shipping: Option<u64>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An address of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AddressRecord {
    pub id: u64,
    pub place: super::plans::Place,
}

const CUSTOMER: &str = "Magento\\Customer\\Api\\Data\\CustomerInterface";
const CUSTOMER_FIELDS: &[&str] = &[
    "id",
    "group_id",
    "default_billing",
    "default_shipping",
    "confirmation",
    "created_at",
    "updated_at",
    "created_in",
    "dob",
    "email",
    "firstname",
    "lastname",
    "middlename",
    "prefix",
    "suffix",
    "gender",
    "store_id",
    "taxvat",
    "website_id",
    "addresses",
    "disable_auto_group_change",
    "extension_attributes",
    "custom_attributes",
];
const ADDRESS: &str = "Magento\\Customer\\Api\\Data\\AddressInterface";
const ADDRESS_FIELDS: &[&str] = &[
    "id",
    "customer_id",
    "region",
    "region_id",
    "country_id",
    "street",
    "company",
    "telephone",
    "fax",
    "postcode",
    "city",
    "firstname",
    "lastname",
    "middlename",
    "prefix",
    "suffix",
    "vat_id",
    "default_shipping",
    "default_billing",
    "extension_attributes",
    "custom_attributes",
];

impl State {
    /// Makes an account (`id` is `None`) or replaces one: addresses that are not named are gone afterwards.
    pub(super) fn write_customer(&mut self, id: Option<u64>, wish: &Value) -> Result<u64, Refusal> {
        request::only(wish, CUSTOMER, CUSTOMER_FIELDS)?;
        let known = match id {
            Some(id) => Some(self.customers.get(&id).cloned().ok_or_else(|| Refusal::no_such("customerId", id))?),
            None => None,
        };
        let email = request::needed_text(wish, "email")?;
        if !email.contains('@') || email.contains(char::is_whitespace) {
            return Err(Refusal::bad("\"Email\" is not a valid email address."));
        }
        if let Some(website) = request::int(wish, "website_id")?
            && website != i64::try_from(WEBSITE).unwrap_or(1)
        {
            return Err(Refusal::bad("The website ID is not valid."));
        }
        let is_taken = |other: &&CustomerRecord| other.email.eq_ignore_ascii_case(&email) && Some(other.id) != id;
        if self.customers.values().any(|other| is_taken(&other)) {
            return Err(Refusal::bad(
                "A customer with the same email address already exists in an associated website.",
            ));
        }
        let at = self.now();
        let mut record = CustomerRecord {
            id: known.as_ref().map_or_else(|| self.peek(Kind::Customer), |known| known.id),
            // A group that is not named is the general one again.
            group: request::int(wish, "group_id")?.and_then(|group| u64::try_from(group).ok()).unwrap_or(1),
            email,
            first: named(wish, "firstname", "First Name")?,
            last: named(wish, "lastname", "Last Name")?,
            company_tax: request::text(wish, "taxvat")?,
            subscribed: match request::field(wish, "extension_attributes") {
                Some(extension) => request::flag(extension, "is_subscribed")?.unwrap_or(false),
                None => known.as_ref().is_some_and(|known| known.subscribed),
            },
            addresses: Vec::new(),
            default_billing: None,
            default_shipping: None,
            created_at: known.as_ref().map_or(at, |known| known.created_at),
            updated_at: at,
        };
        for row in request::list(wish, "addresses")? {
            self.take_address(known.as_ref(), &mut record, row)?;
        }
        if known.is_none() {
            record.id = self.next(Kind::Customer);
        }
        let (id, event) = (record.id, if known.is_none() { "customer.created" } else { "customer.updated" });
        self.customers.insert(id, record);
        self.tell(event, Kind::Customer, id);
        Ok(id)
    }

    fn take_address(
        &mut self,
        known: Option<&CustomerRecord>,
        record: &mut CustomerRecord,
        row: &Value,
    ) -> Result<(), Refusal> {
        request::only(row, ADDRESS, ADDRESS_FIELDS)?;
        let id = match request::int(row, "id")?.and_then(|id| u64::try_from(id).ok()) {
            Some(id) if known.is_some_and(|known| known.addresses.iter().any(|address| address.id == id)) => id,
            Some(id) => return Err(Refusal::no_such("addressId", id)),
            None => self.next(Kind::Address),
        };
        let street: Vec<String> =
            request::list(row, "street")?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let (first, last) = (named(row, "firstname", "firstname")?, named(row, "lastname", "lastname")?);
        if street.iter().all(|line| line.trim().is_empty()) {
            return Err(Refusal::required("street"));
        }
        let region = request::field(row, "region");
        let region_text = |name| region.map_or(Ok(None), |region| request::text(region, name));
        let region_id = request::int(row, "region_id")?.and_then(|id| u64::try_from(id).ok());
        let place = super::plans::Place {
            first,
            last,
            company: request::text(row, "company")?,
            street,
            city: request::needed_text(row, "city")?,
            postcode: request::text(row, "postcode")?,
            country: request::needed_text(row, "country_id")?,
            region: region_text("region")?
                .map(|name| Ok((name, region_text("region_code")?.unwrap_or_default(), region_id.unwrap_or(0))))
                .transpose()?,
            telephone: Some(request::needed_text(row, "telephone")?),
        };
        if request::flag(row, "default_billing")? == Some(true) {
            record.default_billing = Some(id);
        }
        if request::flag(row, "default_shipping")? == Some(true) {
            record.default_shipping = Some(id);
        }
        record.addresses.push(AddressRecord { id, place });
        Ok(())
    }

    /// Deletes an account; its orders lose their customer.
    pub(super) fn delete_customer(&mut self, id: u64) -> Result<(), Refusal> {
        self.customers.remove(&id).ok_or_else(|| Refusal::no_such("customerId", id))?;
        for order in self.orders.values_mut().filter(|order| order.customer == Some(id)) {
            order.customer = None;
        }
        Ok(())
    }
}

fn named(wish: &Value, field: &str, title: &str) -> Result<String, Refusal> {
    let found = request::text(wish, field)?.filter(|name| !name.trim().is_empty());
    found.ok_or_else(|| Refusal::bad(format!("\"{title}\" is a required value.")))
}
