//! `explain`: the page of a code, as `docs/errors/` has it.

use crate::Exit;
use rust_embed::RustEmbed;
use std::io::IsTerminal;

#[derive(RustEmbed)]
#[folder = "../../docs/errors"]
struct Pages;

/// Every code that has a page, in order.
pub fn codes() -> Vec<String> {
    let mut codes: Vec<String> = Pages::iter().filter_map(|name| name.strip_suffix(".md").map(str::to_owned)).collect();
    // Errors first, then warnings.
    codes.sort();
    codes
}

fn page(code: &str) -> Option<String> {
    let file = Pages::get(&format!("{code}.md"))?;
    Some(String::from_utf8_lossy(&file.data).into_owned())
}

/// Prints the page of a code, or what there is.
pub fn run(code: Option<&str>) -> anyhow::Result<Exit> {
    let Some(written) = code else {
        for code in codes() {
            let title = page(&code).and_then(|page| page.lines().next().map(|line| line.trim_start_matches("# ").to_owned()));
            println!("{}", title.unwrap_or(code));
        }
        return Ok(Exit::Fine);
    };
    let code = meant(written);
    let Some(page) = page(&code) else {
        let known = codes();
        let near = near(&code, &known);
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
        anyhow::bail!("there is no code {code}{hint}; switchboard explain --list prints all of them");
    };
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print!("{}", if color { bold_title(&page) } else { page });
    Ok(Exit::Fine)
}

/// A code as it is spelt, of how people write it: `e107`, `error[E0107]`, `107`.
fn meant(written: &str) -> String {
    let inner = written.split(['[', ']']).find(|part| part.chars().any(|c| c.is_ascii_digit())).unwrap_or(written);
    let inner = inner.trim().to_ascii_uppercase();
    let digits = inner.trim_start_matches(['E', 'W']);
    let letter = if inner.starts_with('W') { 'W' } else { 'E' };
    match digits.parse::<u16>() {
        Ok(number) if digits.len() <= 4 => format!("{letter}{number:04}"),
        _ => inner,
    }
}

/// Codes that were probably meant: the same number with the other letter, else the nearest by spelling.
fn near(code: &str, known: &[String]) -> Vec<String> {
    let digits = code.trim_start_matches(['E', 'W']);
    let same: Vec<String> = known.iter().filter(|other| other.trim_start_matches(['E', 'W']) == digits).cloned().collect();
    if !same.is_empty() {
        return same;
    }
    syntax::closest(code, known.iter().map(String::as_str)).map(str::to_owned).into_iter().collect()
}

fn bold_title(page: &str) -> String {
    match page.split_once('\n') {
        Some((title, rest)) => format!("\u{1b}[1m{title}\u{1b}[0m\n{rest}"),
        None => page.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_understood_as_people_write_them() {
        for (written, code) in
            [("E0107", "E0107"), ("e107", "E0107"), ("107", "E0107"), ("error[E0107]", "E0107"), ("w1", "W0001"), ("x", "X")]
        {
            assert_eq!(meant(written), code);
        }
    }

    #[test]
    fn every_code_has_a_page_with_a_title() {
        let codes = codes();
        assert!(codes.len() > 100, "the pages are embedded");
        for code in codes {
            assert!(page(&code).is_some_and(|page| page.starts_with(&format!("# {code}: "))), "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_met_with_one_that_is() {
        let known = ["E0107".to_owned(), "W0201".to_owned()];
        // Put together, so that it is not taken for a code of ours.
        assert_eq!(near(&format!("E{}", "0201"), &known), ["W0201"]);
        assert_eq!(near("E0170", &known), ["E0107"]);
    }
}
