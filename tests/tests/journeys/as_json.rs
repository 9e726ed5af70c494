//! The command line as a program reads it: one document on stdout and nothing else, with the running server and on the folder of a
//! stopped one; what a person would be asked or shown goes to stderr.

use crate::support::{Ended, Program, Server, Setup, bot};
use serde_json::{Value, json};
use std::{fs, path::Path};

const FILES: &[(&str, &str)] = &[
    (
        "bot.yaml",
        "name: Shop\nchannels: { web: {} }\nattributes:\n  email: { type: email, personal: true }\n  plan: { type: enum, values: [free, gold] }\n",
    ),
    ("segments.yaml", "guests: { name: Guests, static: true }\n"),
    ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
];

/// The document a command that ended with this code wrote.
fn told(ended: &Ended, code: i32) -> Value {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|why| panic!("{why}: {ended:?}"))
}

fn lines(ended: &Ended) -> Vec<Value> {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Everything that changes people, about somebody of this name; answers the import and the contact.
async fn people(server: &Server, folder: &Path, name: &str) -> (Value, String) {
    let file = folder.join(format!("{name}.csv"));
    fs::write(&file, format!("email,plan\n{name}@shop.example,gold\nb{name}@shop.example,silver\n")).unwrap();
    let path = file.to_str().unwrap();
    let import = ["contacts", "import", path, "--json"];

    let dry = told(&server.run(&[&import[..], &["--dry-run"]].concat()).await, 1);
    assert_eq!((&dry["state"], &dry["counts"]["created"], &dry["counts"]["failed"]), (&json!("checked"), &json!(1), &json!(1)), "{dry}");
    let fault = &dry["faults"][0];
    assert_eq!((&fault["row"], &fault["column"], &fault["cell"]), (&json!(3), &json!("plan"), &json!("silver")), "{dry}");
    assert_eq!((dry["faults"].as_array().unwrap().len(), &dry["errors_file"]), (1, &Value::Null), "{dry}");

    let done = told(&server.run(&import).await, 1);
    assert_eq!((&done["state"], &done["counts"]["created"], &done["faults"]), (&json!("done"), &json!(1), &dry["faults"]), "{done}");
    let left = fs::read_to_string(done["errors_file"].as_str().unwrap()).unwrap();
    assert!(left.lines().count() == 2 && left.contains("silver"), "the head and the one row: {left}");

    let whom = format!("email is \"{name}@shop.example\"");
    let asked = server.run(&["contacts", "tag", "vip", "--where", &whom, "--json"]).await;
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(2), ""), "nobody agreed: {asked:?}");
    assert!(asked.stderr.contains("1 contact to get the tag vip"), "{asked:?}");
    for change in [["tag", "vip"], ["untag", "vip"], ["set", "plan=free"], ["add-to", "guests"], ["remove-from", "guests"]] {
        let change = ["contacts", change[0], change[1], "--yes", "--json", "--where"];
        let changed = told(&server.run(&[&change[..], &[whom.as_str()]].concat()).await, 0);
        assert!(changed["id"].is_string(), "{changed}");
        assert_eq!((&changed["found"], &changed["done"], &changed["failed"]), (&json!(1), &json!(1), &json!(0)), "{change:?}: {changed}");
        let nobody = told(&server.run(&[&change[..], &["email is \"none@shop.example\""]].concat()).await, 0);
        assert_eq!(nobody, json!({ "id": null, "found": 0, "done": 0, "failed": 0 }), "{change:?}");
    }
    let listed = told(&server.run(&["segments", "import", "guests", path, "--json"]).await, 1);
    assert_eq!((&listed["options"]["list"], &listed["counts"]["updated"]), (&json!("guests"), &json!(1)), "{listed}");

    let found = lines(&server.run(&["contacts", "query", &whom, "--json"]).await);
    let id = found[0]["id"].as_str().unwrap().to_owned();
    for (command, status) in [("block", "blocked"), ("unblock", "active")] {
        let answer = told(&server.run(&["contacts", command, &id, "--json"]).await, 0);
        assert_eq!(answer, json!({ "contact": id, "status": status }));
    }

    let events = folder.join(format!("{name}.jsonl"));
    fs::write(&events, format!("{{\"contact\":\"{id}\",\"name\":\"bought\",\"at\":\"2026-01-01T00:00:00Z\"}}\nnot json\n")).unwrap();
    let recorded = told(&server.run(&["contacts", "import-events", events.to_str().unwrap(), "--json"]).await, 1);
    assert_eq!((&recorded["recorded"], &recorded["failed"][0]["line"]), (&json!(1), &json!(2)), "{recorded}");
    assert_eq!(fs::read_to_string(recorded["errors_file"].as_str().unwrap()).unwrap(), "not json\n");
    (done, id)
}

/// Makes a key and revokes it.
async fn keys(server: &Server, name: &str) {
    let made = told(&server.run(&["keys", "create", name, "--scope", "contacts:read,segments:read", "--json"]).await, 0);
    let key = &made["key"];
    assert_eq!((&key["name"], &key["scopes"]), (&json!(name), &json!(["contacts:read", "segments:read"])), "{made}");
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with(&format!("sbk_{}", key["id"].as_str().unwrap())), "{made}");
    let listed = server.run(&["keys", "list", "--json"]).await;
    assert!(!listed.stdout.contains(token), "it is told once");
    assert!(lines(&listed).contains(key), "as the list has it: {listed:?}");
    let revoked = told(&server.run(&["keys", "revoke", name, "--json"]).await, 0);
    assert!(revoked["id"] == key["id"] && !revoked["revoked_at"].is_null(), "{revoked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reads_what_commands_did() {
    let folder = bot(FILES);
    let mut server = Setup::new(folder.path()).start().await;
    let (mut done, _) = people(&server, folder.path(), "ana").await;
    keys(&server, "shop").await;
    // The same import over HTTP says the same of itself.
    let own = done.as_object_mut().unwrap();
    let id = own["id"].as_str().unwrap().to_owned();
    own.retain(|name, _| name != "faults" && name != "errors_file");
    {
        let program = Program::new(&server, &["contacts:read"]).await;
        assert_eq!(program.get(&format!("imports/{id}")).await, done);
        let listed = lines(&server.run(&["contacts", "import", "--progress", "--json"]).await);
        assert_eq!(json!(listed), program.get("imports").await["imports"]);
    }

    server.stop().await;
    let (done, _) = people(&server, folder.path(), "eva").await;
    keys(&server, "site").await;
    let undone = told(&server.run(&["contacts", "import", "--undo", done["id"].as_str().unwrap(), "--json"]).await, 0);
    assert_eq!((&undone["state"], &undone["id"], &undone["faults"]), (&json!("undone"), &done["id"], &json!([])), "{undone}");
    let listed = lines(&server.run(&["contacts", "import", "--progress", "--json"]).await);
    assert!(listed.iter().any(|import| import["id"] == id && import["state"] == "done"), "{listed:?}");
}
