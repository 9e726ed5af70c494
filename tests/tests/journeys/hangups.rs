//! Clients that hang up in the middle of a change: what is durable by then is in force, as if they had waited for the answer.

use crate::support::{Program, Setup, bot, within};
use reqwest::Method;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

/// So many clients ask and hang up at once.
const CLIENTS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_whose_maker_hung_up_is_served() {
    let folder = bot(&[
        ("bot.yaml", "name: Shop\nchannels: { web: {} }\n"),
        ("skills/start.yaml", "skill: /start\nblocks:\n  hello: { text: Hello }\n"),
    ]);
    let server = Setup::new(folder.path()).start().await;
    let program = Program::new(&server, &["contacts:read", "segments:read", "segments:write"]).await;
    let address = server.origin().replace("http://", "");
    for n in 0..CLIENTS {
        let body = format!("{{\"key\":\"s{n}\",\"where\":\"has tag t{n}\"}}");
        let request = format!(
            "POST /api/v1/segments HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            program.key,
            body.len()
        );
        let mut client = TcpStream::connect(&address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
    }
    within("every segment to be served", async {
        loop {
            // It may be asked for too often.
            let (status, all) = program.ask(Method::GET, "segments?limit=200", None).await;
            if status == 200 && all["segments"].as_array().unwrap().len() == CLIENTS {
                return;
            }
        }
    })
    .await;
    assert_eq!(program.count(&format!("in segment s{}", CLIENTS - 1)).await, 0);
}
