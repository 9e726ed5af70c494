//! Files of people through the real binary: as spreadsheets save them, twice, with errors, taken back, and killed in the middle.

use crate::support::{Ended, Server, Setup, Visitor, bot, key, random, root, within};
use model::Instant;
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

const FILES: &[(&str, &str)] = &[
    (
        "bot.yaml",
        "name: Shop\nlanguages: [de]\ncountry: DE\nchannels: { web: {} }\nattributes:\n  email: { type: email, personal: true }\n  plan: { type: enum, values: [free, gold] }\n  umsatz: number\n  spent: number\n  geboren: date\n  born: date\n  no: text\n",
    ),
    ("segments.yaml", "gold: { name: Gold, where: 'plan is gold' }\nlisted: { name: Listed, static: true }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ("skills/gold.yaml", "skill: gold\ncatch: [{ segment: { entered: gold } }]\nblocks:\n  tag: { add_tag: greeted }\n"),
];

fn fixture(name: &str) -> String {
    let path: PathBuf = root().join("tests/fixtures/imports").join(name);
    path.to_str().unwrap().to_owned()
}

async fn import(server: &Server, args: &[&str]) -> Ended {
    server.run(&[&["contacts", "import"], args].concat()).await
}

/// Contacts of an export, by their e-mail address.
async fn everybody(server: &Server, condition: &str) -> Vec<Value> {
    let ended = server.run(&["contacts", "export", "--format", "jsonl", "--where", condition]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn one(server: &Server, email: &str) -> Value {
    let found = everybody(server, &format!("email is \"{email}\"")).await;
    assert_eq!(found.len(), 1, "{email}: {found:?}");
    found[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_wild_are_taken_over() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;

    let ended = import(&server, &[&fixture("german.csv"), "--tag", "fair", "--source", "fair", "--map", "Notizen=-"]).await;
    assert!(ended.code == Some(0) && ended.stdout.contains("2 contacts made"), "{ended:?}");
    let one_of = one(&server, "müller@shop.example").await;
    for (name, value) in [
        ("first_name", json!("Jürgen")),
        ("phone", json!("+491761234567")),
        ("umsatz", json!(1234.5)),
        ("geboren", json!("1980-03-31")),
        ("tags", json!(["fair"])),
        ("source", json!("fair")),
    ] {
        assert_eq!(one_of[name], value, "{name}: {one_of}");
    }

    let ended = import(&server, &[&fixture("unicode-text.txt")]).await;
    assert!(ended.stdout.contains("2 contacts made"), "{ended:?}");
    assert_eq!(one(&server, "yuki@shop.example").await["first_name"], "雪");
    assert!(import(&server, &[&fixture("sep.csv")]).await.stdout.contains("1 contact made"));
    assert!(import(&server, &[&fixture("bom.csv")]).await.stdout.contains("1 contact made"));
    // Whoever enters a segment by an import is in it, and no flow began.
    assert_eq!(one(&server, "ann@shop.example").await["plan"], "gold");
    assert!(everybody(&server, "in segment gold").await.len() == 1 && everybody(&server, "has tag greeted").await.is_empty());

    // The same once more changes nothing; blank cells keep what is there, or clear it.
    let again = import(&server, &[&fixture("bom.csv")]).await;
    assert!(again.stdout.contains("0 contacts made, 0 changed, 1 as they were"), "{again:?}");
    let kept = import(&server, &[&fixture("blank.csv")]).await;
    assert!(kept.stdout.contains("0 changed, 1 as they were"), "{kept:?}");
    let cleared = import(&server, &[&fixture("blank.csv"), "--blanks", "clear"]).await;
    assert!(cleared.stdout.contains("1 changed"), "{cleared:?}");
    assert_eq!(one(&server, "ann@shop.example").await["plan"], Value::Null);

    let ragged = import(&server, &[&fixture("ragged.csv")]).await;
    assert!(ragged.code == Some(1) && ragged.stdout.contains("2 contacts made"), "{ragged:?}");
    assert!(ragged.stdout.contains("row 4: the row has 4 cells and the head 3"), "{ragged:?}");
    fs::remove_file(fixture("ragged.errors.csv")).unwrap();

    let twice = import(&server, &[&fixture("duplicates.csv")]).await;
    assert!(twice.stdout.contains("1 contact made, 2 changed"), "{twice:?}");
    let person = one(&server, "twice@shop.example").await;
    assert_eq!((&person["first_name"], &person["plan"]), (&json!("Second"), &json!("gold")));

    let asked = import(&server, &[&fixture("dates.csv")]).await;
    assert!(asked.code == Some(2) && asked.stderr.contains("row 2, column born: \"03/04/2026\" can be read in two ways"), "{asked:?}");
    assert!(import(&server, &[&fixture("dates.csv"), "--dates", "mdy"]).await.stdout.contains("1 contact made"));
    assert_eq!(one(&server, "days@shop.example").await["born"], "2026-03-04");

    assert!(import(&server, &[&fixture("formulas.csv")]).await.stdout.contains("2 contacts made"));
    assert_eq!(one(&server, "fo@shop.example").await["first_name"], "=1+1");
    let exported = server.run(&["contacts", "export", "--where", "email is \"fo@shop.example\"", "--columns", "email,first_name"]).await;
    assert_eq!(exported.stdout, "\u{feff}email,first_name\r\nfo@shop.example,'=1+1\r\n");

    // Everything there is, written and read again, changes nothing.
    let all = folder.path().join("all.csv");
    let written = server.run(&["contacts", "export", "--out", all.to_str().unwrap()]).await;
    assert_eq!(written.code, Some(0), "{written:?}");
    let back = import(&server, &[all.to_str().unwrap(), "--dates", "dmy"]).await;
    assert!(back.code == Some(0) && back.stdout.contains("0 contacts made, 0 changed"), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_come_back_as_a_file_and_a_big_cell_is_no_trouble() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let file = folder.path().join("broken.csv");
    fs::copy(fixture("broken.csv"), &file).unwrap();
    let path = file.to_str().unwrap();
    let dry = import(&server, &[path, "--dry-run"]).await;
    assert_eq!(dry.code, Some(1), "{dry:?}");
    for says in [
        "would make 1 contact",
        "row 2, column plan: ",
        "row 2, column spent: ",
        "row 3, column email: ",
        "row 4, column email: the key is blank",
        "3 rows wrong",
    ] {
        assert!(dry.stdout.contains(says), "{says}: {}", dry.stdout);
    }
    assert!(everybody(&server, "email is set").await.is_empty(), "a dry run changes nothing");
    let ended = import(&server, &[path]).await;
    assert!(ended.stdout.contains("1 contact made") && ended.stdout.contains("3 rows not imported"), "{ended:?}");
    let beside = folder.path().join("broken.errors.csv");
    let wrong = fs::read_to_string(&beside).unwrap();
    let corrected =
        wrong.replace("silver,many", "gold,4").replace("nobody", "bob@shop.example").replace("\r\n,free", "\r\ncy@shop.example,free");
    fs::write(&beside, corrected).unwrap();
    let ended = import(&server, &[beside.to_str().unwrap()]).await;
    assert!(ended.code == Some(0) && ended.stdout.contains("3 contacts made"), "{ended:?}");

    let big = folder.path().join("big.csv");
    let cell = "x".repeat(3 * 1024 * 1024);
    fs::write(&big, format!("email,no,notes\nbig@shop.example,1,\"{cell}\"\nlong@shop.example,{cell},\n")).unwrap();
    let ended = import(&server, &[big.to_str().unwrap()]).await;
    assert!(
        ended.stdout.contains("1 contact made") && ended.stdout.contains("row 3, column no: the text has 3145728 characters"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_stays_until_another_file_is_whole_and_corrections_stay_anyway() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let people = folder.path().join("people.csv");
    fs::write(&people, "email,plan\nana@shop.example,gold\nbob@shop.example,silver\n").unwrap();
    let people = people.to_str().unwrap();
    let vip = folder.path().join("vip.csv");
    fs::write(&vip, "of last week").unwrap();
    for stopped in [false, true] {
        if stopped {
            server.stop().await;
        }
        let export_to = async |file: &Path, condition: &str, more: &[&str]| {
            let export = ["contacts", "export", "--where", condition, "--out", file.to_str().unwrap()];
            server.run(&[&export, more].concat()).await
        };
        let export = async |condition: &str, more: &[&str]| export_to(&vip, condition, more).await;
        let another = folder.path().join("another.csv");
        assert_eq!((export_to(&another, "plann is gold", &[]).await.code, another.exists()), (Some(2), false), "nothing, not half of it");
        let before = fs::read(&vip).unwrap();
        let unread = export("plann is gold", &["--force"]).await;
        assert!(unread.code == Some(2) && unread.stderr.contains("plan"), "{unread:?}");
        assert_eq!(fs::read(&vip).unwrap(), before, "stopped: {stopped}");
        let taken = export("plan is not set", &[]).await;
        assert!(taken.code == Some(2) && taken.stderr.contains("--force"), "{taken:?}");
        assert_eq!(fs::read(&vip).unwrap(), before, "stopped: {stopped}");
        assert_eq!(export("plan is not set", &["--force"]).await.code, Some(0));
        assert_ne!(fs::read(&vip).unwrap(), before, "stopped: {stopped}");
        fs::write(&vip, "of last week").unwrap();
    }
    assert_eq!(server.run(&["contacts", "export", "--out", vip.to_str().unwrap(), "--force"]).await.code, Some(0));

    // Somebody corrects the wrong rows while the file they came from is imported again.
    let errors = |name: &str| folder.path().join(format!("people.errors{name}.csv"));
    let ended = import(&server, &[people]).await;
    assert!(ended.code == Some(1) && ended.stdout.contains("people.errors.csv: correct"), "{ended:?}");
    let wrong = fs::read_to_string(errors("")).unwrap();
    let corrected = wrong.replace("silver", "free");
    fs::write(errors(""), &corrected).unwrap();
    let ended = import(&server, &[people]).await;
    assert!(ended.code == Some(1) && ended.stdout.contains("people.errors-2.csv: correct"), "{ended:?}");
    assert_eq!((fs::read_to_string(errors("")).unwrap(), fs::read_to_string(errors("-2")).unwrap()), (corrected, wrong));
    let told = import(&server, &[people, "--json"]).await;
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["errors_file"], json!(errors("-3")), "{told}");

    // They are about people: whoever else is on the machine does not read them. Nothing half is left beside them.
    #[cfg(unix)]
    for file in [vip.clone(), errors("-2")] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".part")).collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_taken_back_where_nobody_changed_it_since() {
    let folder = bot(FILES);
    let server = Setup::new(folder.path()).start().await;
    let first = folder.path().join("first.csv");
    fs::write(&first, "email,plan,spent\na@shop.example,free,1\nb@shop.example,free,1\n").unwrap();
    assert_eq!(import(&server, &[first.to_str().unwrap()]).await.code, Some(0));
    let second = folder.path().join("second.csv");
    fs::write(&second, "email,plan,spent\na@shop.example,gold,2\nb@shop.example,gold,2\nc@shop.example,gold,3\nd@shop.example,gold,4\n")
        .unwrap();
    let ended = import(&server, &[second.to_str().unwrap(), "--tag", "second", "--list", "listed"]).await;
    assert!(ended.stdout.contains("2 contacts made, 2 changed"), "{ended:?}");
    let id = ended.stdout.split("--undo ").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(everybody(&server, "in segment listed and in segment gold").await.len(), 4);
    // Somebody changes one thing of b, and one of d.
    let changed =
        server.run(&["contacts", "set", "spent=9", "--where", "email is \"b@shop.example\" or email is \"d@shop.example\"", "--yes"]).await;
    assert!(changed.stdout.contains("2 contacts changed"), "{changed:?}");
    let undone = import(&server, &["--undo", &id]).await;
    assert!(undone.code == Some(0) && undone.stdout.contains("1 contact was taken away again, 3 got back"), "{undone:?}");
    let of = |person: &Value| (person["plan"].clone(), person["spent"].clone(), person["tags"].clone());
    assert_eq!(of(&one(&server, "a@shop.example").await), (json!("free"), json!(1), Value::Null));
    assert_eq!(of(&one(&server, "b@shop.example").await), (json!("free"), json!(9), Value::Null), "what somebody changed stays");
    assert!(everybody(&server, "email is \"c@shop.example\"").await.is_empty(), "nobody touched c, who is gone");
    assert_eq!(everybody(&server, "spent is 9").await.len(), 2, "somebody touched d, who stays with that");
    assert!(everybody(&server, "in segment listed or in segment gold").await.is_empty());
    assert!(import(&server, &["--undo", &id]).await.stderr.contains("the import is undone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_the_middle_loses_nothing_and_doubles_nothing() {
    const ROWS: usize = 12_000;
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    // Some are there already; some rows are wrong.
    let mut known = "email,no\n".to_owned();
    (0..ROWS).step_by(7).for_each(|n| writeln!(known, "p{n}@shop.example,old").unwrap());
    let before = folder.path().join("before.csv");
    fs::write(&before, known).unwrap();
    assert_eq!(import(&server, &[before.to_str().unwrap()]).await.code, Some(0));
    let mut text = "email,no,plan\n".to_owned();
    for n in 0..ROWS {
        let plan = if n % 500 == 3 { "silver" } else { "gold" };
        writeln!(text, "p{n}@shop.example,{n},{plan}").unwrap();
    }
    let file = folder.path().join("many.csv");
    fs::write(&file, &text).unwrap();
    let key = key(&server, "importer", &["contacts:read", "contacts:write"], &["--per-minute", "1000000"]).await;
    let answer = server.http().post(format!("{}/api/v1/imports?name=many.csv", server.origin()));
    let uploaded: Value =
        answer.bearer_auth(&key).header("content-type", "text/csv").body(text).send().await.unwrap().json().await.unwrap();
    let id = uploaded["id"].as_str().unwrap_or_else(|| panic!("{uploaded}")).to_owned();
    assert_eq!(uploaded["columns"][2]["field"], "plan", "{uploaded}");
    let run =
        server.http().post(format!("{}/api/v1/imports/{id}/run", server.origin())).bearer_auth(&key).json(&json!({ "tags": ["many"] }));
    assert_eq!(run.send().await.unwrap().status().as_u16(), 202);
    let read = async |server: &Server| -> Value {
        let asked = server.http().get(format!("{}/api/v1/imports/{id}", server.origin())).bearer_auth(&key);
        asked.send().await.unwrap().json().await.unwrap()
    };
    let mut kills = 0;
    let done = within("the import to end", async {
        let mut seen = 0;
        loop {
            let now = read(&server).await;
            if now["state"] == "done" {
                break now;
            }
            assert_eq!(now["state"], "running", "{now}");
            let row = now["row"].as_u64().unwrap();
            if row > seen && kills < 3 {
                (seen, kills) = (row, kills + 1);
                // The moment of the kill is chance.
                tokio::time::sleep(Duration::from_millis(random() % 40)).await;
                server.kill().await;
                server.start_again().await;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(kills > 0, "the import was under way when the server died");
    let wrong = ROWS.div_ceil(500);
    assert_eq!(done["counts"]["failed"], wrong, "{done}");
    let all = everybody(&server, "email is set").await;
    let there: std::collections::BTreeSet<&str> = all.iter().map(|person| person["email"].as_str().unwrap()).collect();
    assert_eq!(all.len(), there.len(), "nobody is there twice");
    let known_and_wrong = (0..ROWS).filter(|n| n % 500 == 3 && n % 7 == 0).count();
    assert_eq!(there.len(), ROWS - wrong + known_and_wrong);
    assert_eq!(everybody(&server, "has tag many and in segment gold").await.len(), ROWS - wrong);
    let gold = async |server: &Server| -> Value {
        serde_json::from_str::<Value>(&server.run(&["segments", "show", "gold", "--json"]).await.stdout).unwrap()["size"].clone()
    };
    assert_eq!(gold(&server).await, ROWS - wrong, "what is kept of memberships is what a count says");
    let counts = &done["counts"];
    let sum: u64 = ["created", "updated", "unchanged", "failed"].iter().map(|name| counts[name].as_u64().unwrap()).sum();
    assert_eq!(sum, ROWS as u64, "{done}");
    // Taken back: whoever was there before has what they had.
    let undo = server.http().post(format!("{}/api/v1/imports/{id}/undo", server.origin())).bearer_auth(&key);
    assert_eq!(undo.send().await.unwrap().status().as_u16(), 202);
    within("the undo to end", async {
        while read(&server).await["state"] != "undone" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(gold(&server).await, 0);
    let left = everybody(&server, "email is set").await;
    assert_eq!(left.len(), ROWS.div_ceil(7));
    assert!(left.iter().all(|person| person["no"] == "old" && person["plan"].is_null() && person["tags"].is_null()), "{:?}", left.first());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_folder_is_imported_into_and_chats_go_on() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let ana = Visitor::greeted(&server).await;
    ana.saw(&server, "Hello").await;
    server.stop().await;
    let ended = import(&server, &[&fixture("bom.csv"), "--list", "listed"]).await;
    assert!(ended.code == Some(0) && ended.stdout.contains("1 contact made"), "{ended:?}");
    let tagged = server.run(&["contacts", "tag", "vip", "--where", "in segment listed", "--yes"]).await;
    assert!(tagged.stdout.contains("1 contact changed"), "{tagged:?}");
    server.start_again().await;
    let person = one(&server, "ann@shop.example").await;
    assert_eq!((&person["tags"], &person["first_name"]), (&json!(["vip"]), &json!("Ann")));
    let shown = server.run(&["contacts", "show", person["id"].as_str().unwrap()]).await;
    assert!(shown.stdout.contains("Came to be by an import") && shown.stdout.contains("Tag added: vip"), "{shown:?}");
    assert!(person["first_seen"].as_str().unwrap() <= Instant::from_secs(crate::support::Hook::now()).to_string().as_str());
    ana.say(&server, "still here?").await;
    ana.saw(&server, "still here?").await;
}
