//! The directory against a finder that nobody could get wrong: it looks at one contact after the other.

use super::*;
use model::{Actor, Address, Change, ContactId, Identifier, Reach};
use proptest::prelude::*;
use segments::Book;
use std::{cmp::Reverse, collections::BTreeMap};

const FIRST: [&str; 14] =
    ["Ana", "José", "Łukasz", "Мария", "Ёлка", "山田", "やまだ", "王小明", "김민수", "สมชาย", "أحمد", "فاطمة", "Ανna", "O’Brien"];
const LAST: [&str; 10] = ["Núñez", "van der Berg", "Smith-Jones", "太郎", "タロウ", "ใจดี", "محمد", "Πέτρου", "Ana", "Müller"];
const TYPED: [&str; 36] = [
    "ana",
    "AN",
    "a",
    "nunez",
    "jose n",
    "berg van",
    "smith",
    "jones",
    "山",
    "山田太",
    "たろう",
    "タロウ",
    "ใจ",
    "มช",
    "احمد",
    "محم",
    "فاطمه",
    "маr",
    "елка",
    "김민",
    "0912",
    "0912 345",
    "+886 912",
    "912345",
    "345",
    "example",
    "user1",
    "ana example",
    "@",
    "zzz",
    "müller",
    "o'b",
    "u-1",
    "12",
    "πετρ",
    "k",
];

fn declared() -> Vec<AttributeDef> {
    let of = |name: &str, ty: AttributeType| AttributeDef { name: name.into(), ty, default: None, personal: true };
    vec![of("mail", AttributeType::Email), of("mobile", AttributeType::Phone), of("customer_no", AttributeType::Text)]
}

fn directory() -> Directory {
    let mut directory = Directory::new(42);
    declared().iter().filter_map(Watch::of).for_each(|watch| _ = directory.watch(watch));
    directory
}

fn contact(no: u64, draws: [usize; 6], seen: i64) -> Contact {
    let now = Instant::from_secs(1_790_000_000);
    let mut contact = Contact::without_address(ContactId(u128::from(no) << 70 | 7), now, "api");
    contact.last_seen = Instant::from_secs(1_790_000_000 + seen);
    let mut set = |name: &str, value: String| _ = contact.system.insert(name.into(), Value::Text(value));
    let [first, last, mail, phone, user, other] = draws;
    if first < FIRST.len() {
        set("first_name", FIRST[first].into());
    }
    if last < LAST.len() {
        set("last_name", LAST[last].into());
    }
    if user < 3 {
        set("username", format!("User{user}"));
    }
    let mut set = |name: &str, value: String| _ = contact.attributes.insert(name.into(), Value::Text(value));
    if mail < 5 {
        set("mail", format!("Ana{mail}@Example.com"));
    }
    if phone < 5 {
        set("mobile", format!("+88691234567{phone}"));
    }
    if other < 4 {
        set("customer_no", format!("K{other}"));
        let now = contact.first_seen;
        contact.identifiers.push(Identifier { kind: IdentifierKind::External, value: format!("U-{other}"), since: now, verified: None });
        contact.addresses.push(Reach { address: Address { channel: "telegram".into(), id: format!("90{other}12") }, unreachable: None });
    }
    contact
}

fn contacts() -> impl Strategy<Value = Vec<Contact>> {
    let one = (prop::array::uniform6(0_usize..20), 0_i64..5);
    prop::collection::vec(one, 1..40).prop_map(|all| all.into_iter().zip(1..).map(|((draws, seen), no)| contact(no, draws, seen)).collect())
}

/// Everything that a contact is called, folded; phones as digits.
fn called(contact: &Contact) -> (Vec<String>, Vec<String>) {
    let text = |value: Option<&Value>| match value {
        Some(Value::Text(text)) => Some(folded(text)),
        _ => None,
    };
    let mut names = vec![folded(&contact.display_name())];
    names.extend(text(contact.system.get("username")));
    names.extend(text(contact.attributes.get("mail")));
    names.extend(contact.identifiers.iter().map(|one| folded(&one.value)));
    names.extend(contact.addresses.iter().map(|reach| folded(&reach.address.id)));
    let phones: Vec<String> = text(contact.attributes.get("mobile")).into_iter().map(|text| text.replace('+', "")).collect();
    names.extend(phones.clone());
    (names, phones)
}

/// How a contact fits: 0 whole, 1 every word begins one, 2 within.
fn naive_fit(contact: &Contact, typed: &str) -> Option<u8> {
    let (names, phones) = called(contact);
    let typed = folded(typed);
    let words: Vec<&str> = typed.split(' ').collect();
    let begins = |name: &String, word: &str| {
        name.match_indices(word).any(|(at, _)| {
            name.get(..at).unwrap_or_default().chars().next_back().is_none_or(|c| c.is_ascii() && !c.is_ascii_alphanumeric())
        })
    };
    let fit = |word: &&str| {
        if names.iter().any(|name| begins(name, word)) {
            return Some(1);
        }
        names.iter().any(|name| name.contains(word)).then_some(2)
    };
    let whole = |text: &str| names.iter().any(|name| name == text);
    let read = words.iter().map(fit).collect::<Option<Vec<u8>>>().and_then(|fits| fits.into_iter().max());
    let read = read.map(|fit| if whole(&typed) { 0 } else { fit });
    // What is dialled as a whole.
    let dialled = typed.chars().all(|c| c.is_ascii_digit() || " +".contains(c)).then(|| {
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_owned()
    });
    let dialled = dialled.filter(|digits| digits.len() >= 3 && *digits != typed).and_then(|digits| {
        let fits = phones.iter().filter(|phone| phone.contains(&digits)).map(|phone| {
            if *phone == digits {
                0
            } else if phone.starts_with(&digits) || phone.ends_with(&digits) {
                1
            } else {
                2
            }
        });
        fits.min()
    });
    read.into_iter().chain(dialled).min()
}

fn naive(people: &BTreeMap<u32, Contact>, typed: &str, limit: usize) -> Found {
    let there = people.iter().filter(|(_, contact)| !contact.is_merged_away());
    let mut places: Vec<_> = there.filter_map(|(row, c)| Some((naive_fit(c, typed)?, Reverse(c.last_seen), *row, c.id))).collect();
    places.sort_unstable();
    let total = places.len() as u64;
    Found { contacts: places.into_iter().take(limit).map(|(_, _, _, id)| id).collect(), total }
}

fn agrees(directory: &Directory, book: &Book, people: &BTreeMap<u32, Contact>) -> Result<(), TestCaseError> {
    for typed in TYPED {
        let query = Query::read(typed).expect("there is something to look for");
        let found = directory.snapshot(book.rows()).find(&query, 5);
        prop_assert_eq!(found, naive(people, typed, 5), "{}", typed);
    }
    let keys = (0..5)
        .flat_map(|n| {
            [
                Key::Known(IdentifierKind::Email, format!("ana{n}@example.COM")),
                Key::Known(IdentifierKind::Phone, format!("+886 912-345-67{n}")),
                Key::Known(IdentifierKind::External, format!("U-{n}")),
                Key::Attribute("customer_no".into(), Value::text(format!("K{n}"))),
            ]
        })
        .filter(|key| !matches!(key, Key::Attribute(..)) || directory.watches.len() > 2);
    for key in keys {
        let bearers = |row: &&u32| people.get(row).is_some_and(|contact| bears(contact, &key, &declared()));
        let found: Vec<u32> = directory.candidates(&key).iter().filter(bearers).copied().collect();
        let all: Vec<u32> = people.keys().filter(bearers).copied().collect();
        prop_assert_eq!(found, all, "{:?}", key);
    }
    prop_assert_eq!(directory.len(), people.values().filter(|contact| !contact.is_merged_away()).count());
    Ok(())
}

/// What happens to somebody.
#[derive(Clone, Debug)]
enum Edit {
    Put(usize, [usize; 6], i64),
    Touch(usize, i64),
    Forget(usize),
    Merge(usize),
    WatchCustomerNo,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        4 => (0_usize..40, prop::array::uniform6(0_usize..20), 0_i64..5).prop_map(|(who, draws, seen)| Edit::Put(who, draws, seen)),
        1 => (0_usize..40, 0_i64..9).prop_map(|(who, seen)| Edit::Touch(who, seen)),
        1 => (0_usize..40).prop_map(Edit::Forget),
        1 => (0_usize..40).prop_map(Edit::Merge),
        1 => Just(Edit::WatchCustomerNo),
    ];
    prop::collection::vec(edit, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn it_finds_whom_the_naive_finder_finds(all in contacts(), edits in edits()) {
        let (mut directory, mut book, mut people) = (directory(), Book::new(), BTreeMap::new());
        for contact in all {
            book.put(&contact);
            let row = book.row_of(contact.id).expect("put above");
            directory.put(row, &contact);
            people.insert(row, contact);
        }
        agrees(&directory, &book, &people)?;
        for edit in edits {
            match edit {
                Edit::Put(who, draws, seen) => {
                    let changed = contact(who as u64 + 1, draws, seen);
                    book.put(&changed);
                    let row = book.row_of(changed.id).expect("put above");
                    directory.put(row, &changed);
                    people.insert(row, changed);
                }
                Edit::Touch(who, seen) => {
                    if let Some((row, contact)) = people.iter_mut().nth(who) {
                        contact.last_seen = Instant::from_secs(1_790_000_000 + seen);
                        directory.touch(*row, contact.last_seen);
                    }
                }
                Edit::Forget(who) => {
                    if let Some((row, contact)) = people.iter().nth(who).map(|(row, contact)| (*row, contact.id)) {
                        directory.forget(row);
                        book.remove(contact);
                        people.remove(&row);
                    }
                }
                Edit::Merge(who) => {
                    if let Some((row, contact)) = people.iter_mut().nth(who) {
                        contact.merged_into = Some(ContactId(1));
                        directory.put(*row, contact);
                    }
                }
                Edit::WatchCustomerNo => {
                    let watch = Watch { attribute: "customer_no".into(), known_as: None };
                    if directory.watch(watch.clone()) {
                        let values: Vec<(u32, Value)> =
                            people.iter().filter_map(|(row, c)| Some((*row, c.attributes.get("customer_no")?.clone()))).collect();
                        directory.add_values(&watch, values.iter().map(|(row, value)| (*row, value)));
                    }
                }
            }
        }
        agrees(&directory, &book, &people)?;
    }
}

#[test]
fn an_id_is_found_by_its_beginning() {
    let (mut directory, mut book) = (directory(), Book::new());
    for no in 1..4 {
        let contact = contact(no, [19; 6], i64::try_from(no).unwrap());
        book.put(&contact);
        directory.put(book.row_of(contact.id).unwrap(), &contact);
    }
    let find = |typed: &str| directory.snapshot(book.rows()).find(&Query::read(typed).unwrap(), 9);
    let third = contact(3, [19; 6], 0).id;
    assert_eq!(find(&third.to_string()), Found { contacts: vec![third], total: 1 });
    assert_eq!(find(&third.to_string().to_lowercase().chars().take(12).collect::<String>()).total, 3);
    assert_eq!(find(&contact(9, [19; 6], 0).id.to_string()).total, 0);
    // Whoever has no name is shown by the end of their id.
    let shown = contact(2, [19; 6], 0).display_name();
    assert!(find(&shown).contacts.contains(&contact(2, [19; 6], 0).id), "{shown}");
}

/// What was forgotten is in no buffer, not even behind the end of one.
#[test]
fn whoever_is_forgotten_leaves_nothing() {
    let mut directory = directory();
    for no in 0..50 {
        directory.put(no, &contact(u64::from(no) + 1, [1; 6], 0));
    }
    let mut gone = contact(99, [1; 6], 0);
    gone.attributes.insert("mail".into(), Value::text("secret.person@hidden.example"));
    directory.put(50, &gone);
    assert_eq!(directory.candidates(&Key::Known(IdentifierKind::Email, "secret.person@hidden.example".into())), [50]);
    let (texts, keys) = (directory.bytes().texts, directory.index.rows(0).len());
    directory.forget(50);
    assert!(directory.candidates(&Key::Known(IdentifierKind::Email, "secret.person@hidden.example".into())).is_empty());
    assert_eq!((directory.len(), keys), (50, 0));
    assert!(directory.bytes().texts < texts, "what is left was copied to where nothing of it was");
    directory.forget(50);
    directory.forget(9_999);
    assert_eq!(directory.len(), 50);
}

#[test]
fn hostile_people_stay_small() {
    let mut directory = directory();
    let mut contact = contact(1, [1; 6], 0);
    contact.system.insert("first_name".into(), Value::text("\u{1}\u{3}a\u{300}".repeat(10_000)));
    contact.attributes.insert("name".into(), Value::text("山".repeat(10_000)));
    for no in 0..500 {
        contact.apply(
            &Change::AddIdentifier(IdentifierKind::External, format!("{no}-{}", "x".repeat(200))),
            contact.first_seen,
            &Actor::System,
        );
        contact.addresses.push(Reach { address: Address { channel: "w".into(), id: no.to_string() }, unreachable: None });
    }
    directory.put(0, &contact);
    assert!(directory.bytes().texts < 8_000, "{:?}", directory.bytes());
    let text = directory.chunks[0].text(0);
    assert!(std::str::from_utf8(text).is_ok() && text.len() <= 640);
}
