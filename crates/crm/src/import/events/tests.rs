//! Files of events of the wild, as what happened.

use super::*;
use crate::{
    directory,
    import::{DateOrder, Fault, Key, Kind, Options, Row, Rows, Shape, Trouble, Vocabulary},
};
use jiff::tz::TimeZone;
use model::{AttributeDef, AttributeType, IdentifierKind, Instant, Value};
use std::collections::BTreeMap;

/// 2026-02-02 02:40 UTC.
const NOW: Instant = Instant(1_770_000_000_000_000);

struct Bot(Vec<AttributeDef>, TimeZone);

impl Bot {
    fn new() -> Self {
        let of = |name: &str, ty: AttributeType| AttributeDef { name: name.into(), ty, default: None, personal: false };
        Self(vec![of("customer_no", AttributeType::Text), of("plan", AttributeType::Text), of("vip", AttributeType::Bool)], TimeZone::UTC)
    }
    fn words(&self) -> Vocabulary<'_> {
        Vocabulary { attributes: &self.0, statuses: &[], language: Some("en"), country: Some("DE"), zone: &self.1, now: NOW }
    }
}

fn all(text: &str) -> (Vec<String>, Vec<Row>) {
    let (mut rows, mut sample) = (Rows::new(text.as_bytes(), Shape::of(text), &[]).unwrap(), Vec::new());
    while let Ok(Some(row)) = rows.next_row() {
        sample.push(row);
    }
    (rows.names().to_vec(), sample)
}

/// Everything that the rows of a text say happened.
fn read(text: &str, options: &Options) -> (Vec<Occurrence>, Vec<Fault>) {
    let (bot, (names, sample)) = (Bot::new(), all(text));
    let plan = EventPlan::new(&names, &sample, Shape::of(text), options, &bot.words()).unwrap();
    let (mut said, mut faults) = (Vec::new(), Vec::new());
    for row in sample {
        match plan.judge(&row, &bot.words()) {
            Ok(one) => said.push(one),
            Err(wrong) => faults.extend(wrong),
        }
    }
    (said, faults)
}

fn refused(text: &str, options: &Options) -> String {
    let (bot, (names, sample)) = (Bot::new(), all(text));
    EventPlan::new(&names, &sample, Shape::of(text), options, &bot.words()).unwrap_err().0
}

fn fields(text: &str) -> Vec<Option<String>> {
    let (bot, (names, sample)) = (Bot::new(), all(text));
    Kind::Events.fields(Shape::of(text), &names, &sample, &bot.words())
}

fn known(kind: IdentifierKind, value: &str) -> Key {
    Key::By(directory::Key::Known(kind, value.into()))
}

fn json(one: &Occurrence) -> String {
    Value::Record(one.fields.clone()).to_json().to_string()
}

fn mapped(pairs: &[(&str, &str)]) -> Options {
    Options { map: pairs.iter().map(|(column, field)| ((*column).to_owned(), (*field).to_owned())).collect(), ..Options::default() }
}

#[test]
fn a_table_of_orders_is_known_by_its_columns_and_typed_by_its_cells() {
    let text = "\u{feff}E-Mail;Event;Timestamp;Order ID;Total;Paid;PLZ;Event-ID;Lieferdatum;_error\r\n\
                Ana@Shop.Example;purchase;2026-01-31 10:00;A-1;1.234,50;true;01067;e1;2026-01-31;x\r\n\
                ben@shop.example;refund;2026-01-31T09:30:00+01:00;A-2;7,5;false;80331;e2;2026-02-01;\r\n"
        .trim_start_matches('\u{feff}');
    let expected = ["email", "event", "at", "fields.order_id:text", "fields.Total:number", "fields.Paid:bool", "fields.PLZ:text"];
    let found = fields(text);
    assert_eq!(found.iter().flatten().take(7).collect::<Vec<_>>(), expected);
    assert_eq!(found.iter().skip(7).flatten().collect::<Vec<_>>(), ["event_id", "fields.Lieferdatum:date", "-"]);
    let options = Options { zone: Some("Europe/Berlin".into()), ..Options::default() };
    let (said, faults) = read(text, &options);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(
        (said[0].key.clone(), said[0].name.as_str(), said[0].column.as_str()),
        (known(IdentifierKind::Email, "ana@shop.example"), "purchase", "E-Mail")
    );
    assert_eq!(said[0].at.unwrap().to_string(), "2026-01-31T09:00:00Z", "in the zone that was said");
    assert_eq!(said[1].at.unwrap().to_string(), "2026-01-31T08:30:00Z", "in its own");
    assert_eq!(json(&said[0]), r#"{"Lieferdatum":"2026-01-31","PLZ":"01067","Paid":true,"Total":1234.5,"order_id":"A-1"}"#);
    assert!(said[0].has_id && said[0].mark != said[1].mark);
}

#[test]
fn lines_of_json_keep_their_types_and_nested_fields() {
    let text = r#"{"contact":"web:v_1","name":"purchase","fields":{"total":12.5,"items":[{"sku":"a"}],"code":"007"},"at":"2026-01-01T00:00:00Z"}
{"contact":"+49 176 1234567","name":"visit","at":1767225600,"page":"/a"}
"#;
    let (said, faults) = read(text, &Options::default());
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(said[0].key.to_string(), "web:v_1");
    assert_eq!(json(&said[0]), r#"{"code":"007","items":[{"sku":"a"}],"total":12.5}"#);
    assert_eq!((said[1].key.clone(), said[1].name.as_str()), (known(IdentifierKind::Phone, "+491761234567"), "visit"));
    assert_eq!((said[1].at, json(&said[1]).as_str()), (said[0].at, r#"{"page":"/a"}"#), "seconds since 1970");
}

#[test]
fn times_since_the_epoch_keep_their_fraction() {
    let row = |at: &str| format!("{{\"contact\":\"web:v_1\",\"name\":\"visit\",\"at\":{at}}}\n");
    let text: String = ["1700000000.25", "\"1700000000.75\"", "1700000000", "1700000000123", "1700000000.1234567"].map(row).concat();
    let (said, faults) = read(&text, &Options::default());
    assert!(faults.is_empty(), "{faults:?}");
    let micros: Vec<i64> = said.iter().map(|one| one.at.unwrap().0 - 1_700_000_000_000_000).collect();
    assert_eq!(micros, [250_000, 750_000, 0, 123_000, 123_456]);
    let marks: std::collections::BTreeSet<_> = said.iter().map(|one| one.mark).collect();
    assert_eq!(marks.len(), 5, "each is another event");
    for odd in ["1700000000.abc", "1700000000.", "1700000000.5s", "1700000000123.5"] {
        let (said, faults) = read(&row(&format!("{odd:?}")), &Options::default());
        assert_eq!((said.len(), faults.len()), (0, 1), "{odd}");
        assert_eq!(faults[0].column.as_deref(), Some("at"), "{odd}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_by_row_and_column() {
    let text = "contact,event,at,n\n\
                nobody,purchase,2026-01-01,1\n\
                ana@b.example,two words,2026-01-01,2\n\
                ana@b.example,identified,2001-01-01,3\n\
                ,purchase,,4\n\
                ana@b.example,purchase,2027-01-01,5\n\
                ana@b.example,purchase,soon,six,7\n";
    let (said, faults) = read(text, &mapped(&[("n", "fields.n:number")]));
    assert!(said.is_empty(), "{said:?}");
    let told: Vec<String> = faults.iter().map(|f| format!("{} {}", f.row, f.column.as_deref().unwrap_or("-"))).collect();
    assert_eq!(told, ["2 contact", "3 event", "4 event", "4 at", "5 contact", "5 at", "6 at", "7 -", "7 at", "7 n"]);
    for (at, says) in [(0, "external"), (2, "product alone"), (3, "ten years"), (4, "key is blank"), (6, "future"), (9, "fields.n:text")] {
        assert!(faults[at].why.contains(says), "{says}: {}", faults[at].why);
    }
}

#[test]
fn a_day_that_can_be_read_in_two_ways_is_asked_about() {
    let text = "external,event,date\nK1,visit,03/01/2026 14:00\n";
    let (_, faults) = read(text, &Options::default());
    assert_eq!((faults.len(), faults[0].trouble, faults[0].column.as_deref()), (1, Trouble::Dates, Some("date")));
    for (dates, at) in [(DateOrder::Dmy, "2026-01-03T14:00:00Z"), (DateOrder::Mdy, "2025-03-01T14:00:00Z")] {
        let text = if dates == DateOrder::Mdy { text.replace("2026", "2025") } else { text.to_owned() };
        let (said, faults) = read(&text, &Options { dates: Some(dates), ..Options::default() });
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(said[0].at.unwrap().to_string(), at);
    }
}

#[test]
fn what_is_not_clear_is_said_before_anything_is_read() {
    assert!(refused("event,at\nvisit,2026-01-01\n", &Options::default()).contains("whose an event is"));
    assert!(refused("email,at\na@b.example,2026-01-01\n", &Options::default()).contains("what happened"));
    let timeless = "email,event,total\na@b.example,visit,3\n";
    assert!(refused(timeless, &Options::default()).contains("--now"));
    assert!(refused("email,event,at\n1,2,3\n", &Options { now: true, ..mapped(&[("at", "at")]) }).contains("leave out --now"));
    assert!(refused(timeless, &Options { now: true, event: Some("no name".into()), ..Options::default() }).contains("letters"));
    assert!(refused(timeless, &Options { now: true, zone: Some("Mars".into()), ..Options::default() }).contains("no time zone"));
    assert!(refused(timeless, &Options { now: true, tags: vec!["x".into()], ..Options::default() }).contains("files of contacts"));
    assert!(refused(timeless, &Options { now: true, key: Some("vip".into()), ..Options::default() }).contains("cannot be a key"));
    assert!(refused(timeless, &Options { now: true, ..mapped(&[("total", "fields.a b")]) }).contains("cannot be \"fields.a b\""));
    assert!(refused("email,event,a b,a-b\n1,2,3,4\n", &Options { now: true, ..Options::default() }).contains("are both fields.a_b"));
    let (said, _) = read(timeless, &Options { now: true, ..Options::default() });
    assert_eq!((said[0].at, said[0].mark, json(&said[0]).as_str()), (None, None, r#"{"total":3}"#));
    // One name for all, and an attribute as the key.
    let options = Options { event: Some("renewed".into()), key: Some("customer_no".into()), ..Options::default() };
    let (said, faults) = read("customer_no,name,at\n0042,Ana,2026-01-01\n", &options);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(
        (said[0].key.to_string(), said[0].name.as_str(), json(&said[0])),
        ("customer_no 0042".into(), "renewed", r#"{"name":"Ana"}"#.into())
    );
}

#[test]
fn an_event_is_told_apart_by_its_id_or_by_everything_that_is_said_of_it() {
    let marks = |text: &str| read(text, &Options::default()).0.into_iter().map(|one| one.mark.unwrap()).collect::<Vec<_>>();
    let plain = marks(
        "email,event,at,n\na@b.example,v,2026-01-01,1\na@b.example,v,2026-01-01,2\na@b.example,w,2026-01-01,1\na@b.example,v,2026-01-02,1\n",
    );
    assert_eq!(plain.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    // Written in another way it is the same one.
    let again = marks("n;at;event;email\n1;2026-01-01T00:00:00Z;v;A@B.example\n");
    assert_eq!(again[0], plain[0]);
    let known = marks("email,event,at,event_id\na@b.example,v,2026-01-01,x\na@b.example,v,2026-01-05,x\na@b.example,w,2026-01-01,x\n");
    assert_eq!((known[0] == known[1], known[0] == known[2]), (true, false), "the id counts, of events of one name");
    assert!(plain.iter().chain(&known).all(|mark| *mark < 1 << 80));
}

#[test]
fn columns_that_turn_up_later_are_fields() {
    let bot = Bot::new();
    let names: Vec<String> = ["external", "event", "at"].map(str::to_owned).to_vec();
    let mut plan = EventPlan::new(&names, &[], Shape::Jsonl, &Options::default(), &bot.words()).unwrap();
    let more: Vec<String> = names.iter().cloned().chain(["total", "email", "event_id"].map(str::to_owned)).collect();
    plan.grow(&more, &bot.words());
    let grown: BTreeMap<&str, String> = plan.columns.iter().map(|column| (column.name.as_str(), column.field.to_string())).collect();
    assert_eq!((grown["total"].as_str(), grown["email"].as_str(), grown["event_id"].as_str()), ("fields.total", "-", "event_id"));
}

#[test]
fn fields_are_fields_even_if_they_are_an_amount_and_its_currency() {
    for group in ["fields", "properties", "props"] {
        let text = format!(r#"{{"contact":"web:v_1","name":"paid","at":"2026-01-01","{group}":{{"amount":5,"currency":"EUR"}}}}"#);
        let (said, faults) = read(&text, &Options::default());
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(json(&said[0]), r#"{"amount":5,"currency":"EUR"}"#, "{group}");
    }
}

#[test]
fn an_event_is_the_same_whatever_the_rest_of_its_file_looks_like() {
    let first = |text: &str| read(text, &Options::default()).0.remove(0).mark.unwrap();
    let row = "a@b.example,paid,2026-01-01,1001,\"1,5\"\n";
    let alone = first(&format!("email,event,at,no,total\n{row}"));
    let among = first(&format!("email,event,at,no,total\n{row}b@b.example,paid,2026-01-01,A-7,none\n"));
    assert_eq!(alone, among, "numbers in one file, texts in the other one");
    let object = first(r#"{"email":"a@b.example","event":"paid","at":"2026-01-01","no":1001,"total":"1,5"}"#);
    assert_eq!(object, alone);
}

#[test]
fn ids_of_something_else_are_fields() {
    for column in ["transaction_id", "message_id", "uuid", "id"] {
        let text = format!("email,event,at,{column}\na@b.example,paid,2026-01-01,T1\na@b.example,paid,2026-01-02,T1\n");
        assert_eq!(fields(&text)[3], Some(format!("fields.{column}:text")));
        let (said, _) = read(&text, &Options::default());
        assert!(!said[0].has_id && said[0].mark != said[1].mark, "{column}");
    }
    assert_eq!(fields("email,event,at,Idempotency-Key\n")[3].as_deref(), Some("event_id"));
}

#[test]
fn a_customer_who_is_told_by_name_is_whose_it_is() {
    let contact = model::ContactId(7).to_string();
    for column in ["Customer", "client", "user", "Kunde"] {
        for cell in ["ana@shop.example", "+351 912 345 678", contact.as_str()] {
            let text = format!("{column},event,at\n{cell},paid,2026-01-01\n");
            assert_eq!(fields(&text)[0].as_deref(), Some("contact"), "{column}: {cell}");
            assert_eq!(read(&text, &Options::default()).1, [], "{column}: {cell}");
        }
    }
    // Another system's number, or not all of them.
    assert_eq!(fields("user_id,event,at\n10023344,paid,2026-01-01\n")[0].as_deref(), Some("external"));
    for field in
        ["customer,event,at\nana@shop.example,paid,2026-01-01\n10023344,paid,2026-01-01\n", "user,event,at\n@ana,paid,2026-01-01\n"]
    {
        assert!(fields(field)[0].as_deref().is_some_and(|found| found.starts_with("fields.")), "{field}");
    }
    // Who did it, beside whose it is.
    let beside = fields("user,email,event,at\nstaff@shop.example,ana@shop.example,paid,2026-01-01\n");
    assert_eq!((beside[0].as_deref(), beside[1].as_deref()), (Some("fields.user:text"), Some("email")));
    assert_eq!(fields("user,customer,event,at\na@b.example,c@d.example,paid,2026-01-01\n")[1].as_deref(), Some("fields.customer:text"));
}

#[test]
fn an_event_of_more_than_64_kb_is_a_wrong_row() {
    let list = |n: usize| format!("[{}]", vec![format!("\"{}\"", "x".repeat(1_000)); n].join(","));
    let line = |n: usize| format!(r#"{{"email":"a@b.example","event":"v","at":"2026-01-01","l":{}}}"#, list(n));
    let (said, faults) = read(&format!("{}\n{}\n", line(60), line(70)), &Options::default());
    assert_eq!((said.len(), faults.len()), (1, 1), "{faults:?}");
    assert!(faults[0].row == 2 && faults[0].why.contains("64 KB"), "{faults:?}");
}
