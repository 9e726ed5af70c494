//! Requests to the outside, with the outside in other processes: an HTTP stub, a mail server with STARTTLS and sign-in, a provider of
//! text messages that signs its reports; kill -9 while a request is under way.

use crate::support::{PATIENCE, Server, Setup, Visitor, bot, root, within};
use serde_json::Value;
use std::{path::Path, process::Stdio, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
    sync::{Mutex, mpsc},
};

const START: (&str, &str) = ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n");

/// A server of somebody else's: requests are given to the test, which answers them or lets them hang.
struct Stub {
    origin: String,
    coming: Mutex<mpsc::UnboundedReceiver<(String, TcpStream)>>,
}

impl Stub {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (tell, coming) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    let request = read(&mut stream).await;
                    // The test may be over.
                    let _ = tell.send((request, stream));
                });
            }
        });
        Arc::new(Self { origin, coming: Mutex::new(coming) })
    }

    /// The next request, and the connection that waits for its answer.
    async fn next(&self) -> (String, TcpStream) {
        within("a request", async { self.coming.lock().await.recv().await.unwrap() }).await
    }

    async fn answer(&self, status: &str, body: &str) -> String {
        let (request, mut stream) = self.next().await;
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        request
    }
}

/// Head and body of a request.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return text,
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
        }
    }
}

fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    request.lines().find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn shop(origin: &str) -> tempfile::TempDir {
    let look = format!(
        "skill: look\ncatch: [{{ command: look }}]\nblocks:\n  get:\n    json:\n      get: {origin}/stock/${{first_name | default('a b/c')}}\n      headers: {{ Authorization: \"Bearer ${{secret.shop}}\" }}\n      save: {{ stock: $.stock }}\n    on: {{ error: no }}\n  tell: {{ text: \"Stock ${{stock}}\", next: end }}\n  no: {{ text: \"No: ${{event.reason}}\", next: end }}\n"
    );
    let order = format!(
        "skill: order\ncatch: [{{ command: order }}]\nblocks:\n  post:\n    json: {{ post: \"{origin}/orders\", body: {{ n: 2 }}, timeout: 60s }}\n    on: {{ error: no }}\n  ask: {{ text: Which size? }}\n  size: {{ listen: size }}\n  tell: {{ text: \"Size ${{size}}\", next: end }}\n  no: {{ text: \"No: ${{event.reason}}\", next: end }}\n"
    );
    bot(&[
        ("bot.yaml", "name: Shop\nchannels: { web: {} }\nsecrets: { shop: { env: SHOP_KEY, hosts: [127.0.0.1] } }\n"),
        START,
        ("skills/look.yaml", &look),
        ("skills/order.yaml", &order),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_carries_its_secret_to_its_host_and_nowhere_else() {
    let stub = Stub::start().await;
    let folder = shop(&stub.origin);
    let server = Setup::new(folder.path()).arg("--allow-request").arg("127.0.0.1").env("SHOP_KEY", "k3y-of-the-shop").start().await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "/look").await;
    let request = stub.answer("200 OK", "{\"stock\": 7}").await;
    assert!(request.starts_with("GET /stock/a%20b%2Fc HTTP/1.1"), "{request}");
    assert_eq!(header(&request, "authorization"), Some("Bearer k3y-of-the-shop"));
    ana.saw(&server, "Stock 7").await;
    // It is in nothing that was written or told.
    assert!(!server.output().contains("k3y-of-the-shop"));
    assert!(!holds(server.data(), b"k3y-of-the-shop"), "the value of a secret is never stored");

    // The same without the operator's leave, and without the secret.
    let closed = Setup::new(folder.path()).env("SHOP_KEY", "k3y-of-the-shop").start().await;
    let ben = Visitor::greeted(&closed).await;
    ben.say(&closed, "/look").await;
    let refused =
        ben.until(&closed, "a refusal", |lines| lines.iter().find_map(|l| Some(l.to_string()).filter(|t| t.contains("No: ")))).await;
    assert!(refused.contains("unencrypted") || refused.contains("not a public address"), "{refused}");
    let unset = Setup::new(folder.path()).arg("--allow-request").arg("127.0.0.1").start().await;
    assert!(unset.output().contains("secret shop is not set"), "{}", unset.output());
    let eva = Visitor::greeted(&unset).await;
    eva.say(&unset, "/look").await;
    eva.until(&unset, "the reason", |lines| lines.iter().find(|l| l.to_string().contains("SHOP_KEY")).map(|_| ())).await;
}

/// Whether a file below holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() { holds(&path, bytes) } else { std::fs::read(&path).unwrap_or_default().windows(bytes.len()).any(|w| w == bytes) }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_at_kill_9_is_made_again_under_its_key_and_messages_wait_for_it() {
    let stub = Stub::start().await;
    let folder = shop(&stub.origin);
    let mut server = Setup::new(folder.path()).arg("--allow-request").arg("127.0.0.1").env("SHOP_KEY", "x").start().await;
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "/order").await;
    let (first, hanging) = stub.next().await;
    assert!(first.starts_with("POST /orders") && first.ends_with("{\"n\":2}"), "{first}");
    let key = header(&first, "idempotency-key").unwrap().to_owned();
    // Typed before the question came; it is the answer to it all the same.
    ana.say(&server, "large").await;
    server.kill().await;
    drop(hanging);
    server.start_again().await;
    let second = stub.answer("201 Created", "{}").await;
    assert_eq!(header(&second, "idempotency-key"), Some(key.as_str()), "the other side can tell that it is the same");
    ana.saw(&server, "Size large").await;
    let texts = ana.texts(&server, "bot").await;
    let from = texts.iter().position(|t| t == "Which size?").unwrap();
    assert_eq!(texts[from..], ["Which size?", "Size large"], "each once");

    // Killed twice with nothing known: given up, and told.
    ana.say(&server, "/order").await;
    for _ in 0..2 {
        let (_, hanging) = stub.next().await;
        server.kill().await;
        drop(hanging);
        server.start_again().await;
    }
    ana.until(&server, "the reason", |lines| lines.iter().find(|l| l.to_string().contains("nobody knows whether it arrived")).map(|_| ()))
        .await;
}

/// A server in another process that tells what happened in lines of JSON.
struct Fake {
    port: u64,
    lines: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl Fake {
    async fn start(script: &str, args: &[&str]) -> Self {
        let folder = root().join("tests/fakes");
        if !folder.join("node_modules/smtp-server").is_dir() {
            let args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
            let installed = Command::new("npm").args(args).current_dir(&folder).status().await.expect("these tests need npm");
            assert!(installed.success());
        }
        let mut process = Command::new("node")
            .arg(folder.join(script))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("these tests need Node 20 or newer as `node`");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = within(script, lines.next_line()).await.unwrap().unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        Self { port: first["port"].as_u64().unwrap(), lines, process }
    }

    /// Says a line to the server.
    async fn tell(&mut self, line: &str) {
        self.process.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        let line = within("the next line of a server", self.lines.next_line()).await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

/// An authority of our own, and a certificate for localhost that it vouches for: key, certificate, authority.
async fn certificate(folder: &Path) -> [String; 3] {
    let path = |name: &str| folder.join(name).display().to_string();
    let (key, cert, ca, ca_key) = (path("key.pem"), path("cert.pem"), path("ca.pem"), path("ca-key.pem"));
    let common = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
    let authority = ["-subj", "/CN=Tests", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", &ca_key, "-out", &ca];
    let names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
    let leaf = ["-CA", &ca, "-CAkey", &ca_key, "-keyout", &key, "-out", &cert];
    for args in [authority.to_vec(), [&names[..], &leaf[..]].concat()] {
        let made = Command::new("openssl").args(common).args(args).output();
        let made = tokio::time::timeout(PATIENCE, made).await.unwrap().expect("these tests need openssl");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    [key, cert, ca]
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_leaves_encrypted_and_signed_in_and_a_refusal_is_an_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let [key, cert, authority] = certificate(folder.path()).await;
    let mut smtp = Fake::start("smtp.mjs", &[&key, &cert, "shop", "pass-w0rd"]).await;
    let yaml = format!(
        "name: Mail\nchannels: {{ web: {{}} }}\nemail: {{ from: bot@shop.example, smtp: {{ host: localhost, port: {}, tls: starttls, user: shop, password: \"${{env.MAIL_PASSWORD}}\" }} }}\n",
        smtp.port
    );
    let mail = |name: &str| {
        format!(
            "skill: {name}\ncatch: [{{ command: {name} }}]\nblocks:\n  mail:\n    email: {{ to: {name}@home.example, subject: \"Hola ñ ${{input}}\", body: \"Dear **you**\", format: markdown }}\n    on: {{ error: no }}\n  sent: {{ text: Sent {name}, next: end }}\n  no: {{ text: \"No: ${{event.reason}}\", next: end }}\n"
        )
    };
    let (ana, refused, later) = (mail("ana"), mail("refused"), mail("later"));
    let files =
        [("bot.yaml", &*yaml), START, ("skills/ana.yaml", &*ana), ("skills/refused.yaml", &*refused), ("skills/later.yaml", &*later)];
    let with = bot(&files);
    let setup = Setup::new(with.path()).env("SSL_CERT_FILE", authority);
    let server = setup.clone().env("MAIL_PASSWORD", "pass-w0rd").start().await;
    let visitor = Visitor::greeted(&server).await;
    visitor.say(&server, "/ana").await;
    let mail = smtp.next().await;
    assert_eq!(
        (&mail["from"], &mail["to"][0], &mail["secure"], &mail["user"]),
        (&"bot@shop.example".into(), &"ana@home.example".into(), &true.into(), &"shop".into())
    );
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("<strong>you</strong>") && text.contains("Dear **you**") && text.contains("Message-ID: <req_"), "{text}");
    visitor.saw(&server, "Sent ana").await;
    visitor.say(&server, "/refused").await;
    visitor.saw(&server, "No: the mail server refused it (550)").await;
    // Not now: it is tried again by itself.
    visitor.say(&server, "/later").await;
    assert_eq!(smtp.next().await["to"][0], "later@home.example");
    visitor.saw(&server, "Sent later").await;

    // Without the password, and with a wrong one.
    let off = setup.clone().start().await;
    assert!(off.output().contains("mail is off: MAIL_PASSWORD is not set"), "{}", off.output());
    no(&off, "/ana", "mail is off").await;
    let wrong = setup.env("MAIL_PASSWORD", "guess").start().await;
    no(&wrong, "/ana", "refused it (535)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_with_a_certificate_nobody_vouches_for_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let [key, cert, _authority] = certificate(folder.path()).await;
    let smtp = Fake::start("smtp.mjs", &[&key, &cert, "shop", "pass-w0rd"]).await;
    let yaml = format!(
        "name: Mail\nchannels: {{ web: {{}} }}\nemail: {{ from: bot@shop.example, smtp: {{ host: localhost, port: {}, tls: starttls, user: shop, password: \"${{env.MAIL_PASSWORD}}\" }} }}\n",
        smtp.port
    );
    let mail = "skill: ana\ncatch: [{ command: ana }]\nblocks:\n  mail:\n    email: { to: ana@home.example, subject: Hi, body: Hi }\n    on: { error: no }\n  sent: { text: Sent, next: end }\n  no: { text: \"No: ${event.reason}\", next: end }\n";
    let bot = bot(&[("bot.yaml", &yaml), START, ("skills/ana.yaml", mail)]);
    // The machine knows nothing of the authority that made the certificate.
    let server = Setup::new(bot.path()).env("MAIL_PASSWORD", "pass-w0rd").start().await;
    // The first of the tries that a server which is away gets comes after five seconds; here none is worth it.
    let told = tokio::time::timeout(
        std::time::Duration::from_secs(4),
        no(&server, "/ana", "nobody this machine trusts vouches for the certificate"),
    );
    told.await.expect("told without another try");
    assert!(!server.output().contains("pass-w0rd"));
}

/// A visitor says something and is told why it does not work.
async fn no(server: &Server, say: &str, why: &str) {
    let visitor = Visitor::greeted(server).await;
    visitor.say(server, say).await;
    let why = why.to_owned();
    visitor.until(server, "a reason", |lines| lines.iter().find(|l| l.to_string().contains(&why)).map(|_| ())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_messages_are_sent_and_a_refusal_is_an_outcome() {
    let mut twilio = Fake::start("twilio.mjs", &["AC123", "t0ken"]).await;
    let yaml = format!(
        "name: Sms\nchannels: {{ web: {{}} }}\nsms: {{ provider: twilio, account: AC123, token: \"${{env.SMS_TOKEN}}\", from: \"+34600000000\", base_url: \"http://127.0.0.1:{}\" }}\n",
        twilio.port
    );
    let sms = |name: &str, to: &str| {
        format!(
            "skill: {name}\ncatch: [{{ command: {name} }}]\nblocks:\n  send:\n    sms: {{ to: \"{to}\", text: \"Hola ñ & co\" }}\n    on: {{ error: no }}\n  sent: {{ text: Sent, next: end }}\n  no: {{ text: \"No: ${{event.reason}}\", next: end }}\n"
        )
    };
    let (fine, bad) = (sms("fine", "+34600111222"), sms("bad", "+34600111400"));
    let folder = bot(&[("bot.yaml", &yaml), START, ("skills/fine.yaml", &fine), ("skills/bad.yaml", &bad)]);
    let setup = Setup::new(folder.path());
    let server = setup.clone().env("SMS_TOKEN", "t0ken").start().await;
    assert!(server.output().contains("nobody can report what became of them"), "{}", server.output());
    let ana = Visitor::greeted(&server).await;
    ana.say(&server, "/fine").await;
    let sent = twilio.next().await;
    assert_eq!((&sent["to"], &sent["from"], &sent["body"]), (&"+34600111222".into(), &"+34600000000".into(), &"Hola ñ & co".into()));
    assert_eq!(sent["reports"], serde_json::json!([]), "without a public address no report is ordered");
    ana.saw(&server, "Sent").await;
    ana.say(&server, "/bad").await;
    ana.saw(&server, "No: the provider refused it (status 400, its code 21211)").await;
    // The route is there, and answers nobody who is not the provider.
    let report = format!("{}/services/sms/status?call=req_1", server.origin());
    assert_eq!(server.http().post(report).body("MessageStatus=delivered").send().await.unwrap().status(), 404);

    // With a public address each message is reported on, signed for that address; a report counts once, and only with its signature.
    let (ana_is, lost) = (sms("fine", "+34600111222"), sms("lost", "+34600111404"));
    let undelivered = "skill: /_undelivered\nblocks:\n  tell: { text: \"Lost at ${event.block}: ${event.reason}\", next: end }\n";
    let files = [
        ("bot.yaml", &*yaml),
        START,
        ("skills/fine.yaml", &*ana_is),
        ("skills/lost.yaml", &*lost),
        ("skills/undelivered.yaml", undelivered),
    ];
    let with = bot(&files);
    let reported = Setup::new(with.path()).env("SMS_TOKEN", "t0ken").arg("--public-url").arg("https://chat.shop.example").start().await;
    twilio.tell(&reported.origin()).await;
    let eva = Visitor::greeted(&reported).await;
    eva.say(&reported, "/fine").await;
    // On the way, forged, true, and true once more.
    assert_eq!(twilio.next().await["reports"], serde_json::json!([204, 403, 204, 204]));
    eva.say(&reported, "/lost").await;
    assert_eq!(twilio.next().await["reports"], serde_json::json!([204, 403, 204, 204]));
    eva.saw(&reported, "it could not be delivered (code 30003)").await;
    let told = eva.texts(&reported, "bot").await;
    assert_eq!(told.iter().filter(|t| t.starts_with("Lost at lost.send: ")).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|t| t.starts_with("Lost at")).count(), 1, "what arrived is no failure: {told:?}");

    let off = setup.start().await;
    assert!(off.output().contains("text messages are off: SMS_TOKEN is not set"), "{}", off.output());
    no(&off, "/fine", "text messages are off").await;
}
