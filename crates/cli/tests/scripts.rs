//! Scripted conversations and `chat`: what can be preset and expected, coverage, JUnit, recordings that play.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

const BOT: &str = "name: Desk\ntimezone: UTC\nattributes:\n  plan: { type: enum, values: [free, gold] }\n  visits: { type: number }\n\
                   statuses: [callback]\ngroups: { support: {} }\n";
const SEGMENTS: &str = "gold: { name: Gold, where: plan = gold }\ntesters: { name: Testers, static: true }\n";
const SKILL: &str = "skill: help\ncatch: [{ command: help }, { event: paid }]\nblocks:\n  ask:\n    text: What is it?\n    buttons:\n      - Bill: bill\n      \
                     - Other: other\n    timeout: 10m\n    on: { timeout: late, other: other }\n  bill:\n    text: \"Bill ${number | default('?')}.\"\n    \
                     next: end\n  other:\n    status: callback\n  count:\n    data: { number: 1 }\n  raise:\n    send: asked\n    with: { about: other }\n    next: end\n  late:\n    \
                     text: Still there?\n    next: end\n";

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let desk = Self(home);
        desk.write("bot.yaml", BOT);
        desk.write("segments.yaml", SEGMENTS);
        desk.write("skills/help.yaml", SKILL);
        desk
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join("desk").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, args: &[&str], input: &str) -> (Option<i32>, String) {
        self.run_on(args, input.as_bytes())
    }

    fn run_on(&self, args: &[&str], input: &[u8]) -> (Option<i32>, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(args)
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }

    /// Plays one conversation.
    fn play(&self, text: &str) -> (Option<i32>, String) {
        self.write("conversations/one.yaml", text);
        self.run(&["test", "desk"], "")
    }

    #[track_caller]
    fn passes(&self, text: &str) {
        let (code, said) = self.play(text);
        assert_eq!(code, Some(0), "{said}");
    }

    #[track_caller]
    fn fails(&self, text: &str, parts: &[&str]) {
        let (code, said) = self.play(text);
        assert_ne!(code, Some(0), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part}\n{said}");
        }
    }
}

#[test]
fn a_talk_begins_in_the_middle_with_what_is_known_by_then() {
    let desk = Desk::new();
    desk.passes("test: a\nstart_at: help.late\ntalk:\n  - bot: Still there?\nthen: { ended: help.late, at: nothing }\n");
    desk.passes("test: a\nstart_at: { block: help.bill, vars: { number: 41 } }\ntalk:\n  - bot: { text: Bill 41., from: help.bill }\n");
    desk.passes("test: a\nstart_at: help.ask\ntalk:\n  - bot: any\n  - then: { at: help.ask, owner: bot }\n  - press: Bill\n  - bot: { contains: Bill, lacks: \"41\" }\n");
    desk.fails("test: a\nstart_at: help.bil\ntalk:\n  - bot: any\n", &["E0240", "did you mean", "bill", "one.yaml:2:11"]);
    desk.fails("test: a\ntalk:\n  - user: /help\n  - bot: any\nthen: { at: hlp.ask }\n", &["E0240", "no skill \"hlp\""]);
}

#[test]
fn a_contact_is_preset_and_everything_about_them_is_compared() {
    let desk = Desk::new();
    desk.passes(
        "test: a\ncontact: { attributes: { plan: gold }, visits: 7, tags: [vip], status: callback, segments: [testers], greeted: yes,\n  \
         events: [{ purchase: { total: 12 }, times: 3, at: -1d }, seen] }\ntalk:\n  - user: /help\n  - bot: any\n  - user: Other\n  \
         - set: { visits: 8 }\n  - tag: new\n  - untag: vip\n\
         then: { attributes: { plan: gold, visits: 8.0 }, tags: [NEW], status: callback, segments: [gold, testers], events: [{ asked: { about: other } }] }\n",
    );
    let talk = "test: a\ncontact: { plan: free }\ntalk:\n  - user: /help\n  - bot: any\n  - user: Other\n";
    desk.fails(
        &format!("{talk}then: {{ tags: [x], status: active, events: [asked, paid], attributes: {{ plan: gold }}, at: help.ask }}\n"),
        &[
            "expected tags  x",
            "got tags  nothing",
            "got status  callback",
            "plan: free",
            "asked, paid",
            "asked { about: other }",
            "help.ask",
        ],
    );
    desk.fails("test: a\ncontact: { segments: [gold] }\ntalk:\n  - user: hi\n", &["E0241", "plan = gold"]);
    desk.fails("test: a\ntalk:\n  - event: paid\n", &["nobody has written yet"]);
}

#[test]
fn coverage_names_what_nobody_tried_with_its_place() {
    let desk = Desk::new();
    desk.write("conversations/one.yaml", "test: a bill\ntalk:\n  - user: /help\n  - bot: any\n  - press: Bill\n  - bot: any\n");
    desk.write("conversations/two.yaml", "test: too late\ntalk:\n  - user: /help\n  - bot: any\n  - after: 10m\n  - bot: any\n");
    let (code, said) = desk.run(&["test", "desk", "--coverage"], "");
    assert_eq!(code, Some(0), "{said}");
    for part in
        ["3 of 6 blocks (50%)", "desk/skills/help.yaml:14: help.other (status)", "help.ask by Other to other", "help.ask by other to other"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains("by Bill") && !said.contains("by timeout") && !said.contains("help.bill by"), "{said}");
}

#[test]
fn results_are_filtered_counted_and_written_for_build_servers() {
    let desk = Desk::new();
    desk.write("conversations/one.yaml", "test: a <good> one\ntalk:\n  - user: /help\n  - bot: What is it?\n");
    desk.write("conversations/two.yaml", "test: a bad one\ntalk:\n  - user: /help\n  - bot: What was it?\n");
    let (code, said) = desk.run(&["test", "desk", "--junit", "out.xml"], "");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("1 passed, 1 failed"), "{said}");
    let xml = fs::read_to_string(desk.0.path().join("out.xml")).unwrap();
    for part in
        ["tests=\"2\" failures=\"1\"", "a &lt;good&gt; one", "<failure message=\"the bot said something else (help.ask)\">", "What was it?"]
    {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
    assert_eq!(desk.run(&["test", "desk", "--filter", "good"], "").0, Some(0));
    let (code, said) = desk.run(&["test", "desk", "--filter", "nothing"], "");
    assert!(code == Some(2) && said.contains("none of the 2 conversations"), "{said}");
}

#[test]
fn a_recorded_chat_is_a_test_that_passes() {
    let desk = Desk::new();
    let typed = "/help\n/set plan gold\n/tag very: odd\nwhat\n//help\n/skip 10m\n/help\n1\n/trace on\nhello there: \"you\"\n/quit\n";
    // `/help` is the chat's own; `//help` is the bot's.
    let (code, said) = desk.run(&["chat", "desk", "--record", "desk/conversations/recorded.yaml"], typed);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("recorded in desk/conversations/recorded.yaml") && said.contains("· rule "), "{said}");
    let recorded = fs::read_to_string(desk.0.path().join("desk/conversations/recorded.yaml")).unwrap();
    for part in ["- set: { plan: gold }", "- tag: \"very: odd\"", "- after: 10m", "- bot: Still there?", "segments: [gold]"] {
        assert!(recorded.contains(part), "{part}\n{recorded}");
    }
    let (code, said) = desk.run(&["test", "desk"], "");
    assert_eq!(code, Some(0), "{said}\n{recorded}");
}

#[test]
fn a_recording_is_not_written_over_a_file_that_is_there() {
    let desk = Desk::new();
    desk.write("conversations/mine.yaml", "test: mine\ntalk:\n  - user: /help\n  - bot: What is it?\n");
    let path = desk.0.path().join("desk/conversations/mine.yaml");
    let before = fs::read_to_string(&path).unwrap();
    let (code, said) = desk.run(&["chat", "desk", "--record", "desk/conversations/mine.yaml"], "//help\n/quit\n");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("desk/conversations/mine.yaml is there already; choose another name"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn a_line_that_is_no_text_is_told_and_the_chat_goes_on() {
    let desk = Desk::new();
    let (code, said) = desk.run_on(&["chat", "desk"], b"//he\xff\xfelp\r\n//help\r\n/quit\n");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("no UTF-8").count(), 1, "{said}");
    assert!(said.contains("bot: What is it?"), "what comes after it is said: {said}");
    // The last line needs no end.
    let (_, said) = desk.run_on(&["chat", "desk"], b"//help");
    assert!(said.contains("bot: What is it?"), "{said}");
}

#[test]
fn a_number_in_a_chat_presses_a_button_as_people_write_it() {
    let desk = Desk::new();
    desk.write("skills/ask.yaml", "skill: ask\ncatch: [{ command: ask }]\nblocks:\n  q:\n    text: Which?\n    buttons: [{ One: one }, { Two: two }]\n    on: { other: what, timeout: end }\n    timeout: 1h\n  one: { text: It is one., next: end }\n  two: { text: It is two., next: end }\n  what: { text: Neither., next: end }\n");
    let (_, said) = desk.run(&["chat", "desk"], "/ask\n#2\n/ask\n+1\n/quit\n");
    assert!(said.contains("It is two.") && said.contains("Neither.") && !said.contains("It is one."), "{said}");
}

#[test]
fn a_chat_takes_over_a_changed_bot_between_messages() {
    let desk = Desk::new();
    let skill = desk.0.path().join("desk/skills/help.yaml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args(["chat", "desk"])
        .current_dir(desk.0.path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = child.stdin.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let mut until = |part: &str| loop {
        let line = lines.next().unwrap_or_else(|| panic!("{part} did not come")).unwrap();
        if line.contains(part) {
            break;
        }
    };
    writeln!(typed, "//help").unwrap();
    until("What is it?");
    fs::write(&skill, SKILL.replace("Bill ${", "New bill ${")).unwrap();
    until("the bot changed");
    writeln!(typed, "1").unwrap();
    until("bot: Bill ?.");
    writeln!(typed, "//help\nBill").unwrap();
    until("bot: New bill ?.");
    fs::write(&skill, "skill: help\nblocks: [").unwrap();
    until("not reloaded: ");
    writeln!(typed, "/quit").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(Path::new(&skill).exists());
}

const SENDS: &str = "skill: send\ncatch: [{ command: send }]\nblocks:\n  ask:\n    text: A picture of it?\n  photo:\n    listen: photo\n    \
                     expect: { file: { kinds: [image], max_kb: 2000 } }\n    retry: { say: A picture please., times: 1 }\n    timeout: 1h\n    \
                     on: { timeout: end, invalid: words }\n  got:\n    text: \"${photo.name} ${photo.type} ${photo.size} ${input | default('-')}\"\n  where:\n    \
                     listen: place\n    expect: location\n    timeout: 1h\n    on: { timeout: end, invalid: words }\n  there:\n    \
                     text: \"${place.latitude} ${place.longitude}\"\n    next: end\n  words:\n    text: In words then.\n  said:\n    listen: words\n    timeout: 1h\n    \
                     on: { timeout: end }\n  heard:\n    text: \"You said ${words}.\"\n";

#[test]
fn a_customer_sends_pictures_files_and_places() {
    let desk = Desk::new();
    desk.write("skills/send.yaml", SENDS);
    desk.passes(
        "test: a\ntalk:\n  - user: /send\n  - bot: any\n  - user: { image: cat.png, size: 3kB, text: My cat }\n  \
         - bot: cat.png image/png 3072 My cat\n  - user: { location: { lat: 41.3874, lng: -2.5 } }\n  - bot: 41.3874 -2.5\n",
    );
    // Too large, of another kind, a text: each is as unusable as the other.
    desk.passes(
        "test: a\ntalk:\n  - user: /send\n  - bot: any\n  - user: { image: cat.png, size: 2001 kB }\n  - bot: A picture please.\n  \
         - user: { file: cat.bin, type: image/png }\n  - bot: In words then.\n  - user: { voice: a.ogg, text: A caption counts }\n  - bot: You said A caption counts.\n",
    );
    desk.passes(
        "test: a\ntalk:\n  - user: /send\n  - bot: any\n  - user: { file: a.pdf, image: [b.jpg, c.jpg] }\n  - bot: { contains: b.jpg image/jpeg 102400 - }\n  \
         - user: { location: \"-90, 180\" }\n  - bot: -90 180\n",
    );
    for (line, words) in [
        ("{ image: a.pdf }", "application/pdf"),
        ("{ file: a, type: pdf }", "no media type"),
        ("{ file: a, size: 5GB }", "size is a number of bytes"),
        ("{ location: { lat: 91, lng: 0 } }", "no place on earth"),
        ("{ location: { lat: 1 } }", "no place on earth"),
        ("{ text: only }", "nothing is sent here"),
        ("{ location: \"1, 1\", file: a }", "two lines"),
        ("{ location: \"1, 1\", type: text/plain }", "there is none"),
        ("{ foto: a.png }", "has no \"foto\""),
    ] {
        desk.fails(&format!("test: a\ntalk:\n  - user: {line}\n"), &[words, "one.yaml:3:"]);
    }
}

#[test]
fn what_is_sent_in_a_chat_is_recorded_and_plays() {
    let desk = Desk::new();
    desk.write("skills/send.yaml", SENDS);
    desk.write("cat.png", "0123456789");
    let typed = "/send\n//send\n/send \"desk/cat.png\" My cat\n/place 41.5, 2.25\n/place nowhere\n/quit\n";
    let (code, said) = desk.run(&["chat", "desk", "--record", "desk/conversations/recorded.yaml"], typed);
    assert_eq!(code, Some(0), "{said}");
    for part in ["/send takes", "cat.png image/png 10 My cat", "41.5 2.25", "/place takes"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let recorded = fs::read_to_string(desk.0.path().join("desk/conversations/recorded.yaml")).unwrap();
    for part in ["- user: { image: cat.png, size: 10, text: My cat }", "- user: { location: { lat: 41.5, lng: 2.25 } }"] {
        assert!(recorded.contains(part), "{part}\n{recorded}");
    }
}

const CALLS: &str = "skill: ask\ncatch: [{ command: get }]\nblocks:\n  look:\n    json: { get: \"https://shop.example/a\", headers: { X-Way: web, \
                     Accept: text/plain }, save: { found: $.n } }\n    on: { error: not, timeout: late }\n  got:\n    text: \"Found ${found}.\"\n    next: end\n  \
                     not:\n    text: \"${event.status | default('-')} ${event.reason}\"\n    next: end\n  late:\n    text: Too late.\n";

#[test]
fn a_redirect_is_followed_as_the_server_follows_it() {
    let desk = Desk::new();
    desk.write("bot.yaml", &format!("{BOT}secrets:\n  key: {{ env: KEY, hosts: [shop.example] }}\n"));
    desk.write("skills/ask.yaml", CALLS);
    let play = |desk: &Desk, http: &[&str], said: &str| {
        let http: String = http.iter().map(|entry| format!("  - {entry}\n")).collect();
        desk.passes(&format!("test: a\nhttp:\n{http}talk:\n  - user: /get\n  - bot: {{ contains: {said:?} }}\n"));
    };
    let there = "{ get: \"https://shop.example/b\", headers: { X-Way: web }, reply: { n: 7 } }";
    play(&desk, &["{ get: \"https://shop.example/a\", redirect: /b }", there], "Found 7.");
    play(&desk, &["{ get: \"https://shop.example/a\", redirect: \"https://shop.example/b\", status: 308 }", there], "Found 7.");
    // What was meant for one host is not told another; what means the same everywhere is.
    let elsewhere = "{ get: \"https://other.example/b\", headers: { X-Way: web }, reply: { n: 1 } }";
    let polite = "{ get: \"https://other.example/b\", headers: { accept: text/plain }, reply: { n: 2 } }";
    play(&desk, &["{ get: \"https://shop.example/a\", redirect: \"https://other.example/b\" }", elsewhere, polite], "Found 2.");
    play(&desk, &["{ get: \"https://shop.example/a\", redirect: \"http://shop.example/b\" }"], "it redirects from https to http");
    play(&desk, &["{ get: \"https://shop.example/a\", redirect: /c }", there], "GET https://shop.example/c is answered by nobody here");
    play(&desk, &["{ get: \"https://shop.example/a\", redirect: /a }"], "redirected more than 3 times");
    // The whole way counts, not each step of it.
    let slow = "http:\n  - { get: \"https://shop.example/a\", redirect: /b, delay: 6s }\n  - { get: \"https://shop.example/b\", reply: { n: 1 }, delay: 6s }\n";
    desk.passes(&format!("test: a\n{slow}talk:\n  - user: /get\n  - after: 9s\n  - after: 1s\n  - bot: Too late.\n"));
    // Another request than the one that was made is never made.
    desk.write("skills/ask.yaml", &CALLS.replace("get: \"https", "post: \"https"));
    let post = "{ post: \"https://shop.example/b\", reply: { n: 3 } }";
    play(&desk, &["{ post: \"https://shop.example/a\", redirect: /b }", post], "302 ");
    play(&desk, &["{ post: \"https://shop.example/a\", redirect: /b, status: 307 }", post], "Found 3.");
    // A secret stays with its host, a body too.
    desk.write("skills/ask.yaml", &CALLS.replace("X-Way: web", "X-Key: \"${secret.key}\""));
    play(
        &desk,
        &["{ get: \"https://shop.example/a\", redirect: \"https://other.example/b\" }", polite],
        "a request with a secret to another host",
    );
    desk.write("skills/ask.yaml", &CALLS.replace("get: \"https", "body: { a: 1 }, post: \"https"));
    play(&desk, &["{ post: \"https://shop.example/a\", redirect: \"https://other.example/b\", status: 308 }"], "a body to another host");
    for (entry, words) in [
        ("{ get: \"https://a.example\", redirect: /b, status: 404 }", "404 leads nowhere"),
        ("{ get: \"https://a.example\", redirect: /b, reply: x }", "leave reply and fail out"),
        ("{ email: any, redirect: /b }", "a redirect is the whole answer"),
    ] {
        desk.fails(&format!("test: a\nhttp:\n  - {entry}\ntalk:\n  - user: /get\n"), &[words, "one.yaml:3:"]);
    }
}

#[test]
fn an_address_is_the_same_however_it_is_written() {
    let desk = Desk::new();
    desk.write("skills/ask.yaml", &CALLS.replace("https://shop.example/a", "https://shop.example/caf\u{e9}/${input}"));
    let list = "http:\n  - { get: \"https://SHOP.example/caf%C3%A9/%2Fget\", reply: { n: 5 } }\n";
    desk.passes(&format!("test: a\n{list}talk:\n  - user: /get\n  - bot: Found 5.\n"));
}

/// A server that answers every request with its number, and closes.
fn counting() -> (u16, std::thread::JoinHandle<usize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut requests = 0;
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stream.try_clone().unwrap())).map_while(Result::ok);
            let Some(first) = lines.next() else { continue };
            if first.starts_with("GET /stop") {
                break;
            }
            requests += 1;
            let _ = lines.take_while(|line| !line.is_empty()).count();
            let body = format!("{{\"n\":{requests}}}");
            write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).unwrap();
        }
        requests
    });
    (port, server)
}

#[test]
fn a_chat_calls_nobody_unless_it_is_told_to() {
    let (port, server) = counting();
    let desk = Desk::new();
    desk.write("skills/ask.yaml", &CALLS.replace("https://shop.example/a", &format!("http://127.0.0.1:{port}/orders")));
    let typed = "/start\n/get\n/trace\n/get\n/quit\n";
    let (code, said) = desk.run(&["chat", "desk"], typed);
    assert!(
        code == Some(0) && said.contains("is answered by nobody here: chat makes no calls unless it is started with --network"),
        "{said}"
    );
    // The own network is not public: it takes the operator's word.
    let (code, said) = desk.run(&["chat", "desk", "--network"], typed);
    assert!(code == Some(0) && said.contains("127.0.0.1 is not a public address"), "{said}");
    let (code, said) = desk.run(&["chat", "desk", "--network", "--allow-request", "127.0.0.1"], typed);
    assert_eq!(code, Some(0), "{said}");
    // The second call goes out as well as the first.
    for part in ["bot: Found 1.", "bot: Found 2.", "/orders: really called"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let (code, said) = desk.run(&["chat", "desk", "--allow-request", "127.0.0.1"], "");
    assert!(code == Some(2) && said.contains("--network"), "{said}");
    write!(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap(), "GET /stop HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(server.join().unwrap(), 2, "the first two chats called nobody");
}
