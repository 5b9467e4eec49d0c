//! What a document costs: an object 1, a scalar nothing, a mutation 10, a connection as much as its page may hold, and
//! `productSet` a little for each picture, metafield and variant.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::Value as Literal;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::{JsonMap, JsonValue};

use super::Prepared;

const MUTATION: i64 = 10;

/// A page without `first` is reckoned this long.
const DEFAULT_PAGE: i64 = 250;

/// Tenths of a point for each variant, metafield and picture that `productSet` takes.
const PRODUCT_SET_TENTHS: [(&str, i64); 3] = [("variants", 2), ("metafields", 4), ("files", 19)];

/// What a document asks for.
pub(super) fn requested(document: &ExecutableDocument, operation: &Operation, variables: &JsonMap) -> i64 {
    let weigh = Weigh { document, variables };
    let fields = weigh.of_set(&operation.selection_set, 1);
    if operation.is_mutation() {
        let roots = i64::try_from(operation.selection_set.selections.len()).unwrap_or(i64::MAX);
        // The payload of a mutation is within its ten points.
        return roots * MUTATION + fields - roots + product_set(variables);
    }
    fields
}

/// What it turned out to take; never more than was asked for.
pub(super) fn actual(prepared: &Prepared, data: Option<&JsonMap>) -> i64 {
    let objects: i64 = data.map_or(0, |data| data.values().map(objects).sum());
    let taken = if prepared.is_mutation() {
        let roots = i64::try_from(prepared.operations.len()).unwrap_or(i64::MAX);
        roots * MUTATION + (objects - roots).max(0) + product_set(&prepared.variables)
    } else {
        objects
    };
    taken.min(prepared.requested)
}

fn objects(value: &JsonValue) -> i64 {
    match value {
        JsonValue::Object(fields) => 1 + fields.values().map(objects).sum::<i64>(),
        JsonValue::Array(items) => items.iter().map(objects).sum(),
        _ => 0,
    }
}

fn product_set(variables: &JsonMap) -> i64 {
    let count = |input: &JsonValue, list: &str| {
        input.get(list).and_then(JsonValue::as_array).map_or(0, |rows| i64::try_from(rows.len()).unwrap_or(i64::MAX))
    };
    let tenths: i64 = variables
        .values()
        .filter(|input| input.get("productOptions").is_some())
        .flat_map(|input| PRODUCT_SET_TENTHS.iter().map(move |(list, tenths)| count(input, list) * tenths))
        .sum();
    (tenths + 9) / 10
}

struct Weigh<'a> {
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
}

impl Weigh<'_> {
    fn of_set(&self, set: &SelectionSet, page: i64) -> i64 {
        let weigh = |selection: &Selection| match selection {
            Selection::Field(field) => self.of_field(field, page),
            Selection::InlineFragment(fragment) => self.of_set(&fragment.selection_set, page),
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.fragment_name);
                fragment.map_or(0, |fragment| self.of_set(&fragment.selection_set, page))
            }
        };
        set.selections.iter().map(weigh).fold(0, i64::saturating_add)
    }

    fn of_field(&self, field: &Field, page: i64) -> i64 {
        if field.selection_set.selections.is_empty() {
            return 0;
        }
        let kind = field.definition.ty.inner_named_type().as_str();
        if kind.ends_with("Connection") {
            let first = self.number(field, "first").unwrap_or(DEFAULT_PAGE);
            return self.of_set(&field.selection_set, first.max(1)).saturating_add(1);
        }
        let object = self.of_set(&field.selection_set, 1).saturating_add(1);
        let times = match field.name.as_str() {
            "nodes" if field.arguments.is_empty() => page,
            "nodes" => self.length(field, "ids"),
            _ => 1,
        };
        object.saturating_mul(times)
    }

    fn argument<'b>(&'b self, field: &'b Field, name: &str) -> Option<&'b Literal> {
        field.arguments.iter().find(|argument| argument.name == name).map(|argument| &*argument.value)
    }

    fn number(&self, field: &Field, name: &str) -> Option<i64> {
        match self.argument(field, name)? {
            Literal::Int(number) => number.as_str().parse().ok(),
            Literal::Variable(name) => self.variables.get(name.as_str())?.as_i64(),
            _ => None,
        }
    }

    fn length(&self, field: &Field, name: &str) -> i64 {
        let length = match self.argument(field, name) {
            Some(Literal::List(items)) => items.len(),
            Some(Literal::Variable(name)) => {
                self.variables.get(name.as_str()).and_then(JsonValue::as_array).map_or(1, Vec::len)
            }
            _ => 1,
        };
        i64::try_from(length).unwrap_or(i64::MAX)
    }
}
