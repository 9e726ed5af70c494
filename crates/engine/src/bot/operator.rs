//! `operator:` of bot.yaml: who is written to when a flow fails (FL 4, `/_error`).

use super::reader::{At, Fields, text};
use super::services::{Services, is_mail_address};
use syntax::{Diagnostic, Diagnostics};

/// Reads `operator: { email: … }`; the address.
pub(crate) fn read(node: At<'_>, services: &Services, out: &mut Diagnostics) -> Option<String> {
    // `operator: ops@shop.example` is the short form.
    let node = match node.as_text() {
        Some(_) => node,
        None => {
            let mut fields = Fields::of(node, "operator", out)?;
            let email = fields.need("email", out);
            fields.finish(out);
            email?
        }
    };
    let address = text(node, "the operator's e-mail address", out)?.trim();
    if !is_mail_address(address) {
        out.push(
            Diagnostic::error("E0263", node.span, format!("\"{address}\" is not an e-mail address"))
                .help("write the bare address: operator: { email: ops@shop.example }"),
        );
        return None;
    }
    if services.email.is_none() {
        out.push(
            Diagnostic::error("E0263", node.span, "the operator cannot be written to: this bot has no mail server")
                .help("configure one under email in bot.yaml, or take operator out"),
        );
        return None;
    }
    Some(address.to_owned())
}
