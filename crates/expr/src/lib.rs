//! The one expression language: conditions, templates and value expressions, checked against what names mean
//! and evaluated against what is known about a contact (FL 6, FL 3.8, FL 7.2).
//!
//! A source text is parsed into a syntax tree, checked against a [`Scope`] (every error at once, each with an
//! exact range and a designer's words), and compiled into a resolved tree that is evaluated against [`Facts`]
//! under a [`Fuel`] budget. Nothing here performs IO, reads a clock or draws a random number.

#![forbid(unsafe_code)]

mod ast;
mod calendar;
mod check;
mod closed;
mod code;
mod coerce;
mod condition;
mod distance;
mod eval;
mod explain;
mod expression;
mod facts;
mod flip;
mod functions;
mod history;
mod json;
mod lexer;
mod number;
mod operate;
mod parser;
mod plan;
mod print;
mod problem;
mod reach;
mod reads;
mod reason;
mod render;
#[cfg(test)]
mod roundtrip;
mod scope;
mod settle;
pub mod spoken;
mod system;
mod template;
mod truth;

pub use closed::{is_country, is_language};
pub use coerce::{Coercion, coerce, country_of_phone};
pub use condition::Condition;
pub use distance::did_you_mean;
pub use explain::Explanation;
pub use expression::Expression;
pub use facts::{EvalError, Events, Facts, Fuel, Root};
pub use functions::{FILTERS, FUNCTIONS, Function, Given, Param, Takes, Tick};
pub use plan::{Column, Domain, Everybody, Figure, Judged, LeafPlan, Leaves, Looks, Moves, Part, Parts, Plan, Yields, leaving};
pub use problem::Problem;
pub use reach::{Reach, read_duration};
pub use reads::{Missing, Read, ReadOf};
pub use render::render;
pub use scope::{Place, References, Scope, Type};
pub use system::{COUNTERS, SYSTEM, System};
pub use template::Template;
pub use truth::Truth;
