//! Branches as locations (F-344): made once where the channel asks for it, found again by the office's key, named as the branch.
//!
//! What comes in: a branch. What goes out: the id of its location. Looked up before it is made: repeating is safe. A location is
//! never deactivated from here: what lies there and what was ordered from there is for people to move.

use super::Shopify;
use super::catalogue::Owner;
use super::graphql::{AddLocation, EditLocation, FindLocation, add_location, edit_location, find_location};
use super::refusal::{refused, user_errors};
use crate::domain::{Branch, CallError};

/// Key of the metafield that carries the office's code of a branch.
const BRANCH_KEY: &str = "branch";

impl Shopify {
    pub(super) async fn location_of(&self, branch: &Branch) -> Result<String, CallError> {
        self.ensure_key(Owner::Location, BRANCH_KEY, "Point-of-sale branch").await?;
        let Some((id, name)) = self.find_location(branch).await? else { return self.add_location(branch).await };
        if name != branch.name {
            let input = edit_location::LocationEditInput { name: Some(branch.name.clone()) };
            let variables = edit_location::Variables { location: id.clone(), input };
            let payload = self.client.call::<EditLocation>(variables).await?.location_edit.ok_or_else(no_payload)?;
            refused(&format!("the location of branch {}", branch.code), &user_errors!(payload.user_errors))?;
        }
        Ok(id)
    }

    async fn find_location(&self, branch: &Branch) -> Result<Option<(String, String)>, CallError> {
        let key = find_location::UniqueMetafieldValueInput {
            namespace: Some(self.key_namespace.clone()),
            key: BRANCH_KEY.into(),
            value: branch.code.to_string(),
        };
        let answer = self.client.call::<FindLocation>(find_location::Variables { key }).await?;
        Ok(answer.location_by_identifier.map(|location| (location.id, location.name)))
    }

    async fn add_location(&self, branch: &Branch) -> Result<String, CallError> {
        let Some(country) = branch.country.clone() else {
            return Err(CallError::Unmapped {
                what: format!("the country of branch {}", branch.code),
                fix: "give the branch its address in the office, or map it to a location under [channels.locations]"
                    .into(),
            });
        };
        let metafield = add_location::MetafieldInput {
            namespace: Some(self.key_namespace.clone()),
            key: Some(BRANCH_KEY.into()),
            type_: Some("id".into()),
            value: Some(branch.code.to_string()),
        };
        let address = add_location::LocationAddAddressInput {
            address1: branch.line1.clone(),
            city: branch.city.clone(),
            zip: branch.postcode.clone(),
            country_code: add_location::CountryCode::Other(country),
        };
        let input =
            add_location::LocationAddInput { name: branch.name.clone(), address, metafields: Some(vec![metafield]) };
        let payload = self.client.call::<AddLocation>(add_location::Variables { input }).await?.location_add;
        let payload = payload.ok_or_else(no_payload)?;
        let errors = user_errors!(payload.user_errors);
        if let Some(made) = payload.location {
            return Ok(made.id);
        }
        // If somebody else was faster, the key finds theirs; a name that is taken is another location's.
        if errors.iter().any(|error| error.is(&["TAKEN"]))
            && let Some((id, _)) = self.find_location(branch).await?
        {
            return Ok(id);
        }
        refused(&format!("a location for branch {}", branch.code), &errors)?;
        Err(no_payload())
    }
}

fn no_payload() -> CallError {
    CallError::Transient("the shop answered a location write with nothing".into())
}
