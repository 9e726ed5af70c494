//! What people say, in each language, and what it means on Thursday the 5th of March 2026 at noon in Madrid.

use super::*;
use jiff::tz::TimeZone;
use model::Instant;
use proptest::prelude::*;

fn with<T>(language: &str, act: impl FnOnce(&Coercion<'_>) -> T) -> T {
    let zone = TimeZone::get("Europe/Madrid").unwrap();
    let now = Instant::from("2026-03-05T11:00:00Z".parse::<jiff::Timestamp>().unwrap());
    act(&Coercion { language: Some(language), country: None, zone: &zone, now })
}

fn said(found: Vec<impl ToString>) -> String {
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn days_as_people_say_them() {
    let table = [
        ("en", "tomorrow", "2026-03-06"),
        ("en", "Today!", "2026-03-05"),
        ("en", "the day after tomorrow", "2026-03-07"),
        ("en", "Friday", "2026-03-06"),
        ("en", "on Monday", "2026-03-09"),
        ("en", "thursday", "2026-03-05 2026-03-12"),
        ("en", "next friday", "2026-03-06 2026-03-13"),
        ("en", "next tuesday", "2026-03-10"),
        ("en", "in 3 days", "2026-03-08"),
        ("en", "in a week", "2026-03-12"),
        ("en", "in two months", "2026-05-05"),
        ("en", "12 March", "2026-03-12"),
        ("en", "March 12th, 2027", "2027-03-12"),
        ("en", "the 12th of march", "2026-03-12"),
        ("en", "the 3rd", "2026-04-03"),
        ("en", "1 march", "2027-03-01"),
        ("en", "12/3", "2026-03-12 2026-12-03"),
        ("en", "25/3", "2026-03-25"),
        ("en-GB", "12/3", "2026-03-12"),
        ("en-US", "12/3", "2026-12-03"),
        ("en", "2026-04-01", "2026-04-01"),
        ("en", "1.4.2026", "2026-04-01"),
        ("en", "1/4/26", "2026-04-01 2026-01-04"),
        ("en", "Sunday, 12 April", "2026-04-12"),
        ("es", "mañana", "2026-03-06"),
        ("es", "pasado mañana", "2026-03-07"),
        ("es", "el viernes", "2026-03-06"),
        ("es", "12/3", "2026-03-12"),
        ("es", "12 de abril de 2026", "2026-04-12"),
        ("es", "dentro de tres días", "2026-03-08"),
        ("es", "el lunes que viene", "2026-03-09"),
        ("de", "übermorgen", "2026-03-07"),
        ("de", "am 12. März", "2026-03-12"),
        ("de", "nächsten Montag", "2026-03-09"),
        ("de", "in zwei Wochen", "2026-03-19"),
        ("fr", "après-demain", "2026-03-07"),
        ("fr", "le 1er avril", "2026-04-01"),
        ("fr", "dans dix jours", "2026-03-15"),
        ("fr", "mardi prochain", "2026-03-10"),
        ("pt", "amanhã", "2026-03-06"),
        ("pt", "segunda-feira", "2026-03-09"),
        ("pt", "daqui a 2 semanas", "2026-03-19"),
        ("pt", "12 de março", "2026-03-12"),
        ("it", "dopodomani", "2026-03-07"),
        ("it", "il 12 aprile", "2026-04-12"),
        ("it", "tra 5 giorni", "2026-03-10"),
        // Another language than one's own is understood as well.
        ("es", "tomorrow", "2026-03-06"),
        ("ja", "２０２６-０４-０１", "2026-04-01"),
        ("ar", "١٢/٣", "2026-03-12"),
        ("en", "30 February", ""),
        ("en", "12", ""),
        ("en", "soon", ""),
        ("en", "", ""),
        ("en", "tomorrow maybe", ""),
        ("en", "99/99/9999", ""),
    ];
    for (language, text, expected) in table {
        assert_eq!(with(language, |ctx| said(days(text, ctx, Lean::Future))), expected, "{text:?} in {language}");
    }
}

#[test]
fn days_gone_by_are_meant_where_they_are_asked_for() {
    let table = [
        ("friday", "2026-02-27"),
        ("12 december", "2025-12-12"),
        ("7 may 84", "1984-05-07"),
        ("7 may 1984", "1984-05-07"),
        ("three days ago", "2026-03-02"),
        ("last thursday", "2026-02-26"),
        ("29 february", "2024-02-29"),
        ("the 12th", "2026-02-12"),
    ];
    for (text, expected) in table {
        assert_eq!(with("en", |ctx| said(days(text, ctx, Lean::Past))), expected, "{text}");
    }
}

#[test]
fn times_as_people_say_them() {
    let table = [
        ("en", "17:30", "17:30:00"),
        ("en", "5pm", "17:00:00"),
        ("en", "at 5", "05:00:00 17:00:00"),
        ("en", "5:30", "05:30:00 17:30:00"),
        ("en", "05:30", "05:30:00"),
        ("en", "12 am", "00:00:00"),
        ("en", "12:15 p.m.", "12:15:00"),
        ("en", "noon", "12:00:00"),
        ("en", "half past", ""),
        ("en", "25:00", ""),
        ("en", "13 pm", "13:00:00"),
        ("es", "a las 5 de la tarde", "17:00:00"),
        ("es", "las 9 de la mañana", "09:00:00"),
        ("de", "um 17 Uhr", "17:00:00"),
        ("de", "17 Uhr 30", "17:30:00"),
        ("de", "17.30 Uhr", "17:30:00"),
        ("fr", "17h30", "17:30:00"),
        ("fr", "à 8 heures du soir", "20:00:00"),
        ("pt", "às 5 da tarde", "17:00:00"),
        ("it", "alle 9 di sera", "21:00:00"),
        ("en", "17", "17:00:00"),
    ];
    for (language, text, expected) in table {
        assert_eq!(with(language, |ctx| said(times(text, ctx))), expected, "{text:?} in {language}");
    }
}

#[test]
fn days_with_times() {
    let table = [
        ("en", "tomorrow at 5", "2026-03-06T05:00:00 2026-03-06T17:00:00"),
        ("en", "tomorrow at 5pm", "2026-03-06T17:00:00"),
        ("en", "5 pm tomorrow", "2026-03-06T17:00:00"),
        ("en", "12 march 9:30 am", "2026-03-12T09:30:00"),
        ("en", "2026-03-12 17:00", "2026-03-12T17:00:00"),
        ("es", "mañana a las 17:30", "2026-03-06T17:30:00"),
        ("es", "mañana a las 9 de la mañana", "2026-03-06T09:00:00"),
        ("de", "morgen um 17 Uhr", "2026-03-06T17:00:00"),
        ("fr", "demain à 17h30", "2026-03-06T17:30:00"),
        ("en", "tomorrow", ""),
        ("en", "17:00", ""),
    ];
    for (language, text, expected) in table {
        assert_eq!(with(language, |ctx| said(moments(text, ctx, Lean::Future))), expected, "{text:?} in {language}");
    }
}

#[test]
fn readings_are_shown_in_full() {
    let day = Date::constant(2026, 3, 12);
    assert_eq!(show_day(day, "en"), "Thursday 12 March 2026");
    assert_eq!(show_day(day, "es"), "jueves 12 de marzo de 2026");
    assert_eq!(show_day(day, "de-AT"), "Donnerstag 12. März 2026");
    assert_eq!(show_moment(day.at(17, 5, 0, 0), "fr"), "jeudi 12 mars 2026, 17:05");
    assert_eq!(show_day(day, "ja"), "Thursday 12 March 2026");
}

#[test]
fn every_word_of_every_table_is_folded() {
    for language in LANGUAGES {
        let lists = [language.today, language.tomorrow, language.yesterday, language.filler, language.next, language.morning];
        let words = lists.into_iter().flatten().chain(language.months.iter().chain(&language.weekdays).copied().flatten());
        for word in words {
            assert_eq!(*word, model::fold(word), "{}", language.code);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// Whatever is typed: no panic, few readings, and what a reading is shown and stored as is read as itself.
    #[test]
    fn a_reading_reads_as_itself(text in "[a-zñéü0-9 ./:'-]{0,40}|[0-9]{1,2}[./-][0-9]{1,2}([./-][0-9]{2,4})?|[a-z]{2,9} [0-9]{1,2}( [0-9]{4})?", which in 0..LANGUAGES.len()) {
        with(LANGUAGES[which].code, |ctx| {
            for lean in [Lean::Future, Lean::Past] {
                let found = days(&text, ctx, lean);
                prop_assert!(found.len() <= MOST);
                for day in found {
                    prop_assert_eq!(days(&day.to_string(), ctx, lean), vec![day]);
                    prop_assert_eq!(days(&show_day(day, LANGUAGES[which].code), ctx, lean), vec![day], "{}", show_day(day, LANGUAGES[which].code));
                }
            }
            for time in times(&text, ctx) {
                prop_assert!(times(&show_time(time), ctx).contains(&time));
            }
            Ok(())
        })?;
    }
}
