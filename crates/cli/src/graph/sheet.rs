//! A sheet: one skill as boxes and arrows, before anything is placed: what every format draws.

use engine::{BlockPicture, ExitTo, Group, Link, LinkKind, SkillPicture};
use std::collections::BTreeMap;

/// One box.
#[derive(Clone, Copy, Debug)]
pub enum Thing<'a> {
    /// Where the skill begins.
    Begin(&'a SkillPicture),
    /// A block.
    Block(&'a BlockPicture),
    /// The end of the skill.
    End,
    /// Another skill.
    Skill(&'a str),
}

/// One arrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The box it leaves.
    pub from: usize,
    /// The box it leads to.
    pub to: usize,
    /// The exits that take it; none for the arrow from the beginning.
    pub names: Vec<String>,
    /// Whether it is no way a run goes: a raised event, a tick.
    pub dashed: bool,
}

/// One skill as boxes and arrows.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The skill.
    pub skill: &'a SkillPicture,
    /// The boxes; the first is the beginning, the blocks follow in order.
    pub things: Vec<Thing<'a>>,
    /// The arrows: at most one solid and one dashed between two boxes.
    pub arrows: Vec<Arrow>,
}

impl<'a> Sheet<'a> {
    /// The sheet of a skill; `links` are those of the whole bot.
    pub fn of(skill: &'a SkillPicture, links: &'a [Link]) -> Self {
        let mut sheet = Self { skill, things: vec![Thing::Begin(skill)], arrows: Vec::new() };
        sheet.things.extend(skill.blocks.iter().map(Thing::Block));
        let place: BTreeMap<&str, usize> = skill.blocks.iter().enumerate().map(|(at, b)| (b.name.as_str(), at + 1)).collect();
        if !skill.blocks.is_empty() {
            sheet.arrow(0, 1, None, false);
        }
        for (at, block) in skill.blocks.iter().enumerate() {
            let from = at + 1;
            // Ends and other skills stand beside the block that leads there: long ways across the sheet tell nothing.
            let mut beside: BTreeMap<&str, usize> = BTreeMap::new();
            for exit in &block.exits {
                let to = match &exit.to {
                    ExitTo::Block(name) => place.get(name.as_str()).copied(),
                    ExitTo::End => Some(*beside.entry("").or_insert_with(|| sheet.add(Thing::End))),
                    ExitTo::Skill(name) => Some(*beside.entry(name).or_insert_with(|| sheet.add(Thing::Skill(name)))),
                };
                if let Some(to) = to {
                    sheet.arrow(from, to, Some(exit.name.clone()), exit.timed);
                }
            }
            for link in links.iter().filter(|l| l.from == skill.name && l.block == block.name) {
                let (name, dashed) = match link.how {
                    // Drawn as an exit.
                    LinkKind::Leaves => continue,
                    LinkKind::Calls => ("calls".to_owned(), false),
                    LinkKind::Raises => (format!("raises {}", link.name), true),
                };
                let to = *beside.entry(&link.to).or_insert_with(|| sheet.add(Thing::Skill(&link.to)));
                sheet.arrow(from, to, Some(name), dashed);
            }
        }
        sheet
    }

    fn add(&mut self, thing: Thing<'a>) -> usize {
        self.things.push(thing);
        self.things.len() - 1
    }

    fn arrow(&mut self, from: usize, to: usize, name: Option<String>, dashed: bool) {
        match self.arrows.iter_mut().find(|a| a.from == from && a.to == to && a.dashed == dashed) {
            Some(arrow) => arrow.names.extend(name),
            None => self.arrows.push(Arrow { from, to, names: name.into_iter().collect(), dashed }),
        }
    }
}

/// What a skill's beginning says: the ways in.
pub fn ways_in(skill: &SkillPicture) -> String {
    match skill.catches.as_slice() {
        [] if skill.name.starts_with('/') => "a system skill".into(),
        [] => "only from other skills".into(),
        catches => catches.join(", "),
    }
}

/// The name of a group, for classes and legends.
pub fn group_name(group: Group) -> &'static str {
    match group {
        Group::Messages => "messages",
        Group::Events => "events",
        Group::Data => "data",
        Group::Segments => "segments",
        Group::Logic => "logic",
        Group::Time => "time",
        Group::Flow => "flow",
    }
}

/// A group's colours as red, green and blue: the fill in light drawings, the same in dark ones, the edge in both. Text on the
/// fills is near black and near white; every pair has a contrast of at least 7 to 1.
pub fn colours(group: Group) -> [&'static str; 3] {
    match group {
        Group::Messages => ["#e3f0ff", "#12304f", "#3b82d0"],
        Group::Events => ["#fdeadd", "#4a2510", "#d0722d"],
        Group::Data => ["#e4f5e6", "#143a1d", "#3f9a52"],
        Group::Segments => ["#f0e8fd", "#33214f", "#8b62d2"],
        Group::Logic => ["#fdf3cf", "#453807", "#b08d0e"],
        Group::Time => ["#def5f5", "#0e3b3d", "#2a9aa0"],
        Group::Flow => ["#fde6ee", "#4b1a2d", "#cc5082"],
    }
}

/// The groups that a picture uses, in order.
pub fn groups(picture: &engine::Picture) -> Vec<Group> {
    let used: std::collections::BTreeSet<Group> = picture.skills.iter().flat_map(|s| &s.blocks).map(|b| b.group).collect();
    used.into_iter().collect()
}
