//! What resolvers work with: the shop's memory, the request's variables, and a way to refuse with a code.

use std::cell::{RefCell, RefMut};

use apollo_compiler::ast::Value as Literal;
use apollo_compiler::executable::Field;
use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;

use super::super::state::State;
use super::object::Object;
use super::{mutation, query};

/// The desk a request is worked on. Memory is borrowed for moments only, never across a resolver.
pub(super) struct Desk<'r> {
    state: RefCell<&'r mut State>,
    variables: &'r JsonMap,
    contended: &'r [String],
    refusals: RefCell<Vec<(String, &'static str)>>,
    bulk: bool,
}

impl<'r> Desk<'r> {
    pub(super) fn new(state: &'r mut State, variables: &'r JsonMap, contended: &'r [String], bulk: bool) -> Self {
        Self { state: RefCell::new(state), variables, contended, refusals: RefCell::default(), bulk }
    }

    /// Whether this is one line of a bulk operation.
    pub(super) fn is_bulk(&self) -> bool {
        self.bulk
    }

    /// The shop's memory.
    pub(super) fn state(&self) -> RefMut<'_, State> {
        RefMut::map(self.state.borrow_mut(), |state| &mut **state)
    }

    /// A top-level error with a code.
    pub(super) fn refuse(&self, code: &'static str, message: impl Into<String>) -> FieldError {
        let message = message.into();
        self.refusals.borrow_mut().push((message.clone(), code));
        FieldError { message }
    }

    /// Whether somebody else is using that key right now.
    pub(super) fn is_contended(&self, key: &str) -> bool {
        self.contended.iter().any(|contended| contended == key)
    }

    /// The key of an `@idempotent` field.
    pub(super) fn key_of(&self, field: &Field) -> Option<String> {
        idempotency_key(field, self.variables)
    }

    /// Codes of refused messages.
    pub(super) fn into_refusals(self) -> Vec<(String, &'static str)> {
        self.refusals.into_inner()
    }
}

/// The key in a field's `@idempotent` directive, if there is one that is not empty.
pub(super) fn idempotency_key(field: &Field, variables: &JsonMap) -> Option<String> {
    let directive = field.directives.get("idempotent")?;
    let key = directive.arguments.iter().find(|argument| argument.name == "key")?;
    let key = match &*key.value {
        Literal::String(key) => key.clone(),
        Literal::Variable(name) => variables.get(name.as_str())?.as_str()?.to_owned(),
        _ => return None,
    };
    (!key.is_empty()).then_some(key)
}

/// The root of a request.
pub(super) struct Root<'s>(Object<'s>);

impl<'s> Root<'s> {
    pub(super) fn new(desk: &'s Desk<'_>, is_mutation: bool) -> Self {
        Self(if is_mutation { mutation::root(desk) } else { query::root(desk) })
    }
}

impl ObjectValue for Root<'_> {
    fn type_name(&self) -> &str {
        self.0.type_name()
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        self.0.resolve_field(info)
    }
}
