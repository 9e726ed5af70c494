//! `chat`: talk to a bot in the terminal, on the production core, with a clock that can be turned.
//!
//! The bot follows its folder as a running server does: what is under way keeps its version, new runs meet the newest.
//! While a conversation is recorded the clock moves only when something happens by itself or is skipped, so that playing
//! the recording comes to the same.

mod clock;
mod orders;
mod overlay;
mod record;
mod screen;
mod state;

use crate::args::ChatArgs;
use crate::play::{Extra, Play, Setting};
use crate::script::http::Network;
use crate::{Exit, folder, reload, script, watch};
use clock::StageClock;
use engine::Bot;
use model::{AttributeDef, Change, Content, IncomingBody, Instant, Value};
use orders::{Order, order};
use record::Recorder;
use runtime::{Clock, SystemClock};
use screen::Screen;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};

/// Talks until the input ends.
pub fn run(args: &ChatArgs) -> anyhow::Result<Exit> {
    let seen = folder::stamp(&args.bot);
    let loaded = folder::load(&args.bot)?;
    let Some(bot) = loaded.bot.clone() else {
        loaded.print();
        anyhow::bail!("{}: {}", args.bot.display(), loaded.summary());
    };
    if let Some(path) = args.record.as_ref().filter(|path| path.symlink_metadata().is_ok()) {
        anyhow::bail!("{} is there already; choose another name for the recording, or delete it first", path.display());
    }
    if args.record.is_some() && args.contact.is_some() && !args.fresh {
        anyhow::bail!("a recording cannot begin in the middle of somebody's chat; add --fresh to begin anew as that contact");
    }
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let start = SystemClock.now();
    let start = if args.record.is_some() { clock::whole_second(start) } else { start };
    let agent = Extra { name: "Agent".into(), groups: bot.groups().iter().map(|g| g.name.clone()).collect(), accepting: true };
    let mut setting = Setting { now: start, agents: vec![agent], ungated: args.ungated, ..Setting::default() };
    setting.calls.help = "chat makes no calls unless it is started with --network".into();
    if args.network {
        setting.calls.network = Some(Network::new(crate::services::open(&bot, &args.allow_request, &[], None)?)?);
    }
    let mut intro = format!("You are talking to {}.", screen::clean(bot.name()));
    if let Some(who) = &args.contact {
        let copy = overlay::copy(who, args.data.as_deref().or(Some(&*crate::data::default_for(&args.bot))), args.fresh)?;
        intro =
            format!("You are a copy of {}, talking to {}; nothing is written back.", screen::clean(&copy.name), screen::clean(bot.name()));
        setting.contact = Some(copy.contact);
        setting.events = copy.events;
        setting.conversation = copy.conversation.map(Box::new);
        setting.pinned = copy.pinned;
        if args.record.is_none() {
            setting.globals = copy.globals;
            setting.segments = copy.segments;
        } else if !(copy.globals.is_empty() && copy.segments.is_empty()) {
            // What plays the recording knows the folder alone.
            intro.push_str(" While it records, globals have their defaults and segments made elsewhere are left out.");
        }
    }
    let recorder = args.record.as_ref().map(|path| Recorder::new(path.clone(), bot.clone(), &setting));
    let going_on = setting.conversation.is_some();
    let play = Play::new(bot.clone(), setting.clone())?;
    println!("{intro} /help tells what else you can do here.");
    let clock = StageClock::new(args.record.is_some(), start);
    let mut chat = Chat {
        folder: args.bot.clone(),
        fresh: args.fresh,
        bot,
        setting,
        play,
        clock,
        screen: Screen::new(color),
        recorder,
        seen,
        tracing: false,
    };
    if going_on {
        println!("{}", state::resting(&chat.play));
    } else {
        chat.open();
    }
    chat.show();
    chat.talk()
}

/// What happens while a chat waits.
enum Happening {
    /// Somebody typed this.
    Line(String),
    /// What was typed is no text: why.
    Garbled(String),
    /// The bot's folder changed.
    Changed,
    /// The input ended.
    End,
}

struct Chat {
    folder: PathBuf,
    fresh: bool,
    bot: Arc<Bot>,
    setting: Setting,
    play: Play,
    clock: StageClock,
    screen: Screen,
    recorder: Option<Recorder>,
    seen: folder::Stamp,
    tracing: bool,
}

impl Chat {
    fn talk(mut self) -> anyhow::Result<Exit> {
        let (tell, happenings) = mpsc::channel();
        read_lines(tell.clone());
        // Without the system's help a change is found at the next line.
        let _watcher = watch::start(&self.folder, move || drop(tell.send(Happening::Changed)));
        loop {
            self.screen.prompt();
            self.advance();
            self.show_over_prompt();
            let happening = match self.clock.wait_for(self.play.next_due()) {
                None => happenings.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => happenings.recv_timeout(wait),
            };
            let line = match happening {
                Ok(Happening::Line(line)) => line,
                Ok(Happening::Garbled(why)) => {
                    println!("  {why}");
                    continue;
                }
                Ok(Happening::Changed) => {
                    // Many hints are one change.
                    self.look(false)?;
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Ok(Happening::End) | Err(RecvTimeoutError::Disconnected) => {
                    println!();
                    break;
                }
            };
            self.look(false)?;
            self.advance();
            self.show();
            if self.obey(order(line.trim()))? == Going::Away {
                break;
            }
            self.clock.touched();
            self.show();
            if let Some(recorder) = &mut self.recorder {
                recorder.finish(&self.play)?;
            }
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.finish(&self.play)?;
            println!("recorded in {}", recorder.path().display());
        }
        Ok(Exit::Fine)
    }

    /// Lets the time pass that passed.
    fn advance(&mut self) {
        while let Some(length) = self.clock.advance(&mut self.play) {
            if let Some(recorder) = &mut self.recorder {
                recorder.after(length);
            }
            self.note();
        }
    }

    /// Writes down what the bot said, without showing it yet.
    fn note(&mut self) {
        let heard = self.play.heard();
        if let Some(recorder) = &mut self.recorder {
            recorder.heard(&heard);
        }
        self.screen.keep(heard);
    }

    fn show(&mut self) {
        self.note();
        self.screen.show();
        let trace = self.play.trace();
        if self.tracing {
            trace.iter().for_each(|t| self.screen.dim(&format!("  · {}", script::told(t))));
        }
    }

    fn show_over_prompt(&mut self) {
        self.note();
        if self.screen.has_news() {
            println!();
            self.show();
            self.screen.prompt();
        }
    }

    fn open(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.open();
        }
        self.play.customer(IncomingBody::Opened { payload: None });
    }

    /// Looks at the bot's folder and takes over what changed. `asked`, it says so too if nothing did.
    fn look(&mut self, asked: bool) -> anyhow::Result<()> {
        if !asked && folder::stamp(&self.folder) == self.seen {
            return Ok(());
        }
        let (stamp, loaded) = reload::settled(&self.folder);
        self.seen = stamp;
        match loaded {
            Err(why) => println!("  not reloaded: {why}"),
            Ok(loaded) => match &loaded.bot {
                None => {
                    loaded.print();
                    println!("  not reloaded: {}; the bot is as it was", loaded.summary());
                }
                Some(bot) if bot.version() == self.bot.version() => {
                    if asked {
                        println!("  nothing changed");
                    }
                }
                Some(bot) => {
                    self.bot = bot.clone();
                    if self.fresh {
                        println!("  the bot changed: begun anew");
                        self.begin_anew()?;
                    } else {
                        println!("  the bot changed: what begins from now on is new, what is under way stays; /fresh begins anew");
                        self.play.reload(bot.clone());
                    }
                }
            },
        }
        Ok(())
    }

    /// The same person, as they are known now, in a new conversation with the newest version.
    fn begin_anew(&mut self) -> anyhow::Result<()> {
        if let Some(person) = self.play.person() {
            self.setting.contact = Some(person.contact.clone());
            self.setting.events.extend(self.play.events());
        }
        self.setting.now = self.play.now();
        self.setting.conversation = None;
        self.setting.pinned = Vec::new();
        self.play = Play::new(self.bot.clone(), self.setting.clone())?;
        if let Some(recorder) = &mut self.recorder {
            recorder.begin_anew(self.bot.clone(), &self.setting);
        }
        self.screen.forget();
        self.open();
        self.show();
        Ok(())
    }

    fn obey(&mut self, order: Order<'_>) -> anyhow::Result<Going> {
        match order {
            Order::Nothing => {}
            Order::Quit => return Ok(Going::Away),
            Order::Help => println!("{}", orders::HELP),
            Order::State => print!("{}", state::shown(&self.play)),
            Order::Trace(on) => {
                self.tracing = on.unwrap_or(!self.tracing);
                println!("  the trace is {}", if self.tracing { "on" } else { "off" });
            }
            Order::Skip(Some(micros)) => {
                self.clock.skip(&mut self.play, micros);
                if let Some(recorder) = &mut self.recorder {
                    recorder.after(micros);
                }
                println!("  it is {} now", state::local(&self.play, self.play.now()));
            }
            Order::Skip(None) => println!("  /skip takes a duration such as 30s, 10m, 2h or 3d"),
            Order::Reload => self.look(true)?,
            Order::Fresh => self.begin_anew()?,
            Order::Set(name, value) => self.set(name, value),
            Order::Tag(label) => self.change(Change::AddTag(label.to_owned())),
            Order::Untag(label) => self.change(Change::RemoveTag(label.to_owned())),
            Order::Send(name, text) => self.send(name, text),
            Order::Place(place) => self.give(Content { location: Some(place), ..Content::default() }),
            Order::Wrong(why) => println!("  {why}"),
            Order::Agent(text) => self.agent(text),
            Order::Say(text) => self.say(text),
        }
        Ok(Going::On)
    }

    fn say(&mut self, text: &str) {
        match self.screen.button(text).filter(|_| !self.play.is_listening()) {
            Some((token, label)) => {
                if let Some(recorder) = &mut self.recorder {
                    recorder.press(&label);
                }
                self.play.customer(IncomingBody::Press { token, label });
            }
            None => {
                self.give(Content::text(text));
            }
        }
    }

    /// `/send photo.jpg`: a file of this name. If there is one on this machine, its size counts.
    fn send(&mut self, name: &str, text: &str) {
        let size = std::fs::metadata(name).ok().filter(std::fs::Metadata::is_file).map(|file| file.len());
        match script::sent::file(script::sent::kind_by_name(name), name, None, size) {
            Ok(file) => self.give(Content { attachments: vec![file], ..Content::text(text) }),
            Err(why) => println!("  {why}"),
        }
    }

    /// The customer says or sends something.
    fn give(&mut self, content: Content) {
        if let Some(recorder) = &mut self.recorder {
            recorder.user(&content);
        }
        self.play.customer(IncomingBody::Message(content));
    }

    fn agent(&mut self, text: Option<&str>) {
        let takes = self.play.queue().is_some();
        let taken = if takes { self.play.agent_takes() } else { Ok(()) };
        let done = taken.and_then(|()| match text {
            Some(text) => self.play.agent_says(text),
            None => self.play.agent_closes(None),
        });
        match (done, &mut self.recorder) {
            (Err(why), _) => println!("  {why}"),
            (Ok(()), Some(recorder)) => recorder.agent(takes, text),
            (Ok(()), None) => {}
        }
    }

    /// `/set name value`: by the attribute's type, as a flow would.
    fn set(&mut self, name: &str, value: &str) {
        let Some(AttributeDef { ty, .. }) = self.bot.attributes().iter().find(|a| a.name == name) else {
            let known: Vec<&str> = self.bot.attributes().iter().map(|a| a.name.as_str()).collect();
            let help = syntax::did_you_mean(name, known.iter().copied()).unwrap_or_else(|| format!("there are {}", known.join(", ")));
            println!("  there is no attribute \"{name}\"; {help}");
            return;
        };
        if value.is_empty() {
            return self.change(Change::UnsetAttribute(name.to_owned()));
        }
        let now = self.play.now();
        let context = expr::Coercion { language: Some("en"), country: self.bot.country(), zone: self.bot.timezone(), now };
        match expr::coerce(&Value::text(value), ty, &context) {
            Ok(value) => self.change(Change::SetAttribute(name.to_owned(), value)),
            Err(why) => println!("  {name} cannot hold this: {why}"),
        }
    }

    fn change(&mut self, change: Change) {
        match self.play.modify(vec![change.clone()]) {
            Err(why) => println!("  {why}"),
            Ok(()) => {
                if let Some(recorder) = &mut self.recorder {
                    recorder.change(&change);
                }
            }
        }
    }
}

/// Whether the chat goes on.
#[derive(PartialEq, Eq)]
enum Going {
    On,
    Away,
}

/// Standard input, line by line, on a thread of its own: the clock must not wait for it.
fn read_lines(tell: Sender<Happening>) {
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        while let Some(happening) = next_line(&mut input) {
            // The end of the conversation is no error.
            if tell.send(happening).is_err() {
                return;
            }
        }
        let _ = tell.send(Happening::End);
    });
}

/// The next line of the input; none at its end. A line that is no UTF-8 is told, and those after it are read.
fn next_line(input: &mut impl BufRead) -> Option<Happening> {
    let mut line = Vec::new();
    match input.read_until(b'\n', &mut line) {
        Ok(0) => None,
        Ok(_) => {
            let read = String::from_utf8(line);
            Some(read.map_or_else(
                |_| {
                    Happening::Garbled("this line was not said: it is no UTF-8; set the terminal, or what writes the line, to UTF-8".into())
                },
                |line| Happening::Line(line.trim_end_matches(['\n', '\r']).to_owned()),
            ))
        }
        Err(why) => {
            eprintln!("switchboard: the input cannot be read any further: {why}");
            None
        }
    }
}

/// The time as people write it in files: local, to the second.
fn written(at: Instant, bot: &Bot) -> String {
    at.to_timestamp().to_zoned(bot.timezone().clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
