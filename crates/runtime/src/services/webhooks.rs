//! Posting a delivery to a webhook: signed as Standard Webhooks says, through the egress guard, redirects not followed.

use crate::{
    egress::{Egress, EgressError, Reach, Request},
    outside::{Post, Posted},
};
use ::http::{HeaderMap, Method, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How long an answer may take, in milliseconds.
const WITHIN_MS: u64 = 15_000;
/// How much of an answer is read; nothing of it is used.
const ANSWER: usize = 16 * 1024;

/// Makes one try of a delivery.
pub(super) async fn post(egress: &Egress, post: &Post) -> Posted {
    let request = match request(post) {
        Ok(request) => request,
        Err(reason) => return Posted::Failed { reason },
    };
    // A redirect is an answer like any other: what is signed for one address goes to no other.
    let reach = Reach { max_size: ANSWER, stays: true, follows: false };
    match egress.request_within(request, reach).await {
        Ok(answer) => Posted::Answered { status: answer.status.as_u16(), after: after(&answer.headers) },
        // It was answered; what else it said does not matter.
        Err(EgressError::TooLarge { status }) => Posted::Answered { status: status.as_u16(), after: None },
        Err(error) => Posted::Failed { reason: error.to_string() },
    }
}

fn after(headers: &HeaderMap) -> Option<i64> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse::<i64>().ok()?;
    Some(seconds.clamp(0, 86_400) * 1_000_000)
}

fn request(post: &Post) -> Result<Request, String> {
    let timestamp = post.at.as_secs().to_string();
    let signatures: Vec<String> =
        post.secrets.iter().map(|secret| sign(secret, &post.id, &timestamp, &post.body)).collect::<Result<_, _>>()?;
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", post.id.clone()),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", signatures.join(" ")),
    ];
    Ok(Request {
        method: Method::POST,
        url: post.url.clone(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: post.body.clone().into(),
        timeout_ms: WITHIN_MS,
    })
}

/// `v1,` and the HMAC-SHA256 of `id.timestamp.body`.
fn sign(secret: &str, id: &str, timestamp: &str, body: &str) -> Result<String, String> {
    let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok());
    let key = key.ok_or("the webhook's secret cannot be read; give it a new one")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    [id, ".", timestamp, ".", body].into_iter().for_each(|part| mac.update(part.as_bytes()));
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Instant;

    /// What the specification's own implementation verifies.
    #[test]
    fn an_independent_implementation_believes_it() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        // Theirs reads the wall clock, so this test has to.
        #[allow(clippy::disallowed_methods)]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let body = "{\"type\":\"tag.added\",\"data\":{\"tag\":\"¡sí!\"}}";
        let old = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let delivery = Post {
            url: "https://shop.example/hook".into(),
            id: "dlv_1".into(),
            at: Instant::from_secs(now.try_into().unwrap()),
            body: body.into(),
            secrets: vec![secret.into(), old.into()],
        };
        let request = request(&delivery).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            headers.append(::http::HeaderName::try_from(name.as_str()).unwrap(), value.parse().unwrap());
        }
        for secret in [secret, old] {
            standardwebhooks::Webhook::new(secret).unwrap().verify(body.as_bytes(), &headers).unwrap();
        }
        assert!(
            standardwebhooks::Webhook::new("whsec_BBBBAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap().verify(body.as_bytes(), &headers).is_err()
        );
        assert!(!format!("{delivery:?}").contains("MfKQ"));
    }
}
