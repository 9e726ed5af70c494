//! What is asked of recorded events, against a recount that shares nothing with the evaluator: it goes through every event
//! for every question. And against time: nothing changes before the next flip, and at a flip that is told exactly all does.

use crate::common;

use common::{Bot, Person};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use model::{Instant, Record, Value};
use proptest::{prelude::*, sample::select};
use switchboard_expr::{Condition, Fuel, Place, Truth};

const HOUR: i64 = 3_600_000_000;
/// 2026-03-20T12:00Z: the clocks of Madrid change on the 29th.
const BASE: i64 = 1_774_008_000_000_000;

/// Something that happened: so many hours after the base, with what is known of it.
#[derive(Clone, Debug)]
struct Happened {
    visit: bool,
    hour: i64,
    total: Option<i64>,
    category: Option<&'static str>,
    items: Vec<(Option<i64>, Option<&'static str>)>,
}

#[derive(Clone, Debug)]
struct World {
    now: i64,
    events: Vec<Happened>,
    changed: Option<i64>,
    notes: Vec<String>,
}

/// Where a figure is taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Event,
    Total,
    Category,
    Items,
    Price,
}

#[derive(Clone, Debug)]
enum Where {
    Total(i64),
    Category(&'static str),
    OwnCategory(&'static str),
    Price(i64),
    NoTotal,
    Not(Box<Where>),
    Or(Box<Where>, Box<Where>),
}

#[derive(Clone, Debug)]
enum Window {
    Ever,
    Hours(i64),
    Months(i64),
    Since(i64),
    Between(i64, i64),
    Today,
    Yesterday,
    ThisWeek,
    PreviousWeek,
    PreviousMonth,
}

#[derive(Clone, Debug)]
struct Source {
    visit: bool,
    from: From,
    filter: Option<Where>,
}

#[derive(Clone, Debug)]
enum Plain {
    Figure { function: &'static str, source: Source, window: Window, op: &'static str, limit: i64 },
    Sequence { first: Source, absent: bool, second: Source, hours: i64, window: Window },
    Changed(i64),
    Note(&'static str),
    Not(Box<Plain>),
    Or(Box<Plain>, Box<Plain>),
}

impl Where {
    fn written(&self) -> String {
        match self {
            Self::Total(n) => format!("total >= {n}"),
            Self::Category(c) => format!("category = \"{c}\""),
            Self::OwnCategory(c) => format!("event.category = \"{c}\""),
            Self::Price(n) => format!("price < {n}"),
            Self::NoTotal => "event.total is not set".into(),
            Self::Not(of) => format!("not ({})", of.written()),
            Self::Or(a, b) => format!("({} or {})", a.written(), b.written()),
        }
    }

    /// The verdict on an event and perhaps an item of it; none is unknown.
    fn holds(&self, of: &Happened, item: Option<&(Option<i64>, Option<&'static str>)>) -> Option<bool> {
        match self {
            Self::Total(n) => of.total.map(|t| t >= *n),
            Self::Category(c) => item.and_then(|i| i.1).or(of.category).map(|x| x == *c),
            Self::OwnCategory(c) => of.category.map(|x| x == *c),
            Self::Price(n) => item.and_then(|i| i.0).map(|p| p < *n),
            Self::NoTotal => Some(of.total.is_none()),
            Self::Not(of_not) => of_not.holds(of, item).map(|b| !b),
            Self::Or(a, b) => match (a.holds(of, item), b.holds(of, item)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

/// A value a figure is taken of.
#[derive(Clone, Debug, PartialEq)]
enum Got {
    Time(i64),
    Number(i64),
    Word(&'static str),
    Item(usize, usize),
}

impl Source {
    fn written(&self) -> String {
        let name = if self.visit { "visit" } else { "purchase" };
        let field = match self.from {
            From::Event => "",
            From::Total => ".total",
            From::Category => ".category",
            From::Items => ".items",
            From::Price => ".items.price",
        };
        let filter = self.filter.as_ref().map(|f| format!(" where {}", f.written())).unwrap_or_default();
        format!("{name}{field}{filter}")
    }

    fn passes(&self, of: &Happened, item: Option<&(Option<i64>, Option<&'static str>)>) -> bool {
        self.filter.as_ref().is_none_or(|f| f.holds(of, item) == Some(true))
    }

    /// What an event of the right name gives.
    fn of(&self, nth: usize, of: &Happened) -> Vec<Got> {
        match self.from {
            From::Event => self.passes(of, None).then_some(Got::Time(of.hour)).into_iter().collect(),
            From::Total => of.total.filter(|_| self.passes(of, None)).map(Got::Number).into_iter().collect(),
            From::Category => of.category.filter(|_| self.passes(of, None)).map(Got::Word).into_iter().collect(),
            From::Items => {
                let all = of.items.iter().enumerate().filter(|(_, item)| self.passes(of, Some(item)));
                all.map(|(at, _)| Got::Item(nth, at)).collect()
            }
            From::Price => of
                .items
                .iter()
                .filter(|item| item.0.is_some() && self.passes(of, Some(item)))
                .filter_map(|i| i.0)
                .map(Got::Number)
                .collect(),
        }
    }
}

fn day(micros: i64) -> Date {
    Instant(micros).to_timestamp().to_zoned(zone()).date()
}

fn zone() -> TimeZone {
    TimeZone::get("Europe/Madrid").expect("a zone")
}

impl Window {
    fn written(&self) -> String {
        match self {
            Self::Ever => String::new(),
            Self::Hours(n) => format!(", last {n}h"),
            Self::Months(n) => format!(", last {n} months"),
            Self::Since(d) => format!(", since {}", day(BASE + d * 24 * HOUR)),
            Self::Between(a, b) => format!(", between {} and {}", day(BASE + a * 24 * HOUR), day(BASE + b * 24 * HOUR)),
            Self::Today => ", today".into(),
            Self::Yesterday => ", yesterday".into(),
            Self::ThisWeek => ", this week".into(),
            Self::PreviousWeek => ", previous week in bot zone".into(),
            Self::PreviousMonth => ", previous month".into(),
        }
    }

    fn holds(&self, at: i64, now: i64) -> bool {
        let (x, today) = (day(at), day(now));
        let monday = |d: Date| d.checked_sub(i64::from(d.weekday().to_monday_zero_offset()).days()).expect("a day");
        at <= now
            && match self {
                Self::Ever => true,
                Self::Hours(n) => at > now - n * HOUR,
                Self::Months(_) => unreachable!("only followed, not recounted"),
                Self::Since(d) => x >= day(BASE + d * 24 * HOUR),
                Self::Between(a, b) => x >= day(BASE + a * 24 * HOUR) && x <= day(BASE + b * 24 * HOUR),
                Self::Today => x == today,
                Self::Yesterday => x == today.yesterday().expect("a day"),
                Self::ThisWeek => monday(x) == monday(today),
                Self::PreviousWeek => monday(x) == monday(today.checked_sub(7.days()).expect("a day")),
                Self::PreviousMonth => x.first_of_month() == today.first_of_month().yesterday().expect("a day").first_of_month(),
            }
    }
}

fn written(plain: &Plain) -> String {
    match plain {
        Plain::Figure { function, source, window, op, limit } => {
            let figure = format!("{function}({}{})", source.written(), window.written());
            match (*function, source.from) {
                ("first" | "last", From::Category) => format!("{figure} = \"a\""),
                ("first" | "last", From::Event) => format!("{figure} within {}h", limit.abs() * 24 + 1),
                _ => format!("{figure} {op} {limit}"),
            }
        }
        Plain::Sequence { first, absent, second, hours, window } => {
            let no = if *absent { "no " } else { "" };
            format!("sequence({} then {no}{} within {hours}h{})", first.written(), second.written(), window.written())
        }
        Plain::Changed(hours) => format!("plan changed within {hours}h"),
        Plain::Note(word) => format!("notes contain \"{word}\""),
        Plain::Not(of) => format!("not {}", written(of)),
        Plain::Or(a, b) => format!("({} or {})", written(a), written(b)),
    }
}

fn compared(op: &str, order: std::cmp::Ordering) -> bool {
    match op {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// The events of a name up to now, in order.
fn known(world: &World, visit: bool) -> Vec<(usize, &Happened)> {
    let mut events: Vec<(usize, &Happened)> = world.events.iter().enumerate().filter(|(_, e)| e.visit == visit).collect();
    events.sort_by_key(|(_, e)| e.hour);
    events.retain(|(_, e)| BASE + e.hour * HOUR <= world.now);
    events
}

fn meaning(plain: &Plain, world: &World) -> Option<bool> {
    match plain {
        Plain::Figure { function, source, window, op, limit } => {
            let events = known(world, source.visit);
            let values: Vec<Got> = events
                .iter()
                .filter(|(_, e)| window.holds(BASE + e.hour * HOUR, world.now))
                .flat_map(|(nth, e)| source.of(*nth, e))
                .collect();
            let numbers: Vec<i64> = values.iter().filter_map(|v| if let Got::Number(n) = v { Some(*n) } else { None }).collect();
            let figure = match *function {
                "count" => Some((values.len() as i64, 1)),
                "sum" => Some((numbers.iter().sum(), 1)),
                "avg" => (!numbers.is_empty()).then(|| (numbers.iter().sum::<i64>(), numbers.len() as i64)),
                "min" => numbers.iter().min().map(|n| (*n, 1)),
                "max" => numbers.iter().max().map(|n| (*n, 1)),
                "distinct" => {
                    let mut seen: Vec<&Got> = Vec::new();
                    values.iter().for_each(|v| {
                        if !seen.contains(&v) {
                            seen.push(v)
                        }
                    });
                    Some((seen.len() as i64, 1))
                }
                name => {
                    let one = if name == "first" { values.first() } else { values.last() };
                    return match one {
                        None => None,
                        Some(Got::Word(word)) => Some(*word == "a"),
                        Some(Got::Time(hour)) => Some(BASE + hour * HOUR > world.now - (limit.abs() * 24 + 1) * HOUR),
                        Some(Got::Number(n)) => Some(compared(op, n.cmp(limit))),
                        Some(Got::Item(..)) => unreachable!("not asked"),
                    };
                }
            };
            figure.map(|(sum, of)| compared(op, sum.cmp(&(limit * of))))
        }
        Plain::Sequence { first, absent, second, hours, window } => {
            let (firsts, seconds) = (known(world, first.visit), known(world, second.visit));
            let passing: Vec<(usize, i64)> =
                firsts.iter().enumerate().filter(|(_, (nth, e))| !first.of(*nth, e).is_empty()).map(|(at, (_, e))| (at, e.hour)).collect();
            Some(passing.iter().filter(|(_, hour)| window.holds(BASE + hour * HOUR, world.now)).any(|(at, hour)| {
                let follows = seconds.iter().enumerate().any(|(other, (nth, e))| {
                    let later = if first.visit == second.visit { other > *at } else { e.hour >= *hour };
                    later && e.hour < hour + hours && !second.of(*nth, e).is_empty()
                });
                if *absent { BASE + (hour + hours) * HOUR <= world.now && !follows } else { follows }
            }))
        }
        Plain::Changed(hours) => {
            Some(world.changed.map(|at| BASE + at * HOUR).is_some_and(|at| at <= world.now && at > world.now - hours * HOUR))
        }
        Plain::Note(word) => Some(world.notes.iter().any(|note| note.to_lowercase().contains(word))),
        Plain::Not(of) => meaning(of, world).map(|b| !b),
        Plain::Or(a, b) => match (meaning(a, world), meaning(b, world)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
    }
}

fn person(world: &World) -> Person {
    let mut person = Person { now: Instant(world.now), bot_zone: zone(), ..Person::default() };
    let number = |n: &i64| Value::Number((*n).into());
    for of in &world.events {
        let mut fields = Record::new();
        fields.extend(of.total.as_ref().map(|n| ("total".to_owned(), number(n))));
        fields.extend(of.category.map(|c| ("category".to_owned(), Value::text(c.to_uppercase()))));
        let item = |(price, category): &(Option<i64>, Option<&'static str>)| {
            let mut item = Record::new();
            item.extend(price.as_ref().map(|n| ("price".to_owned(), number(n))));
            item.extend(category.map(|c| ("category".to_owned(), Value::text(c))));
            Value::Record(item)
        };
        fields.insert("items".into(), Value::List(of.items.iter().map(item).collect()));
        let name = if of.visit { "visit" } else { "purchase" };
        person.events.entry(name.into()).or_default().push((Instant(BASE + of.hour * HOUR), fields));
    }
    person.events.values_mut().for_each(|events| events.sort_by_key(|(at, _)| *at));
    person.changed.clear();
    if let Some(at) = world.changed {
        person.changed.insert("plan".into(), Instant(BASE + at * HOUR));
    }
    person.notes.clone_from(&world.notes);
    person
}

fn word() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b"])
}

fn filter() -> impl Strategy<Value = Where> {
    let leaf = prop_oneof![
        (0i64..4).prop_map(Where::Total),
        word().prop_map(Where::Category),
        word().prop_map(Where::OwnCategory),
        (0i64..4).prop_map(Where::Price),
        Just(Where::NoTotal),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|f| Where::Not(Box::new(f))),
            (inner.clone(), inner).prop_map(|(a, b)| Where::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        2 => Just(Window::Ever),
        6 => (0i64..60).prop_map(Window::Hours),
        1 => (-20i64..4).prop_map(Window::Since),
        1 => (-20i64..4, -20i64..4).prop_map(|(a, b)| Window::Between(a, b)),
        4 => select(vec![Window::Today, Window::Yesterday, Window::ThisWeek, Window::PreviousWeek, Window::PreviousMonth]),
    ]
}

fn source(from: Vec<From>) -> impl Strategy<Value = Source> {
    (any::<bool>(), select(from), prop::option::of(filter())).prop_map(|(visit, from, filter)| Source { visit, from, filter })
}

fn leaf(window: BoxedStrategy<Window>) -> impl Strategy<Value = Plain> {
    let op = || select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let all = vec![From::Event, From::Total, From::Category, From::Items, From::Price];
    let figure = |functions: Vec<&'static str>, from: Vec<From>, window: BoxedStrategy<Window>| {
        (select(functions), source(from), window, op(), -1i64..5).prop_map(|(function, source, window, op, limit)| Plain::Figure {
            function,
            source,
            window,
            op,
            limit,
        })
    };
    let some = vec![From::Event, From::Items, From::Total];
    prop_oneof![
        3 => figure(vec!["count"], all.clone(), window.clone()),
        3 => figure(vec!["sum", "avg", "min", "max"], vec![From::Total, From::Price], window.clone()),
        1 => figure(vec!["distinct"], vec![From::Total, From::Category, From::Price], window.clone()),
        2 => figure(vec!["first", "last"], vec![From::Event, From::Total, From::Category, From::Price], window.clone()),
        4 => (source(some.clone()), any::<bool>(), source(some), 0i64..30, window)
            .prop_map(|(first, absent, second, hours, window)| Plain::Sequence { first, absent, second, hours, window }),
        1 => (0i64..40).prop_map(Plain::Changed),
        1 => select(vec!["late", "ang", "x"]).prop_map(Plain::Note),
    ]
}

fn plain(window: BoxedStrategy<Window>) -> impl Strategy<Value = Plain> {
    leaf(window).prop_recursive(2, 5, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|p| Plain::Not(Box::new(p))),
            (inner.clone(), inner).prop_map(|(a, b)| Plain::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn world() -> impl Strategy<Value = World> {
    let items = prop::collection::vec((prop::option::of(0i64..4), prop::option::of(word())), 0..3);
    let event = (
        any::<bool>(),
        prop_oneof![4 => -60i64..1, 1 => -900i64..1, 1 => 0i64..20],
        prop::option::of(0i64..4),
        prop::option::of(word()),
        items,
    )
        .prop_map(|(visit, hour, total, category, items)| Happened { visit, hour, total, category, items });
    // Later: the clocks change, short months end, a leap day comes (in days).
    let shift = prop_oneof![3 => Just(0i64), 2 => select(vec![8i64, 9, 11, 41, 218, 219, 312, 346, 709])];
    let note = select(vec!["Late again", "ANGRY", ""]).prop_map(str::to_owned);
    let notes = prop::collection::vec(note, 0..2);
    (shift, 0i64..48, -1i64..2, prop::collection::vec(event, 0..9), prop::option::of(-40i64..30), notes).prop_map(
        |(days, hour, off, mut events, changed, notes)| {
            events.iter_mut().for_each(|of| of.hour += days * 24);
            World { now: BASE + (days * 24 + hour) * HOUR + off, events, changed: changed.map(|at| at + days * 24), notes }
        },
    )
}

/// A condition of which a flip is told exactly: one figure held against a limit, or one sequence.
fn is_exact(plain: &Plain) -> bool {
    match plain {
        Plain::Figure { function, source, .. } => !matches!((*function, source.from), ("first" | "last", From::Event)),
        Plain::Sequence { window, .. } => matches!(window, Window::Ever | Window::Hours(_) | Window::Months(_)),
        Plain::Changed(_) | Plain::Note(_) => true,
        Plain::Not(of) => is_exact(of),
        Plain::Or(..) => false,
    }
}

fn read(src: &str) -> Result<Condition, TestCaseError> {
    Condition::parse(src, &Bot::new(Place::Segment))
        .map(|(c, _)| c)
        .map_err(|p| TestCaseError::fail(format!("{src}: {}", common::told(&p))))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(
        std::env::var("CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(3_000)) })]

    #[test]
    fn a_recount_comes_to_the_same(plain in plain(window().boxed()), world in world()) {
        let src = written(&plain);
        let condition = read(&src)?;
        let expected = meaning(&plain, &world).map_or(Truth::Unknown, Truth::from);
        let person = person(&world);
        prop_assert_eq!(condition.eval(&person, &mut Fuel::new(100_000)), Ok(expected), "{}", src);
        prop_assert_eq!(condition.explain(&person, &mut Fuel::new(400_000)).verdict, expected, "explained: {}", src);
        prop_assert_eq!(&read(&condition.to_string())?, &condition, "{}", src);
        let bot = Bot::new(Place::Segment);
        let json = Condition::from_json(&condition.to_json(), &bot).map_err(|p| TestCaseError::fail(common::told(&p)))?.0;
        prop_assert_eq!(&json, &condition, "{}", src);
    }

    #[test]
    fn nothing_changes_before_the_next_flip(
        plain in plain(prop_oneof![4 => window(), 1 => (1i64..3).prop_map(Window::Months)].boxed()),
        world in world(),
        probes in prop::collection::vec((0i64..400, -1i64..2), 10),
        late in prop::collection::vec(0i64..3_000, 3),
    ) {
        let src = written(&plain);
        let condition = read(&src)?;
        let mut person = person(&world);
        // A clock set back would let what is recorded come true with the time; told apart below.
        let behind = person.events.values().flatten().any(|(at, _)| *at > person.now) || person.changed.values().any(|at| *at > person.now);
        let verdict = condition.eval(&person, &mut Fuel::new(100_000)).unwrap();
        let flip = condition.next_flip(&person, &mut Fuel::new(1_000_000));
        if behind && !condition.references().time {
            return Ok(());
        }
        prop_assert!(flip.is_none_or(|flip| flip > person.now), "a flip is later than now: {}", src);
        let now = person.now;
        let end = flip.map_or(i64::MAX, |flip| flip.0 - 1);
        let probes = probes.into_iter().map(|(hour, off)| now.0 - now.0 % HOUR + hour * HOUR + off).chain(late.into_iter().map(|hour| now.0 + hour * HOUR));
        for probe in probes.chain(flip.map(|flip| flip.0 - 1)).filter(|probe| *probe > now.0 && *probe <= end) {
            person.now = Instant(probe);
            prop_assert_eq!(condition.eval(&person, &mut Fuel::new(100_000)).unwrap(), verdict, "{} at {}, flips {:?}", src, person.now, flip);
        }
        if let Some(flip) = flip.filter(|_| is_exact(&plain) && !behind) {
            person.now = flip;
            prop_assert_ne!(condition.eval(&person, &mut Fuel::new(100_000)).unwrap(), verdict, "{} flips indeed at {}", src, flip);
        }
    }
}
