//! Segments whose rule cannot be judged any more, because the bot lost what it asks for: a running server refuses that, and after a
//! start they are shown with the reason, with nobody in them, and what they depend on stays, until it is back. And lists of the folder with
//! people on them, which it is not to lose.

use crate::support::{Program, Server, Setup, Visitor, bot, within};
use reqwest::Method;
use serde_json::{Value, json};
use std::{fs, path::Path, time::Duration};

const FILES: &[(&str, &str)] = &[
    ("bot.yaml", "name: Shop\nchannels: { web: {} }\nattributes:\n  orders: number\n  size: text\n"),
    ("segments.yaml", "fans: { name: Fans, where: has tag fan }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
];
/// The bot without "size".
const LESS: &str = "name: Shop\nchannels: { web: {} }\nattributes:\n  orders: number\n";
const SCOPES: [&str; 4] = ["contacts:read", "contacts:write", "segments:read", "segments:write"];

async fn again_with(server: &mut Server, folder: &Path, yaml: &str) {
    server.stop().await;
    fs::write(folder.join("bot.yaml"), yaml).unwrap();
    server.start_again().await;
}

/// Size, whether it can be judged, and why not.
async fn shown(program: &Program<'_>, key: &str) -> (Value, Value, String) {
    let one = program.get(&format!("segments/{key}")).await;
    (one["size"].clone(), one["state"].clone(), one["problem"].as_str().unwrap_or_default().to_owned())
}

/// Waits until the journey tells of these moves by a rule, oldest first. What holds is told at once, the journeys follow.
async fn moved(program: &Program<'_>, contact: &str, segment: &str, moves: &[&str]) {
    let name = segment[..1].to_uppercase() + &segment[1..];
    let wanted: Vec<(String, String)> = moves.iter().map(|how| (format!("{how} segment {name}"), "the rule changed".to_owned())).collect();
    within(format!("the journey to say of {segment}: {wanted:?}"), async {
        loop {
            let told = program.get(&format!("contacts/{contact}/journey?kind=segment&name={segment}")).await;
            let word = |line: &Value, of: &str| line[of].as_str().unwrap_or_default().to_owned();
            let lines = told["entries"].as_array().unwrap_or_else(|| panic!("{told}"));
            if lines.iter().rev().map(|line| (word(line, "text"), word(line, "why"))).eq(wanted.iter().cloned()) {
                return;
            }
            assert!(lines.len() <= wanted.len(), "{told:#}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// Waits until a folder is not taken, and says why.
async fn refused(server: &Server) -> String {
    within("the refusal", async {
        loop {
            if let Some(told) = server.health().await["reload_error"].as_str() {
                return told.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_asks_for_what_is_gone_has_no_members_and_keeps_what_it_depends_on() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let key = {
        let program = Program::new(&server, &SCOPES).await;
        let changes = json!({ "attributes": { "orders": 2, "size": "L" }, "tags": { "add": ["Fan"] } });
        assert_eq!(program.ask(Method::PATCH, &format!("contacts/{id}"), Some(changes)).await.0, 200);
        for segment in [
            json!({ "key": "buyers", "name": "Buyers", "where": "orders >= 1" }),
            json!({ "key": "large", "name": "Large", "where": "size = \"L\" and in segment buyers" }),
            json!({ "key": "rest", "name": "The rest", "where": "has tag fan", "exclude": ["large"] }),
            json!({ "key": "either", "name": "Either", "where": "in segment large or orders >= 1" }),
        ] {
            let (status, told) = program.post("segments", segment).await;
            assert_eq!(status, 201, "{told}");
        }
        assert_eq!(shown(&program, "large").await, (json!(1), json!("ready"), String::new()));
        assert_eq!(shown(&program, "rest").await.0, 0);
        for segment in ["large", "either"] {
            moved(&program, &id, segment, &["Entered"]).await;
        }
        program.key
    };

    // While it runs, a folder that lost it is not taken, and each segment that asks for it is named.
    let version = server.health().await["version"].clone();
    fs::write(folder.path().join("bot.yaml"), LESS).unwrap();
    let told = refused(&server).await;
    let against = server.run(&["check", folder.path().to_str().unwrap(), "--against", &server.origin()]).await;
    assert_eq!(against.code, Some(1), "{against:?}");
    for said in [&told, &against.stdout, &server.output()] {
        for part in ["segment \"large\"", "size", "segment \"rest\"", "segment \"either\"", "E0351"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("segment \"buyers\" is not"), "{said}");
    }
    assert!(server.output().contains("first change or delete the segment"), "{}", server.output());
    assert_eq!(server.health().await["version"], version);
    let program = Program { server: &server, key };
    assert_eq!(shown(&program, "large").await.0, 1);
    let key = program.key;

    // At a start there is no other bot to go on with.
    again_with(&mut server, folder.path(), LESS).await;
    for segment in ["large", "rest", "either"] {
        let line = format!("segment \"{segment}\" is not in the folder and cannot be judged with it: ");
        assert!(server.output().contains(&line), "{line}{}", server.output());
    }
    {
        let program = Program { server: &server, key: key.clone() };
        let (size, state, why) = shown(&program, "large").await;
        assert_eq!((size, state), (json!(0), json!("invalid")));
        assert!(why.contains("size"), "{why}");
        assert!(program.get("segments/large").await["where"].as_str().unwrap().contains("size = "), "what it says is not lost");
        // Whoever looks into it cannot be judged either: to exclude nobody would let in those who were to be kept out.
        for key in ["rest", "either"] {
            let (size, state, why) = shown(&program, key).await;
            assert_eq!((size, state), (json!(0), json!("invalid")), "{key}");
            assert!(why.contains("\"large\"") && why.contains("invalid"), "{why}");
        }
        assert_eq!(shown(&program, "buyers").await.0, 1, "what asks for something else goes on");
        let why = program.get(&format!("segments/rest/contacts/{id}?explain=1")).await;
        assert_eq!((&why["is_member"], &why["since"]), (&json!(false), &Value::Null));
        assert!(why["explain"]["invalid"].as_str().unwrap().contains("large"), "{why}");
        assert_eq!(program.get("segments/large/members").await["members"], json!([]));
        // Neither in it nor outside of it.
        for condition in ["in segment large", "not in segment large"] {
            let (_, told) = program.post("segments/preview", json!({ "where": condition })).await;
            assert_eq!((&told["count"], &told["unknown"]), (&json!(0), &json!(1)), "{condition}: {told}");
        }
        let (status, told) = program.post("segments/preview", json!({ "segment": "large" })).await;
        assert_eq!(status, 422, "{told}");
        let (status, told) = program.post("segments", json!({ "name": "More", "where": "in segment large" })).await;
        assert_eq!(status, 422, "a new one is not made to be invalid: {told}");
        for (key, by) in [("buyers", json!(["large"])), ("large", json!(["rest", "either"]))] {
            let (status, told) = program.ask(Method::DELETE, &format!("segments/{key}"), None).await;
            assert_eq!((status, &told["segments"]), (409, &by), "{told}");
        }
        let listed = server.run(&["segments", "list"]).await.stdout;
        let line = listed.lines().find(|line| line.starts_with("large ")).unwrap_or_else(|| panic!("{listed}"));
        assert!(line.contains("INVALID, nobody is in it"), "{line}");
        for segment in ["large", "either"] {
            moved(&program, &id, segment, &["Entered", "Left"]).await;
        }
    }

    again_with(&mut server, folder.path(), FILES[0].1).await;
    let program = Program { server: &server, key };
    for (segment, size) in [("large", 1), ("rest", 0), ("either", 1), ("buyers", 1)] {
        assert_eq!(shown(&program, segment).await, (json!(size), json!("ready"), String::new()), "{segment}");
    }
    // Who left and entered in between has it in the journey, and whoever was in none of them has nothing there.
    for segment in ["large", "either"] {
        moved(&program, &id, segment, &["Entered", "Left", "Entered"]).await;
    }
    for (segment, moves) in [("buyers", &["Entered"][..]), ("rest", &[])] {
        moved(&program, &id, segment, moves).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_the_folder_is_not_lost_while_people_are_on_it() {
    let with = |segments| [FILES[0], ("segments.yaml", segments), FILES[2]];
    let folder = bot(&with("panel: { name: Panel, static: true }\n"));
    let mut server = Setup::new(folder.path()).start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.saw(&server, "Hello").await;
    let id = server.contacts().await[0]["id"].as_str().unwrap().to_owned();
    let key = {
        let program = Program::new(&server, &SCOPES).await;
        let (status, told) = program.ask(Method::PUT, &format!("segments/panel/members/{id}"), None).await;
        assert_eq!(status, 204, "{told}");
        program.key
    };
    let version = server.health().await["version"].clone();
    let gone = "segment \"panel\" is no list with the folder, and 1 contact is on its list (E0352)";
    fs::write(folder.path().join("segments.yaml"), "panel: { name: Panel, where: orders > 3 }\n").unwrap();
    let told = refused(&server).await;
    let against = server.run(&["check", folder.path().to_str().unwrap(), "--against", &server.origin()]).await;
    assert_eq!(against.code, Some(1), "{against:?}");
    for said in [&told, &against.stdout, &server.output()] {
        assert!(said.contains(gone), "{said}");
    }
    assert_eq!(server.health().await["version"], version);

    // At a start there is no other bot to go on with, and who was left there is not on the next list of that key.
    server.stop().await;
    fs::remove_file(folder.path().join("segments.yaml")).unwrap();
    server.start_again().await;
    assert!(server.output().contains(gone), "{}", server.output());
    let program = Program { server: &server, key };
    let (status, told) = program.post("segments", json!({ "key": "panel", "name": "Panel", "static": true })).await;
    assert_eq!(status, 201, "{told}");
    assert_eq!(shown(&program, "panel").await.0, 0);
}
