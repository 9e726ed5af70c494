//! What a channel of the bot shows otherwise than written: more buttons, longer labels or longer texts than it takes. Told with
//! the message as the customer sees it.

use crate::channels;
use channel::{Capabilities, degrade};
use engine::{Bot, Said};
use model::{Choice, Content};
use syntax::{Diagnostic, Diagnostics};

/// How much of a message is shown.
const MOST_LINES: usize = 12;
const LONGEST_LINE: usize = 72;

/// Looks at every message the bot may send, on every channel it declares.
pub fn look(bot: &Bot, out: &mut Diagnostics) {
    let said = bot.said();
    let mut kinds: Vec<&str> = bot.channels().iter().map(|channel| channel.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let Some(capabilities) = channels::capabilities(kind) else { continue };
        for message in &said {
            if let Some(beyond) = beyond(&message.content, &capabilities) {
                out.push(told(kind, message, &beyond, &capabilities));
            }
        }
    }
}

/// What of a message is more than a channel takes. A channel that has no buttons at all says so on its own page.
fn beyond(content: &Content, caps: &Capabilities) -> Option<String> {
    for (choices, limit, what) in
        [(&content.buttons, caps.buttons, "buttons"), (&content.quick_replies, caps.quick_replies, "quick replies")]
    {
        if limit > 0 && choices.len() > limit {
            return Some(format!("{} {what}; it shows at most {limit}", choices.len()));
        }
    }
    let length = |choice: &&Choice| choice.label.chars().count();
    if let Some(longest) = content.buttons.iter().chain(&content.quick_replies).max_by_key(length)
        && length(&longest) > caps.button_label
    {
        return Some(format!("a label of {} characters; it shows at most {}", length(&longest), caps.button_label));
    }
    if let Some(file) = content.attachments.iter().find(|file| file.size > caps.attachment_limit) {
        let mb = |bytes: u64| bytes.div_ceil(1024 * 1024);
        return Some(format!("{}, of {} MB; it takes files of at most {}", file.name, mb(file.size), mb(caps.attachment_limit)));
    }
    let units = content.text.encode_utf16().count();
    (units > caps.text_limit).then(|| format!("a text of {units} characters; a message there has at most {}", caps.text_limit))
}

fn told(kind: &str, message: &Said, beyond: &str, caps: &Capabilities) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::warning("W0233", message.span, format!("on {kind} \"{}\" is shown otherwise: it has {beyond}", message.block));
    diagnostic = diagnostic.help(format!("customers on {kind} see:"));
    let parts = degrade(&message.content, caps).parts;
    let several = parts.len() > 1;
    let mut lines: Vec<String> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        if several {
            lines.push(format!("message {}", number + 1));
        }
        lines.extend(part.content.text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("  {}", cut(line))));
        lines.extend(part.content.buttons.iter().map(|button| format!("  [{}]", cut(&button.label))));
        lines.extend(part.content.quick_replies.iter().map(|reply| format!("  ({})", cut(&reply.label))));
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    for line in lines.into_iter().take(MOST_LINES) {
        diagnostic = diagnostic.help(line);
    }
    if more > 0 {
        diagnostic = diagnostic.help(format!("  … and {more} lines more"));
    }
    diagnostic.help("say it in fewer or shorter words, or ask in two steps")
}

fn cut(line: &str) -> String {
    let mut shown: String = line.chars().take(LONGEST_LINE).collect();
    if line.chars().count() > LONGEST_LINE {
        shown.push('…');
    }
    shown
}
