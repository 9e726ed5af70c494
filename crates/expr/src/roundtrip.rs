//! The printer and the JSON form are exact inverses of reading: any tree, written and read, is the same tree.

use crate::{
    ast::{
        Agg, Aggregate, Arith, Calendar, InForm, Kind, Label, Node, Op, Path, Regex, Sequence, Source, Span, Step, Unit, When, Window, Zone,
    },
    json, parser,
};
use model::Duration;
use proptest::{option, prelude::*, sample::select};
use rust_decimal::Decimal;

fn boxed(node: Node) -> Box<Node> {
    Box::new(node)
}

fn made(kind: impl Strategy<Value = Kind>) -> impl Strategy<Value = Node> {
    kind.prop_map(Node::made)
}

/// Names, some of them words that mean something elsewhere.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z_][a-z0-9_]{0,5}".prop_filter("a keyword at the beginning", |n| !["not", "reachable", "in", "has", "ran", "notes"].contains(&n.as_str())),
        1 => select(vec!["segment", "tag", "or", "and", "is", "set", "within", "today", "set", "bot", "zone", "Größe_not", "then", "where", "matches"])
            .prop_filter_map("ascii", |n| n.is_ascii().then(|| n.to_owned())),
    ]
}

fn label() -> impl Strategy<Value = Label> {
    prop_oneof!["[a-z0-9][a-z0-9_-]{0,6}", "größe-[0-9]", "[ -~]{0,5}x[\\n\\t\"'\\\\]{0,2}", "/start"]
        .prop_map(|text| Label { text, span: Span::default() })
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0i64..100_000).prop_map(|s| Duration { months: 0, micros: s * 1_000_000 }),
        (1i64..500).prop_map(|d| Duration { months: 0, micros: d * 86_400_000_000 }),
        (1i32..40).prop_map(|months| Duration { months, micros: 0 }),
        (1i32..40, 0i64..100_000).prop_map(|(months, s)| Duration { months, micros: s * 1_000_000 }),
    ]
}

fn when() -> impl Strategy<Value = When> {
    let unit = || select(Unit::ALL.to_vec());
    prop_oneof![
        select(vec![When::Today, When::Yesterday, When::Tomorrow]),
        unit().prop_map(When::This),
        unit().prop_map(When::Previous),
        unit().prop_map(When::Next)
    ]
}

fn zone() -> impl Strategy<Value = Option<Zone>> {
    option::of(prop_oneof![Just(Zone::Bot), Just(Zone::Contact), Just(Zone::Named("Europe/Madrid".into()))])
}

fn calendar() -> impl Strategy<Value = Calendar> {
    (when(), zone()).prop_map(|(when, zone)| Calendar { when, zone, zone_span: Span::default() })
}

fn path() -> impl Strategy<Value = Path> {
    let step = prop_oneof![name().prop_map(Step::Field), (0u32..9).prop_map(Step::Index), "[a-z \"]{0,4}".prop_map(Step::Key),];
    (name(), prop::collection::vec(step, 0..3)).prop_map(|(head, steps)| Path { head, steps })
}

fn source(filter: BoxedStrategy<Node>) -> impl Strategy<Value = Source> {
    (prop_oneof![name(), Just("no".to_owned()), "[a-z ]{1,5}x"], prop::collection::vec(name(), 0..3), option::weighted(0.3, filter))
        .prop_map(|(event, fields, filter)| Source { event: Label { text: event, span: Span::default() }, fields, filter })
}

fn window(value: BoxedStrategy<Node>) -> impl Strategy<Value = Option<Window>> {
    option::of(prop_oneof![
        (duration(), zone()).prop_map(|(d, z)| Window::Last(d, z)),
        value.clone().prop_map(Window::Since),
        (value.clone(), value).prop_map(|(a, b)| Window::Between(a, b)),
        Just(Window::Ever),
        calendar().prop_map(Window::Calendar),
    ])
}

/// Any tree the grammar has.
fn tree() -> impl Strategy<Value = Node> {
    let number = (0u64..1_000_000_000, 0u32..6).prop_map(|(n, scale)| Kind::Number(Decimal::new(n as i64, scale).normalize()));
    let leaf = made(prop_oneof![
        "\\PC{0,6}".prop_map(Kind::Text),
        number,
        (1i16..9999, 1i8..13, 1i8..29).prop_map(|(y, m, d)| Kind::Date(jiff::civil::date(y, m, d))),
        (0i8..24, 0i8..60, 0i8..60).prop_map(|(h, m, s)| Kind::Time(jiff::civil::time(h, m, s, 0))),
        duration().prop_map(Kind::Duration),
        path().prop_map(Kind::Path),
        label().prop_map(Kind::InSegment),
        (label(), option::of(duration())).prop_map(|(tag, within)| Kind::HasTag { tag, within }),
        (any::<bool>(), prop::collection::vec(label(), 1..4)).prop_map(|(all, tags)| Kind::HasTags { all, tags }),
        (label(), option::of(duration())).prop_map(|(skill, within)| Kind::RanSkill { skill, within }),
        label().prop_map(Kind::HasChannel),
        label().prop_map(Kind::HasConsent),
        option::of(label()).prop_map(Kind::Reachable),
    ]);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let one = || inner.clone().prop_map(boxed);
        let many = |least: usize| prop::collection::vec(inner.clone(), least..4);
        let list = made(many(0).prop_map(Kind::List)).boxed();
        // `country is in or …` asks for India; a list called `or` is reached as `contact.or`.
        let lists = path().prop_filter("a joining word", |p| p.head != "or" && p.head != "and");
        let listed = prop_oneof![list.clone(), made(lists.prop_map(Kind::Path))];
        let function = || {
            name().prop_filter("a name that only functions have", |n| !Agg::ALL.iter().any(|a| a.name() == n) && n != "sequence").prop_map(|text| Label { text, span: Span::default() })
        };
        let ops = vec![Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Is, Op::IsNot];
        let ariths = vec![Arith::Add, Arith::Sub, Arith::Join, Arith::Mul, Arith::Div, Arith::Rem];
        let pattern = "([a-z/^$.]|\\\\[dw.]){1,6}".prop_map(|p| p.to_owned());
        let pattern = (pattern, any::<bool>()).prop_map(|(pattern, ignore_case)| Regex { pattern, ignore_case, span: Span::default() });
        let values = inner.clone().boxed();
        let history = (select(Agg::ALL.to_vec()), source(values.clone()), window(values.clone()))
            .prop_map(|(function, source, window)| Kind::Aggregate(Box::new(Aggregate { function, source, window })));
        let sequence = (source(values.clone()), any::<bool>(), source(values.clone()), duration(), window(values))
            .prop_map(|(first, absent, second, within, window)| Kind::Sequence(Box::new(Sequence { first, absent, second, within, window })));
        let logic = prop_oneof![many(2).prop_map(Kind::Any), many(2).prop_map(Kind::All), one().prop_map(Kind::Not), one().prop_map(Kind::NotesContain)];
        let tests = prop_oneof![
            3 => (select(ops), one(), one()).prop_map(|(op, left, right)| Kind::Compare { op, left, right }),
            1 => (one(), any::<bool>()).prop_map(|(of, negated)| Kind::Set { of, negated }),
            1 => (one(), listed.prop_map(boxed), select(vec![InForm::In, InForm::NotIn, InForm::IsNotIn])).prop_map(|(of, list, form)| Kind::In { of, list, form }),
            1 => (one(), one(), any::<bool>()).prop_map(|(of, part, negated)| Kind::Contains { of, part, negated }),
            1 => (one(), one(), any::<bool>(), any::<bool>()).prop_map(|(of, part, at_end, negated)| Kind::Affix { of, part, at_end, negated }),
            1 => (one(), pattern, any::<bool>()).prop_map(|(of, regex, negated)| Kind::Matches { of, regex, negated }),
            1 => (one(), one(), one(), any::<bool>()).prop_map(|(of, low, high, negated)| Kind::Between { of, low, high, negated }),
            1 => (one(), calendar(), any::<bool>()).prop_map(|(of, window, negated)| Kind::Calendar { of, window, negated }),
            1 => (one(), duration(), any::<bool>()).prop_map(|(of, span, future)| Kind::Within { of, span, future }),
            1 => (one(), duration()).prop_map(|(of, span)| Kind::OlderThan { of, span }),
            1 => (one(), duration()).prop_map(|(of, span)| Kind::Changed { of, span }),
        ];
        let values = prop_oneof![
            one().prop_map(Kind::Negative),
            (select(ariths), one(), one()).prop_map(|(op, left, right)| Kind::Arith { op, left, right }),
            (function(), many(0)).prop_map(|(name, args)| Kind::Call { name, args }),
            (function(), one(), many(0)).prop_map(|(name, of, args)| Kind::Filter { of, name, args }),
            history,
            sequence,
        ];
        prop_oneof![2 => made(logic), 4 => made(tests), 2 => made(values), 1 => list]
    })
}

/// Holds for many trees. Generating them needs more stack than a test's thread has.
fn for_many_trees(holds: fn(Node) -> Result<(), TestCaseError>) {
    let run = move || {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) };
        proptest::test_runner::TestRunner::new(config).run(&tree(), holds)
    };
    let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread");
    if let Err(failure) = thread.join().expect("no panic") {
        panic!("{failure}");
    }
}

#[test]
fn text_and_back() {
    for_many_trees(|node| {
        let text = node.to_string();
        prop_assume!(text.len() <= parser::MAX_BYTES);
        let again = parser::parse(&text);
        prop_assert!(again.is_ok(), "{text}\n{again:?}");
        prop_assert_eq!(again.unwrap(), node, "{}", text);
        Ok(())
    });
}

#[test]
fn json_and_back() {
    for_many_trees(|node| {
        let json = json::write(&node);
        let again = json::read(&json);
        prop_assert!(again.is_ok(), "{json}\n{again:?}");
        prop_assert_eq!(again.unwrap(), node, "{}", json);
        Ok(())
    });
}
