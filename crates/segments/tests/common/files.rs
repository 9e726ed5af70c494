//! The town as the files of a bot, with a skill that asks a SWITCH about every segment and says those that hold.

use super::town::Town;
use std::fmt::Write as _;

const ATTRIBUTES: &str = "
  plan: { type: enum, values: [free, gold, gold plus], default: free }
  tier: { type: enum, values: [free, gold, gold plus] }
  orders: number
  city: text
  vip: bool
  birthday: date
  last_order: datetime
  appointment: datetime
  balance: money
  interests: list
  mobile: phone
  email: email
  home: country
  tongue: language
  site: url
  age: { computed: years_since(birthday) }
  twice: { computed: orders * 2 }
  often: { computed: 'count(visit, last 30 days)' }
  greeting: { computed: 'first_name | default(\"friend\")' }
  renewal: { computed: last_order + 30 days }
globals:
  threshold: { type: number, default: 3 }
  season: { type: text, default: ANA B }
  launch: { type: date, default: 2026-03-02 }
channels:
  web: { type: web }
  telegram: { type: telegram, token: '${env.TELEGRAM_TOKEN}' }
calendars:
  office: { mon-fri: ['09:00-17:00'] }
statuses: [callback]
";

/// What a customer says to be told by a SWITCH in which segments they are.
pub const WHICH: &str = "/which";
/// What the skill says when it has told all of them.
pub const DONE: &str = "done";

/// Paths and texts. Segments that cannot be judged are left out: a bot with one is no bot.
pub fn of(town: &Town) -> Vec<(String, String)> {
    let zone = town.zone.iana_name().expect("a zone with a name");
    let mut segments = String::new();
    for rule in town.rules.iter().filter(|rule| !rule.broken) {
        let _ = write!(segments, "{}: {{ ", rule.key);
        let _ = match &rule.source {
            Some(source) => write!(segments, "where: '{}'", source.replace('\'', "''")),
            None => write!(segments, "static: true"),
        };
        let _ = writeln!(segments, ", verified: {}, exclude: [{}] }}", rule.verified, rule.exclude.join(", "));
    }
    let mut which = "skill: which\ncatch: [{ command: which }]\nblocks:\n".to_owned();
    let keys: Vec<&str> = town.rules.iter().filter(|rule| !rule.broken).map(|rule| rule.key.as_str()).collect();
    for (place, key) in keys.iter().enumerate() {
        let _ = writeln!(which, "  s{place}: {{ switch: [{{ when: in segment {key}, then: y{place} }}], else: s{} }}", place + 1);
        let _ = writeln!(which, "  y{place}: {{ text: {key} }}");
    }
    let _ = writeln!(which, "  s{}: {{ text: {DONE} }}", keys.len());
    let files = [
        ("bot.yaml", format!("name: Madrid\ntimezone: {zone}\nattributes:{ATTRIBUTES}")),
        ("segments.yaml", segments),
        ("skills/which.yaml", which),
        ("skills/order-help.yaml", "skill: order-help\ncatch: [{ command: order }]\nblocks:\n  a: { text: help }\n".to_owned()),
        ("skills/talk.yaml", "skill: talk\ncatch: [{ command: talk }]\nblocks:\n  a: { text: talk }\n".to_owned()),
    ];
    files.map(|(path, text)| (path.to_owned(), text)).into()
}
