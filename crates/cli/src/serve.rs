//! `serve`: one command, one data folder.

use crate::args::ServeArgs;
use crate::channels::{Declared, Outside, connect};
use crate::reload::Reload;
use crate::{Exit, data, folder, versions};
use anyhow::{Context, bail};
use api::ApiOptions;
use api::control::ControlFile;
use channel::Channel;
use runtime::SystemClock;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use store::{FileBlobs, Store};
use store_sled::SledStore;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Has memory come in small pages. The system clears a huge one (2 MiB) when it is first touched, which takes up to six milliseconds on a
/// virtual machine, and whoever touches it may have the core or the store locked: everybody's messages wait. The allocator asks for them.
/// docs/decisions/004-allocator.md, "Pages", has the figures.
#[cfg(target_os = "linux")]
fn small_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::warn!("memory comes in huge pages, which makes pauses of some milliseconds: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn small_pages() {}

/// Runs a bot until it is told to stop.
pub fn run(args: ServeArgs) -> anyhow::Result<Exit> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SWITCHBOARD_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).init();
    small_pages();
    // Taken before the bot is read: what changes from here on is noticed.
    let seen = folder::stamp(&args.bot);
    let loaded = folder::load(&args.bot)?;
    if !loaded.diagnostics.is_empty() {
        loaded.print();
    }
    let Some(bot) = loaded.bot.clone() else {
        bail!("{} has {}; it was not started", args.bot.display(), loaded.summary());
    };
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the system refused threads")?;
    tokio.block_on(serve(args, bot, seen))
}

/// Bits that no other process has.
pub fn seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("the system gives no random numbers: {e}"))?;
    Ok(u64::from_be_bytes(bytes))
}

async fn serve(args: ServeArgs, bot: Arc<engine::Bot>, seen: folder::Stamp) -> anyhow::Result<Exit> {
    let address: SocketAddr = args
        .listen
        .parse()
        .with_context(|| format!("--listen is an address and a port such as 127.0.0.1:8080, not \"{}\"", args.listen))?;
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(e) if e.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("port {} is in use on {}; stop what uses it, or choose another with --listen", address.port(), address.ip())
        }
        Err(e) => bail!("cannot listen on {address}: {e}"),
    };
    let address = listener.local_addr().context("the system does not tell the port")?;
    let folder = args.data.clone().unwrap_or_else(|| data::default_for(&args.bot));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&folder, store_sled::Options::default())?);
    versions::keep(&folder, &args.bot, &bot)?;
    let pinned = versions::pinned(&folder, store.as_ref(), &bot)?;
    let outside = Outside { allow_callback: args.allow_callback.clone() };
    let mut channels: Vec<Arc<dyn Channel>> = Vec::new();
    for config in bot.channels() {
        match connect(config, &outside)? {
            Declared::On(channel) => channels.push(channel),
            Declared::Off { name, why } => println!("channel {name} is off: {why}"),
        }
    }
    let services = crate::services::open(&bot, &args.allow_request, &args.allow_callback, args.public_url.as_deref())?;
    let web = channels.iter().any(|c| c.kind() == "web");
    let service = runtime::start(runtime::Options {
        bot: bot.clone(),
        pinned,
        store,
        blobs: Arc::new(FileBlobs::open(folder.join("blobs"))?),
        channels: channels.clone(),
        clock: Arc::new(SystemClock),
        seed: seed()?,
        outside: Some(services.clone()),
        at_rest: false,
    })
    .await?;
    for segment in service.handle.unjudged_segments() {
        tracing::warn!("{segment}");
        println!("{segment}; nobody is in it until the folder has what it asks for, or it is changed in the console or over HTTP");
    }
    for list in service.handle.lost_lists() {
        tracing::warn!("{list}");
        println!("{}", list.left());
    }
    service.handle.lives_in(&folder);
    let imports = folder.join("imports");
    service.handle.imports_in(&imports).await.with_context(|| format!("cannot use the folder {}", imports.display()))?;
    service.handle.said_in(folder.join("said"));
    let sign_in = first_agent(&service.handle).await?;
    let control = ControlFile { address: loopback(address), token: api::control::new_token() };
    write_control(&folder, &control)?;
    let mut routes: Vec<(String, Vec<channel::Route>)> =
        channels.iter().map(|c| (c.name().to_owned(), c.clone().routes(service.handle.hub(c.name())))).collect();
    routes.push(("services".into(), crate::services::routes(services.clone(), service.handle.clone())));
    let options = ApiOptions { public_url: args.public_url.clone(), ..ApiOptions::new(control.token.clone()) };
    let (stop, stopped) = watch::channel(false);
    let mut server = tokio::spawn(api::serve(listener, service.handle.clone(), routes, options, stopped.clone()));
    let reload = Reload {
        folder: args.bot.clone(),
        data: folder.clone(),
        handle: service.handle.clone(),
        seen,
        channels: bot.channels().to_vec(),
        services,
    };
    let reloads = tokio::spawn(reload.run(stopped));

    let shown = args.public_url.clone().unwrap_or_else(|| format!("http://{}", reachable(address)));
    let shown = shown.trim_end_matches('/');
    if web {
        println!("  Chat     {shown}/");
    }
    println!("  Console  {shown}/console");
    println!("  Sign in  {sign_in}");

    let reason = tokio::select! {
        () = told_to_stop() => None,
        why = service.failed() => Some(why),
        ended = &mut server => Some(match ended {
            Ok(Ok(())) => "the server ended".to_owned(),
            Ok(Err(e)) => e.to_string(),
            Err(e) => e.to_string(),
        }),
    };
    // No more requests, then channels, commits and the store: the reverse of the start.
    stop.send_replace(true);
    if reason.is_none() {
        let _ = (&mut server).await;
    }
    // A reload under way is let go: what it kept on disk is kept or goes at the next start.
    reloads.abort();
    let _ = std::fs::remove_file(folder.join(data::CONTROL));
    service.stop().await;
    match reason {
        None => Ok(Exit::Fine),
        Some(why) => bail!("stopped: {why}"),
    }
}

/// The first start makes an agent and tells the password once.
async fn first_agent(handle: &runtime::Handle) -> anyhow::Result<String> {
    if !handle.agents().await.is_empty() {
        return Ok("as one of your agents; \"switchboard agent add NAME\" adds one".into());
    }
    let password = api::agents::random_password();
    let created = api::agents::create(handle, "Admin", "admin", &[], &password).await;
    created.context("the first agent could not be made")?;
    Ok(format!("admin / {password}   (shown once; \"switchboard agent reset admin\" makes a new one)"))
}

/// Where the command line of this machine reaches the server.
fn loopback(address: SocketAddr) -> SocketAddr {
    let mut local = address;
    if address.ip().is_unspecified() {
        local.set_ip(if address.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    local
}

/// What a person types into a browser on this machine.
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}

fn write_control(folder: &Path, control: &ControlFile) -> anyhow::Result<()> {
    use std::io::Write as _;
    let path = folder.join(data::CONTROL);
    let failed = || format!("cannot write {}", path.display());
    // A file left by a killed server may be readable by others: it is made anew.
    let _ = std::fs::remove_file(&path);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path).with_context(failed)?;
    file.write_all(&serde_json::to_vec(control)?).with_context(failed)
}

async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
