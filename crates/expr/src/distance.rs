//! "Did you mean": the nearest of some candidates by edit distance.

/// How many candidates of a fitting length are compared.
const MOST_COMPARED: usize = 1_000;

/// The candidate nearest to a word, if one is near enough to be a slip of the fingers: at most a third of the
/// letters (and at least one) inserted, dropped, changed or swapped with the next. Case does not count. Ties go
/// to the earlier candidate.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    let letters = |s: &str| s.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect::<Vec<char>>();
    let word = letters(word);
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let allowed = (word.len() / 3).max(1);
    let mut best: Option<(usize, &'a str)> = None;
    let mut compared = 0;
    for candidate in candidates {
        let other = letters(candidate);
        // A shared short prefix is no likeness: `a` is not a misspelt `b`.
        if other.is_empty() || other.len() > LONGEST || other.len().abs_diff(word.len()) > allowed || (word.len() == 1 && other != word) {
            continue;
        }
        compared += 1;
        if compared > MOST_COMPARED {
            break;
        }
        let distance = distance(&word, &other);
        if distance <= allowed && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut cost = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn finds_slips_and_refuses_strangers() {
        let names = ["first_name", "plan", "orders", "order_status"];
        assert_eq!(did_you_mean("frist_name", names), Some("first_name"));
        assert_eq!(did_you_mean("Plan", names), Some("plan"));
        assert_eq!(did_you_mean("ordres", names), Some("orders"));
        assert_eq!(did_you_mean("order_state", names), Some("order_status"));
        assert_eq!(did_you_mean("banana", names), None);
        assert_eq!(did_you_mean("", names), None);
        assert_eq!(did_you_mean(&"x".repeat(100_000), names), None);
        assert_eq!(did_you_mean("a", ["b"]), None);
    }
}
