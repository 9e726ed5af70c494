//! What is odd about a condition that was asked: a tag that nobody has, an event that no skill knows. Nobody may be found for that alone.

use serde_json::Value;

/// Each warning of an answer under its place in the condition; empty if there is none.
pub fn told(condition: &str, answer: &Value) -> String {
    let mut out = String::new();
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        let help = plain(warning["help"].as_str().unwrap_or_default());
        let help = if help.is_empty() { help } else { format!(" ({help})") };
        let at = |end: &str| warning[end].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or_default();
        let (start, mark) = (at("start"), "^".repeat(at("end").saturating_sub(at("start")).max(1)));
        let message = plain(warning["message"].as_str().unwrap_or_default());
        out += &format!("warning: {message}{help}\n  {}\n  {:start$}{mark}\n", plain(condition), "");
    }
    out
}

/// Says it to whoever sits there; stdout is for what was found.
pub fn tell(condition: &str, answer: &Value) {
    eprint!("{}", told(condition, answer));
}

/// Text that cannot move the cursor or change the terminal, as long as it was.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_warning_stands_under_its_place() {
        let warning = json!({ "message": "nobody has the tag \"vpi\"", "help": "did you mean \"vip\"?", "start": 8, "end": 11 });
        let bare = json!({ "message": "odd\u{1b}[31m", "help": null, "start": 0, "end": 0 });
        let told = super::told("has tag vpi", &json!({ "warnings": [warning, bare] }));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines,
            [
                "warning: nobody has the tag \"vpi\" (did you mean \"vip\"?)",
                "  has tag vpi",
                "          ^^^",
                "warning: odd [31m",
                "  has tag vpi",
                "  ^"
            ]
        );
        assert_eq!(super::told("has tag vip", &json!({ "found": 3 })), "");
    }
}
