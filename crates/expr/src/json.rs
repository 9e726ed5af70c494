//! The canonical JSON form of a syntax tree: `all`, `any`, `not` and typed leaves (FL 6.8).
//!
//! `{"all": [{"op": ">=", "left": {"name": "orders"}, "right": 10}, {"in_segment": "vip"}]}`. As input `and`, `or`
//! and `or`-of-`and` are accepted as well.

mod read;
mod write;

pub use read::read;
pub use write::write;
