//! A chat as an agent has it: waiting, taken, talked in, resolved; and the stream that tells of it.

use crate::support::{Site, next_event};
use bytes::Bytes;
use http::{Method, StatusCode};
use model::{Content, RequestState};
use serde_json::{Value, json};

fn texts(page: &Value) -> Vec<(String, String)> {
    let lines = page["lines"].as_array().unwrap().iter().filter(|l| l["line"] == "message");
    lines.map(|l| (l["from"].as_str().unwrap().to_owned(), l["text"].as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn a_chat_from_the_queue_to_the_bot_again() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    let client = site.signed_in("bea").await;
    let _present = site.waiting("ana", "support", &bea).await;
    let desk = client.get("/console/api/desk").await.json();
    let row = &desk["queue"][0];
    assert_eq!((&row["group"], &row["state"], &row["position"]), (&json!("support"), &json!("waiting"), &json!(1)), "{desk}");
    assert_eq!(row["since"], crate::support::start().as_millis(), "times are milliseconds");
    let path = site.path("ana").await;
    let can = async || client.get(&path).await.json()["conversation"]["can"].clone();
    assert_eq!(can().await, json!({ "take": true, "say": false, "resolve": false, "dismiss": false }));

    // Not before it is taken.
    let say = |id: &str, text: &str| json!({ "client_id": id, "text": text });
    client.post(&format!("{path}/messages"), &say("m0", "too early")).await.refused(409, "not_yours");
    assert_eq!(client.post(&format!("{path}/take"), &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(can().await, json!({ "take": false, "say": true, "resolve": true, "dismiss": false }));

    let first = client.post(&format!("{path}/messages"), &say("m1", "Hello, I am Bea.")).await;
    let again = client.post(&format!("{path}/messages"), &say("m1", "Hello, I am Bea.")).await;
    assert_eq!((first.status, first.json()), (again.status, again.json()), "the same client id is the same message");
    site.customer_says("ana", Content::text("Hi Bea")).await;
    let page = client.get(&format!("{path}/messages")).await.json();
    let said: Vec<(String, String)> = texts(&page).into_iter().filter(|(from, _)| from != "system").collect();
    assert_eq!(
        said,
        [("customer", "support"), ("agent", "Hello, I am Bea."), ("customer", "Hi Bea")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    assert_eq!(client.get("/console/api/desk").await.json()["mine"][0]["waiting_customer"], true);

    client.post(&format!("{path}/resolve"), &json!({ "skill": "nothing like that" })).await.refused(422, "no_such_skill");
    assert_eq!(client.post(&format!("{path}/resolve"), &json!({})).await.status, StatusCode::NO_CONTENT);
    let page = client.get(&format!("{path}/messages")).await.json();
    assert_eq!(texts(&page).last().unwrap(), &("bot".to_owned(), "The bot is back.".to_owned()));
    client.post(&format!("{path}/messages"), &say("m2", "too late")).await;
    assert_eq!(texts(&client.get(&format!("{path}/messages")).await.json()).last().unwrap().0, "bot", "nothing was said after the end");
    // How it goes on can be seen for a day.
    site.clock.advance(24 * 3_600 * 1_000_000);
    let later = site.signed_in("bea").await;
    later.get(&path).await.refused(404, "not_found");
    site.stop().await;
}

#[tokio::test]
async fn of_two_agents_one_gets_the_chat() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    site.agent("cleo", &["support"]).await;
    let _present = site.waiting("ana", "support", &bea).await;
    let (one, two) = (site.signed_in("bea").await, site.signed_in("cleo").await);
    let path = site.path("ana").await;
    let take = format!("{path}/take");
    let body = json!({});
    let (a, b) = tokio::join!(one.post(&take, &body), two.post(&take, &body));
    let (winner, loser, refusal) = if a.status == StatusCode::NO_CONTENT { (&one, &two, b) } else { (&two, &one, a) };
    refusal.refused(409, "taken");
    assert_eq!(winner.get(&path).await.json()["conversation"]["can"]["say"], true);
    let seen = loser.get(&path).await.json();
    assert_eq!(seen["conversation"]["can"], json!({ "take": false, "say": false, "resolve": false, "dismiss": false }));
    loser.post(&format!("{path}/messages"), &json!({ "client_id": "x", "text": "me too" })).await.refused(409, "taken");
    loser.post(&format!("{path}/resolve"), &json!({})).await.refused(409, "taken");
    assert_eq!(loser.get("/console/api/desk").await.json()["others"], 1);
    site.stop().await;
}

#[tokio::test]
async fn a_missed_request_is_answered_by_a_reply_or_dismissed() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    // Nobody has the console open.
    site.customer_says("ana", Content::text("support")).await;
    site.customer_says("bob", Content::text("support")).await;
    let client = site.signed_in("bea").await;
    assert_eq!(client.get("/console/api/desk").await.json()["missed"].as_array().unwrap().len(), 2);
    let (ana, bob) = (site.path("ana").await, site.path("bob").await);
    let said = client.post(&format!("{ana}/messages"), &json!({ "client_id": "m1", "text": "Sorry, I am here now." })).await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.text());
    assert_eq!(client.post(&format!("{bob}/dismiss"), &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(&bob).await.status, StatusCode::OK, "whoever looks at it still sees it");
    let desk = client.get("/console/api/desk").await.json();
    assert_eq!((desk["missed"].as_array().unwrap().len(), desk["mine"].as_array().unwrap().len()), (0, 1), "{desk}");
    site.stop().await;
}

#[tokio::test]
async fn pages_of_lines_are_found_by_counting_from_either_end() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    let _present = site.waiting("ana", "support", &bea).await;
    for n in 0..30 {
        site.customer_says("ana", Content::text(format!("line {n}"))).await;
    }
    let client = site.signed_in("bea").await;
    let path = site.path("ana").await;
    let numbers = async |query: &str| {
        let page = client.get(&format!("{path}/messages{query}")).await.json();
        let lines: Vec<u64> = page["lines"].as_array().unwrap().iter().map(|l| l["no"].as_u64().unwrap()).collect();
        (lines, page["last"].as_u64().unwrap())
    };
    let (all, last) = numbers("").await;
    assert_eq!(all, (1..=last).collect::<Vec<_>>(), "numbers have no gaps and begin at the first message");
    assert_eq!(numbers("?limit=10").await.0, (last - 9..=last).collect::<Vec<_>>());
    assert_eq!(numbers(&format!("?before={}&limit=10", last - 9)).await.0, (last - 19..=last - 10).collect::<Vec<_>>());
    assert_eq!(numbers("?before=4&limit=10").await.0, [1, 2, 3]);
    assert_eq!(numbers("?before=1&limit=10").await.0, Vec::<u64>::new());
    assert_eq!(numbers("?after=0&limit=3").await.0, [1, 2, 3]);
    assert_eq!(numbers(&format!("?after={last}")).await.0, Vec::<u64>::new());
    assert_eq!(numbers("?before=999999999999&limit=2").await.0, [last - 1, last]);
    client.get(&format!("{path}/messages?after=1&before=9")).await.refused(422, "invalid");
    client.get(&format!("{path}/messages?after=-1")).await.refused(400, "invalid");
    client.get(&format!("{path}/messages?of=x")).await.refused(400, "invalid");
    site.stop().await;
}

#[tokio::test]
async fn an_open_stream_is_presence_and_tells_what_changes_in_sight() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    site.agent("sam", &["sales"]).await;
    let (client, stranger) = (site.signed_in("bea").await, site.signed_in("sam").await);
    let open = async |c: &crate::support::Client| c.open(Method::GET, "/console/api/stream", &[], Bytes::new()).await;
    let answer = open(&client).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = answer.into_body();
    let mut other = open(&stranger).await.into_body();
    assert_eq!(next_event(&mut stream).await.0, "hello");
    assert_eq!(next_event(&mut other).await.0, "hello");
    // Somebody is there now: the request waits instead of being missed.
    site.customer_says("ana", Content::text("support")).await;
    let (contact, conversation) = site.place("ana").await;
    let person = site.handle.person(contact).await.unwrap().unwrap();
    assert!(matches!(person.conversation(conversation).unwrap().request.as_ref().unwrap().state, RequestState::Waiting));
    loop {
        let (name, _) = next_event(&mut stream).await;
        let desk = client.get("/console/api/desk").await.json();
        if name == "desk" && desk["queue"].as_array().is_some_and(|q| q.len() == 1) {
            break;
        }
    }
    site.customer_says("ana", Content::text("Is anybody there?")).await;
    loop {
        let (name, data) = next_event(&mut stream).await;
        if name == "conversation" {
            assert_eq!(data, conversation.to_string());
            break;
        }
    }
    // The colleague of another group is told that the desk moved, never of the conversation.
    site.stop().await;
    let mut seen = Vec::new();
    use http_body_util::BodyExt as _;
    while let Some(Ok(frame)) = other.frame().await {
        seen.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    assert!(!String::from_utf8_lossy(&seen).contains(&conversation.to_string()));
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let site = Site::start().await;
    site.agent("bea", &["support"]).await;
    let client = site.signed_in("bea").await;
    let mut stream = client.open(Method::GET, "/console/api/stream", &[], Bytes::new()).await.into_body();
    assert_eq!(next_event(&mut stream).await.0, "hello");
    site.stop().await;
}

#[tokio::test]
async fn messages_have_bounds() {
    let site = Site::start().await;
    let bea = site.agent("bea", &["support"]).await;
    let _present = site.waiting("ana", "support", &bea).await;
    let client = site.signed_in("bea").await;
    let path = site.path("ana").await;
    client.post(&format!("{path}/take"), &json!({})).await;
    let url = format!("{path}/messages");
    client.post(&url, &json!({ "client_id": "a", "text": " \n " })).await.refused(422, "empty");
    client.post(&url, &json!({ "client_id": "a", "text": "x".repeat(8_001) })).await.refused(422, "invalid");
    client.post(&url, &json!({ "client_id": "", "text": "x" })).await.refused(422, "invalid");
    client.post(&url, &json!({ "client_id": "a/b", "text": "x" })).await.refused(422, "invalid");
    client.post(&url, &json!({ "client_id": "a", "text": "x", "files": vec!["0".repeat(64); 11] })).await.refused(422, "invalid");
    client.post(&url, &json!({ "client_id": "a", "text": "x", "files": ["/etc/passwd"] })).await.refused(422, "invalid");
    client.post(&url, &json!({ "client_id": "a", "text": "x".repeat(100_000) })).await.refused(413, "too_large");
    let said = client.post(&url, &json!({ "client_id": "a", "text": "bell\u{7} and \u{1b}[31mred\ttab\nline ${secret.x}" })).await;
    assert_eq!(said.status, StatusCode::OK);
    let page = client.get(&url).await.json();
    assert_eq!(texts(&page).last().unwrap().1, "bell and [31mred\ttab\nline ${secret.x}");
    let headers = [("content-type", "image/png"), ("x-switchboard", "console")];
    let big = Bytes::from(vec![0; 10 * 1024 * 1024 + 1]);
    client.send(Method::POST, &format!("{path}/files?name=a"), &headers, big).await.refused(413, "too_large");
    client.send(Method::POST, &format!("{path}/files?name=a"), &headers, Bytes::new()).await.refused(422, "invalid");
    site.stop().await;
}
