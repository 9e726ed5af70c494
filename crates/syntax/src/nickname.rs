//! Words for schedules that other programs have (`@daily`), and the five fields that say the same.

/// The five fields that a word such as `@daily` stands for elsewhere; none if it is no such word.
pub fn five_fields(word: &str) -> Option<&'static str> {
    match word.trim().to_ascii_lowercase().as_str() {
        "@hourly" => Some("0 * * * *"),
        "@daily" | "@midnight" => Some("0 0 * * *"),
        "@weekly" => Some("0 0 * * sun"),
        "@monthly" => Some("0 0 1 * *"),
        "@yearly" | "@annually" => Some("0 0 1 1 *"),
        _ => None,
    }
}
