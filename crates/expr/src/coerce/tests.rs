//! Examples of what is read, and of what is refused.

use super::*;
use model::AttributeType as T;

fn read(ty: &T, text: &str, language: &str, country: &str) -> Result<String, String> {
    let zone = TimeZone::get("Europe/Madrid").unwrap();
    let now = Instant::from("2026-03-02T09:00:00Z".parse::<jiff::Timestamp>().unwrap());
    let ctx = Coercion { language: Some(language), country: Some(country), zone: &zone, now };
    coerce(&Value::text(text), ty, &ctx).map(|value| render(&value, &zone))
}

#[test]
fn what_people_type_is_read_by_the_declared_type() {
    let plans = T::Enum(vec!["free".into(), "Gold Plus".into()]);
    let table: &[(&T, &str, &str, &str, &str)] = &[
        (&T::Text, " 007 ", "en", "US", " 007 "),
        (&T::Number, "1.234,50", "es", "ES", "1234.5"),
        (&T::Number, "４１", "ja", "JP", "41"),
        (&T::Bool, "Sí", "es", "ES", "true"),
        (&T::Bool, "NO", "en", "US", "false"),
        (&T::Date, "2026-12-31", "en", "US", "2026-12-31"),
        (&T::Date, "31/12/2026", "en", "US", "2026-12-31"),
        (&T::Date, "12/31/2026", "en-US", "US", "2026-12-31"),
        (&T::Date, "3/4/2026", "en-US", "US", "2026-03-04"),
        (&T::Date, "3/4/2026", "es", "ES", "2026-04-03"),
        (&T::Date, "3/4/2026", "en-GB", "GB", "2026-04-03"),
        (&T::Date, "03.04.2026", "de", "DE", "2026-04-03"),
        (&T::Date, "mañana", "es", "ES", "2026-03-03"),
        (&T::Datetime, "2026-03-02 10:30", "en", "US", "2026-03-02 10:30"),
        (&T::Datetime, "2026-03-02T10:30:00Z", "en", "US", "2026-03-02 11:30"),
        (&T::Datetime, "02.03.2026 9:05", "de", "DE", "2026-03-02 09:05"),
        (&T::Datetime, "2026-03-29T02:30", "es", "ES", "2026-03-29 03:30"),
        (&plans, " ＧＯＬＤ  plus", "en", "US", "Gold Plus"),
        (&T::List, "red, green,,blue ", "en", "US", "red, green, blue"),
        (&T::Money, "12,50 €", "es", "ES", "12.50 EUR"),
        (&T::Money, "$5", "en", "US", "5 USD"),
        (&T::Money, "USD 1,200.50", "en", "ES", "1200.50 USD"),
        (&T::Money, "7", "es", "ES", "7 EUR"),
        (&T::Phone, "612 34 56 78", "es", "ES", "+34612345678"),
        (&T::Phone, "+44 (0)20 7946 0958", "en", "US", "+442079460958"),
        (&T::Phone, "0049 30 123456", "de", "ES", "+4930123456"),
        (&T::Phone, "(206) 555-1212", "en", "US", "+12065551212"),
        (&T::Phone, "06 1234 5678", "it", "IT", "+390612345678"),
        (&T::Email, " Ana.B@Example.COM ", "en", "US", "Ana.B@example.com"),
        (&T::Url, "Example.com/a?b=1", "en", "US", "https://example.com/a?b=1"),
        (&T::Language, "PT_br", "en", "US", "pt-BR"),
        (&T::Country, "es", "en", "US", "ES"),
    ];
    for (ty, text, language, country, expected) in table {
        assert_eq!(read(ty, text, language, country).as_deref(), Ok(*expected), "{text:?} as {}", ty.name());
    }
}

#[test]
fn what_is_not_of_the_type_is_refused_with_a_reason() {
    let table: &[(&T, &str, &str)] = &[
        (&T::Number, "forty-one", "\"forty-one\" is not a number"),
        (&T::Bool, "perhaps", "\"perhaps\" is neither yes nor no"),
        (&T::Date, "3/4/2026", "two ways"),
        (&T::Date, "3/4/26", "four digits"),
        (&T::Date, "2026-02-30", "there is no day"),
        (&T::Date, "soon", "not a date"),
        (&T::Datetime, "soon", "not a date with a time"),
        (&T::Enum(vec!["free".into(), "gold".into()]), "silver", "one of free, gold"),
        (&T::Money, "12 apples", "not an amount"),
        (&T::Phone, "call me", "something else than digits"),
        (&T::Phone, "12", "too short"),
        (&T::Phone, "+1234567890123456", "too long"),
        (&T::Email, "ana@", "not an e-mail"),
        (&T::Email, "a b@example.com", "not an e-mail"),
        (&T::Email, "a@b@example.com", "not an e-mail"),
        (&T::Url, "javascript://example.com/%0aalert(1)", "not a web address"),
        (&T::Url, "https://good.example@evil.example/", "not a web address"),
        (&T::Url, "javascript:alert(1)", "not a web address"),
        (&T::Language, "portuguese", "not a language"),
        (&T::Country, "UK", "country code"),
    ];
    for (ty, text, reason) in table {
        let refused = read(ty, text, "en", "US").expect_err(text);
        assert!(refused.contains(reason), "{text:?} as {}: {refused}", ty.name());
    }
    assert!(read(&T::Number, &"9".repeat(10_000), "en", "US").is_err());
}

#[test]
fn a_phone_number_has_as_many_digits_as_those_of_its_country() {
    for (country, written, read) in [
        ("ES", "612 345 678", "+34612345678"),
        ("FR", "06 12 34 56 78", "+33612345678"),
        ("GB", "020 7946 0958", "+442079460958"),
        ("DE", "0171 2345678", "+491712345678"),
        ("DE", "089 123456", "+4989123456"),
        ("AT", "01 2345", "+4312345"),
        ("IT", "06 1234 5678", "+390612345678"),
        ("US", "1 (206) 555-1212", "+12065551212"),
        ("MX", "55 1234 5678", "+525512345678"),
        ("BR", "(11) 91234-5678", "+5511912345678"),
        ("IN", "098765 43210", "+919876543210"),
        ("PT", "912 345 678", "+351912345678"),
        ("PL", "600 123 456", "+48600123456"),
        ("JP", "090-1234-5678", "+819012345678"),
        // A country's number is dialled from anywhere in full.
        ("ES", "+49 89 123456", "+4989123456"),
        ("ES", "00 351 912 345 678", "+351912345678"),
        // Of a country that is not known only the form is looked at.
        ("ES", "+870 773 111 632", "+870773111632"),
    ] {
        assert_eq!(phone(written, country), Ok(read.to_owned()), "{written} in {country}");
    }
    for (country, written, why) in [
        ("ES", "12345", "too short"),
        ("ES", "61234567", "too short"),
        ("ES", "6123456789", "too long"),
        ("ES", "+34 12345", "too short"),
        ("ES", "+44 12345", "too short"),
        ("FR", "0612345", "too short"),
        ("GB", "12345", "too short"),
        ("US", "555-1212", "too short"),
        ("US", "(123) 456-7890", "no area"),
        ("PT", "91234567", "too short"),
        ("BR", "12345678", "too short"),
        ("IN", "12345", "too short"),
    ] {
        let refused = phone(written, country).expect_err(written);
        assert!(refused.contains(why), "{written} in {country}: {refused}");
    }
}

#[test]
fn a_phone_number_is_read_as_people_of_its_country_write_it() {
    for (country, written, read) in [
        // Ordinary national forms.
        ("DE", "030 12345678", "+493012345678"),
        ("DE", "0151 12345678", "+4915112345678"),
        ("DE", "04921 123456", "+494921123456"),
        ("DE", "171 2345678", "+491712345678"),
        ("AT", "0660 1234567", "+436601234567"),
        ("AT", "04352 12345", "+43435212345"),
        ("IT", "347 123 4567", "+393471234567"),
        ("IT", "391 234 5678", "+393912345678"),
        ("FI", "040 123 4567", "+358401234567"),
        ("FI", "09 123 456", "+3589123456"),
        ("PT", "21 123 4567", "+351211234567"),
        ("US", "206-555-1212", "+12065551212"),
        ("BR", "(55) 91234-5678", "+5555912345678"),
        ("BR", "011 91234-5678", "+5511912345678"),
        ("IN", "98765 43210", "+919876543210"),
        ("IN", "91234 56789", "+919123456789"),
        ("CN", "138 1234 5678", "+8613812345678"),
        ("CN", "010-1234 5678", "+861012345678"),
        ("GB", "07911 123456", "+447911123456"),
        ("FR", "01 23 45 67 89", "+33123456789"),
        ("ES", "912 345 678", "+34912345678"),
        ("NL", "06 12345678", "+31612345678"),
        ("NL", "0317 123456", "+31317123456"),
        ("PL", "48 123 45 67", "+48481234567"),
        ("SE", "070-123 45 67", "+46701234567"),
        ("SE", "046-123 45 67", "+46461234567"),
        ("CU", "5312 3456", "+5353123456"),
        ("ID", "0812 3456 7890", "+6281234567890"),
        // The country's own prefix.
        ("HU", "06 30 123 4567", "+36301234567"),
        ("HU", "06 1 234 5678", "+3612345678"),
        ("HU", "30 123 4567", "+36301234567"),
        ("HU", "62 123 456", "+3662123456"),
        ("LT", "8 612 34567", "+37061234567"),
        ("LT", "0 612 34567", "+37061234567"),
        ("LT", "612 34567", "+37061234567"),
        ("LT", "800 12345", "+37080012345"),
        ("BY", "8 029 123-45-67", "+375291234567"),
        ("BY", "029 123-45-67", "+375291234567"),
        ("UA", "050 123 45 67", "+380501234567"),
        ("UA", "8 050 123 45 67", "+380501234567"),
        ("TM", "8 65 123456", "+99365123456"),
        ("TJ", "8 93 123 4567", "+992931234567"),
        ("UZ", "8 90 123 45 67", "+998901234567"),
        ("RU", "8 916 123 45 67", "+79161234567"),
        ("RU", "812 345 67 89", "+78123456789"),
        ("RU", "800 123 45 67", "+78001234567"),
        ("KZ", "8 701 123 45 67", "+77011234567"),
        ("MX", "01 55 1234 5678", "+525512345678"),
        ("MX", "044 55 1234 5678", "+525512345678"),
        ("MX", "0442 123 4567", "+524421234567"),
        ("AR", "011 1234-5678", "+541112345678"),
        ("AR", "011 15-1234-5678", "+5491112345678"),
        ("AR", "11 15 1234 5678", "+5491112345678"),
        ("AR", "0351 15 123-4567", "+5493511234567"),
        ("AR", "02901 15 12-3456", "+5492901123456"),
        ("BR", "0 15 11 91234-5678", "+5511912345678"),
        ("BR", "0 21 11 1234-5678", "+551112345678"),
        ("CI", "07 12 34 56 78", "+2250712345678"),
        // The own code without a plus.
        ("RU", "7 916 123 45 67", "+79161234567"),
        ("IN", "91 98765 43210", "+919876543210"),
        ("IN", "091 98765 43210", "+919876543210"),
        ("BR", "55 11 91234-5678", "+5511912345678"),
        ("AR", "54 9 11 1234 5678", "+5491112345678"),
        ("ID", "62 812 3456 7890", "+6281234567890"),
        ("DE", "49 171 2345678", "+491712345678"),
        ("DE", "49 (0)171 2345678", "+491712345678"),
        ("AT", "43 660 1234567", "+436601234567"),
        ("IT", "39 347 123 4567", "+393471234567"),
        ("NL", "31 6 12345678", "+31612345678"),
        ("SE", "46 70 123 45 67", "+46701234567"),
        ("FI", "358 40 123 4567", "+358401234567"),
        ("ES", "34 612 345 678", "+34612345678"),
        ("FR", "33 6 12 34 56 78", "+33612345678"),
        ("GB", "44 7911 123456", "+447911123456"),
        ("PL", "48 600 123 456", "+48600123456"),
        ("SG", "65 9123 4567", "+6591234567"),
        ("CI", "225 07 12 34 56 78", "+2250712345678"),
        // A 0 that is dialled at home alone, behind the code; Italy's and Côte d'Ivoire's are dialled everywhere.
        ("ES", "+44 020 7946 0958", "+442079460958"),
        ("ES", "0049 (0)171 2345678", "+491712345678"),
        ("ES", "+36 06 30 123 4567", "+36301234567"),
        ("ES", "+39 (0)6 1234 5678", "+390612345678"),
        ("ES", "+225 07 12 34 56 78", "+2250712345678"),
        ("ES", "+870 (0)773 111 632", "+870773111632"),
    ] {
        assert_eq!(phone(written, country), Ok(read.to_owned()), "{written} in {country}");
    }
    for (country, written, why) in [
        ("HU", "06 12 34 567", "too short"),
        ("CI", "12 34 56 78", "too short"),
        ("RU", "916 123 45", "too short"),
        ("LT", "8 612 345678", "too long"),
        ("AR", "15 1234-5678", "area before the 15"),
        ("BR", "0 15 11 912345-5678", "too long"),
        // Emden without its 0, or a town behind +49.
        ("DE", "4921 12345", "two ways; begin it with +49 or with 0"),
        ("AT", "4352 12345", "two ways"),
        ("ES", "+49 00171 2345678", "begins with that 0"),
        ("ES", "12345", "too short"),
    ] {
        let refused = phone(written, country).expect_err(written);
        assert!(refused.contains(why), "{written} in {country}: {refused}");
    }
}

fn phone(written: &str, country: &str) -> Result<String, String> {
    read(&T::Phone, written, "en", country)
}

#[test]
fn a_value_that_has_the_type_stays() {
    let zone = TimeZone::UTC;
    let ctx = Coercion { language: None, country: None, zone: &zone, now: Instant(0) };
    for (value, ty) in [(Value::Number(5.into()), T::Number), (Value::Bool(true), T::Bool), (Value::List(vec![]), T::List)] {
        assert_eq!(coerce(&value, &ty, &ctx), Ok(value));
    }
    assert_eq!(coerce(&Value::Number(5.into()), &T::Text, &ctx), Ok(Value::text("5")));
    assert!(coerce(&Value::Number(5.into()), &T::Money, &ctx).unwrap_err().contains("currency"));
}
