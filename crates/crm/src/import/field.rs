//! What a column can be: how it is written, and what the name of a column means by itself.

use super::{
    Cell, ERROR_COLUMN, Trouble, Vocabulary,
    value::{Habits, Wrong, read},
};
use jiff::tz::TimeZone;
use model::{AttributeType, IdentifierKind, Value, fold};
use std::fmt;

/// System attributes that an import and a program may write, with the type they are read by.
pub const WRITABLE: [(&str, AttributeType); 6] = [
    ("first_name", AttributeType::Text),
    ("last_name", AttributeType::Text),
    ("username", AttributeType::Text),
    ("language", AttributeType::Language),
    ("country", AttributeType::Country),
    ("timezone", AttributeType::Text),
];

/// The longest text of one of [`WRITABLE`], in characters.
const LONGEST: usize = 256;

/// A value of one of [`WRITABLE`] as a program says it: read as an import reads a cell.
///
/// # Errors
/// In words, why it is none.
pub fn read_system(name: &str, said: &str, words: &Vocabulary<'_>) -> Result<Value, String> {
    system(name, &Cell::Json(said.into()), words).map_err(|(_, why)| why)
}

/// A value of one of [`WRITABLE`].
pub(super) fn system(name: &str, cell: &Cell, words: &Vocabulary<'_>) -> Result<Value, Wrong> {
    let ty = WRITABLE.iter().find(|(known, _)| *known == name).map_or(&AttributeType::Text, |(_, ty)| ty);
    let Value::Text(text) = read(cell, ty, Habits::default(), words)? else {
        return Err((Trouble::Cell, "this is no text".into()));
    };
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if name == "timezone" {
        // What is no zone would count as the bot's own, and nobody would know.
        return zone(&text)
            .map(Value::Text)
            .ok_or_else(|| (Trouble::Cell, "this is no time zone: it has a name such as Europe/Madrid".into()));
    }
    Ok(Value::Text(text))
}

/// The usual name of a time zone; none if there is no such zone.
pub(crate) fn zone(name: &str) -> Option<String> {
    let zone = TimeZone::get(name).ok()?;
    zone.iana_name().map(str::to_owned)
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// The contact's own id, `con_…`.
    Id,
    /// An identifier. E-mail and phone are the attribute of that name as well.
    Identifier(IdentifierKind),
    /// A declared attribute.
    Attribute(String),
    /// One of [`WRITABLE`].
    System(&'static str),
    /// Tags, several in a cell.
    Tags,
    /// The status.
    Status,
    /// Not imported.
    Ignored,
}

impl Field {
    /// The field that a name stands for; none if there is no such field.
    pub fn named(name: &str, words: &Vocabulary<'_>) -> Option<Self> {
        if let Some(attribute) = name.strip_prefix("attribute.").or_else(|| name.strip_prefix("attributes.")) {
            return words.attribute(attribute).map(|declared| Self::Attribute(declared.name.clone()));
        }
        let plain = name.strip_prefix("system.").unwrap_or(name);
        if let Some(kind) = IdentifierKind::named(plain) {
            return Some(Self::Identifier(kind));
        }
        if let Some(declared) = words.attribute(plain).filter(|_| plain == name) {
            return Some(Self::Attribute(declared.name.clone()));
        }
        if let Some((known, _)) = WRITABLE.iter().find(|(known, _)| *known == plain) {
            return Some(Self::System(known));
        }
        match name {
            "id" | "contact_id" => Some(Self::Id),
            "tags" => Some(Self::Tags),
            "status" => Some(Self::Status),
            "-" => Some(Self::Ignored),
            _ => None,
        }
    }

    /// What the name of a column means, if it means something: attributes by their name, and what people usually call the others.
    pub fn meant(column: &str, words: &Vocabulary<'_>) -> Option<Self> {
        if column == ERROR_COLUMN {
            return Some(Self::Ignored);
        }
        if let Some(exact) = Self::named(column, words) {
            return Some(exact);
        }
        let bare = |text: &str| fold(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let wanted = bare(column.rsplit_once('.').map_or(column, |(_, last)| last));
        if let Some(declared) = words.attributes.iter().find(|declared| bare(&declared.name) == wanted) {
            return Some(match IdentifierKind::named(&declared.name) {
                Some(kind) => Self::Identifier(kind),
                None => Self::Attribute(declared.name.clone()),
            });
        }
        let (_, field) = CALLED.iter().find(|(names, _)| names.split(' ').any(|name| bare(name) == wanted))?;
        Self::named(field, words)
    }

    /// The field's name as it is written.
    pub fn name(&self) -> &str {
        match self {
            Self::Id => "id",
            Self::Identifier(kind) => kind.name(),
            Self::Attribute(name) => name,
            Self::System(name) => name,
            Self::Tags => "tags",
            Self::Status => "status",
            Self::Ignored => "-",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What people call the columns of their files, without spaces and marks, and which field is meant. What an export says beyond what
/// can be written is not imported.
const CALLED: &[(&str, &str)] = &[
    (
        "email e-mail mail emailaddress e-mailaddress email1 e-mailadresse emailadresse correo correoelectronico correoelectrónico \
         courriel adressemail posta メール メールアドレス 電子郵件 電郵 อีเมล",
        "email",
    ),
    (
        "phone phonenumber phone1 mobile mobilephone mobilenumber cell cellphone tel telephone telefon telefonnummer handy \
         handynummer mobil telefono teléfono celular movil móvil telefone telemovel whatsapp whatsappnumber 電話 手機 電話番号 โทรศัพท์",
        "phone",
    ),
    ("firstname givenname forename vorname nombre prenom prénom nome 名 ชื่อ", "first_name"),
    ("lastname surname familyname nachname apellido apellidos nomdefamille sobrenome cognome 姓 นามสกุล", "last_name"),
    ("username nickname handle benutzername usuario", "username"),
    ("language lang locale sprache idioma langue lingua 語言 言語 ภาษา", "language"),
    ("country countrycode land pais país pays paese 國家 国 ประเทศ", "country"),
    ("timezone tz zeitzone", "timezone"),
    ("externalid external userid user_id customerid customer_id customerno customernumber kundennummer kundennr memberid uid", "external"),
    ("tags tag labels label etiquetas schlagworte schlagwörter 標籤 แท็ก", "tags"),
    ("contactid switchboardid", "id"),
    ("name fullname source firstseen lastseen createdat segments", "-"),
];
