//! What a bot may say, as far as that is known before it runs: for looking at how a channel would show it.

use super::{Asset, Loaded, Skill};
use crate::blocks::choices::{ChoiceDef, Does};
use model::{Choice, ChoiceAction, Content, TextFormat};
use syntax::Span;

/// One message of a block, with `…` in place of what is known only later.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The skill.
    pub skill: String,
    /// The block.
    pub block: String,
    /// Where the block is written.
    pub span: Span,
    /// The message.
    pub content: Content,
}

/// Stands for a value that is known only later.
const LATER: &str = "…";

impl Loaded {
    /// What the blocks of the designer's own skills say, in file order.
    pub fn said(&self) -> Vec<Said> {
        let own = self.order.iter().filter_map(|name| self.skills.get(name)).filter(|skill| !skill.built_in);
        own.flat_map(|skill| of_skill(skill, &self.files.assets)).collect()
    }

    /// Whether a message of this bot can show a button that says `label`, in any of its languages. True as well where only the conversation
    /// gives buttons their words: labels with `${…}`, forms, readings of a date or a number.
    pub fn may_show_button(&self, label: &str) -> bool {
        let said = model::fold(label);
        if said.is_empty() || said.chars().any(char::is_numeric) {
            return true;
        }
        let blocks = || self.skills.values().flat_map(|skill| &skill.blocks);
        let says = |template: &expr::Template| {
            template.in_every_language().any(|one| {
                one.literal().map(model::fold).is_none_or(|known| {
                    // A button of a card may be named with the card: "Order Blue cup".
                    said.strip_prefix(&known).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
                })
            })
        };
        blocks().any(|block| block.kind.key() == "lead" || block.body.choices().iter().any(|choice| says(&choice.label)))
            || self.sentences.values().any(|sentence| sentence.literal().is_some() && says(sentence))
    }

    /// What the bot's buttons say in the language of its skills, each once.
    pub fn button_labels(&self) -> Vec<String> {
        let own = self.skills.values().filter(|skill| !skill.built_in).flat_map(|skill| &skill.blocks);
        let labels: std::collections::BTreeSet<String> =
            own.flat_map(|block| block.body.choices()).filter_map(|choice| Some(choice.label.literal()?.trim().to_owned())).collect();
        labels.into_iter().collect()
    }
}

fn of_skill<'s>(skill: &'s Skill, assets: &'s [Asset]) -> impl Iterator<Item = Said> + 's {
    skill.blocks.iter().filter_map(|block| {
        let says = block.body.says();
        let choices = block.body.choices().get(block.body.on_cards()..).unwrap_or_default();
        let files = block.body.files();
        if says.is_none() && choices.is_empty() && files.is_empty() {
            return None;
        }
        let shown = |quick: bool| choices.iter().filter(|c| c.quick == quick).map(choice).collect();
        let content = Content {
            text: says.map(|says| says.text.outline(LATER)).unwrap_or_default(),
            format: if says.is_some_and(|says| says.markdown) { TextFormat::Markdown } else { TextFormat::Plain },
            buttons: shown(false),
            quick_replies: shown(true),
            attachments: assets
                .iter()
                .filter(|a| files.contains(&a.path.as_str()))
                .map(|a| a.attachment(a.kind().0, String::new()))
                .collect(),
            ..Content::default()
        };
        Some(Said { skill: skill.name.clone(), block: block.name.clone(), span: block.span, content })
    })
}

fn choice(choice: &ChoiceDef) -> Choice {
    let action = match &choice.does {
        Does::Go(_) | Does::Raise(_) => ChoiceAction::Reply { token: String::new() },
        Does::Open(url) => ChoiceAction::Url(url.outline(LATER)),
        Does::Dial(phone) => ChoiceAction::Phone(phone.outline(LATER)),
    };
    Choice { label: choice.label.outline(LATER), action }
}
