//! Text messages: one try of handing one to the provider, and the provider's signed reports of what became of it.
//!
//! The provider's REST interface: a form to `…/Accounts/{account}/Messages.json` with the account and its token as
//! credentials. Its reports carry `X-Twilio-Signature`: HMAC-SHA1, keyed with the token, over the address that was called
//! and every field of the form, by name.

use super::{Env, Services, value};
use crate::{
    egress::{Egress, EgressError, EgressOptions, Request},
    outside::Tried,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use engine::SmsConfig;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, StatusCode, header};
use model::{Call, Came, ContactId, ConversationId, InboxItem, RequestId, SmsCall};
use sha1::Sha1;
use std::collections::BTreeMap;
use url::{Url, form_urlencoded};

/// Where the provider is.
const PROVIDER: &str = "https://api.twilio.com";
/// Where its reports come to.
pub const REPORTS: &str = "/services/sms/status";
/// How long one try may take, in milliseconds.
const WITHIN_MS: u64 = 30_000;

/// A provider that can be asked.
pub(crate) struct Provider {
    egress: Egress,
    base: String,
    account: String,
    token: String,
    from: String,
}

/// What a report tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// About whom.
    pub contact: ContactId,
    /// What the contact's line gets.
    pub item: InboxItem,
    /// Makes a second delivery of the report harmless.
    pub once: String,
}

/// Why a report is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Nobody sends text messages here.
    #[error("no text messages are sent here")]
    Off,
    /// The signature is missing or wrong.
    #[error("the signature is not right")]
    Signature,
    /// It is about nothing that was sent from here.
    #[error("the report is about nothing that was sent from here")]
    Unknown,
}

impl Provider {
    /// The provider of a configuration; the error says why text messages are off.
    pub(super) fn new(config: &SmsConfig, env: Env<'_>) -> Result<Self, String> {
        let base = config.base_url.clone().unwrap_or_else(|| PROVIDER.to_owned());
        let url = Url::parse(&base).map_err(|e| format!("base_url is not an address: {e}"))?;
        // Only this machine may be reached without encryption; the loader has seen to that.
        let allow = if url.scheme() == "http" { url.host_str().map(str::to_owned).into_iter().collect() } else { Vec::new() };
        let egress = Egress::new(EgressOptions { allow }).map_err(|e| e.to_string())?;
        Ok(Self { egress, base, account: value(&config.account, env)?, token: value(&config.token, env)?, from: config.from.clone() })
    }

    /// Makes one try.
    pub(super) async fn send(&self, public_url: Option<&str>, call: &Call, sms: &SmsCall) -> Tried {
        let reports = public_url.map(|public| report_address(public, call));
        let form = {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("To", &sms.to).append_pair("From", &self.from).append_pair("Body", &sms.text);
            if let Some(reports) = &reports {
                form.append_pair("StatusCallback", reports);
            }
            form.finish()
        };
        let account: String = form_urlencoded::byte_serialize(self.account.as_bytes()).collect();
        let credentials = BASE64_STANDARD.encode(format!("{}:{}", self.account, self.token));
        let request = Request {
            method: Method::POST,
            url: format!("{}/2010-04-01/Accounts/{account}/Messages.json", self.base),
            headers: vec![
                ("authorization".into(), format!("Basic {credentials}")),
                ("content-type".into(), "application/x-www-form-urlencoded".into()),
                ("accept".into(), "application/json".into()),
                ("idempotency-key".into(), call.id.to_string()),
            ],
            body: form.into(),
            timeout_ms: WITHIN_MS,
        };
        let answer = match self.egress.request(request).await {
            Ok(answer) => answer,
            Err(error @ (EgressError::Unreachable(_) | EgressError::Timeout(_))) => {
                return Tried {
                    came: Came::Failed { reason: format!("the provider: {error}"), status: None },
                    again: !error.may_have_arrived(),
                    after: None,
                };
            }
            Err(error) => return Tried::failed(format!("the provider: {error}")),
        };
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status.is_success() {
            let id = told.get("sid").and_then(|sid| sid.as_str()).map(str::to_owned);
            return Tried::done(Came::Sent { id });
        }
        let code = told.get("code").and_then(serde_json::Value::as_u64).map(|code| format!(", its code {code}")).unwrap_or_default();
        let status = answer.status.as_u16();
        let again = answer.status == StatusCode::TOO_MANY_REQUESTS || answer.status == StatusCode::SERVICE_UNAVAILABLE;
        let after = answer.headers.get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse::<i64>().ok());
        let reason = format!("the provider refused it (status {status}{code})");
        Tried { came: Came::Failed { reason, status: Some(status) }, again, after: after.map(|s| s.clamp(0, 3_600) * 1_000_000) }
    }
}

/// Where the report about a call goes: the signature covers all of it.
fn report_address(public_url: &str, call: &Call) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("contact", &call.contact.to_string()).append_pair("conversation", &call.conversation.to_string());
    query.append_pair("call", &call.id.to_string()).append_pair("place", &call.place);
    format!("{public_url}{REPORTS}?{}", query.finish())
}

/// The signature of a report: over the address and the fields by name, each name and value without anything between.
fn signed(token: &str, address: &str, fields: &BTreeMap<String, Vec<String>>) -> Hmac<Sha1> {
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(address.as_bytes());
    for (name, values) in fields {
        for value in values {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    mac
}

impl Services {
    /// Checks a report of the provider and reads it. `target` is path and query as they came, `body` the form.
    /// Answers nothing for a report of a step on the way.
    ///
    /// # Errors
    /// [`ReportError`] if it is not from the provider or about nothing of ours.
    pub fn sms_report(&self, target: &str, signature: Option<&str>, body: &[u8]) -> Result<Option<Report>, ReportError> {
        let settings = self.settings();
        let (Some(Ok(provider)), Some(public)) = (&settings.sms, &self.public_url) else { return Err(ReportError::Off) };
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            fields.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        let given = signature.and_then(|s| BASE64_STANDARD.decode(s.trim()).ok()).ok_or(ReportError::Signature)?;
        // Compared in constant time.
        signed(&provider.token, &format!("{public}{target}"), &fields).verify_slice(&given).map_err(|_| ReportError::Signature)?;
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let query: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let field = |name: &str| fields.get(name).and_then(|values| values.first()).map_or("", String::as_str);
        let contact = query.get("contact").and_then(|id| id.parse::<ContactId>().ok()).ok_or(ReportError::Unknown)?;
        let conversation = query.get("conversation").and_then(|id| id.parse::<ConversationId>().ok()).ok_or(ReportError::Unknown)?;
        let call = query.get("call").and_then(|id| id.parse::<RequestId>().ok()).ok_or(ReportError::Unknown)?;
        let place = query.get("place").cloned().unwrap_or_default();
        let failure = match field("MessageStatus") {
            "delivered" | "read" => None,
            "undelivered" | "failed" => {
                let code: String = field("ErrorCode").chars().filter(char::is_ascii_digit).take(8).collect();
                Some(if code.is_empty() {
                    "it could not be delivered".to_owned()
                } else {
                    format!("it could not be delivered (code {code})")
                })
            }
            _ => return Ok(None),
        };
        let status = field("MessageStatus");
        let (once, read) = (format!("sms:{call}:{status}"), status == "read");
        Ok(Some(Report { contact, item: InboxItem::Reported { conversation, call, place, failure, read }, once }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::ServicesOptions;
    use std::sync::Arc;

    fn services() -> Arc<Services> {
        let options = ServicesOptions { public_url: Some("https://chat.shop.example/".into()), ..ServicesOptions::default() };
        let services = Services::new(options).unwrap();
        let sms = SmsConfig {
            account: engine::Setting::Text("AC1".into()),
            token: engine::Setting::Env("TOKEN".into()),
            from: "+34600000000".into(),
            base_url: None,
        };
        let off = services
            .set(&engine::Services { sms: Some(sms), ..engine::Services::default() }, &|name| (name == "TOKEN").then(|| "12345".into()));
        assert!(off.is_empty(), "{off:?}");
        services
    }

    fn signature(address: &str, fields: &[(&str, &str)]) -> String {
        let mut sorted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        fields.iter().for_each(|(name, value)| sorted.entry((*name).into()).or_default().push((*value).into()));
        BASE64_STANDARD.encode(signed("12345", address, &sorted).finalize().into_bytes())
    }

    #[test]
    fn the_signature_is_the_one_the_provider_documents() {
        // The example of the provider's own page about securing requests.
        let fields = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        assert_eq!(signature("https://mycompany.com/myapp.php?foo=1&bar=2", &fields), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }

    #[test]
    fn a_report_counts_only_with_its_signature() {
        let services = services();
        let call = Call {
            id: RequestId(3),
            contact: ContactId(1),
            conversation: ConversationId(2),
            run: model::RunId(4),
            place: "alarm.call".into(),
            at: model::Instant(0),
            what: model::CallKind::Sms(SmsCall { to: "+34600111222".into(), text: "Hi".into() }),
        };
        let address = report_address("https://chat.shop.example", &call);
        let target = address.strip_prefix("https://chat.shop.example").unwrap();
        let fields = [("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30003")];
        let body = "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003";
        let good = signature(&address, &fields);
        let report = services.sms_report(target, Some(&good), body.as_bytes()).unwrap().unwrap();
        assert_eq!((report.contact, report.once.as_str()), (ContactId(1), &*format!("sms:{}:undelivered", RequestId(3))));
        let InboxItem::Reported { conversation, call: about, place, failure, read: false } = &report.item else { panic!("{report:?}") };
        assert_eq!((*conversation, *about, place.as_str()), (ConversationId(2), RequestId(3), "alarm.call"));
        assert!(failure.as_deref().is_some_and(|why| why.contains("30003")));
        for (target, signature, body) in [
            (target, None, body),
            (target, Some("bm8="), body),
            (target, Some(good.as_str()), "MessageSid=SM1&MessageStatus=delivered&ErrorCode=30003"),
            (&*target.replace("alarm", "other"), Some(good.as_str()), body),
        ] {
            assert_eq!(services.sms_report(target, signature, body.as_bytes()), Err(ReportError::Signature), "{target} {body}");
        }
        for (status, was_read) in [("delivered", false), ("read", true)] {
            let signed = signature(&address, &[("MessageStatus", status)]);
            let report = services.sms_report(target, Some(&signed), format!("MessageStatus={status}").as_bytes()).unwrap().unwrap();
            assert!(
                matches!(report.item, InboxItem::Reported { failure: None, read, .. } if read == was_read),
                "{status} is {:?}",
                report.item
            );
        }
        let on_the_way = signature(&address, &[("MessageStatus", "sent")]);
        assert_eq!(services.sms_report(target, Some(&on_the_way), b"MessageStatus=sent"), Ok(None));
    }
}
