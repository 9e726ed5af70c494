use super::*;
use model::Address;
use serde_json::json;

fn sweep() -> Sweep {
    let text = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    let address = |channel: &str, id: &str| Address { channel: channel.into(), id: id.into() };
    let marks = Marks {
        ids: text(&["con_00000000000000000000000007"]),
        names: text(&["Ana@Shop.Example", "+34600111222", "done", "000001", "active"]),
        addresses: [address("telegram", "7700"), address("telegram", "12345678"), address("web", "v_0a0b"), address("push", "system")]
            .into(),
        ..Marks::default()
    };
    Sweep::new([&marks].into_iter()).expect("there is something to look for")
}

#[test]
fn rows_about_a_person_go_and_others_stay() {
    let sweep = sweep();
    for (table, key, value) in [
        ("calls", "k", json!({ "contact": "con_00000000000000000000000007" })),
        ("calls", "upload/v_0a0b/x", json!({})),
        ("calls", "k", json!({ "to": "ana@shop.example" })),
        ("calls", "k", json!(["Phone: +34600111222."])),
        ("calls", "k", json!({ "address": { "channel": "telegram", "id": "12345678" } })),
        ("calls", "k", json!("telegram:7700")),
        ("channel/telegram", "wait/7700", json!({})),
        ("channel/push", "k", json!({ "of": "system" })),
    ] {
        assert_eq!(sweep.look(table, key, &value), Swept::Goes, "{table} {key} {value}");
    }
    for (table, key, value) in [
        ("calls", "k", json!({ "contact": "con_00000000000000000000000008" })),
        ("calls", "k", json!({ "at": 12_345_678, "n": 7700 })),
        ("calls", "k", json!({ "to": "joana@shop.example" })),
        ("calls", "k", json!("+346001112223")),
        ("calls", "k", json!("order 7700")),
        // What a person is called may be a word or a number of ours.
        ("calls", "k", json!({ "by": "system", "status": "active", "attributes": { "zip": { "t": "7700" } } })),
        ("calls", "k", json!({ "address": { "channel": "telegram2", "id": "12345678" } })),
        ("imports", "imp_1", json!({ "state": "done", "columns": [{ "name": "active", "sample": ["x"] }] })),
        ("audience_pages", "aud_1/000001", json!(["con_00000000000000000000000008"])),
        ("channel/telegram", "k", json!({ "of": "system" })),
    ] {
        assert_eq!(sweep.look(table, key, &value), Swept::Stays, "{table} {key} {value}");
    }
}

#[test]
fn a_merge_of_others_stays_though_one_of_them_has_the_same_mailbox() {
    let sweep = sweep();
    let merge = |keep: &str, mail: &str| json!({ "keep": keep, "keep_before": { "identifiers": [{ "kind": "email", "value": mail }] } });
    let (theirs, others) = ("con_00000000000000000000000007", "con_00000000000000000000000008");
    assert_eq!(sweep.look("merges", "mrg_1", &merge(others, "ana@shop.example")), Swept::Stays);
    assert!(sweep.whose("merges", "mrg_1", &merge(others, "ana@shop.example")).is_empty());
    assert_eq!(sweep.look("merges", "mrg_1", &merge(theirs, "x@shop.example")), Swept::Goes);
    let absorbed = json!({ "keep": others, "keep_before": { "absorbed": [{ "id": theirs }] } });
    assert_eq!(sweep.look("merges", "mrg_1", &absorbed), Swept::Goes, "what was theirs is in it");
}

#[test]
fn one_look_for_all_finds_what_each_of_them_finds() {
    let text = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    let other = Marks {
        ids: text(&["con_00000000000000000000000009"]),
        names: text(&["山田太郎", "+34600999888", "ana@shop.example"]),
        addresses: [Address { channel: "telegram".into(), id: "7701".into() }].into(),
        ..Marks::default()
    };
    let (one, two) = (sweep(), Sweep::new([&other].into_iter()).unwrap());
    let both = Sweep::together([&one, &two].into_iter());
    let rows = [
        ("calls", "k", json!({ "contact": "con_00000000000000000000000007" })),
        ("calls", "con_00000000000000000000000009", json!({})),
        ("calls", "k", json!({ "to": "ana@shop.example" })),
        ("calls", "k", json!(["Phone: +34600999888."])),
        ("channel/telegram", "wait/7701", json!({})),
        ("channel/push", "wait/7701", json!({})),
        ("calls", "k", json!("山田太郎")),
        ("calls", "k", json!("nobody")),
        ("imports", "imp_1", json!({ "columns": [{ "name": "tel", "sample": ["600 999 888"] }] })),
        (
            "import_lists",
            "imp_1/0",
            json!(["con_00000000000000000000000007", "con_00000000000000000000000009", "con_0000000000000000000000000a"]),
        ),
    ];
    let mut found = 0;
    for (table, key, value) in rows {
        let in_turn = match one.look(table, key, &value) {
            Swept::Goes => Swept::Goes,
            Swept::Stays => two.look(table, key, &value),
            Swept::Redacted(left) => match two.look(table, key, &left) {
                Swept::Stays => Swept::Redacted(left),
                after => after,
            },
        };
        found += usize::from(in_turn != Swept::Stays);
        assert_eq!(both.look(table, key, &value), in_turn, "{table} {key} {value}");
    }
    assert_eq!(found, 8);
}

#[test]
fn names_are_found_however_they_are_written_and_it_is_known_whose() {
    let text = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    let one =
        Marks {
            ids: text(&["con_00000000000000000000000007"]), names: text(&["müller@shop.example", "山田太郎さん"]), ..Marks::default()
        };
    let two = Marks {
        ids: text(&["con_00000000000000000000000008"]),
        names: text(&["say \"hi\" 123", "müller@shop.example"]),
        ..Marks::default()
    };
    let sweep = Sweep::new([&one, &two].into_iter()).expect("there is something to look for");
    for (value, whose) in [
        (json!("MÜLLER@shop.example"), vec![0, 1]),
        (json!({ "to": "山田太郎さん" }), vec![0]),
        (json!(["x", "say \"hi\" 123"]), vec![1]),
        (json!("con_00000000000000000000000008/con_00000000000000000000000007"), vec![0, 1]),
        (json!("müller@shop.example2"), vec![]),
        (json!("xcon_00000000000000000000000008"), vec![]),
    ] {
        assert_eq!(sweep.whose("calls", "k", &value).into_iter().collect::<Vec<_>>(), whose, "{value}");
        assert_eq!(sweep.look("calls", "k", &value) == Swept::Goes, !whose.is_empty(), "{value}");
    }
    assert_eq!(sweep.whose("calls", "of/con_00000000000000000000000007", &json!(null)).into_iter().collect::<Vec<_>>(), [0]);
}

#[test]
fn a_list_of_many_loses_one() {
    let page = json!(["con_00000000000000000000000007", "con_00000000000000000000000008"]);
    let expected = json!(["con_00000000000000000000000000", "con_00000000000000000000000008"]);
    for (table, key) in [("audience_pages", "aud_1/000000"), ("import_lists", "imp_1/00000000")] {
        assert_eq!(sweep().look(table, key, &page), Swept::Redacted(expected.clone()), "{table}");
    }
    let audience = |id: &str| json!({ "stage": "done", "to": { "channel": "telegram", "id": id } });
    assert_eq!(sweep().look("audiences", "aud_1", &audience("7700")), Swept::Redacted(audience("erased")));
    assert_eq!(sweep().look("audiences", "aud_1", &audience("7701")), Swept::Stays);
}

#[test]
fn an_import_shows_no_row_of_somebody_who_was_erased() {
    let shown = |mail: &str, names: Value, mails: Value| json!({ "state": "done", "columns": [{ "name": "name", "sample": names }, { "name": mail, "sample": mails }] });
    let import = shown("mail", json!(["Ana", "Bob"]), json!(["ANA@shop.example", "bob@shop.example"]));
    assert_eq!(sweep().look("imports", "imp_1", &import), Swept::Redacted(shown("mail", json!([]), json!([]))));
    let numbers = shown("number", json!(["Ana", "Bob"]), json!(["000001", "000002"]));
    assert_eq!(sweep().look("imports", "imp_1", &numbers), Swept::Redacted(shown("number", json!([]), json!([]))));
    assert_eq!(sweep().whose("imports", "imp_1", &numbers).len(), 1);
    let others = shown("mail", json!(["Bob"]), json!(["bob@shop.example"]));
    assert_eq!(sweep().look("imports", "imp_1", &others), Swept::Stays);
}

#[test]
fn what_webhooks_were_told_of_others_names_them_no_more() {
    let told =
        |event: &str, merged: &str| json!({ "event": event, "contact": "con_00000000000000000000000008", "data": { "merged": merged } });
    let (theirs, nobody) = ("con_00000000000000000000000007", "con_00000000000000000000000000");
    let (queue, log) = ("webhook_queue/whk_1", "webhook_log/whk_1");
    assert_eq!(sweep().look(queue, "01", &told("contact.merged", theirs)), Swept::Redacted(told("contact.merged", nobody)));
    let logged = |of: Value| json!({ "row": of, "ended": "delivered" });
    let row = logged(told("contact.merged", theirs));
    assert_eq!(sweep().look(log, "01", &row), Swept::Redacted(logged(told("contact.merged", nobody))));
    // That they were erased is told by their id.
    assert_eq!(sweep().look(queue, "01", &told("contact.erased", theirs)), Swept::Stays);
    assert_eq!(sweep().look(log, "01", &logged(told("contact.erased", theirs))), Swept::Stays);
    assert!(Sweep::looks_at(queue) && !Sweep::is_rewritten(log) && Sweep::is_rewritten("channel/web"));
    assert!(!Sweep::looks_at("runtime") && !Sweep::looks_at("webhooks") && Sweep::looks_at("channel/web"));
}
