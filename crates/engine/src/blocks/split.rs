//! `split`: parts contacts by chance, and the same contact always the same way.

use super::{BlockBody, BlockKind, Fault, Flow, Group, Key, OptionSpec, OutcomeSpec, Shape};
use crate::bot::Target;
use crate::bot::reader::{At, Fields, Reader, one_or_many};
use crate::step::Moving;
use model::Value;
use sha2::{Digest, Sha256};
use syntax::{Diagnostic, Node};

/// The largest weight of one way.
const HEAVIEST: i64 = 1_000_000;
/// How many ways there are at the most.
const MOST: usize = 50;

const WAY: Shape = Shape::Keys(&[
    Key::must("weight", Shape::Whole(0, HEAVIEST), "how many go this way, relative to the others"),
    Key::must("then", Shape::Target, "where it leads"),
    Key::may("name", Shape::Text, "what `save` stores"),
]);

#[derive(Debug)]
pub(crate) struct Split;

#[derive(Debug)]
struct Ways {
    ways: Vec<(String, u64, Target)>,
    seed: Option<String>,
    save: Option<String>,
}

impl BlockKind for Split {
    fn key(&self) -> &'static str {
        "split"
    }
    fn summary(&self) -> &'static str {
        "Parts contacts by chance, in the proportion of the weights. A contact goes the same way every time, as long as the ways and the seed are the same."
    }
    fn example(&self) -> &'static str {
        "skill: offer\ncatch:\n  - command: offer\nblocks:\n  which:\n    split:\n      - { weight: 70, then: short }\n      - { weight: 30, then: long }\n    seed: summer-offer\n    save: variant\n  short:\n    text: Ten percent off today, code ${variant}.\n    next: end\n  long:\n    text: You have been with us for a while, so today everything is ten percent off.\n"
    }
    fn options(&self) -> &'static [OptionSpec] {
        &[
            OptionSpec {
                name: "split",
                field: "list of { weight: number, then: target, name: value }",
                doc: "the ways; a weight is relative to their sum",
            },
            OptionSpec {
                name: "seed",
                field: "value",
                doc: "draws anew when it changes; blocks with the same seed and weights part alike (`skill.block`)",
            },
            OptionSpec { name: "save", field: "name", doc: "stores which way was taken: its `name`, else where it leads" },
        ]
    }
    fn group(&self) -> Group {
        Group::Logic
    }
    fn shapes(&self) -> &'static [Key] {
        const { &[Key::must("split", Shape::List(&WAY), ""), Key::may("seed", Shape::Text, "")] }
    }
    fn outcomes(&self) -> &'static [OutcomeSpec] {
        &[]
    }
    fn takes_map(&self) -> bool {
        false
    }

    fn read(&self, value: At<'_>, options: &mut Fields<'_>, _has_next: bool, reader: &mut Reader<'_>) -> Option<Box<dyn BlockBody>> {
        let seed = options.take("seed").and_then(|n| reader.text(n, "seed").map(str::to_owned));
        let save = options.take("save").and_then(|n| reader.identifier(n, "save").map(str::to_owned));
        let Node::List(items) = &value.value else {
            reader.out.push(
                Diagnostic::error("E0103", value.span, format!("split is a list of ways, not {}", value.kind_name()))
                    .help("write each way as \"- { weight: 50, then: TARGET }\""),
            );
            return None;
        };
        if items.len() < 2 || items.len() > MOST {
            reader.error("E0179", value.span, format!("a split has 2 to {MOST} ways, not {}", items.len()));
            return None;
        }
        let mut ways = Vec::new();
        for item in one_or_many(value) {
            let Some(mut way) = Fields::of(item, "a way of a split", reader.out) else { continue };
            let weight = way.need("weight", reader.out).and_then(|n| reader.integer(n, "weight", 0, HEAVIEST));
            let then_node = way.need("then", reader.out);
            let then = then_node.and_then(|n| reader.target(n));
            let name = way.take("name").and_then(|n| reader.text(n, "name").map(|t| t.trim().to_owned()));
            way.finish(reader.out);
            if let (Some(weight), Some(then), Some(node)) = (weight, then, then_node) {
                let name = name.or_else(|| node.as_text().map(|t| t.trim().to_owned())).unwrap_or_default();
                ways.push((name, u64::try_from(weight).unwrap_or(0), then));
            }
        }
        if ways.len() != items.len() {
            return None;
        }
        if ways.iter().all(|(_, weight, _)| *weight == 0) {
            reader.out.push(
                Diagnostic::error("E0179", value.span, "nobody can go any way: all weights are 0")
                    .help("give a way a weight of at least 1"),
            );
            return None;
        }
        Some(Box::new(Ways { ways, seed, save }))
    }
}

/// Where a contact stands between 0 and `total`: by its id and the seed alone, so that it is the same on every visit.
fn place(contact: &str, seed: &str, total: u64) -> u64 {
    let digest = Sha256::new().chain_update(seed.len().to_be_bytes()).chain_update(seed).chain_update(contact).finalize();
    let draw = digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    u64::try_from((u128::from(draw) * u128::from(total)) >> 64).unwrap_or(0)
}

impl BlockBody for Ways {
    fn enter(&self, at: &mut Moving<'_, '_>) -> Result<Flow, Fault> {
        let total = self.ways.iter().map(|(_, weight, _)| weight).sum();
        let own = at.place();
        let mut left = place(&at.step.contact.id.to_string(), self.seed.as_deref().unwrap_or(&own), total);
        for (name, weight, then) in &self.ways {
            if left < *weight {
                if let Some(save) = &self.save {
                    at.store(save, Some(Value::text(name.clone())))?;
                }
                return Ok(Flow::To(name.clone(), then.clone()));
            }
            left -= weight;
        }
        Err(Fault::Broken("the ways of a split do not add up".into()))
    }

    fn targets(&self) -> Vec<(String, Target)> {
        // One of the ways is always taken.
        let last = self.ways.len().saturating_sub(1);
        let exit = |at: usize, name: &str| if at == last { "else".to_owned() } else { name.to_owned() };
        self.ways.iter().enumerate().map(|(at, (name, _, then))| (exit(at, name), then.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn contacts_part_in_proportion_and_stay_where_they_are() {
        let contacts: Vec<String> = (0..20_000).map(|n| format!("con_{n}")).collect();
        let first = contacts.iter().filter(|c| place(c, "seed", 100) < 30).count();
        assert!((5_700..=6_300).contains(&first), "{first} of 20000 instead of 6000");
        assert!(contacts.iter().all(|c| place(c, "seed", 100) == place(c, "seed", 100)));
        // Another seed draws anew: about a third of the first ones are first again.
        let both = contacts.iter().filter(|c| place(c, "seed", 100) < 30 && place(c, "other", 100) < 30).count();
        assert!((1_600..=2_000).contains(&both), "{both} of 20000 instead of 1800");
    }
}
