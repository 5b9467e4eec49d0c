//! Categories as the API prints them, one by one and as a tree.

use serde_json::{Value, json};

use super::super::catalogue::Category;
use super::super::state::State;
use super::moment;

impl State {
    /// The body of a category.
    pub(in super::super) fn category_body(&self, category: &Category) -> Value {
        let children = self.children_of(category.id).map(|child| child.id.to_string()).collect::<Vec<_>>().join(",");
        let attributes = category.attributes.iter();
        let attributes = attributes.map(|(code, value)| json!({ "attribute_code": code, "value": value }));
        let path = self.catalogue.path(category.id);
        json!({
            "id": category.id, "parent_id": category.parent, "name": category.name, "is_active": category.active,
            "position": category.position, "level": path.len() - 1, "children": children,
            "created_at": moment(category.created_at), "updated_at": moment(category.updated_at),
            "path": path.iter().map(u64::to_string).collect::<Vec<_>>().join("/"), "available_sort_by": [],
            "include_in_menu": category.in_menu, "custom_attributes": attributes.collect::<Vec<_>>(),
        })
    }

    /// A category with everything beneath it.
    pub(in super::super) fn category_tree(&self, category: &Category) -> Value {
        let products = self.catalogue.products.values();
        let inside = products.filter(|product| product.categories.contains_key(&category.id)).count();
        json!({
            "id": category.id, "parent_id": category.parent, "name": category.name, "is_active": category.active,
            "position": category.position, "level": self.catalogue.path(category.id).len() - 1,
            "product_count": inside,
            "children_data": self.children_of(category.id).map(|child| self.category_tree(child)).collect::<Vec<_>>(),
        })
    }

    fn children_of(&self, parent: u64) -> impl Iterator<Item = &Category> {
        self.catalogue.categories.values().filter(move |category| category.parent == parent)
    }
}
