//! Mail: one try of handing a mail to the mail server of `bot.yaml`.
//!
//! A mail carries an id made of its call's, the same at every try, so that a server or a mailbox that saw it before can tell.

use super::{Env, value};
use crate::outside::Tried;
use engine::{MailConfig, MailTls};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, SinglePart, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use model::{Came, MailCall, RequestId};
use std::{error::Error, time::Duration};

/// How long one command of the conversation with the server may take.
const WITHIN: Duration = Duration::from_secs(30);

/// What is told of a server that cannot be spoken to without somebody else listening.
const UNSAFE: &str = "the mail server cannot be spoken to safely: its encryption or its certificate is not good";

/// A mail server that can be spoken to.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    domain: String,
}

impl Mailer {
    /// The mail server of a configuration; the error says why mail is off.
    pub(super) fn new(config: &MailConfig, env: Env<'_>) -> Result<Self, String> {
        let from: Mailbox = config.from.parse().map_err(|_| format!("{} is no mail address", config.from))?;
        let parameters = || {
            let built = TlsParameters::builder(config.host.clone()).build_rustls();
            built.map_err(|e| format!("the encryption cannot be set up: {e}"))
        };
        let tls = match config.tls {
            // Never in the clear if the server does not offer it.
            MailTls::Starttls => Tls::Required(parameters()?),
            MailTls::Implicit => Tls::Wrapper(parameters()?),
            MailTls::None => Tls::None,
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host).port(config.port).tls(tls).timeout(Some(WITHIN));
        if let Some((user, password)) = &config.login {
            builder = builder.credentials(Credentials::new(value(user, env)?, value(password, env)?));
        }
        let domain = from.email.domain().to_owned();
        Ok(Self { transport: builder.build(), from, domain })
    }

    /// Makes one try.
    pub(super) async fn send(&self, id: RequestId, mail: &MailCall) -> Tried {
        let message = match self.message(id, mail) {
            Ok(message) => message,
            Err(why) => return Tried::failed(why),
        };
        match self.transport.send(message).await {
            Ok(_) => Tried::done(Came::Sent { id: None }),
            Err(error) => {
                // The server's own words may repeat addresses.
                let code = error.status().map(|code| format!(" ({code})")).unwrap_or_default();
                let (reason, again) = if error.is_permanent() {
                    (format!("the mail server refused it{code}"), false)
                } else if error.is_transient() {
                    (format!("the mail server is not ready{code}"), true)
                } else if error.is_timeout() {
                    ("the mail server did not answer in time".to_owned(), true)
                } else if error.is_tls() {
                    (UNSAFE.to_owned(), false)
                } else if error.is_client() {
                    ("the mail server offers no way to sign in or to encrypt that this server knows".to_owned(), false)
                } else {
                    match encryption(&error) {
                        Some(why) => (format!("{UNSAFE} ({why})"), false),
                        None => ("the mail server cannot be reached".to_owned(), true),
                    }
                };
                Tried { came: Came::Failed { reason, status: None }, again, after: None }
            }
        }
    }

    fn message(&self, id: RequestId, mail: &MailCall) -> Result<Message, String> {
        let mailbox = |address: &String| address.parse::<Mailbox>().map_err(|_| "an address is no mail address".to_owned());
        let mut builder =
            Message::builder().from(self.from.clone()).subject(mail.subject.clone()).message_id(Some(format!("<{id}@{}>", self.domain)));
        for to in &mail.to {
            builder = builder.to(mailbox(to)?);
        }
        if let Some(reply_to) = &mail.reply_to {
            builder = builder.reply_to(mailbox(reply_to)?);
        }
        let made = if mail.markdown {
            let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(html(&mail.body));
            let plain = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(mail.body.clone());
            builder.multipart(MultiPart::alternative().singlepart(plain).singlepart(html))
        } else {
            builder.singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(mail.body.clone()))
        };
        made.map_err(|e| format!("the mail cannot be made: {e}"))
    }
}

/// What is wrong with the server's encryption, if that is what went wrong and will be wrong at the next try as well: a certificate does not
/// become good within the minute in which a mail is tried again.
fn encryption(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error as Tls};
    let mut at = Some(error);
    while let Some(here) = at {
        // An I/O error keeps what it is made of to itself: it is no source of it.
        let inner = here.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = here.downcast_ref::<Tls>().or_else(|| inner?.downcast_ref::<Tls>());
        if let Some(tls) = tls {
            return match tls {
                Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => Some("the certificate is no longer valid"),
                Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => Some("the certificate is not valid yet"),
                Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
                    Some("the certificate is for another name")
                }
                Tls::InvalidCertificate(Bad::UnknownIssuer) => Some("nobody this machine trusts vouches for the certificate"),
                Tls::InvalidCertificate(Bad::Revoked) => Some("the certificate was withdrawn"),
                Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented => Some("the certificate is not good"),
                // The server had to stop; it may be well again.
                Tls::AlertReceived(Alert::InternalError | Alert::UserCanceled | Alert::CloseNotify) => None,
                Tls::AlertReceived(_) | Tls::PeerIncompatible(_) | Tls::NoApplicationProtocol => Some("no way to encrypt that both know"),
                // Broken on the way, or by chance.
                _ => None,
            };
        }
        at = here.source();
    }
    None
}

/// Markdown as HTML. HTML that was written into it is shown as it was written; only addresses of the web and of mail are
/// links.
fn html(markdown: &str) -> String {
    use pulldown_cmark::{Event, Parser, Tag, TagEnd};
    let good = |url: &str| ["https://", "http://", "mailto:"].iter().any(|scheme| url.to_ascii_lowercase().starts_with(scheme));
    let (mut dropped_link, mut dropped_image) = (0_u32, 0_u32);
    let events = Parser::new(markdown).filter_map(move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Link { ref dest_url, .. }) if !good(dest_url) => {
            dropped_link += 1;
            None
        }
        Event::End(TagEnd::Link) if dropped_link > 0 => {
            dropped_link -= 1;
            None
        }
        // A picture tells its host who reads the mail.
        Event::Start(Tag::Image { .. }) => {
            dropped_image += 1;
            None
        }
        Event::End(TagEnd::Image) if dropped_image > 0 => {
            dropped_image -= 1;
            None
        }
        other => Some(other),
    });
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, events);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer() -> Mailer {
        let config = MailConfig { from: "bot@shop.example".into(), host: "localhost".into(), port: 25, tls: MailTls::None, login: None };
        Mailer::new(&config, &|_| None).unwrap()
    }

    fn mail() -> MailCall {
        MailCall {
            to: vec!["ana@home.example".into()],
            subject: "Hola ñ".into(),
            body: "Hi **Ana**\n.\nFrom here".into(),
            markdown: false,
            reply_to: Some("desk@shop.example".into()),
        }
    }

    #[test]
    fn a_mail_has_the_id_of_its_call_at_every_try() {
        let id = RequestId(7);
        let text = String::from_utf8(mailer().message(id, &mail()).unwrap().formatted()).unwrap();
        assert!(text.contains(&format!("Message-ID: <{id}@shop.example>")), "{text}");
        assert!(text.contains("To: ana@home.example\r\n") && text.contains("Reply-To: desk@shop.example\r\n"), "{text}");
        assert!(!text.contains("Bcc"), "{text}");
    }

    #[test]
    fn nothing_written_becomes_another_header() {
        for subject in ["Hi\r\nBcc: evil@evil.example", "Hi\nBcc: evil@evil.example", "Hi\rBcc: evil@evil.example"] {
            // The block makes one line of it; what came here otherwise is encoded, never a header.
            let text = mailer().message(RequestId(7), &MailCall { subject: subject.into(), ..mail() }).map(|m| m.formatted());
            let text = String::from_utf8(text.unwrap_or_default()).unwrap();
            assert!(!text.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "{text}");
        }
        for to in ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "nobody"] {
            assert!(mailer().message(RequestId(7), &MailCall { to: vec![to.into()], ..mail() }).is_err(), "{to:?}");
        }
    }

    #[test]
    fn markdown_is_html_without_anything_foreign() {
        let shown = html("**Hi** <script>x</script> [shop](https://shop.example) [bad](javascript:alert(1)) ![p](https://t.example/p.png)");
        assert!(shown.contains("<strong>Hi</strong>") && shown.contains("<a href=\"https://shop.example\">shop</a>"), "{shown}");
        assert!(
            shown.contains("&lt;script&gt;") && !shown.contains("<script") && !shown.contains("javascript:") && !shown.contains("<img"),
            "{shown}"
        );
        assert!(shown.contains("bad"), "the words of a link that is none stay: {shown}");
    }

    #[test]
    fn what_is_not_set_is_off() {
        let login = Some((engine::Setting::Text("shop".into()), engine::Setting::Env("MAIL_PASSWORD".into())));
        let config = MailConfig { from: "bot@shop.example".into(), host: "m.example".into(), port: 587, tls: MailTls::Starttls, login };
        assert_eq!(Mailer::new(&config, &|_| None).err().as_deref(), Some("MAIL_PASSWORD is not set"));
        assert!(Mailer::new(&config, &|_| Some("x".into())).is_ok());
    }
}
