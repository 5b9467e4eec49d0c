//! The merchant restores products from a copy: they are what they were, under ids of their own.

use super::ShopSandbox;
use super::counter::CounterError;

impl ShopSandbox {
    /// A product is deleted and comes back from a copy, office key included, with new ids and nothing on its shelf. Answers its id.
    ///
    /// # Errors
    /// [`CounterError::UnknownProduct`].
    pub async fn restore_product(&self, id: u64) -> Result<u64, CounterError> {
        let copy = self.products().into_iter().find(|product| product.id == id);
        let mut copy = copy.ok_or(CounterError::UnknownProduct(id))?;
        self.delete_product(id).await?;
        self.act(|state| {
            copy.id = state.ids.next();
            for variant in &mut copy.variants {
                (variant.id, variant.inventory_item) = (state.ids.next(), state.ids.next());
                state.stock.stock_at(variant.inventory_item, state.online_location());
            }
            copy.updated_at = state.now();
            let id = copy.id;
            state.catalogue.put(copy);
            state.notify_product("products/create", id);
            Ok(id)
        })
        .await
    }
}
