//! Files of the wild, as rows of changes.

use super::*;
use jiff::tz::TimeZone;
use model::{AttributeDef, AttributeType, Change, IdentifierKind, Instant, Value};
use std::{borrow::Cow, collections::BTreeMap};

fn attributes() -> Vec<AttributeDef> {
    let of = |name: &str, ty: AttributeType| AttributeDef { name: name.into(), ty, default: None, personal: false };
    vec![
        of("plan", AttributeType::Enum(vec!["free".into(), "gold".into()])),
        of("spent", AttributeType::Number),
        of("born", AttributeType::Date),
        of("vip", AttributeType::Bool),
        of("topics", AttributeType::List),
        of("email", AttributeType::Email),
        of("customer_no", AttributeType::Text),
        of("paid", AttributeType::Money),
    ]
}

struct Bot(Vec<AttributeDef>, Vec<String>, TimeZone);

impl Bot {
    fn new() -> Self {
        Self(attributes(), vec!["active".into(), "unsubscribed".into()], TimeZone::UTC)
    }
    fn words(&self) -> Vocabulary<'_> {
        Vocabulary {
            attributes: &self.0,
            statuses: &self.1,
            language: Some("en"),
            country: Some("DE"),
            zone: &self.2,
            now: Instant::from_secs(1_770_000_000),
        }
    }
}

/// Everything that the rows of a text say.
fn read(text: &str, options: &Options) -> (Vec<Reading>, Vec<Fault>) {
    let bot = Bot::new();
    let rows = || Rows::new(text.as_bytes(), Shape::of(text), &[]).unwrap();
    let (mut sample, mut sampled) = (Vec::new(), rows());
    while let Ok(Some(row)) = sampled.next_row() {
        sample.push(row);
    }
    let plan = Plan::new(sampled.names(), &sample, options, &bot.words()).unwrap();
    let (mut readings, mut faults) = (Vec::new(), Vec::new());
    for row in sample {
        let asked = plan.asks(&row, &bot.words());
        let judged = plan.judge(&row, &bot.words());
        let doubted = judged.as_ref().err().and_then(|wrong| wrong.iter().find(|fault| fault.trouble == Trouble::Dates));
        assert_eq!(asked.as_ref(), doubted, "what is asked before the first row is what the rows would come to");
        match judged {
            Ok(reading) => readings.push(reading),
            Err(wrong) => faults.extend(wrong),
        }
    }
    (readings, faults)
}

fn refused(text: &str, options: &Options) -> String {
    let bot = Bot::new();
    let mut rows = Rows::new(text.as_bytes(), Shape::of(text), &[]).unwrap();
    while let Ok(Some(_)) = rows.next_row() {}
    Plan::new(rows.names(), &[], options, &bot.words()).unwrap_err().0
}

fn set(reading: &Reading, name: &str) -> Option<String> {
    reading.changes.iter().find_map(|change| match change {
        Change::SetAttribute(known, value) | Change::SetSystem(known, value) if known == name => Some(value.to_json().to_string()),
        Change::UnsetAttribute(known) if known == name => Some("unset".to_owned()),
        _ => None,
    })
}

#[test]
fn columns_are_known_by_what_people_call_them() {
    let text = "E-Mail;Vorname;Nachname;Handy;Plan;Kundennummer;Tags;Unbekannt\n\
                Ann@Shop.Example;Ann;Berg;0176 123 45 67;Gold;K1;\"a, b\";x\n";
    let (readings, faults) = read(text, &Options { tags: vec!["imported".into()], list: Some("vips".into()), ..Options::default() });
    assert!(faults.is_empty(), "{faults:?}");
    let one = &readings[0];
    assert_eq!(one.key.as_ref().unwrap().to_string(), "external K1");
    assert_eq!(set(one, "email").as_deref(), Some("\"ann@shop.example\""));
    assert_eq!(set(one, "phone").as_deref(), Some("\"+491761234567\""));
    assert_eq!((set(one, "first_name").as_deref(), set(one, "plan").as_deref()), (Some("\"Ann\""), Some("\"gold\"")));
    let tags: Vec<&str> = one.changes.iter().filter_map(|c| if let Change::AddTag(tag) = c { Some(tag.as_str()) } else { None }).collect();
    assert_eq!(tags, ["a", "b", "imported"]);
    assert!(one.changes.contains(&Change::AddToList("vips".into())));
    assert!(one.changes.contains(&Change::AddIdentifier(IdentifierKind::Phone, "+491761234567".into())));
}

#[test]
fn a_time_zone_has_a_name_that_is_known() {
    let (readings, faults) = read("email,timezone\na@b.example,europe/madrid\nc@b.example,Nowhere/Land\n", &Options::default());
    assert_eq!(readings.iter().map(|reading| set(reading, "timezone")).collect::<Vec<_>>(), [Some("\"Europe/Madrid\"".to_owned())]);
    assert!(faults.len() == 1 && faults[0].why.contains("Europe/Madrid") && faults[0].column.as_deref() == Some("timezone"), "{faults:?}");
}

#[test]
fn a_list_of_identifiers_names_one_contact_by_each_the_first_before_the_others() {
    let text = r#"{"email":["New@b.example","old@b.example"],"first_name":"Ann"}
{"email":[],"first_name":"Ben"}
{"email":["a@b.example","nobody"]}
{"email":["1@b.example","2@b.example","3@b.example","4@b.example","5@b.example","6@b.example","7@b.example","8@b.example","9@b.example","10@b.example","11@b.example"]}
"#;
    let (readings, faults) = read(text, &Options::default());
    assert_eq!(readings.len(), 1);
    assert_eq!(readings[0].key.as_ref().unwrap().to_string(), "email new@b.example");
    assert_eq!(set(&readings[0], "email").as_deref(), Some("\"new@b.example\""));
    let added = readings[0].changes.iter().filter_map(|change| match change {
        Change::AddIdentifier(IdentifierKind::Email, value) => Some(value.as_str()),
        _ => None,
    });
    assert_eq!(added.collect::<Vec<_>>(), ["new@b.example", "old@b.example"]);
    let why: Vec<(u64, &str)> = faults.iter().map(|fault| (fault.row, fault.why.as_str())).collect();
    let [(2, blank), (3, none), (4, many)] = why[..] else { panic!("{faults:?}") };
    assert!(blank.contains("the key is blank") && !none.is_empty() && many.contains("at most 10"), "{faults:?}");
}

#[test]
fn numbers_days_and_lists_as_spreadsheets_write_them() {
    let text = "email;spent;born;vip;topics;paid\n\
                a@b.example;1.234,50;2026-03-31;ja;x|y;1.234,50 EUR\n\
                c@b.example;1.234;31.03.2026;no;\"[\"\"p,q\"\",\"\"r\"\"]\";5 USD\n\
                d@b.example;-7,5;31/03/2026;;one;\n";
    let (readings, faults) = read(text, &Options::default());
    assert!(faults.is_empty(), "{faults:?}");
    let all = |name| readings.iter().map(|reading| set(reading, name).unwrap_or_default()).collect::<Vec<_>>();
    // The first cell shows that the column writes a comma, so the second is more than a thousand.
    assert_eq!(all("spent"), ["1234.5", "1234", "-7.5"]);
    assert_eq!(all("born"), ["\"2026-03-31\"", "\"2026-03-31\"", "\"2026-03-31\""]);
    assert_eq!(all("vip"), ["true", "false", ""]);
    assert_eq!(all("topics"), ["[\"x\",\"y\"]", "[\"p,q\",\"r\"]", "[\"one\"]"]);
    assert_eq!(all("paid")[0], "{\"amount\":\"1234.50\",\"currency\":\"EUR\"}");
}

#[test]
fn a_file_of_members_says_nothing_but_who_they_are() {
    let members = || Options { list: Some("vips".into()), members: true, ..Options::default() };
    for (text, key) in [
        ("ann@b.example\n", "email ann@b.example"),
        ("0176 123 45 67\n", "phone +491761234567"),
        ("4711\n", "external 4711"),
        ("Name;E-Mail;Plan;born\nAnn;Ann@B.example;silver;03/04/2026\n", "email ann@b.example"),
        ("{\"plan\":\"gold\",\"external\":\"K1\"}\n", "external K1"),
    ] {
        let (readings, faults) = read(text, &members());
        assert!(faults.is_empty(), "{text}: {faults:?}");
        assert_eq!(readings[0].key.as_ref().unwrap().to_string(), key);
        assert_eq!(readings[0].changes, [Change::AddToList("vips".into())], "{text}");
    }
    let (_, faults) = read("email\nann@b.example\nnobody\n", &members());
    assert_eq!((faults.len(), faults[0].row), (1, 3), "{faults:?}");
    assert!(refused("email\na\n", &Options { members: true, ..Options::default() }).contains("which static segment"));
    assert!(refused("email\na\n", &Options { tags: vec!["x".into()], ..members() }).contains("tags nobody"));
    assert!(refused("plan\ngold\n", &members()).contains("--key"));
}

#[test]
fn a_day_that_can_be_read_in_two_ways_is_asked_about() {
    let text = "email,born\na@b.example,03/04/2026\n";
    let (_, faults) = read(text, &Options::default());
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    assert_eq!((fault.row, fault.column.as_deref(), fault.cell.as_str(), fault.trouble), (2, Some("born"), "03/04/2026", Trouble::Dates));
    for (dates, day) in [(DateOrder::Dmy, "\"2026-04-03\""), (DateOrder::Mdy, "\"2026-03-04\"")] {
        let (readings, faults) = read(text, &Options { dates: Some(dates), ..Options::default() });
        assert_eq!((set(&readings[0], "born").as_deref(), faults.len()), (Some(day), 0));
    }
}

#[test]
fn a_day_is_asked_about_whatever_else_is_wrong_with_its_row() {
    for row in ["nobody,03/04/2026,silver", "a@b.example,03/04/2026,gold,too,many", ",03/04/2026,"] {
        let (readings, faults) = read(&format!("email,born,plan\n{row}\n"), &Options::default());
        let asked = faults.iter().filter(|fault| fault.trouble == Trouble::Dates).count();
        assert_eq!((readings.len(), asked), (0, 1), "{row}: {faults:?}");
    }
    let (_, faults) = read("email,born\na@b.example,2026-04-03\nb@b.example,\nc@b.example,never\n", &Options::default());
    assert_eq!(faults.iter().map(|fault| (fault.row, fault.trouble)).collect::<Vec<_>>(), [(4, Trouble::Cell)]);
}

#[test]
fn every_fault_of_a_row_is_told_with_its_column() {
    let text = "email,plan,spent,phone\nnobody,silver,many,1.23E+11\n,gold,1,\na@b.example,gold,1,,too,many\n";
    let (readings, faults) = read(text, &Options::default());
    assert!(readings.is_empty());
    let told: Vec<String> = faults.iter().map(|f| format!("{} {}", f.row, f.column.as_deref().unwrap_or("-"))).collect();
    assert_eq!(told, ["2 email", "2 plan", "2 spent", "2 phone", "3 email", "4 -"]);
    assert!(faults[3].why.contains("shortened"), "{}", faults[3].why);
    assert!(faults[4].why.contains("key is blank"), "{}", faults[4].why);
}

#[test]
fn blank_cells_keep_or_clear() {
    let text = "email,plan\na@b.example,\n";
    assert_eq!(set(&read(text, &Options::default()).0[0], "plan"), None);
    let clears = Options { blanks: Blanks::Clear, ..Options::default() };
    assert_eq!(set(&read(text, &clears).0[0], "plan").as_deref(), Some("unset"));
}

#[test]
fn what_is_not_clear_is_said_before_anything_is_read() {
    let map = |column: &str, field: &str| Options { map: BTreeMap::from([(column.to_owned(), field.to_owned())]), ..Options::default() };
    assert!(refused("a,b\n1,2\n", &Options::default()).contains("no column of the file is known"));
    assert!(refused("plan\ngold\n", &Options::default()).contains("--key"));
    assert!(refused("email,mail\n1,2\n", &Options::default()).contains("are both email"));
    assert!(refused("email\n1\n", &map("Email", "email")).contains("has no column \"Email\""));
    assert!(refused("email,x\n1,2\n", &map("x", "colour")).contains("cannot be \"colour\""));
    assert!(refused("email,plan\n1,2\n", &Options { key: Some("plan".into()), ..Options::default() }).contains("cannot be a key"));
    assert!(refused("email\n1\n", &Options { key: Some("phone".into()), ..Options::default() }).contains("no column of the file is phone"));
    // What was said wins over what a name means.
    let (readings, faults) = read("email,mail\na@b.example,c@d.example\n", &map("mail", "-"));
    assert_eq!((readings.len(), faults.len()), (1, 0));
    let (readings, _) = read("email,plan\n,gold\n", &Options { mode: Mode::Create, ..Options::default() });
    assert_eq!(readings[0].key, None);
}

#[test]
fn formulas_of_an_export_come_back_and_shortened_keys_do_not_pass() {
    let text = "customer_no,email,first_name\n\"'=1+1\",a@b.example,\"=\"\"0049\"\"\"\n1.2E+12,b@b.example,Ann\n";
    let (readings, faults) = read(text, &Options::default());
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(set(&readings[0], "customer_no").as_deref(), Some("\"=1+1\""));
    assert_eq!(set(&readings[0], "first_name").as_deref(), Some("\"0049\""));
    assert_eq!(set(&readings[1], "customer_no").as_deref(), Some("\"1.2E+12\""));
}

#[test]
fn json_values_keep_their_types() {
    let text = "{\"email\":\"a@b.example\",\"attributes\":{\"spent\":12.5,\"vip\":true,\"topics\":[\"x\"],\
                \"paid\":{\"amount\":\"3.20\",\"currency\":\"EUR\"}},\"tags\":[\"gold\",{\"label\":\"two\"}]}\n";
    let (readings, faults) = read(text, &Options::default());
    assert!(faults.is_empty(), "{faults:?}");
    let one = &readings[0];
    assert_eq!(set(one, "spent").as_deref(), Some("12.5"));
    assert_eq!(set(one, "paid").as_deref(), Some("{\"amount\":\"3.20\",\"currency\":\"EUR\"}"));
    assert!(one.changes.contains(&Change::SetAttribute("vip".into(), Value::Bool(true))));
    assert!(one.changes.contains(&Change::AddTag("two".into())));
}

#[test]
fn nothing_in_the_file_of_errors_is_a_formula() {
    let text = "email,first_name,=cmd(),'＠note,spent,zip\nnobody,=1+1,'=2,＝3,-4,\"=\"\"0049\"\"\"\n";
    let (_, faults) = read(text, &Options::default());
    let mut rows = Rows::new(text.as_bytes(), Shape::of(text), &[]).unwrap();
    let row = rows.next_row().unwrap().unwrap();
    let lines = ErrorLines::new(Shape::of(text), rows.names().to_vec());
    let file = String::from_utf8([lines.head(), lines.line(&row.cells, &faults)].concat()).unwrap();
    let file = file.trim_start_matches('\u{feff}');
    let (head, rest) = file.split_once("\r\n").unwrap();
    assert_eq!(head, "email,first_name,'=cmd(),'＠note,spent,zip,_error");
    // `="0049"` is a constant that keeps its zeros.
    assert!(rest.starts_with("nobody,'=1+1,'=2,'＝3,'-4,\"=\"\"0049\"\"\",\"email: "), "{rest}");
    // Read again it says what the file said.
    let mut again = Rows::new(file.as_bytes(), Shape::of(file), &[]).unwrap();
    assert_eq!(again.names(), ["email", "first_name", "=cmd()", "＠note", "spent", "zip", "_error"]);
    let texts = |row: &Row| row.cells.iter().take(6).filter_map(|cell| value::text(cell).map(Cow::into_owned)).collect::<Vec<_>>();
    let corrected = again.next_row().unwrap().unwrap();
    assert_eq!(texts(&corrected), ["nobody", "=1+1", "=2", "＝3", "-4", "0049"]);
    assert_eq!(texts(&corrected), texts(&row));
}

#[test]
fn wrong_rows_can_be_corrected_and_read_again() {
    let text = "email;plan;notes\nnobody;gold;\"a;b\"\n";
    let (_, faults) = read(text, &Options::default());
    let mut rows = Rows::new(text.as_bytes(), Shape::of(text), &[]).unwrap();
    let row = rows.next_row().unwrap().unwrap();
    let lines = ErrorLines::new(Shape::of(text), rows.names().to_vec());
    let file = [lines.head(), lines.line(&row.cells, &faults)].concat();
    let file = String::from_utf8(file).unwrap();
    assert!(file.contains("email: ") && file.contains("\"a;b\""), "{file}");
    let corrected = file.trim_start_matches('\u{feff}').replace("nobody", "ann@b.example");
    let (readings, faults) = read(&corrected, &Options::default());
    assert_eq!((readings.len(), faults.len()), (1, 0), "{faults:?}");
}

#[test]
fn what_a_row_has_too_much_comes_with_it_to_be_put_right() {
    // A comma in a name without quotes.
    let text = "email,customer_no,plan\nann@b.example,7,Berg,gold,=1\n";
    let (_, faults) = read(text, &Options::default());
    let mut rows = Rows::new(text.as_bytes(), Shape::of(text), &[]).unwrap();
    let row = rows.next_row().unwrap().unwrap();
    let lines = ErrorLines::new(Shape::of(text), rows.names().to_vec());
    let file = String::from_utf8([lines.head(), lines.line(&row.cells, &faults)].concat()).unwrap();
    let file = file.trim_start_matches('\u{feff}');
    assert!(file.starts_with("email,customer_no,plan,_error\r\nann@b.example,7,Berg,"), "{file}");
    assert!(file.ends_with(",gold,'=1\r\n"), "{file}");
    // As it is, and as a spreadsheet saves it, with a head for every column, it is wrong still; corrected it is not.
    let saved = file.replace("_error\r\n", "_error,,\r\n");
    for file in [file, saved.as_str()] {
        let (readings, faults) = read(file, &Options::default());
        assert!(readings.is_empty() && faults.iter().any(|fault| fault.trouble == Trouble::Row), "{file}: {faults:?}");
        let corrected = file.replace("7,Berg,", "\"7, Berg\",gold,").replace(",gold,'=1", ",,");
        let (readings, faults) = read(&corrected, &Options::default());
        assert!(faults.is_empty(), "{corrected}: {faults:?}");
        assert_eq!(
            (set(&readings[0], "customer_no").as_deref(), set(&readings[0], "plan").as_deref()),
            (Some("\"7, Berg\""), Some("\"gold\""))
        );
    }
    // A column without a name elsewhere is left out, as ever.
    let (readings, faults) = read("email,,plan,\na@b.example,x,gold,y\n", &Options::default());
    assert_eq!((readings.len(), faults.len()), (1, 0), "{faults:?}");
}
