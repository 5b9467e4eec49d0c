//! Objects of the schema as values: a type name and a function from field to value.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};

/// The most objects one page holds.
const MOST_PER_PAGE: usize = 250;

/// The value of a field.
pub(super) enum Val<'s> {
    /// A scalar, an enum word, or null.
    Leaf(JsonValue),
    /// An object.
    Object(Object<'s>),
    /// A list.
    List(Vec<Val<'s>>),
}

/// A field that is asked for.
pub(super) struct Ask<'a> {
    /// Its name in the schema, whatever its alias.
    pub name: &'a str,
    /// Its arguments, coerced.
    pub arguments: &'a JsonMap,
    /// Its selection, with directives.
    pub field: &'a apollo_compiler::executable::Field,
}

impl Ask<'_> {
    /// An argument that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.arguments.get(name)?.as_str()
    }

    /// How many things are wanted at most.
    pub(super) fn first(&self) -> usize {
        let first = self.arguments.get("first").and_then(JsonValue::as_u64);
        first.and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX)
    }
}

type Resolve<'s> = Box<dyn Fn(&Ask<'_>) -> Result<Option<Val<'s>>, FieldError> + 's>;

/// An object of the schema.
pub(super) struct Object<'s> {
    kind: &'static str,
    resolve: Resolve<'s>,
}

impl<'s> Object<'s> {
    /// An object whose fields always can be told; `None` for a field it does not have.
    pub(super) fn new(kind: &'static str, resolve: impl Fn(&Ask<'_>) -> Option<Val<'s>> + 's) -> Self {
        Self::fallible(kind, move |ask| Ok(resolve(ask)))
    }

    /// An object whose fields may be refused.
    pub(super) fn fallible(
        kind: &'static str,
        resolve: impl Fn(&Ask<'_>) -> Result<Option<Val<'s>>, FieldError> + 's,
    ) -> Self {
        Self { kind, resolve: Box::new(resolve) }
    }
}

impl ObjectValue for Object<'_> {
    fn type_name(&self) -> &str {
        self.kind
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let ask = Ask { name: info.field_name(), arguments: info.arguments(), field: info.field_selections()[0] };
        let value = (self.resolve)(&ask)?;
        Ok(value.ok_or_else(|| self.unknown_field_error(info))?.resolved())
    }
}

impl<'s> Val<'s> {
    fn resolved<'a>(self) -> ResolvedValue<'a>
    where
        's: 'a,
    {
        match self {
            Self::Leaf(leaf) => ResolvedValue::Leaf(leaf),
            Self::Object(object) => ResolvedValue::object(object),
            Self::List(items) => ResolvedValue::list(items.into_iter().map(Val::resolved)),
        }
    }
}

/// A scalar or an enum word.
pub(super) fn leaf<'s>(value: impl Into<JsonValue>) -> Option<Val<'s>> {
    Some(Val::Leaf(value.into()))
}

/// A text or null.
pub(super) fn text<'s>(value: Option<&str>) -> Option<Val<'s>> {
    Some(Val::Leaf(value.map_or(JsonValue::Null, JsonValue::from)))
}

/// An object.
pub(super) fn one(object: Object<'_>) -> Option<Val<'_>> {
    Some(Val::Object(object))
}

/// An object or null.
pub(super) fn maybe(object: Option<Object<'_>>) -> Option<Val<'_>> {
    Some(object.map_or(Val::Leaf(JsonValue::Null), Val::Object))
}

/// A list of objects.
pub(super) fn many<'s>(objects: impl IntoIterator<Item = Object<'s>>) -> Option<Val<'s>> {
    Some(Val::List(objects.into_iter().map(Val::Object).collect()))
}

/// The kinds of connection there are, with the kind of their nodes.
#[derive(Clone, Copy)]
pub(super) struct ConnectionKind(pub &'static str);

/// One page of objects that are known by an id. `first` and `after` say which; without `first` the page is as long as the most.
pub(super) fn page<'s, T: Clone + 's>(
    kind: ConnectionKind,
    ask: &Ask<'_>,
    all: &[T],
    id: impl Fn(&T) -> u64,
    show: impl Fn(&T) -> Object<'s> + 's,
) -> Option<Val<'s>> {
    let after = ask.text("after").map(read_cursor);
    let first = ask.first().min(MOST_PER_PAGE);
    let start = match after {
        None => 0,
        // An unknown cursor begins after everything, so that nobody reads the first page twice.
        Some(after) => {
            after.and_then(|after| all.iter().position(|one| id(one) == after)).map_or(all.len(), |at| at + 1)
        }
    };
    let end = (start + first).min(all.len());
    let shown: Vec<T> = all[start..end].to_vec();
    let cursors = (shown.first().map(&id), shown.last().map(&id));
    let (before, more) = (start > 0, end < all.len());
    one(Object::new(kind.0, move |ask| match ask.name {
        "nodes" => many(shown.iter().map(&show).collect::<Vec<_>>()),
        "pageInfo" => one(page_info(cursors, before, more)),
        _ => None,
    }))
}

fn page_info<'s>(cursors: (Option<u64>, Option<u64>), before: bool, more: bool) -> Object<'s> {
    Object::new("PageInfo", move |ask| match ask.name {
        "hasNextPage" => leaf(more),
        "hasPreviousPage" => leaf(before),
        "startCursor" => text(cursors.0.map(write_cursor).as_deref()),
        "endCursor" => text(cursors.1.map(write_cursor).as_deref()),
        _ => None,
    })
}

fn write_cursor(id: u64) -> String {
    format!("cursor-{id:x}")
}

fn read_cursor(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("cursor-")?, 16).ok()
}
