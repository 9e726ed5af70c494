//! E0371: something looks farther back at recorded events than they are kept: what it counts would change because old ones go.

use super::{Lint, Look, Needs};
use crate::bot::{Keep, SegmentRule};
use expr::Reach;
use model::Duration;
use syntax::{Diagnostic, Diagnostics, Span};

pub(super) struct LooksBack;

impl Lint for LooksBack {
    fn needs(&self) -> Needs {
        Needs::Each
    }

    fn look(&self, bot: &Look<'_>, out: &mut Diagnostics) {
        let Keep::For(kept) = bot.retention.events else { return };
        for segment in bot.segments.values() {
            let SegmentRule::Where(condition) = &segment.rule else { continue };
            let place = bot.segments_file.and_then(|file| file.get(&segment.key)?.get("where")).map_or(segment.span, |node| node.span);
            tell(condition.references().reach, kept, place, &format!("segment \"{}\"", segment.key), out);
        }
        for (name, computed) in &bot.names.computed {
            let Some(expression) = &computed.expression else { continue };
            let Some(place) = bot.config.and_then(|config| config.get("attributes")?.get(name)) else { continue };
            tell(expression.references().reach, kept, place.span, &format!("the computed attribute \"{name}\""), out);
        }
        for (_, _, block) in bot.uses.all() {
            for (condition, span) in &block.conditions {
                tell(condition.references().reach, kept, *span, "this condition", out);
            }
        }
        for (condition, span) in &bot.uses.conditions {
            tell(condition.references().reach, kept, *span, "this condition", out);
        }
        for (reach, span) in &bot.uses.reaches {
            tell(*reach, kept, *span, "this text", out);
        }
    }
}

fn tell(reach: Reach, kept: Duration, span: Span, what: &str, out: &mut Diagnostics) {
    let far = match reach {
        Reach::Nothing => return,
        _ if reach.is_within(kept) => return,
        Reach::Back(far) => far,
        Reach::Ever => {
            let message = format!("{what} looks at events however old they are, and bot.yaml keeps them for {kept}");
            let help =
                format!("say how far back, for example count(purchase, last {kept}), or keep them: retention: {{ events: forever }}");
            out.push(Diagnostic::error("E0371", span, message).help(help));
            return;
        }
    };
    let message = format!("{what} looks at events {far} back, and bot.yaml keeps them for {kept}");
    let help = format!("keep them so long in bot.yaml: retention: {{ events: {far} }}");
    out.push(Diagnostic::error("E0371", span, message).help(help));
}
