//! "Did you mean": the known name nearest to one that is not known.

/// How many candidates of a fitting length are compared: a bot of many thousand names must not cost a comparison with each.
const MOST_COMPARED: usize = 1_000;

/// The candidate nearest to `word`, when one is near enough that it is likely meant.
///
/// Case and the difference between `-`, `_` and a space do not count; of equally near candidates the first wins.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (mut wanted, mut known) = (Word::default(), Word::default());
    wanted.read(word);
    let allowed = match wanted.letters().len() {
        0 => return None,
        1..=3 => 1,
        4..=5 => 2,
        n => n / 3,
    };
    let mut best: Option<(usize, &'a str)> = None;
    let mut compared = 0;
    for candidate in candidates {
        known.read(candidate);
        let (wanted, known) = (wanted.letters(), known.letters());
        // A distance of the whole word is a different word, not a slip; one that is not nearer than the best does not matter.
        let limit =
            allowed.min(wanted.len().max(known.len()).saturating_sub(1)).min(best.map_or(usize::MAX, |(least, _)| least.saturating_sub(1)));
        if known.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        compared += 1;
        if compared > MOST_COMPARED {
            break;
        }
        let distance = distance(wanted, known, limit);
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

/// How many letters of a word count: names are short, and a hostile one must not cost a quadratic comparison.
const MOST_LETTERS: usize = 64;

/// A word as it is compared: folded, without a difference between `-`, `_` and a space.
struct Word {
    letters: [char; MOST_LETTERS],
    count: usize,
}

impl Default for Word {
    fn default() -> Word {
        Word { letters: ['_'; MOST_LETTERS], count: 0 }
    }
}

impl Word {
    fn read(&mut self, word: &str) {
        self.count = 0;
        let folded = word.chars().map(|c| if matches!(c, '-' | ' ') { '_' } else { c }).flat_map(char::to_lowercase);
        for (place, letter) in self.letters.iter_mut().zip(folded) {
            *place = letter;
            self.count += 1;
        }
    }

    fn letters(&self) -> &[char] {
        self.letters.get(..self.count).unwrap_or_default()
    }
}

/// Edits between two words, where swapping two neighbours is one edit; more than `limit` if there are more.
fn distance(a: &[char], b: &[char], limit: usize) -> usize {
    // Three rows of the table at a time: the one being filled, the last, and the one before it.
    let mut rows = [[0; MOST_LETTERS + 1]; 3];
    let [mut before, mut last, mut row] = [0, 1, 2];
    for (at, cost) in rows[last].iter_mut().enumerate() {
        *cost = at;
    }
    for (i, x) in a.iter().enumerate() {
        rows[row][0] = i + 1;
        let mut least = i + 1;
        for (j, y) in b.iter().enumerate() {
            let mut cost = (rows[last][j] + usize::from(x != y)).min(rows[last][j + 1] + 1).min(rows[row][j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(rows[before][j - 1] + 1);
            }
            rows[row][j + 1] = cost;
            least = least.min(cost);
        }
        // A swap may yet go back one row further, at the cost of one.
        if least > limit + 1 {
            return least;
        }
        (before, last, row) = (last, row, before);
    }
    rows[last][b.len()]
}
