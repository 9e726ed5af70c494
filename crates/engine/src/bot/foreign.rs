//! Words that people bring from elsewhere, and how a bot says the same: told in place of a list of everything there is.

/// What somebody who writes this as a key of a block probably wants, as a help; none if the word is not known from anywhere.
pub(crate) fn meant(key: &str) -> Option<&'static str> {
    Some(match key.trim().to_lowercase().replace('-', "_").as_str() {
        "if" | "condition" | "case" | "cases" | "branch" | "choose" => {
            "a way that depends on something is a block switch: a list of \"- when: CONDITION\" with \"then: TARGET\" below, and \"else: TARGET\" beside it"
        }
        "elif" | "elseif" | "else_if" => "write another \"- when: CONDITION\" with \"then: TARGET\" into the list of switch",
        "else" => "else belongs to a block switch, in the column of switch",
        "then" => "then belongs to a case of switch; where a block leads is written next: TARGET",
        "goto" | "go_to" | "go" | "goes_to" | "jump" | "jump_to" | "target" | "redirect" => {
            "where a block leads is written next: a block of this skill, end, or skill NAME"
        }
        "end" | "stop" | "exit" | "finish" => "a skill ends after a block with next: end",
        "message" | "say" | "says" | "reply" | "send_message" | "print" | "bot" => "what the bot says is a block text: text: Hello!",
        "ask" | "question" | "prompt" | "input" | "wait_for_input" | "answer" => {
            "a question is a block text, and its answer the block below it: listen: NAME"
        }
        "wait" | "delay" | "sleep" | "pause" => "waiting is a block of its own: wait_for: 5m",
        "options" | "choices" | "answers" | "replies" | "keyboard" => "choices are buttons: a list of \"- Label: TARGET\"",
        "set" | "assign" | "store" | "variable" | "variables" => "values are kept by a block data: { NAME: VALUE }",
        "tag" | "tags" | "label" => "a tag is put on somebody by a block add_tag: NAME",
        "agent" | "human" | "handoff" | "hand_off" | "handover" | "hand_over" | "transfer" | "escalate" => {
            "a person takes over with a block live_chat: { group: NAME }"
        }
        "http" | "request" | "api" | "fetch" | "webhook" => "other systems are asked by a block json: { get: https://… }",
        "url" | "uri" | "endpoint" | "method" => "the method is the key of the address: get: https://…, post: https://…",
        "random" | "ab_test" | "experiment" => "by chance a block split chooses between weighted ways",
        "repeat" | "loop" | "for" | "while" => {
            "a way back is written next: with the name of a block above; every circle waits for something"
        }
        "subflow" | "flow" | "include" | "run" | "skill" => {
            "another skill is run by a block call: { skill: NAME }, or left for with next: skill NAME"
        }
        "card" | "cards" | "carousel" => "cards are shown by a block gallery",
        "photo" | "picture" => "a picture is shown by a block image",
        "audio" | "voice" | "video" | "sticker" | "location" => {
            "sounds, films, stickers and places are shown by a block media: { video: files/tour.mp4 }"
        }
        "emit" | "raise" => "an event is raised by a block send: NAME",
        "remind" | "reminder" | "schedule" => "later is a block timer: { after: 1d, do: BLOCK }",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn no_word_of_the_language_is_called_foreign() {
        for block in crate::blocks() {
            assert!(meant(block.key).is_none(), "{}", block.key);
        }
        for key in ["next", "on", "when", "only_for", "note", "timeout", "buttons", "save"] {
            assert!(meant(key).is_none(), "{key}");
        }
        assert!(meant("Hand-Off").is_some_and(|words| words.contains("live_chat")));
    }
}
