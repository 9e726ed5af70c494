//! "Did you mean": the known name nearest to one that is not known.

/// How many candidates of a fitting length are compared: a bot of many thousand names must not cost a comparison with each.
const MOST_COMPARED: usize = 1_000;

/// The candidate nearest to `word`, when one is near enough that it is likely meant.
///
/// Case and the difference between `-`, `_` and a space do not count; of equally near candidates the first wins.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(word);
    let allowed = match wanted.len() {
        0 => return None,
        1..=2 => 1,
        3..=5 => 2,
        n => n / 3,
    };
    let mut best: Option<(usize, &'a str)> = None;
    let mut compared = 0;
    for candidate in candidates {
        let known = plain(candidate);
        // A distance of the whole word is a different word, not a slip.
        let limit = allowed.min(wanted.len().max(known.len()).saturating_sub(1));
        if known.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        compared += 1;
        if compared > MOST_COMPARED {
            break;
        }
        let distance = distance(&wanted, &known);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The help line for it: `did you mean "number"?`, when a candidate is near enough.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, candidates).map(|candidate| format!("did you mean \"{candidate}\"?"))
}

/// At most 64 characters count: names are short, and a hostile one must not cost a quadratic comparison.
fn plain(word: &str) -> Vec<char> {
    word.chars().take(64).map(|c| if matches!(c, '-' | ' ') { '_' } else { c }).flat_map(char::to_lowercase).collect()
}

/// Edits between two words, where swapping two neighbours is one edit.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
