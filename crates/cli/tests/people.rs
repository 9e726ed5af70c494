//! `check --untranslated`: the list, the file to fill in, and the file once it is filled in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, path::Path, process::Command};
use tempfile::TempDir;

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_switchboard")).args(args).current_dir(folder).env("NO_COLOR", "1").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("commands write UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn shop() -> TempDir {
    let home = TempDir::new().unwrap();
    fs::create_dir_all(home.path().join("shop/skills")).unwrap();
    fs::create_dir_all(home.path().join("shop/translations")).unwrap();
    fs::write(home.path().join("shop/bot.yaml"), "name: Shop\nlanguages: [en, es]\n").unwrap();
    let skill = "skill: order\ncatch:\n  - command: order\nblocks:\n  ask:\n    text: \"Which one? Say \\\"any\\\" if you like.\"\n    buttons:\n      - First: end\n      - Second: end\n    timeout: 1h\n    on: { timeout: end }\n";
    fs::write(home.path().join("shop/skills/order.yaml"), skill).unwrap();
    home
}

#[test]
fn what_lacks_a_translation_is_listed_with_its_place_and_printed_as_a_file() {
    let home = shop();
    let (code, out, _) = run(home.path(), &["check", "shop", "--untranslated", "es"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        out,
        "shop/skills/order.yaml:6:11: order.ask.text: Which one? Say \"any\" if you like.\n\
         shop/skills/order.yaml:8:9: order.ask.buttons: First\n\
         shop/skills/order.yaml:9:9: order.ask.buttons: Second\n\
         3 texts have no words in es; --skeleton prints a file to fill in\n"
    );
    let (code, skeleton, _) = run(home.path(), &["check", "shop", "--untranslated", "es", "--skeleton"]);
    assert_eq!(code, Some(0));
    fs::write(home.path().join("shop/translations/es.yaml"), skeleton).unwrap();
    let (code, out, err) = run(home.path(), &["check", "shop", "--untranslated", "es"]);
    assert_eq!((code, out.as_str()), (Some(0), "everything the bot says has words in es\n"), "{err}");
    let (code, out, _) = run(home.path(), &["check", "shop"]);
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn a_language_the_bot_does_not_speak_is_refused_with_those_it_does() {
    let home = shop();
    for (language, words) in [("fr", "its languages are en, es"), ("en", "the skills are written in en")] {
        let (code, _, err) = run(home.path(), &["check", "shop", "--untranslated", language]);
        assert!(code == Some(2) && err.contains(words), "{err}");
    }
    fs::write(home.path().join("shop/bot.yaml"), "name: Shop\nlanguages: [en, spanish]\n").unwrap();
    let (code, out, err) = run(home.path(), &["check", "shop", "--untranslated", "es"]);
    let out = out + &err;
    assert!(code == Some(1) && out.contains("E0250") && out.contains("did you mean \"es\"?"), "{out}");
}
