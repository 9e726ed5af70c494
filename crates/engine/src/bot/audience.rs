//! Whom something is meant for: the contacts for whom a condition holds (FL 4 `trigger`, `schedule`), and the bot's
//! schedules with their occurrences.

use super::{Bot, Names, names::NameScope};
use crate::step::holds_for;
use expr::{Condition, Fuel};
use model::{Contact, Instant};

/// A checked condition over contacts; without one it means everybody who can be reached.
#[derive(Clone, Debug)]
pub struct Audience(Option<Condition>);

/// What an audience says of one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// They belong to it.
    Yes,
    /// They would, and have opted out or are blocked: nothing is started for them (FL 7.9).
    OptedOut,
    /// They do not.
    No,
}

impl Audience {
    /// Whether a contact belongs to it at an instant; unknown does not.
    pub fn means(&self, bot: &Bot, contact: &Contact, past: &dyn segments::Past, now: Instant) -> Meant {
        let within = match &self.0 {
            None => contact.addresses.iter().any(|reach| reach.unreachable.is_none()),
            Some(condition) => holds_for(bot, contact, past, condition, now, &mut Fuel::new(bot.limits().fuel)),
        };
        match (within, contact.status.as_str()) {
            (false, _) => Meant::No,
            (true, "unsubscribed" | "blocked") => Meant::OptedOut,
            (true, _) => Meant::Yes,
        }
    }

    /// The condition; none: everybody who can be reached.
    pub fn condition(&self) -> Option<&Condition> {
        self.0.as_ref()
    }

    /// The condition as canonical text.
    pub fn text(&self) -> Option<String> {
        self.0.as_ref().map(Condition::to_string)
    }
}

/// A `schedule` catch of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The skill it starts.
    pub skill: String,
    /// The schedule as written.
    pub pattern: String,
    /// Whom it reaches, as canonical text; none means everybody who can be reached.
    pub to: Option<String>,
    /// How long after its time a missed occurrence is made up for, in microseconds.
    pub grace: i64,
}

impl Bot {
    /// Reads a condition over contacts, such as `in segment vip`.
    ///
    /// # Errors
    /// Everything that is wrong with it, a line each.
    pub fn audience(&self, to: Option<&str>) -> Result<Audience, String> {
        let Some(text) = to else { return Ok(Audience(None)) };
        let names = self.names();
        match Condition::parse(text, &NameScope::of_audience(&names)) {
            Ok((condition, _)) => Ok(Audience(Some(condition))),
            Err(problems) => {
                let line = |p: &expr::Problem| match &p.help {
                    Some(help) => format!("{} ({help})", p.message),
                    None => p.message.clone(),
                };
                Err(problems.iter().map(line).collect::<Vec<_>>().join("\n"))
            }
        }
    }

    /// The names that a condition over contacts may use.
    pub(super) fn names(&self) -> Names {
        let config = &self.config;
        let mut names = Names {
            attributes: config.attributes.clone(),
            globals: config.globals.clone(),
            segments: self.set().iter().map(|rule| (rule.key.clone(), matches!(rule.kind, segments::RuleKind::List))).collect(),
            channels: config.channels.iter().map(|c| c.name.clone()).collect(),
            statuses: config.statuses.clone(),
            country: config.country.clone(),
            tags: self.tag_names().map(str::to_owned).collect(),
            events: self.event_names().map(str::to_owned).collect(),
            calendars: config.calendars.iter().map(|c| c.name.clone()).collect(),
            skills: self.skills.keys().cloned().collect(),
            ..Names::default()
        };
        // They were computed without an error when the bot was loaded.
        names.computed = super::attributes::compute(&config.computed, &names, &mut syntax::Diagnostics::new());
        names
    }

    /// The attributes that are computed when they are used, by name.
    pub(crate) fn computed(&self) -> Vec<(String, expr::Expression)> {
        if self.config.computed.is_empty() {
            return Vec::new();
        }
        self.names().computed.into_iter().filter_map(|(name, read)| Some((name, read.expression?))).collect()
    }

    /// The bot's schedules, in file order.
    pub fn schedules(&self) -> Vec<Schedule> {
        let mut schedules: Vec<Schedule> = Vec::new();
        for skill in self.order.iter().filter_map(|name| self.skills.get(name)) {
            for catch in &skill.catches {
                let (Some(table), Some(whom)) = (catch.kind.schedule(), catch.audience.as_ref()) else { continue };
                let to = whom.to.as_ref().map(Condition::to_string);
                // Several catches of one time and audience are one schedule: an occurrence tries each.
                let same = |s: &&mut Schedule| s.skill == skill.name && s.pattern == table.pattern && s.to == to;
                match schedules.iter_mut().find(same) {
                    Some(known) => known.grace = known.grace.max(whom.grace),
                    None => {
                        let (skill, pattern) = (skill.name.clone(), table.pattern.clone());
                        schedules.push(Schedule { skill, pattern, to, grace: whom.grace });
                    }
                }
            }
        }
        schedules
    }

    /// The first occurrence of a schedule after an instant, by the clock of the bot's zone.
    pub fn occurrence_after(&self, schedule: &Schedule, after: Instant) -> Option<Instant> {
        self.timetable(schedule)?.next(after, self.timezone())
    }

    /// The last occurrence of a schedule up to an instant, that one included.
    pub fn occurrence_until(&self, schedule: &Schedule, until: Instant) -> Option<Instant> {
        self.timetable(schedule)?.last(until, self.timezone())
    }

    fn timetable(&self, schedule: &Schedule) -> Option<&crate::catches::Timetable> {
        let tables = self.skills.get(&schedule.skill)?.catches.iter().filter_map(|catch| catch.kind.schedule());
        tables.into_iter().find(|table| table.pattern == schedule.pattern)
    }
}
