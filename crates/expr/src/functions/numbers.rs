//! Functions and filters over numbers.

use super::{Answer, Context, Function, Takes, Tick, arg, many, maybe, one};
use crate::{EvalError, Type, number, operate};
use model::{Money, Value};
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;

const PURE: Function = Function {
    name: "",
    signature: "",
    doc: "",
    example: ("", ""),
    params: &[],
    tick: Tick::Never,
    sees_missing: false,
    result: like_first,
    run: |_, _| Ok(None),
};

/// Amounts stay amounts.
fn like_first(types: &[Type]) -> Type {
    match types.first() {
        Some(ty @ (Type::Number | Type::Money)) if types.iter().all(|t| t == ty || t == &Type::Number) => ty.clone(),
        _ => Type::Unknown,
    }
}

fn same(types: &[Type]) -> Type {
    match types.split_first() {
        Some((first, rest)) if rest.iter().all(|t| t == first) => first.clone(),
        _ => Type::Unknown,
    }
}

fn round(_: &mut Context<'_>, args: &[Option<Value>]) -> Answer {
    let places = match arg(args, 1) {
        Some(Value::Number(n)) => n.to_u32().unwrap_or(if n.is_sign_negative() { 0 } else { 28 }).min(28),
        Some(_) | None => 0,
    };
    let rounded = |n: Decimal| n.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    Ok(match arg(args, 0) {
        Some(Value::Number(n)) => Some(Value::Number(rounded(*n))),
        Some(Value::Money(m)) => Some(Value::Money(Money { amount: rounded(m.amount), currency: m.currency.clone() })),
        Some(Value::Text(text)) => number::plain(text).map(|n| Value::Number(rounded(n))),
        Some(_) | None => None,
    })
}

pub const ROUND_FILTER: Function = Function {
    name: "round",
    signature: "number | round(places)",
    doc: "the number rounded to so many decimal places (none if left out); halves go away from zero",
    example: ("2.345 | round(2)", "2.35"),
    params: &[one(Takes::Amount), maybe(Takes::Number)],
    run: round,
    ..PURE
};

pub const ROUND: Function = Function { signature: "round(number, places)", example: ("round(2.5)", "3"), ..ROUND_FILTER };

pub const NUMBER: Function = Function {
    name: "number",
    signature: "value | number",
    doc: "the number a text says, with the contact's decimal mark; missing if it says none",
    example: (r#"("41" | number) + 1"#, "42"),
    params: &[one(Takes::Any)],
    result: |_| Type::Number,
    run: |ctx, args| {
        let number = match arg(args, 0) {
            Some(Value::Number(n)) => Some(*n),
            Some(Value::Money(m)) => Some(m.amount),
            Some(Value::Text(text)) => number::spoken(text, ctx.facts.language().as_deref()),
            Some(_) | None => None,
        };
        Ok(number.map(Value::Number))
    },
    ..PURE
};

fn extreme(ctx: &mut Context<'_>, args: &[Option<Value>], wanted: Ordering) -> Answer {
    let mut best: Option<&Value> = None;
    for value in args.iter().flatten() {
        match best {
            None => best = Some(value),
            Some(so_far) => match operate::order(value, so_far, ctx.zone()) {
                Some(ordering) if ordering == wanted => best = Some(value),
                Some(_) => {}
                None => {
                    return Err(EvalError::Arithmetic(format!("{} and {} have no order", value.type_name(), so_far.type_name())));
                }
            },
        }
    }
    Ok(best.cloned())
}

pub const MIN: Function = Function {
    name: "min",
    signature: "min(value, value, …)",
    doc: "the smallest or earliest of two or more values",
    example: ("min(3, 1, 2)", "1"),
    params: &[one(Takes::Any), many(Takes::Any)],
    result: same,
    run: |ctx, args| extreme(ctx, args, Ordering::Less),
    ..PURE
};

pub const MAX: Function = Function {
    name: "max",
    signature: "max(value, value, …)",
    doc: "the largest or latest of two or more values",
    example: ("max(orders, 3)", "12"),
    params: &[one(Takes::Any), many(Takes::Any)],
    result: same,
    run: |ctx, args| extreme(ctx, args, Ordering::Greater),
    ..PURE
};

pub const ABS: Function = Function {
    name: "abs",
    signature: "abs(number)",
    doc: "the number without its sign",
    example: ("abs(-3.5)", "3.5"),
    params: &[one(Takes::Amount)],
    run: |_, args| {
        Ok(match arg(args, 0) {
            Some(Value::Number(n)) => Some(Value::Number(n.abs())),
            Some(Value::Money(m)) => Some(Value::Money(Money { amount: m.amount.abs(), currency: m.currency.clone() })),
            Some(Value::Text(text)) => number::plain(text).map(|n| Value::Number(n.abs())),
            Some(_) | None => None,
        })
    },
    ..PURE
};

/// How many buckets there are: a bucket is a percentage.
const BUCKETS: u64 = 100;

pub const BUCKET: Function = Function {
    name: "bucket",
    signature: "bucket(name)",
    doc: "the contact's number from 0 to 99 in an experiment of this name: always the same for one contact and name, evenly \
          spread over contacts, and unrelated from one name to another, so `bucket(\"new-menu\") < 10` is a tenth of them",
    example: (r#"bucket("new-menu")"#, "73"),
    params: &[one(Takes::Text)],
    result: |_| Type::Number,
    run: |ctx, args| {
        let Some(Value::Text(name)) = arg(args, 0) else { return Ok(None) };
        let Some(id) = ctx.facts.system("contact_id") else { return Ok(None) };
        let Value::Text(id) = id.as_ref() else { return Ok(None) };
        ctx.fuel.spend(16 + name.len() as u64)?;
        // Whoever changes this puts everybody into another group of every experiment that runs.
        let digest = Sha256::new().chain_update(name).chain_update([0]).chain_update(id).finalize();
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Ok(Some(Value::Number((number % BUCKETS).into())))
    },
    ..PURE
};
