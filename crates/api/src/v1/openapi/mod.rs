//! The OpenAPI document of `/api/v1`, read off the handlers: what a handler takes and answers is what the document says.
//!
//! A route is declared once ([`Api::get`] and its neighbours) and enters router and document together. Its scope, parameters,
//! body, answers and the refusals that follow from these come from the types of the handler's signature ([`Part`], [`Answer`]);
//! only words are added ([`about`]). So there is nothing that could drift.
//!
//! **Invariant.** A route whose signature names no scope cannot be declared, except by [`Api::open_get`].

mod about;
mod answer;
mod describe;
mod document;
mod links;
mod operation;
mod schema;
mod served;

pub(crate) use about::{About, about};
pub(crate) use answer::{Answer, Done, Made, Stored, Tagged, Taken, etag};
pub(crate) use describe::{Described, Part};
pub(crate) use operation::Operation;
pub(crate) use schema::{Any, Condition, ContactRef, Id, SegmentKey, Time, Written};
pub(crate) use served::document;

use crate::state::Shared;
use axum::{Router, handler::Handler, routing::MethodRouter};
use document::Document;
use serde_json::Value as Json;

/// The routes of the API, and what is said of them.
pub(crate) struct Api {
    /// Those that need a caller.
    known: Router<Shared>,
    /// Those for everybody.
    open: Router<Shared>,
    document: Document,
}

macro_rules! methods {
    ($($name:ident),*) => {$(
        /// Declares a route of this method. The path's parameters are told by the handler, in order.
        pub(crate) fn $name<A: 'static, D, H>(self, path: &'static str, handler: H, about: About) -> Self
        where
            H: Handler<A, Shared> + Described<D>,
        {
            self.known(stringify!($name), path, H::describe, axum::routing::$name(handler), about)
        }
    )*};
}

impl Api {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { known: Router::new(), open: Router::new(), document: Document::default() }
    }

    methods!(get, post, put, patch, delete);

    /// Declares a route that answers everybody, with a key or without.
    pub(crate) fn open_get<A: 'static, D, H>(mut self, path: &'static str, handler: H, about: About) -> Self
    where
        H: Handler<A, Shared> + Described<D>,
    {
        let scope = self.document.add("get", path, H::describe, about);
        assert!(scope.is_none(), "{path} needs a caller; declare it by get");
        self.open = self.open.route(path, axum::routing::get(handler));
        self
    }

    fn known(
        mut self,
        method: &'static str,
        path: &'static str,
        describe: fn(&mut Operation<'_>),
        route: MethodRouter<Shared>,
        about: About,
    ) -> Self {
        let at = about.shares.unwrap_or(path);
        let scope = self.document.add(method, path, describe, about);
        assert!(scope.is_some(), "{method} {path} names no scope: its handler takes no Caller");
        self.known = self.known.route(at, route);
        self
    }

    /// The routes that need a caller, those for everybody, and the document.
    pub(crate) fn into_parts(self) -> (Router<Shared>, Router<Shared>, Json) {
        (self.known, self.open, self.document.finish())
    }
}

#[cfg(test)]
mod tests;
