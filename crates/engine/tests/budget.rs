//! What a hostile bot may cost: the loader stays within its budgets of values and memory, whatever the files. How long it takes is
//! asserted where that says something: with optimisation.

use engine::{Bot, BotFiles};
use peak_alloc::PeakAlloc;
use std::time::Instant;
use switchboard_engine as engine;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Beyond what the files themselves take.
const MOST_MEGABYTES: f32 = 64.0;
const MOST_MILLISECONDS: u128 = 100;

/// Files made to hurt, each as large as a file may be or larger.
fn hostile() -> Vec<(&'static str, String)> {
    let head = "skill: a\ncatch:\n  - command: a\nblocks:\n";
    let laughs: String = std::iter::once("a0: &a0 [lol, lol]\n".to_owned())
        .chain((1..40).map(|n| format!("a{n}: &a{n} [*a{p}, *a{p}, *a{p}, *a{p}, *a{p}]\n", p = n - 1)))
        .collect();
    let many = |count: usize, of: &dyn Fn(usize) -> String| head.to_owned() + &(0..count).map(of).collect::<String>();
    vec![
        ("aliases that multiply", laughs),
        ("brackets", "[".repeat(1_000_000)),
        ("braces", "{a: ".repeat(250_000)),
        ("dashes", "- ".repeat(500_000)),
        ("a text of 50 MB", format!("{head}  hi:\n    text: {}", "x".repeat(50_000_000))),
        ("values", format!("[{}]", "a,".repeat(500_000))),
        ("NUL", format!("{head}  hi:\n    text: \0")),
        ("carriage returns and tabs", "\r\t".repeat(500_000)),
        ("faults on each line", many(30_000, &|n| format!("  b{n}: Note: x\n"))),
        ("blocks", many(8_000, &|n| format!("  b{n}:\n    text: Hi\n"))),
        (
            "blocks in a line, each storing and saying",
            many(3_000, &|n| format!("  b{n}:\n    data: {{ v{n}: \"${{v{}}}\" }}\n", n.saturating_sub(1))),
        ),
        ("questions with exits", many(3_000, &|n| format!("  b{n}:\n    listen: v{n}\n    on: {{ timeout: b0, invalid: b{} }}\n", n / 2))),
        (
            "cases",
            format!(
                "{head}  see:\n    switch:\n{}",
                "      - { when: orders > 5 and orders < 3 or city = \"x\", then: end }\n".repeat(6_000)
            ),
        ),
        (
            "wide conditions",
            format!(
                "{head}  see:\n    switch:\n{}",
                format!("      - {{ when: \"{}\", then: end }}\n", vec!["(orders > 1 or orders < 2)"; 100].join(" and ")).repeat(300)
            ),
        ),
        ("values in one text", format!("{head}  hi:\n    text: \"{}\"\n", "${orders} ".repeat(6_000))),
        ("buttons", format!("{head}  hi:\n    text: Hi\n    buttons:\n{}", "      - Yes: end\n".repeat(20_000))),
        ("names that are nearly right", many(6_000, &|n| format!("  b{n}:\n    text: Hi\n    next: bb{n}{n}\n"))),
    ]
}

/// How long this thread has worked, in microseconds: what others do on the machine does not count, where the system tells.
#[expect(clippy::disallowed_methods, reason = "a test of how long something takes needs a clock")]
fn worked() -> u128 {
    static SINCE: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|line| line.split_whitespace().next()?.parse::<u128>().ok());
    nanoseconds.map_or_else(|| SINCE.get_or_init(Instant::now).elapsed().as_micros(), |nanoseconds| nanoseconds / 1_000)
}

#[test]
fn hostile_files_stay_within_the_budgets() {
    let mut over = String::new();
    for (what, text) in hostile() {
        let bot = "name: X\nattributes: { city: text, orders: number }\n".to_owned();
        let files = BotFiles { files: vec![("bot.yaml".into(), bot), ("skills/a.yaml".into(), text)], ..BotFiles::default() };
        let before = MEMORY.current_usage_as_mb();
        MEMORY.reset_peak_usage();
        let start = worked();
        let (_, found, sources) = Bot::load(&files);
        let took = (worked() - start) / 1_000;
        let peak = MEMORY.peak_usage_as_mb() - before;
        let shown = syntax::render_human(&found, &sources, false, 100);
        // What a bot may hold is limited where reading it would take long.
        assert!(what != "wide conditions" || found.iter().any(|d| d.code == "E0245"), "the budget of conditions is for the whole bot");
        println!("{what}: {took} ms, {peak:.1} MB, {} faults", found.len());
        if peak > MOST_MEGABYTES {
            over.push_str(&format!("{what} took {peak:.1} MB\n"));
        }
        if !cfg!(debug_assertions) && took > MOST_MILLISECONDS {
            over.push_str(&format!("{what} took {took} ms\n"));
        }
        assert!(shown.len() < 40_000_000, "{what}: what is said can still be read");
    }
    assert!(over.is_empty(), "{over}");
    // In the same test: what another thread allocates would be counted.
    a_bot_of_many_large_files_is_refused_before_it_costs_much();
}

fn a_bot_of_many_large_files_is_refused_before_it_costs_much() {
    let file = format!("skill: NAME\nblocks:\n{}", (0..7_000).map(|n| format!("  b{n}: {{ text: Hi }}\n")).collect::<String>());
    let mut files = vec![("bot.yaml".to_owned(), "name: X\n".to_owned())];
    files.extend((0..40).map(|n| (format!("skills/s{n}.yaml"), file.replace("NAME", &format!("s{n}")))));
    let (bot, found, _) = Bot::load(&BotFiles { files, ..BotFiles::default() });
    assert!(bot.is_none());
    assert!(found.iter().any(|d| d.code == "E0215"), "the budget of values is for the whole bot");
}
