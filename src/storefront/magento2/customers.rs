//! Writes an office's customer: finds the account by id, else by e-mail within the website, else makes one; then writes what differs.
//!
//! What comes in: a [`CustomerWrite`] with who owns each field. What goes out: the account's id, the ids of the office's addresses,
//! and notes about what could not be taken over. Magento replaces an account as a whole and deletes addresses it is not told of, so
//! the account is read, changed where the office decides, and written back with everything else as it was. What it was told about
//! marketing mail is not sent at all and stays as it is. An address that is refused is left out with a note rather than the
//! customer lost. Every step looks first, so repeating all of it is safe.

mod merge;
mod regions;

use serde_json::{Map, Value, json};

use super::client::{Failure, Found as _, Repeat, Scope};
use super::criteria::{Criteria, Page};
use super::wire::Id;
use super::{Magento2, repeatable};
use crate::domain::{Address, CallError};
use crate::storefront::{CustomerWrite, CustomerWritten, WrittenAddress};
use merge::Account;

/// The office's addresses in the shop's form, with what each is for.
type Addresses = Vec<(&'static str, Address, Map<String, Value>)>;

impl Magento2 {
    pub(super) async fn put_customer(&self, write: &CustomerWrite) -> Result<CustomerWritten, CallError> {
        let mut notes = Vec::new();
        let addresses = self.addresses(write, &mut notes).await?;
        let account = match self.look_for(write).await? {
            Some(account) => account,
            None => match self.make_account(write, &addresses, &mut notes).await? {
                Ok(made) => return Ok(written(&made, addresses, true, notes)),
                Err(theirs) => theirs,
            },
        };
        self.bring_up_to_date(account, write, addresses, notes).await
    }

    /// Writes an account that is there already, if anything of it differs.
    async fn bring_up_to_date(
        &self,
        account: Account,
        write: &CustomerWrite,
        addresses: Addresses,
        mut notes: Vec<String>,
    ) -> Result<CustomerWritten, CallError> {
        let named = merge::with_fields(&account, write);
        let whole = merge::with_addresses(&named, write, &addresses);
        if whole == account {
            return Ok(written(&account, addresses, false, notes));
        }
        match self.replace(&whole).await {
            Ok(saved) => return Ok(written(&saved, addresses, true, notes)),
            Err(CallError::Rejected(why)) if whole != named => {
                notes.push(format!("the addresses were left out: {why}"));
            }
            Err(CallError::Rejected(why)) if is_taken(&why) => {}
            Err(error) => return Err(error),
        }
        // Without the addresses; then, where the e-mail is somebody else's, without that.
        if named == account {
            return Ok(written(&account, Vec::new(), false, notes));
        }
        match self.replace(&named).await {
            Ok(saved) => Ok(written(&saved, Vec::new(), true, notes)),
            Err(CallError::Rejected(why)) if is_taken(&why) && named.email() != account.email() => {
                notes.push("the e-mail address belongs to another account: left as it was".into());
                let kept = named.with_email(account.email());
                let saved = if kept == account { account } else { self.replace(&kept).await? };
                Ok(written(&saved, Vec::new(), true, notes))
            }
            Err(error) => Err(error),
        }
    }

    async fn look_for(&self, write: &CustomerWrite) -> Result<Option<Account>, CallError> {
        for id in &write.known {
            if let Some(found) = self.client.get(Scope::Store, &["customers", id], &[]).await.found()? {
                return Ok(Some(Account(found)));
            }
        }
        match &write.profile.email {
            Some(email) => self.by_email(email).await,
            None => Ok(None),
        }
    }

    async fn by_email(&self, email: &str) -> Result<Option<Account>, CallError> {
        let website = self.view().await?.website.to_string();
        let criteria = Criteria::most(2).one_of("email", [email]).one_of("website_id", [website.as_str()]);
        let path = ["customers", "search"];
        let page: Page<Map<String, Value>> = self.client.get(Scope::Store, &path, &criteria.query()).await?;
        Ok(page.items.into_iter().next().map(Account))
    }

    /// Makes the account of an e-mail address, without a password: its owner sets one. Answers the one that came into being
    /// meanwhile instead.
    async fn make_account(
        &self,
        write: &CustomerWrite,
        addresses: &Addresses,
        notes: &mut Vec<String>,
    ) -> Result<Result<Account, Account>, CallError> {
        let Some(email) = write.profile.email.as_deref() else {
            return Err(CallError::Rejected("a customer without an e-mail address cannot have an account".into()));
        };
        let view = self.view().await?;
        let named = Account::new(email, view.website, view.store, write);
        let mut account = merge::with_addresses(&named, write, addresses);
        loop {
            let body = json!({ "customer": account.0 });
            let made: Result<Map<String, Value>, Failure> =
                self.client.post(Scope::Store, &["customers"], &body, Repeat::LookFirst).await;
            match made.map_err(|failure| repeatable(failure.into())) {
                Ok(made) => return Ok(Ok(Account(made))),
                Err(CallError::Rejected(why)) if is_taken(&why) => {
                    return match self.by_email(email).await? {
                        Some(theirs) => Ok(Err(theirs)),
                        None => Err(CallError::Rejected(why)),
                    };
                }
                Err(CallError::Rejected(why)) if account != named => {
                    notes.push(format!("the addresses were left out: {why}"));
                    account = named.clone();
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Replaces an account as a whole. Sets absolute values: repeating it is safe.
    async fn replace(&self, account: &Account) -> Result<Account, CallError> {
        let id = account.id().to_string();
        let body = json!({ "customer": account.for_writing() });
        let saved: Result<Map<String, Value>, Failure> =
            self.client.put(Scope::Store, &["customers", &id], &body).await;
        saved.map(Account).map_err(|failure| repeatable(failure.into()))
    }

    /// The office's addresses in the form Magento takes; those it would refuse are left out with a note.
    async fn addresses(&self, write: &CustomerWrite, notes: &mut Vec<String>) -> Result<Addresses, CallError> {
        let mut addresses = Vec::new();
        let both = [("billing", &write.profile.billing), ("shipping", &write.profile.shipping)];
        for (kind, address) in both {
            let Some(address) = address.as_ref().filter(|one| one.line1.is_some() || one.city.is_some()) else {
                continue;
            };
            let Some(country) = address.country.as_deref() else {
                notes.push(format!("the {kind} address names no country: left out"));
                continue;
            };
            let region = match address.region.as_deref() {
                Some(region) => self.region(country, region).await?,
                None => None,
            };
            match merge::address(address, &write.profile, region) {
                Ok(made) => addresses.push((kind, address.clone(), made)),
                Err(lacks) => notes.push(format!("the {kind} address has no {lacks}: left out")),
            }
        }
        Ok(addresses)
    }
}

/// Words of Magento's refusal of an e-mail address that another account has; they differ between versions.
fn is_taken(why: &str) -> bool {
    let why = why.to_lowercase();
    why.contains("same email") && why.contains("already exists")
}

fn written(account: &Account, addresses: Addresses, changed: bool, notes: Vec<String>) -> CustomerWritten {
    let id_of = |made: &Map<String, Value>| account.addresses().find(|there| merge::is_same(there, made)).and_then(id);
    let addresses = addresses
        .into_iter()
        .filter_map(|(kind, address, made)| Some(WrittenAddress { kind, id: id_of(&made)?.to_string(), address }));
    CustomerWritten { id: account.id().to_string(), addresses: addresses.collect(), changed, notes }
}

fn id(object: &Map<String, Value>) -> Option<Id> {
    super::wire::whole(object.get("id")?).map(Id)
}
