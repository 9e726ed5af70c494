//! Handlers that describe themselves: every argument says what a request has to say for it, the result what is answered.

use super::{Answer, Operation};
use crate::state::Shared;
use axum::extract::State;
use http::HeaderMap;
use std::future::Future;

/// An argument of a handler.
pub(crate) trait Part {
    /// Says what a request has to say for it, and how a request that does not is refused.
    fn tell(operation: &mut Operation<'_>);
}

impl Part for State<Shared> {
    fn tell(_: &mut Operation<'_>) {}
}

/// Headers that are read by hand are documented by hand, or by a type of their own.
impl Part for HeaderMap {
    fn tell(_: &mut Operation<'_>) {}
}

/// A handler of which arguments and result are known; `D` is the list of its arguments.
pub(crate) trait Described<D> {
    /// Says all of it.
    fn describe(operation: &mut Operation<'_>);
}

macro_rules! described {
    ($($arg:ident)*) => {
        impl<F, R, $($arg,)*> Described<($($arg,)*)> for F
        where
            F: Fn($($arg),*) -> R,
            R: Future<Output: Answer>,
            $($arg: Part,)*
        {
            fn describe(operation: &mut Operation<'_>) {
                $($arg::tell(operation);)*
                <R::Output as Answer>::tell(operation);
            }
        }
    };
}
described!();
described!(A);
described!(A B);
described!(A B C);
described!(A B C D);
described!(A B C D E);
described!(A B C D E G);
described!(A B C D E G H);
described!(A B C D E G H I);
