//! What is not told because a file could not be read: names that stand in it are missing everywhere else, and that is no fault of those
//! who use them. One sentence beside the fault of the file says so.

use std::collections::BTreeSet;
use syntax::{Diagnostic, Diagnostics, FileId};

/// What may only come from a `bot.yaml` that was not read: attributes, groups, calendars, languages, the country, services and what they
/// mean.
const WITHOUT_BOT: [&str; 20] = [
    "E0116", "E0119", "E0120", "E0162", "E0163", "E0167", "E0171", "E0172", "E0175", "E0180", "E0251", "E0310", "E0312", "E0313", "E0316",
    "E0320", "E0321", "E0345", "E0360", "W0305",
];
/// What is told of a declaration that is not understood.
const NOT_UNDERSTOOD: [&str; 5] = ["E0011", "E0101", "E0103", "E0114", "E0117"];
/// What may only come from a skill that was not read.
const WITHOUT_SKILL: [&str; 9] = ["E0116", "E0171", "E0252", "E0253", "E0260", "W0217", "W0302", "W0304", "W0263"];
/// What may only come from a skill whose very name is not known.
const WITHOUT_NAME: [&str; 2] = ["E0112", "E0315"];
/// What names a value: unless something near is known, a skill that was not read may give it.
const VALUES: [&str; 2] = ["E0310", "E0312"];
/// What may only come from a `segments.yaml` that was not read.
const WITHOUT_SEGMENTS: [&str; 3] = ["E0118", "E0121", "E0314"];

/// What of a bot could not be read.
#[derive(Debug, Default)]
pub(super) struct Missing {
    files: BTreeSet<FileId>,
    bot: bool,
    /// `bot.yaml` was read and has something in it that could not be: names may be missing.
    part_of_bot: bool,
    segments: bool,
    skill: bool,
    /// A skill whose name cannot even be guessed.
    nameless: bool,
    skills: BTreeSet<String>,
}

impl Missing {
    /// A file could not be read.
    pub(super) fn note(&mut self, path: &str, file: FileId, text: &str) {
        self.files.insert(file);
        match path {
            "bot.yaml" => self.bot = true,
            "segments.yaml" => self.segments = true,
            _ if path.starts_with("skills/") => {
                self.skill = true;
                match name_in(text) {
                    Some(name) => {
                        self.skills.insert(name.to_owned());
                    }
                    None => self.nameless = true,
                }
            }
            _ => {}
        }
    }

    /// `bot.yaml` was read as `file`, with what is told so far: where a declaration is not understood, what it declares is not known.
    pub(super) fn of_bot(&mut self, file: FileId, found: &Diagnostics) {
        if found.within(file, 0..u32::MAX).any(|one| NOT_UNDERSTOOD.contains(&one.code)) {
            self.part_of_bot = true;
            self.files.insert(file);
        }
    }

    /// A skill was read that does not say its name.
    pub(super) fn skill_without_name(&mut self) {
        self.nameless = true;
    }

    /// Whether any skill is missing.
    pub(super) fn any_skill(&self) -> bool {
        self.skill || self.nameless
    }

    /// The skills that are there and could not be read.
    pub(super) fn skills(&self) -> impl Iterator<Item = &str> {
        self.skills.iter().map(String::as_str)
    }

    /// The diagnostics without those that may only come from what could not be read; the first one of each file at fault says that
    /// something was left out.
    pub(super) fn held_back(&self, found: Diagnostics) -> Diagnostics {
        if self.files.is_empty() && !self.nameless {
            return found;
        }
        let all = found.len();
        let mut kept: Vec<Diagnostic> =
            found.into_iter().filter(|one| self.files.contains(&one.primary.file) || !self.explains(one)).collect();
        if kept.len() < all {
            let mut told = BTreeSet::new();
            for one in &mut kept {
                if self.files.contains(&one.primary.file) && told.insert(one.primary.file) {
                    *one = one.clone().help("what other files say about what stands here is checked when this is put right");
                }
            }
        }
        kept.into_iter().collect()
    }

    fn explains(&self, one: &Diagnostic) -> bool {
        let code = one.code;
        self.bot && WITHOUT_BOT.contains(&code)
            || self.part_of_bot && WITHOUT_BOT.contains(&code) && one.fix.is_none()
            || self.skill && WITHOUT_SKILL.contains(&code)
            || self.skill && VALUES.contains(&code) && one.fix.is_none()
            || self.nameless && WITHOUT_NAME.contains(&code)
            || self.segments && WITHOUT_SEGMENTS.contains(&code)
    }
}

/// The name on a line `skill: NAME`, in a text that cannot be read as a whole.
fn name_in(text: &str) -> Option<&str> {
    let written = text.lines().find_map(|line| line.strip_prefix("skill:"))?;
    let name = written.split(" #").next().unwrap_or(written).trim().trim_matches(['"', '\'']);
    super::reader::is_slug(name.trim_start_matches('/')).then_some(name)
}

#[cfg(test)]
mod tests {
    use crate::{Bot, BotFiles};

    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let (_, found, sources) = Bot::load(&BotFiles { files, shown_as: String::new(), assets: Vec::new() });
        found.iter().map(|one| format!("{} {} {}", one.code, sources.path(one.primary.file), one.help.as_deref().unwrap_or(""))).collect()
    }

    const BOT: (&str, &str) = ("bot.yaml", "name: Test\nattributes: { city: text }\ngroups: { support: {} }\n");
    const SEGMENTS: (&str, &str) = ("segments.yaml", "vip: { where: city = \"Rome\" }\n");
    const A: (&str, &str) = (
        "skills/a.yaml",
        "skill: a\ncatch: [{ command: a }]\nonly_for: in segment vip\nblocks:\n  hi:\n    text: Hi ${city} ${number}\n  desk:\n    live_chat: { group: support }\n    next: skill b\n",
    );
    const B: (&str, &str) =
        ("skills/b.yaml", "skill: b\nblocks:\n  ask:\n    text: Which?\n  get:\n    listen: number\n    next: skill a\n");

    #[test]
    fn one_fault_of_one_file_is_all_that_is_told() {
        for (broken, text) in [
            ("bot.yaml", BOT.1.replace("name: Test", "name: [Test")),
            ("bot.yaml", BOT.1.replace("attributes: { city: text }", "attributes: [city]")),
            ("bot.yaml", BOT.1.replace("city: text", "city: string")),
            ("segments.yaml", SEGMENTS.1.replace("vip: {", "vip: @x {")),
            ("skills/b.yaml", B.1.replace("text: Which?", "text: \"Which?\" b c")),
            ("skills/b.yaml", B.1.replace("  get:", "\tget:").replace("skill: b\n", "")),
        ] {
            let files: Vec<(&str, &str)> =
                [BOT, SEGMENTS, A, B].into_iter().map(|(path, was)| (path, if path == broken { &*text } else { was })).collect();
            let mut told = told(&files);
            told.retain(|one| one.starts_with('E'));
            assert!(told.iter().all(|one| one.contains(broken)), "{told:#?}");
            assert!(told.iter().any(|one| one.contains("is checked when this is put right")), "{told:#?}");
        }
    }

    #[test]
    fn a_skill_without_a_name_is_looked_at_all_the_same() {
        let b = B.1.replace("skill: b", "skill: [b]").replace("listen: number", "listn: number");
        let told = told(&[BOT, SEGMENTS, A, ("skills/b.yaml", &b)]);
        let codes: Vec<&str> = told.iter().filter_map(|one| one.split(' ').next()).filter(|code| code.starts_with('E')).collect();
        assert_eq!(codes, ["E0310", "E0103", "E0107"], "{told:#?}");
    }

    #[test]
    fn what_is_wrong_beside_an_unreadable_file_is_still_told() {
        let a = A.1.replace("text: Hi", "text: Hi ${ctiy}").replace("next: skill b", "nxet: skill b");
        let told = told(&[BOT, SEGMENTS, ("skills/a.yaml", &a), ("skills/b.yaml", "skill: b\nblocks: [\n")]);
        let in_a = told.iter().filter(|one| one.starts_with('E') && one.contains("a.yaml"));
        let codes: Vec<&str> = in_a.filter_map(|one| one.split(' ').next()).collect();
        assert_eq!(codes, ["E0310", "E0101"], "{told:#?}");
    }
}
