//! `chat`: talk to a bot in the terminal, on the production core, with a clock that can be turned.

use crate::play::{Extra, Play, Setting};
use crate::{Exit, folder};
use model::{Author, ChoiceAction, Duration, IncomingBody, Instant, Message};
use runtime::{Clock, SystemClock};
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};

const HELP: &str = "  /skip 2h    turn the clock forward; what is due on the way happens
  /state      what is known about you, and where the runs rest
  /agent X    an agent takes your request and says X; /agent alone closes the chat
  /quit       leave (as does Ctrl-D)
  1, 2, …     press that button of the last message
  //word      a command of the bot whose name is one of these";

/// Talks until the input ends.
pub fn run(bot_folder: &Path) -> anyhow::Result<Exit> {
    let loaded = folder::load(bot_folder)?;
    let Some(bot) = loaded.bot.clone() else {
        loaded.print();
        anyhow::bail!("{}: {}", bot_folder.display(), loaded.summary());
    };
    let clock = SystemClock;
    let start = clock.now();
    let agent = Extra { name: "Agent".into(), groups: bot.groups().iter().map(|g| g.name.clone()).collect(), accepting: true };
    let mut play = Play::new(bot.clone(), Setting { now: start, agents: vec![agent], ..Setting::default() })?;
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut screen = Screen { color, last: None };
    println!("You are talking to {}. /help tells what else you can do here.", clean(bot.name()));
    play.customer(IncomingBody::Opened { payload: None });
    screen.show(&play.heard());
    let lines = read_lines();
    // How far the clock on stage is ahead of the real one.
    let mut ahead: i64 = 0;
    loop {
        screen.prompt();
        let real = clock.now().plus_micros(ahead);
        play.advance_to(real);
        screen.show_over_prompt(&play.heard());
        let line = match play.next_due() {
            None => lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => {
                let wait = due.micros_since(clock.now().plus_micros(ahead)).clamp(0, 3_600_000_000);
                lines.recv_timeout(std::time::Duration::from_micros(wait.unsigned_abs()))
            }
        };
        let line = match line {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                println!();
                return Ok(Exit::Fine);
            }
        };
        play.advance_to(clock.now().plus_micros(ahead));
        match order(line.trim()) {
            Order::Nothing => {}
            Order::Quit => return Ok(Exit::Fine),
            Order::Help => println!("{HELP}"),
            Order::State => print!("{}", state(&play)),
            Order::Skip(Some(micros)) => {
                ahead += micros;
                play.advance_to(clock.now().plus_micros(ahead));
                println!("  it is {} now", local(&play, play.now()));
            }
            Order::Skip(None) => println!("  /skip takes a duration such as 30s, 10m, 2h or 3d"),
            Order::Agent(text) => {
                let taken = if play.queue().is_some() { play.agent_takes() } else { Ok(()) };
                let done = taken.and_then(|()| match text {
                    Some(text) => play.agent_says(text),
                    None => play.agent_closes(None),
                });
                if let Err(why) = done {
                    println!("  {why}");
                }
            }
            Order::Say(text) => match screen.button(text).filter(|_| !play.is_listening()) {
                Some((token, label)) => play.customer(IncomingBody::Press { token, label }),
                None => play.write(text),
            },
        }
        screen.show(&play.heard());
    }
}

/// What a typed line asks for.
enum Order<'a> {
    Nothing,
    Quit,
    Help,
    State,
    Skip(Option<i64>),
    Agent(Option<&'a str>),
    Say(&'a str),
}

fn order(line: &str) -> Order<'_> {
    if line.starts_with("//") {
        // One slash less: for a bot whose command has one of our names.
        return Order::Say(line.strip_prefix('/').unwrap_or(line));
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "" => Order::Nothing,
        "/quit" | "/exit" => Order::Quit,
        "/help" => Order::Help,
        "/state" => Order::State,
        "/skip" => Order::Skip(Duration::parse_exact(rest).map(|d| d.micros)),
        "/agent" => Order::Agent(Some(rest.trim()).filter(|r| !r.is_empty())),
        _ => Order::Say(line),
    }
}

/// Standard input, line by line, on a thread of its own: the clock must not wait for it.
fn read_lines() -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            // Neither the end of the input nor of the conversation is an error.
            if line.map_or(true, |line| tell.send(line).is_err()) {
                return;
            }
        }
    });
    told
}

struct Screen {
    color: bool,
    last: Option<Message>,
}

impl Screen {
    fn prompt(&self) {
        if std::io::stdin().is_terminal() {
            print!("> ");
            // A prompt that cannot be shown is no reason to stop.
            let _ = std::io::stdout().flush();
        }
    }

    fn show_over_prompt(&mut self, messages: &[Message]) {
        if !messages.is_empty() {
            println!();
            self.show(messages);
            self.prompt();
        }
    }

    fn show(&mut self, messages: &[Message]) {
        for message in messages {
            let (name, tint) = match &message.author {
                Author::Customer => continue,
                Author::Bot { .. } => ("bot".to_owned(), "36"),
                Author::Agent { name, .. } => (clean(name), "35"),
                Author::System => ("–".to_owned(), "2"),
            };
            let indent = " ".repeat(name.chars().count() + 2);
            let text = clean(&message.content.text).replace('\n', &format!("\n{indent}"));
            if self.color {
                println!("\u{1b}[{tint}m{name}:\u{1b}[0m {text}");
            } else {
                println!("{name}: {text}");
            }
            for (number, choice) in message.content.buttons.iter().chain(&message.content.quick_replies).enumerate() {
                let label = clean(&choice.label);
                match &choice.action {
                    ChoiceAction::Reply { .. } => println!("{indent}[{}] {label}", number + 1),
                    ChoiceAction::Url(url) => println!("{indent}[{}] {label} → {}", number + 1, clean(url)),
                    ChoiceAction::Phone(phone) => println!("{indent}[{}] {label} → {}", number + 1, clean(phone)),
                }
            }
            if matches!(message.author, Author::Bot { .. }) {
                self.last = Some(message.clone());
            }
        }
    }

    /// The button of the last message with this number.
    fn button(&self, text: &str) -> Option<(String, String)> {
        let number: usize = text.parse().ok()?;
        let content = &self.last.as_ref()?.content;
        let choice = content.buttons.iter().chain(&content.quick_replies).nth(number.checked_sub(1)?)?;
        match &choice.action {
            ChoiceAction::Reply { token } => Some((token.clone(), choice.label.clone())),
            ChoiceAction::Url(_) | ChoiceAction::Phone(_) => None,
        }
    }
}

/// Text that cannot move the cursor or change the terminal.
fn clean(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

fn local(play: &Play, at: Instant) -> String {
    at.to_timestamp().to_zoned(play.bot().timezone().clone()).strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string()
}

fn state(play: &Play) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    let Some(person) = play.person() else { return "  nothing is known yet\n".into() };
    let contact = &person.contact;
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {name:<11} {}", clean(&value));
    };
    line("time", local(play, play.now()));
    line("status", contact.status.clone());
    for (name, value) in contact.system.iter().chain(&contact.attributes) {
        line(name, expr::render(value, play.bot().timezone()));
    }
    let join = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    line("tags", join(contact.tags.values().map(|t| t.label.clone()).collect()));
    line("segments", join(contact.memberships.keys().cloned().collect()));
    for conversation in &person.conversations {
        line("owner", format!("{:?}", conversation.owner).to_lowercase());
        for run in &conversation.runs {
            let floor = if conversation.floor.last() == Some(&run.id) { " (has the floor)" } else { "" };
            let vars: Vec<String> =
                run.frame().vars.iter().map(|(k, v)| format!("{k}={}", expr::render(v, play.bot().timezone()))).collect();
            line("run", format!("{}.{}{floor} {}", run.frame().skill, run.frame().block, vars.join(" ")));
        }
        for timer in &conversation.timers {
            line("timer", format!("{}.{} ticks at {}", timer.skill, timer.name, local(play, timer.next)));
        }
    }
    out
}
