//! A SOCKS server that is configured by flags and a file: `socks-server --help`.
//!
//! | what | file |
//! |---|---|
//! | flags | `args.rs` |
//! | the configuration file, and a sample with every key | `config/`, `socks-server.toml` |
//! | its table `auth`, and the services of it | `auth/` |
//! | the admin address | `admin/` |
//! | rules | `rules/` |
//! | limits | `limits.rs` |
//! | what is written down of sessions | `records.rs` |
//! | values that both have | `value.rs` |
//! | what both come to | `settings.rs` |
//! | the services, and those of BIND | `pipeline.rs`, `bind.rs` |
//! | listeners and warnings about them | `listen.rs` |
//! | signals | `shutdown.rs`, `hangup.rs` |

#[cfg(feature = "admin")]
mod admin;
#[cfg(not(feature = "admin"))]
#[path = "admin/disabled.rs"]
mod admin;
mod args;
mod auth;
mod bind;
mod config;
mod hangup;
mod limits;
mod listen;
mod pipeline;
mod records;
mod rules;
mod settings;
mod shutdown;
mod value;

use std::{error::Error, io, net::SocketAddr, process::ExitCode, sync::Arc};

use clap::Parser;
use socks_acl::{Acl, Explanation};
use socks_core::message::Endpoint;
use socks_tower::{Listener, ListenerExt, TcpListenerOptions, Worker, Workers, serve};
use tokio::runtime::Builder;
use tracing::level_filters::LevelFilter;

use crate::{
    args::Args,
    hangup::Hangups,
    listen::{Sockets, UnixListeners, named},
    pipeline::{Pipeline, Pipelines, Shared, Watch, safe_default},
    rules::{Asked, Reload},
    settings::Settings,
    shutdown::Shutdown,
};

// Sessions come and go by the batch, which this one does not mind, and an idle tunnel takes a quarter less
// (docs/performance.md).
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("socks-server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let check = args.check;
    let question = args.question()?;
    let settings = Settings::new(args)?;
    if check {
        print!("{settings}");
        return Ok(());
    }
    if let Some(question) = question {
        println!("{}", explain(&settings, &question)?);
        return Ok(());
    }
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from(settings.log))
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
    match settings.workers {
        None => Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(one_runtime(&settings)),
        Some(count) => {
            let count = count.get().into();
            Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(workers(&settings, count))
        }
    }
}

/// What the rules say to a question; the ports of this server are not known, nor who has used up what.
fn explain(settings: &Settings, question: &Asked) -> Result<Explanation, Box<dyn Error>> {
    let own: Vec<_> = settings.tcp().map(|(addr, _)| addr).collect();
    let safe_default = safe_default(settings, &own);
    let rules = match &settings.rules {
        Some(rules) => rules.load(safe_default)?.rules,
        None => rules::without_any(safe_default, settings.bind.as_ref())?,
    };
    Ok(question.explain(&Acl::new(rules)))
}

async fn one_runtime(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let (mut listeners, mut own) = (Vec::new(), Vec::new());
    for (addr, name) in settings.tcp() {
        let listener = TcpListenerOptions::new().bind(addr).map_err(named(addr))?;
        own.push(listener.local_addr()?);
        listeners.push(listener.named(Arc::clone(name)));
    }
    let Ready {
        unix,
        pipelines,
        shutdown,
        sockets,
        admin: _admin,
        usage,
    } = ready(settings, own)?;
    let (tcp, local) = (pipelines.of(), pipelines.of());
    drop(pipelines);
    tokio::try_join!(
        sessions(settings, listeners, tcp, shutdown.signal()),
        sessions(settings, unix, local, sockets.until(shutdown.signal())),
    )?;
    limits::finish(usage).await
}

/// Unix sockets cannot be shared like a port, so they are served here, beside the workers.
async fn workers(settings: &Settings, count: usize) -> Result<(), Box<dyn Error>> {
    let mut workers = Workers::new(count);
    let mut own = Vec::new();
    for (addr, _) in settings.tcp() {
        own.push(workers.bind(addr).map_err(named(addr))?);
    }
    let names: Vec<_> = settings.tcp().map(|(_, name)| Arc::clone(name)).collect();
    let tcp = !own.is_empty();
    let Ready {
        unix,
        pipelines,
        shutdown,
        sockets,
        admin: _admin,
        usage,
    } = ready(settings, own)?;
    let (service, local, drain) = (pipelines.of(), pipelines.of(), settings.drain);
    drop(pipelines);
    let workers = workers.with_graceful_shutdown(shutdown.signal());
    let workers = workers.run(move |mut worker: Worker| async move {
        let listeners = worker.listeners()?.into_iter().zip(names);
        let listeners: Vec<_> = listeners
            .map(|(listener, name)| listener.named(name))
            .collect();
        serve(listeners, service)
            .with_graceful_shutdown(worker.shutdown_signal())
            .drain_timeout(drain)
            .await
    });
    let workers = async { if tcp { workers.await } else { Ok(()) } };
    let unix = sessions(settings, unix, local, sockets.until(shutdown.signal()));
    tokio::try_join!(workers, unix)?;
    limits::finish(usage).await
}

/// What both kinds of runtime serve with.
struct Ready {
    unix: UnixListeners,
    pipelines: Pipelines,
    shutdown: Shutdown,
    sockets: Sockets,
    /// Answered until it is dropped, the drain included.
    admin: Option<admin::Serving>,
    /// Written down for the last time behind the last session.
    usage: Option<limits::Usage>,
}

/// Does what is left to do once the TCP listeners are open at `own`.
fn ready(settings: &Settings, mut own: Vec<SocketAddr>) -> Result<Ready, Box<dyn Error>> {
    let (unix, sockets) = listen::bind_unix(settings)?;
    let shutdown = Shutdown::listen()?;
    let mut endpoints: Vec<_> = own.iter().copied().map(Endpoint::from).collect();
    for listener in &unix {
        endpoints.push(listener.local_endpoint()?);
    }
    let admin = settings.admin.as_ref().map(admin::Bound::new);
    let admin = admin.transpose().map_err(|error| error as Box<dyn Error>)?;
    own.extend(admin.as_ref().and_then(admin::Bound::addr));
    let watch = Watch::default();
    let listed = admin.is_some() || settings.rules.is_some();
    let mut shared = Shared {
        records: settings.records.open()?,
        sessions: listed.then(|| watch.sessions.clone()),
        metrics: admin.is_some().then(|| watch.metrics.clone()),
        acl: None,
        limits: None,
    };
    shared.records.keep();
    let mut usage = None;
    if let Some(open) = settings.limits.open()? {
        let limits::Open { limits, file } = open;
        usage = file.map(|file| limits::Usage::keep(limits.clone(), file));
        shared.limits = Some(limits);
    }
    if let Some(rules) = &settings.rules {
        let safe_default = safe_default(settings, &own);
        let reload = Reload::new(
            rules.clone(),
            safe_default,
            watch.sessions.clone(),
            shared.limits.clone(),
        )?;
        shared.acl = Some(reload.acl());
        tokio::spawn(reload.watch());
    }
    let acl = shared.acl.clone();
    let pipelines = Pipelines::new(settings, &own, shared);
    let admin = admin.map(|admin| admin.serve(watch, shutdown.draining(), acl));
    let admin = admin.transpose()?;
    tokio::spawn(outlive_hangups());
    listen::announce(settings, endpoints);
    Ok(Ready {
        unix,
        pipelines,
        shutdown,
        sockets,
        admin,
        usage,
    })
}

/// Whoever sends a SIGHUP wants files to be read again, if there are any, and not an end.
async fn outlive_hangups() {
    let mut hangups = Hangups::listen();
    loop {
        hangups.next().await;
    }
}

/// Serves listeners of one kind until the shutdown; without any there is nothing to do.
async fn sessions<L>(
    settings: &Settings,
    listeners: Vec<L>,
    pipeline: Pipeline<L::Io>,
    signal: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()>
where
    L: Listener<Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>,
{
    if listeners.is_empty() {
        return Ok(());
    }
    let server = serve(listeners, pipeline)
        .with_graceful_shutdown(signal)
        .drain_timeout(settings.drain);
    // The main thread is none of the runtime's workers: accepting there would wake one of them,
    // across threads, for each connection.
    tokio::spawn(server.into_future()).await?
}
