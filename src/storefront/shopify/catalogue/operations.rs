//! Large products: written while nobody waits, and asked for until they are done.
//!
//! What comes in: the number of an operation. What goes out: whether it is done, or what the shop has against it. A read: may
//! be repeated, by whatever process looks after the operation next.

use crate::domain::CallError;
use crate::storefront::shopify::Shopify;
use crate::storefront::shopify::graphql::{ReadOperation, read_operation};
use crate::storefront::shopify::refusal::{refused, user_errors};

impl Shopify {
    /// Whether an operation is done. One nobody knows any more has ended long ago: what came of it is read anew.
    pub(in crate::storefront::shopify) async fn operation_is_done(&self, id: &str) -> Result<bool, CallError> {
        let found = self.client.call::<ReadOperation>(read_operation::Variables { id: id.to_owned() }).await?;
        let Some(operation) = found.product_operation else { return Ok(true) };
        if operation.status != read_operation::ProductOperationStatus::COMPLETE {
            return Ok(false);
        }
        let read_operation::ReadOperationProductOperationOn::ProductSetOperation(set) = operation.on;
        refused("a large product", &user_errors!(set.user_errors))?;
        Ok(true)
    }
}
