//! What a designer or operator sets for a web channel.

use crate::{IdentitySecret, Limits};

/// A line of the widget's menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuItem {
    /// What it says.
    pub label: String,
    /// What choosing it sends, as if it were typed: usually a command such as `/order`.
    pub text: String,
}

/// The options of a web channel.
#[derive(Clone, Debug)]
pub struct Options {
    /// The panel's title and accessible name.
    pub title: String,
    /// One sentence under the title, such as "We usually answer within a minute".
    pub subtitle: Option<String>,
    /// Origins whose pages may talk to the channel (`https://shop.example`), compared exactly. Empty admits
    /// any: a page that has no visitor's token can do nothing but begin a visit of its own.
    pub allowed_origins: Vec<String>,
    /// The menu; empty shows the bot's commands.
    pub menu: Vec<MenuItem>,
    /// The events pages may raise; none admits any but those the product raises itself.
    pub track: Option<Vec<String>>,
    /// The segments a page may learn that its visitor is in; none tells of any.
    pub segments: Option<Vec<String>>,
    /// The secret with which the website signs who a visitor is; none knows nobody.
    pub identity: Option<IdentitySecret>,
    /// Whether this channel serves `/`, `/widget.js` and what belongs to them. At most one channel of a bot may.
    pub pages: bool,
    /// How much one visitor and one network may do.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            title: "Chat with us".into(),
            subtitle: None,
            allowed_origins: Vec::new(),
            menu: Vec::new(),
            track: None,
            segments: None,
            identity: None,
            pages: true,
            limits: Limits::default(),
        }
    }
}
