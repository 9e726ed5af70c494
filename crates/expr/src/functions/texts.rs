//! Functions and filters over texts and lists.

use super::{Answer, Context, Function, Takes, Tick, arg, many, maybe, one};
use crate::Type;
use model::Value;
use rust_decimal::{Decimal, prelude::ToPrimitive};

const PURE: Function = Function {
    name: "",
    signature: "",
    doc: "",
    example: ("", ""),
    params: &[],
    tick: Tick::Never,
    sees_missing: false,
    result: |_| Type::Text,
    run: |_, _| Ok(None),
};

/// The first type, unless another argument may give something else.
fn common(types: &[Type]) -> Type {
    match types.split_first() {
        Some((first, rest)) if rest.iter().all(|t| t == first) => first.clone(),
        Some((first, rest)) if first.is_text() && rest.iter().all(Type::is_text) => Type::Text,
        _ => Type::Unknown,
    }
}

fn first_present(args: &[Option<Value>]) -> Option<Value> {
    args.iter().flatten().find(|v| !matches!(v, Value::Text(t) if t.trim().is_empty())).cloned()
}

pub const DEFAULT: Function = Function {
    name: "default",
    signature: "value | default(other)",
    doc: "the other value if this one is missing or an empty text",
    example: (r#"nickname | default("friend")"#, "friend"),
    params: &[one(Takes::Any), one(Takes::Any)],
    sees_missing: true,
    result: common,
    run: |_, args| Ok(first_present(args).or_else(|| arg(args, 1).cloned())),
    ..PURE
};

pub const COALESCE: Function = Function {
    name: "coalesce",
    signature: "coalesce(value, …)",
    doc: "the first value that is neither missing nor an empty text",
    example: (r#"coalesce(nickname, first_name, "friend")"#, "Ana"),
    params: &[many(Takes::Any)],
    sees_missing: true,
    result: common,
    run: |_, args| Ok(first_present(args)),
    ..PURE
};

/// The argument as text.
fn text_of(ctx: &mut Context<'_>, args: &[Option<Value>], at: usize) -> String {
    arg(args, at).map_or_else(String::new, |v| ctx.render(v))
}

pub const UPPER: Function = Function {
    name: "upper",
    signature: "text | upper",
    doc: "the text in capital letters",
    example: (r#"first_name | upper"#, "ANA"),
    params: &[one(Takes::Text)],
    run: |ctx, args| {
        let text = text_of(ctx, args, 0).to_uppercase();
        ctx.text(text)
    },
    ..PURE
};

pub const LOWER: Function = Function {
    name: "lower",
    signature: "text | lower",
    doc: "the text in small letters",
    example: (r#""ÀB" | lower"#, "àb"),
    params: &[one(Takes::Text)],
    run: |ctx, args| {
        let text = text_of(ctx, args, 0).to_lowercase();
        ctx.text(text)
    },
    ..PURE
};

pub const TRIM: Function = Function {
    name: "trim",
    signature: "text | trim",
    doc: "the text without white space around it",
    example: (r#""  hello " | trim"#, "hello"),
    params: &[one(Takes::Text)],
    run: |ctx, args| {
        let text = text_of(ctx, args, 0).trim().to_owned();
        ctx.text(text)
    },
    ..PURE
};

pub const CAPITALIZE: Function = Function {
    name: "capitalize",
    signature: "text | capitalize",
    doc: "the text with a capital first letter; the rest stays as it is",
    example: (r#""madrid centro" | capitalize"#, "Madrid centro"),
    params: &[one(Takes::Text)],
    run: |ctx, args| {
        let text = text_of(ctx, args, 0);
        let mut chars = text.chars();
        let text = chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect());
        ctx.text(text)
    },
    ..PURE
};

fn length(ctx: &mut Context<'_>, args: &[Option<Value>]) -> Answer {
    let count = match arg(args, 0) {
        Some(Value::List(items)) => items.len(),
        Some(Value::Text(text)) => {
            ctx.fuel.spend(text.len() as u64)?;
            text.chars().count()
        }
        Some(Value::Record(fields)) => fields.len(),
        Some(_) | None => return Ok(None),
    };
    Ok(Some(Value::Number(Decimal::from(count))))
}

pub const LENGTH: Function = Function {
    name: "length",
    signature: "text or list | length",
    doc: "how many characters or items there are",
    example: (r#""größe" | length"#, "5"),
    params: &[one(Takes::TextOrList)],
    result: |_| Type::Number,
    run: length,
    ..PURE
};

pub const LEN: Function = Function {
    name: "len",
    signature: "len(text or list)",
    doc: "how many characters or items there are",
    example: ("len([1, 2, 3])", "3"),
    params: &[one(Takes::TextOrList)],
    result: |_| Type::Number,
    run: length,
    ..PURE
};

pub const REPLACE: Function = Function {
    name: "replace",
    signature: "text | replace(what, with)",
    doc: "the text with every occurrence of one text, taken exactly, replaced by another",
    example: (r#""a-b-c" | replace("-", " ")"#, "a b c"),
    params: &[one(Takes::Text), one(Takes::Text), one(Takes::Text)],
    run: |ctx, args| {
        let (text, what, with) = (text_of(ctx, args, 0), text_of(ctx, args, 1), text_of(ctx, args, 2));
        if what.is_empty() {
            return ctx.text(text);
        }
        // What it will come to is paid for before it is made.
        ctx.fuel.spend((text.len() as u64).saturating_add((text.matches(&what).count() as u64).saturating_mul(with.len() as u64)))?;
        Ok(Some(Value::Text(text.replace(&what, &with))))
    },
    ..PURE
};

pub const TRUNCATE: Function = Function {
    name: "truncate",
    signature: "text | truncate(length)",
    doc: "the text cut to so many characters, the last of them … if it was longer",
    example: (r#""a long story" | truncate(7)"#, "a long…"),
    params: &[one(Takes::Text), one(Takes::Number)],
    run: |ctx, args| {
        let text = text_of(ctx, args, 0);
        let Some(Value::Number(length)) = arg(args, 1) else { return Ok(None) };
        let most = length.to_usize().unwrap_or(if length.is_sign_negative() { 0 } else { usize::MAX });
        if text.chars().count() <= most {
            return ctx.text(text);
        }
        let kept: String = text.chars().take(most.saturating_sub(1)).collect();
        let mut cut = kept.trim_end().to_owned();
        if most > 0 {
            cut.push('…');
        }
        ctx.text(cut)
    },
    ..PURE
};

pub const TEXT: Function = Function {
    name: "text",
    signature: "value | text",
    doc: "the value as it is shown in a message",
    example: (r#"(orders | text) ~ " orders""#, "12 orders"),
    params: &[one(Takes::Any)],
    run: |ctx, args| {
        let text = text_of(ctx, args, 0);
        ctx.text(text)
    },
    ..PURE
};

pub const JOIN: Function = Function {
    name: "join",
    signature: "list | join(separator)",
    doc: "the items as one text, with a separator between them (a comma if none is given)",
    example: (r#"["a", "b"] | join(" and ")"#, "a and b"),
    params: &[one(Takes::List), maybe(Takes::Text)],
    run: |ctx, args| {
        let Some(Value::List(items)) = arg(args, 0) else { return Ok(None) };
        let separator = arg(args, 1).map_or_else(|| ", ".to_owned(), |v| ctx.render(v));
        ctx.fuel.spend((items.len() as u64).saturating_mul(separator.len() as u64))?;
        let text = items.iter().map(|item| ctx.render(item)).collect::<Vec<_>>().join(&separator);
        ctx.text(text)
    },
    ..PURE
};

pub const SPLIT: Function = Function {
    name: "split",
    signature: "text | split(separator)",
    doc: "the pieces of the text between separators, trimmed, empty ones left out",
    example: (r#""red, green" | split(",") | last"#, "green"),
    params: &[one(Takes::Text), one(Takes::Text)],
    result: |_| Type::List,
    run: |ctx, args| {
        let (text, separator) = (text_of(ctx, args, 0), text_of(ctx, args, 1));
        ctx.fuel.spend((text.len() as u64).saturating_mul(8))?;
        let pieces: Vec<&str> = if separator.is_empty() { vec![&text] } else { text.split(&separator).collect() };
        Ok(Some(Value::List(pieces.into_iter().map(str::trim).filter(|p| !p.is_empty()).map(Value::text).collect())))
    },
    ..PURE
};

/// One item of a list or character of a text.
fn item(ctx: &mut Context<'_>, args: &[Option<Value>], last: bool) -> Answer {
    let found = match arg(args, 0) {
        Some(Value::List(items)) => if last { items.last() } else { items.first() }.cloned(),
        Some(Value::Text(text)) => if last { text.chars().next_back() } else { text.chars().next() }.map(Value::text),
        Some(_) | None => None,
    };
    ctx.fuel.spend(1)?;
    Ok(found)
}

fn item_type(types: &[Type]) -> Type {
    if types.first().is_some_and(Type::is_text) { Type::Text } else { Type::Unknown }
}

pub const FIRST: Function = Function {
    name: "first",
    signature: "list or text | first",
    doc: "the first item or character",
    example: (r#"["a", "b"] | first"#, "a"),
    params: &[one(Takes::TextOrList)],
    result: item_type,
    run: |ctx, args| item(ctx, args, false),
    ..PURE
};

pub const LAST: Function = Function {
    name: "last",
    signature: "list or text | last",
    doc: "the last item or character",
    example: (r#"["a", "b"] | last"#, "b"),
    params: &[one(Takes::TextOrList)],
    result: item_type,
    run: |ctx, args| item(ctx, args, true),
    ..PURE
};

pub const URL_ENCODE: Function = Function {
    name: "url_encode",
    signature: "value | url_encode",
    doc: "the text so that it can stand in an address: everything but letters, digits and -._~ percent-encoded",
    example: (r#""a b&c" | url_encode"#, "a%20b%26c"),
    params: &[one(Takes::Any)],
    run: |ctx, args| {
        use std::fmt::Write;
        let text = text_of(ctx, args, 0);
        ctx.fuel.spend((text.len() as u64).saturating_mul(3))?;
        let mut out = String::with_capacity(text.len());
        for b in text.bytes() {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                out.push(char::from(b));
            } else {
                write!(out, "%{b:02X}").expect("writing to a text cannot fail");
            }
        }
        Ok(Some(Value::Text(out)))
    },
    ..PURE
};

pub const CONCAT: Function = Function {
    name: "concat",
    signature: "concat(value, …)",
    doc: "the values as one text; missing ones are left out",
    example: (r#"concat(first_name, " #", 7)"#, "Ana #7"),
    params: &[many(Takes::Any)],
    sees_missing: true,
    run: |ctx, args| {
        let mut text = String::new();
        for value in args.iter().flatten() {
            let piece = ctx.render(value);
            ctx.fuel.spend(piece.len() as u64)?;
            text.push_str(&piece);
        }
        Ok(Some(Value::Text(text)))
    },
    ..PURE
};
