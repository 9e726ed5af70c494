//! What can be typed in a chat besides messages.

use crate::script::sent;
use model::{Duration, Location};

/// What `/help` prints.
pub const HELP: &str = "  /skip 2h         turn the clock forward; what is due on the way happens
  /state           what is known about you, and where the runs rest
  /set name value  set an attribute; without a value it is unset
  /tag x, /untag x add or remove a tag
  /send photo.jpg  send a file of that name; a text after it is its caption
  /place 41.4, 2.2 send a place
  /trace           show which rule took each message and the way through the blocks; again to hide it
  /agent X         an agent takes your request and says X; /agent alone closes the chat
  /reload          read the bot's folder again (changes are noticed by themselves)
  /fresh           begin anew on the newest version, as the same person
  /quit            leave (as does Ctrl-D)
  1, 2, …          press that button of the last message
  //word           a command of the bot whose name is one of these";

/// What a typed line asks for.
#[derive(Debug, PartialEq)]
pub enum Order<'a> {
    /// Nothing.
    Nothing,
    /// Leave.
    Quit,
    /// What can be typed.
    Help,
    /// What is known.
    State,
    /// Shows what happens, or not; without a word the other way round.
    Trace(Option<bool>),
    /// Turns the clock, in microseconds; none is a mistake.
    Skip(Option<i64>),
    /// Reads the folder again.
    Reload,
    /// Begins anew.
    Fresh,
    /// Sets an attribute.
    Set(&'a str, &'a str),
    /// Adds a tag.
    Tag(&'a str),
    /// Removes a tag.
    Untag(&'a str),
    /// Sends a file of this name, with this text beside it.
    Send(&'a str, &'a str),
    /// Sends a place.
    Place(Location),
    /// An agent says this, or closes the chat.
    Agent(Option<&'a str>),
    /// It cannot be done as written.
    Wrong(&'static str),
    /// A message.
    Say(&'a str),
}

/// Reads a line.
pub fn order(line: &str) -> Order<'_> {
    if line.starts_with("//") {
        // One slash less: for a bot whose command has one of our names.
        return Order::Say(line.strip_prefix('/').unwrap_or(line));
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match (word, rest) {
        ("", _) => Order::Nothing,
        ("/quit" | "/exit", _) => Order::Quit,
        ("/help", _) => Order::Help,
        ("/state", _) => Order::State,
        ("/trace", "on") => Order::Trace(Some(true)),
        ("/trace", "off") => Order::Trace(Some(false)),
        ("/trace", _) => Order::Trace(None),
        ("/skip", length) => Order::Skip(Duration::parse_exact(length).map(|d| d.micros)),
        ("/reload", _) => Order::Reload,
        ("/fresh", _) => Order::Fresh,
        ("/set", "") => Order::Wrong("/set takes a name and a value: /set plan gold"),
        ("/set", rest) => {
            let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            Order::Set(name, value.trim())
        }
        ("/tag" | "/untag", "") => Order::Wrong("/tag and /untag take a tag: /tag vip"),
        ("/tag", label) => Order::Tag(label),
        ("/untag", label) => Order::Untag(label),
        ("/send", "") => Order::Wrong("/send takes the name of a file, and perhaps a text: /send photo.jpg Here it is"),
        ("/send", rest) => {
            let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
            let (name, text) = quoted.or_else(|| rest.split_once(char::is_whitespace)).unwrap_or((rest, ""));
            Order::Send(name, text.trim())
        }
        ("/place", place) => match sent::place_of(place) {
            Some(place) => Order::Place(place),
            None => Order::Wrong("/place takes degrees north and east: /place 41.39, 2.17"),
        },
        ("/agent", text) => Order::Agent(Some(text).filter(|t| !t.is_empty())),
        (_, _) => Order::Say(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_told_from_messages() {
        assert_eq!(order("/set plan  very gold "), Order::Set("plan", "very gold"));
        assert_eq!(order("/set plan"), Order::Set("plan", ""));
        assert_eq!(order("/tag "), Order::Wrong("/tag and /untag take a tag: /tag vip"));
        assert_eq!(order("/skip 2h"), Order::Skip(Some(7_200_000_000)));
        assert_eq!(order("/send a.pdf"), Order::Send("a.pdf", ""));
        assert_eq!(order("/send \"my cat.png\" look"), Order::Send("my cat.png", "look"));
        assert_eq!(order("/place 41.5,-2"), Order::Place(Location { latitude: 41.5, longitude: -2.0 }));
        assert!(matches!(order("/place here"), Order::Wrong(_)));
        assert_eq!(order("//state"), Order::Say("/state"));
        assert_eq!(order("/order 41"), Order::Say("/order 41"));
        assert_eq!(order("/trace on"), Order::Trace(Some(true)));
    }
}
