//! Contacts as lines of a file: CSV that no spreadsheet runs, or JSON objects; an import of the file gives the same values back.

use crate::import::{WRITABLE, identifiers, neutralise, zone};
use model::{AttributeDef, Contact, IdentifierKind, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A table with commas, in UTF-8 with a mark, so that spreadsheets read it right.
    #[default]
    Csv,
    /// A JSON object to a line.
    Jsonl,
}

impl Format {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
        }
    }
}

/// A column of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// `id`.
    Id,
    /// `external`, `email`, `phone`.
    Identifier(IdentifierKind),
    /// A declared attribute.
    Attribute(String),
    /// A system attribute.
    System(String),
    /// `tags`.
    Tags,
    /// `status`.
    Status,
    /// `source`.
    Source,
    /// `first_seen`.
    FirstSeen,
    /// `last_seen`.
    LastSeen,
}

impl Column {
    /// The columns of an export that names none: everything that an import takes back, and since when somebody is known.
    pub fn usual(attributes: &[AttributeDef]) -> Vec<Self> {
        let declared = |name: &str| attributes.iter().any(|a| a.name == name);
        let system = WRITABLE.iter().filter(|(name, _)| !declared(name)).map(|(name, _)| Self::System((*name).to_owned()));
        let own = attributes.iter().filter(|a| IdentifierKind::named(&a.name).is_none()).map(|a| Self::Attribute(a.name.clone()));
        let mut all = vec![Self::Id];
        all.extend(IdentifierKind::ALL.map(Self::Identifier));
        all.extend(system);
        all.extend([Self::Status, Self::Tags, Self::Source, Self::FirstSeen, Self::LastSeen]);
        all.extend(own);
        all
    }

    /// The column of a name; none if there is none.
    pub fn named(name: &str, attributes: &[AttributeDef]) -> Option<Self> {
        if let Some(kind) = IdentifierKind::named(name) {
            return Some(Self::Identifier(kind));
        }
        if attributes.iter().any(|a| a.name == name) {
            return Some(Self::Attribute(name.to_owned()));
        }
        Some(match name {
            "id" => Self::Id,
            "tags" => Self::Tags,
            "status" => Self::Status,
            "source" => Self::Source,
            "first_seen" => Self::FirstSeen,
            "last_seen" => Self::LastSeen,
            name if expr::SYSTEM.iter().any(|known| known.name == name) => Self::System(name.to_owned()),
            _ => return None,
        })
    }

    /// Its name in the head.
    pub fn name(&self) -> &str {
        match self {
            Self::Id => "id",
            Self::Identifier(kind) => kind.name(),
            Self::Attribute(name) | Self::System(name) => name,
            Self::Tags => "tags",
            Self::Status => "status",
            Self::Source => "source",
            Self::FirstSeen => "first_seen",
            Self::LastSeen => "last_seen",
        }
    }

    /// What a contact has of it: of several identifiers of a kind the one that holds now comes first.
    fn value(&self, contact: &Contact) -> Option<Value> {
        match self {
            Self::Id => Some(Value::text(contact.id.to_string())),
            Self::Identifier(kind) => {
                let mut all: Vec<Value> = Vec::new();
                for value in identifiers(contact, *kind).map(Value::Text) {
                    if !all.contains(&value) {
                        all.push(value);
                    }
                }
                // No row says more than one contact keeps.
                all.truncate(kind.limit());
                if all.len() > 1 { Some(Value::List(all)) } else { all.pop() }
            }
            Self::Attribute(name) => contact.attributes.get(name).cloned(),
            // What is no zone counts as none, and an import would refuse the row for it.
            Self::System(name) => contact.system.get(name).filter(|value| name != "timezone" || is_zone(value)).cloned(),
            Self::Tags => {
                let tags: Vec<Value> = contact.tags.values().map(|tag| Value::text(tag.label.clone())).collect();
                (!tags.is_empty()).then_some(Value::List(tags))
            }
            Self::Status => Some(Value::text(contact.status.clone())),
            Self::Source => Some(Value::text(contact.source.clone())),
            Self::FirstSeen => Some(Value::DateTime(contact.first_seen)),
            Self::LastSeen => Some(Value::DateTime(contact.last_seen)),
        }
    }

    /// The same as a cell of a table, which other programs read as well: of several identifiers of a kind the one that holds now.
    fn cell(&self, contact: &Contact) -> String {
        match (self, self.value(contact)) {
            (_, None) => String::new(),
            (Self::Identifier(_), Some(Value::List(several))) => several.first().map_or_else(String::new, cell),
            (_, Some(value)) => cell(&value),
        }
    }
}

/// Writes contacts as lines.
#[derive(Clone, Debug)]
pub struct Lines {
    format: Format,
    columns: Vec<Column>,
}

impl Lines {
    /// Lines of these columns.
    pub fn new(format: Format, columns: Vec<Column>) -> Self {
        Self { format, columns }
    }

    /// What comes before the first contact.
    pub fn head(&self) -> Vec<u8> {
        match self.format {
            Format::Jsonl => Vec::new(),
            Format::Csv => {
                let mut out = b"\xEF\xBB\xBF".to_vec();
                out.extend(record(self.columns.iter().map(|column| column.name().to_owned())));
                out
            }
        }
    }

    /// The line of a contact, its end included.
    pub fn line(&self, contact: &Contact) -> Vec<u8> {
        match self.format {
            Format::Csv => record(self.columns.iter().map(|column| column.cell(contact))),
            Format::Jsonl => {
                let fields = self.columns.iter().filter_map(|column| Some((column.name().to_owned(), column.value(contact)?.to_json())));
                let mut line = Json::Object(fields.collect::<Map<_, _>>()).to_string().into_bytes();
                line.push(b'\n');
                line
            }
        }
    }
}

fn is_zone(value: &Value) -> bool {
    matches!(value, Value::Text(name) if zone(name).is_some())
}

fn record(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(cells);
    writer.into_inner().unwrap_or_default()
}

/// A value as a cell: what a spreadsheet shows, what an import reads, and nothing that runs.
fn cell(value: &Value) -> String {
    match value {
        Value::Text(text) => neutralise(text).into_owned(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Time(time) => time.to_string(),
        Value::DateTime(at) => at.to_string(),
        Value::Duration(length) => length.to_string(),
        Value::Money(money) => format!("{} {}", money.amount, money.currency),
        Value::List(items) => {
            let plain = |item: &Value| match item {
                Value::Text(text) if !text.contains([',', ';', '|', '，', '、']) && text.trim() == text && !text.is_empty() => {
                    Some(text.clone())
                }
                _ => None,
            };
            let texts: Option<Vec<String>> = items.iter().map(plain).collect();
            match texts.map(|texts| texts.join(", ")).filter(|joined| !joined.starts_with('[')) {
                Some(joined) => neutralise(&joined).into_owned(),
                None => value.to_json().to_string(),
            }
        }
        Value::Record(_) => value.to_json().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{Decoded, Encoding, Options, Plan, Rows, Shape, Vocabulary};
    use model::{Actor, AttributeType, Change, ContactId, Instant};

    #[test]
    fn what_is_said_of_an_address_now_goes_before_what_was_said_once() {
        let (at, by) = (Instant::from_secs(1_770_000_000), Actor::System);
        let mut contact = Contact::without_address(ContactId(7), at, "api");
        for change in [
            Change::AddIdentifier(IdentifierKind::Email, "old@shop.example".into()),
            Change::AddIdentifier(IdentifierKind::Email, "new@shop.example".into()),
            Change::AddIdentifier(IdentifierKind::External, "K1".into()),
        ] {
            assert!(contact.apply(&change, at, &by));
        }
        let lines = Lines::new(Format::Csv, vec![Column::Identifier(IdentifierKind::External), Column::Identifier(IdentifierKind::Email)]);
        assert_eq!(lines.line(&contact), b"K1,old@shop.example\r\n");
        contact.apply(&Change::SetSystem("email".into(), Value::text("New@shop.example")), at, &by);
        assert_eq!(lines.line(&contact), b"K1,new@shop.example\r\n");
    }

    #[test]
    fn an_import_of_an_export_changes_nothing() {
        let of = |name: &str, ty: AttributeType| AttributeDef { name: name.into(), ty, default: None, personal: false };
        let attributes = vec![
            of("motto", AttributeType::Text),
            of("spent", AttributeType::Number),
            of("topics", AttributeType::List),
            of("paid", AttributeType::Money),
        ];
        let at = Instant::from_secs(1_770_000_000);
        let by = Actor::System;
        let mut contact = Contact::without_address(ContactId(7), at, "api");
        for change in [
            Change::SetSystem("first_name".into(), Value::text("@Ann, \"the\" first")),
            Change::SetAttribute("motto".into(), Value::text("=HYPERLINK(\"http://x\")\nline two")),
            Change::SetAttribute("spent".into(), Value::Number("-1234.50".parse().unwrap())),
            Change::SetAttribute("topics".into(), Value::List(vec![Value::text("a,b"), Value::text("c")])),
            Change::SetAttribute("paid".into(), Value::Money(model::Money { amount: "12.50".parse().unwrap(), currency: "EUR".into() })),
            Change::AddTag("-gold".into()),
            Change::AddTag("a, b".into()),
            Change::AddIdentifier(IdentifierKind::Phone, "+49301234567".into()),
            Change::AddIdentifier(IdentifierKind::Phone, "+491761234567".into()),
            Change::SetSystem("username".into(), Value::text("ann")),
            Change::SetSystem("language".into(), Value::text("pt-BR")),
            Change::SetSystem("country".into(), Value::text("BR")),
            Change::SetSystem("timezone".into(), Value::text("America/Sao_Paulo")),
        ] {
            assert!(contact.apply(&change, at, &by));
        }
        let statuses = ["active".to_owned()];
        let zone = jiff::tz::TimeZone::UTC;
        let words = Vocabulary { attributes: &attributes, statuses: &statuses, language: Some("de"), country: None, zone: &zone, now: at };
        for format in [Format::Csv, Format::Jsonl] {
            let lines = Lines::new(format, Column::usual(&attributes));
            let file = [lines.head(), lines.line(&contact)].concat();
            if format == Format::Csv {
                let text = String::from_utf8_lossy(&file).into_owned();
                assert!(text.contains("'=HYPERLINK") && text.contains("'@Ann") && text.contains("'+4930"), "{text}");
            }
            let shape = if format == Format::Csv { Shape::Csv { delimiter: ',', told: false, bare: false } } else { Shape::Jsonl };
            let mut rows = Rows::new(Decoded::new(file.as_slice(), Encoding::Utf8), shape, &[]).unwrap();
            let row = rows.next_row().unwrap().unwrap();
            let plan = Plan::new(rows.names(), std::slice::from_ref(&row), &Options::default(), &words).unwrap();
            let reading = plan.judge(&row, &words).unwrap_or_else(|faults| panic!("{faults:?}"));
            assert_eq!(reading.key.map(|key| key.to_string()), Some(contact.id.to_string()));
            let written = WRITABLE.iter().filter(|(name, _)| contact.system.contains_key(*name));
            for (name, _) in written {
                assert!(reading.changes.contains(&Change::SetSystem((*name).into(), contact.system[*name].clone())), "{format:?}: {name}");
            }
            let phones = reading.changes.iter().filter(|change| matches!(change, Change::AddIdentifier(IdentifierKind::Phone, _)));
            assert_eq!(phones.count(), if format == Format::Csv { 1 } else { 2 });
            let mut after = contact.clone();
            // The phone becomes what conditions read as well; nothing else differs.
            let other: Vec<&Change> = reading
                .changes
                .iter()
                .filter(|change| !matches!(change, Change::SetSystem(name, _) if name == "phone"))
                .filter(|change| after.apply(change, at, &by))
                .collect();
            assert!(other.is_empty(), "{format:?}: {other:?}");
        }
    }

    #[test]
    fn a_time_zone_that_is_none_is_in_no_export_and_refuses_no_import() {
        let (at, by) = (Instant::from_secs(1_770_000_000), Actor::System);
        let zone = jiff::tz::TimeZone::UTC;
        let statuses = ["active".to_owned()];
        let words = Vocabulary { attributes: &[], statuses: &statuses, language: None, country: None, zone: &zone, now: at };
        let read_back = |format: Format, columns: Vec<Column>, contact: &Contact| {
            let lines = Lines::new(format, columns);
            let file = [lines.head(), lines.line(contact)].concat();
            let shape = if format == Format::Csv { Shape::Csv { delimiter: ',', told: false, bare: false } } else { Shape::Jsonl };
            let mut rows = Rows::new(Decoded::new(file.as_slice(), Encoding::Utf8), shape, &[]).unwrap();
            let row = rows.next_row().unwrap().unwrap();
            let plan = Plan::new(rows.names(), std::slice::from_ref(&row), &Options::default(), &words).unwrap();
            plan.judge(&row, &words).unwrap_or_else(|faults| panic!("{format:?}: {faults:?}")).changes
        };
        // As a channel or an earlier import may have said it.
        for (said, kept) in [("MEZ", false), ("Berlin", false), ("europe/madrid", true), ("Europe/Madrid", true)] {
            let mut contact = Contact::without_address(ContactId(7), at, "api");
            for change in [("first_name", "Ann"), ("timezone", said)].map(|(name, said)| Change::SetSystem(name.into(), Value::text(said)))
            {
                assert!(contact.apply(&change, at, &by));
            }
            for format in [Format::Csv, Format::Jsonl] {
                let named = ["id", "first_name", "timezone"].map(|name| Column::named(name, &[]).unwrap()).to_vec();
                for columns in [Column::usual(&[]), named] {
                    let changes = read_back(format, columns, &contact);
                    assert!(
                        changes.contains(&Change::SetSystem("first_name".into(), Value::text("Ann"))),
                        "{format:?} {said}: {changes:?}"
                    );
                    let zone = changes.contains(&Change::SetSystem("timezone".into(), Value::text("Europe/Madrid")));
                    assert_eq!(zone, kept, "{format:?} {said}: {changes:?}");
                    assert!(kept || !changes.iter().any(|change| matches!(change, Change::SetSystem(name, _) if name == "timezone")));
                }
            }
        }
    }
}
