//! `tillbridge serve`: runs the bridge in this process.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{ConfigFile, Exit, Failure, Output};
use crate::flow::receive::Door;
use crate::flow::{Beats, Bells, Circuits, Pace, Role, Running, Stage};
use crate::ops::admin::Admin;
use crate::ops::health::Health;
use crate::ops::probes::{AlertProbe, Alerts, BusProbe, ChannelProbe, JournalProbe, LoopProbe};
use crate::{app, handlers, ops};

/// How long work in hand may take to be settled once the process is told to end.
const PATIENCE: Duration = Duration::from_secs(50);
/// Webhook calls that are read and stored at a time; more are told to come again.
const CALLS_AT_ONCE: usize = 1024;

/// Arguments of `tillbridge serve`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tillbridge serve
  tillbridge serve --roles receive,admin       a process for webhooks alone
  tillbridge serve --roles normalise,publish,handle,poll

Every process answers /healthz, /readyz and /metrics on its admin address.
SIGTERM or Ctrl-C ends it: no new work is taken, what is in hand is settled.")]
pub struct Args {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// What this process does: receive, normalise, publish, handle, poll, admin; left out: everything
    #[arg(long, value_name = "ROLES", value_delimiter = ',', value_parser = role)]
    pub(crate) roles: Vec<Role>,
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        crate::config::did_you_mean(word, words)
    })
}

/// Runs until the process is told to end.
pub async fn run(args: Args, _output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let roles = if args.roles.is_empty() { Role::ALL.to_vec() } else { args.roles };
    let mut terminate = signal(SignalKind::terminate())?;
    let metrics = ops::metrics::install()?;
    let connections = app::connect(&config, &handlers::names()).await?;
    let stage = Stage {
        journal: connections.journal,
        bus: connections.bus,
        sides: connections.sides,
        bells: Bells::default(),
        pace: Pace::default(),
        keep: config.keep,
        beats: Beats::default(),
        circuits: Circuits::default(),
        process: uuid::Uuid::new_v4(),
        stop: CancellationToken::new(),
    };

    let admin = Admin {
        health: Health::new(vec![
            Box::new(JournalProbe(Arc::clone(&stage.journal))),
            Box::new(BusProbe(Arc::clone(&stage.bus))),
            Box::new(LoopProbe(stage.beats.clone())),
            Box::new(AlertProbe(alerts(&stage.sides))),
            Box::new(ChannelProbe {
                journal: Arc::clone(&stage.journal),
                channels: config.channels.iter().map(|channel| channel.name.clone()).collect(),
            }),
        ]),
        metrics,
        journal: Arc::clone(&stage.journal),
        token: config.listen.admin_token.clone(),
    };
    let admin_listener = ops::web::listen(config.listen.admin).await?;
    let receives = roles.contains(&Role::Receive);
    let door_listener = if receives { Some(ops::web::listen(config.listen.webhooks).await?) } else { None };
    // Before anybody is answered: whoever calls this ready may rely on its going on by itself.
    Running::introduce(&stage, &roles).await?;
    // Operators can look until the very end, so this address outlives the stages.
    let closing = CancellationToken::new();
    let admin = ops::web::serve(admin_listener, admin.router(), closing.clone());
    let door = door_listener.map(|listener| open_door(&stage, config.listen.body_limit, listener));
    let running = Running::start(&stage, &roles);
    tracing::info!(roles = ?roles, admin = %config.listen.admin, "tillbridge is at work");

    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    tracing::info!("told to end: taking no new work, settling what is in hand");
    let drained = running.drain(PATIENCE).await;
    if let Some(door) = door {
        // Idle connections may be kept open by the other side; what was being answered is answered by now.
        let _ = tokio::time::timeout(Duration::from_secs(2), door).await;
    }
    stage.bus.close().await;
    closing.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(1), admin).await;
    if drained {
        tracing::info!("everything in hand is settled");
        return Ok(Exit::Fine);
    }
    let hint = "nothing is lost: it is due again when its lease ends";
    Err(Failure::failed(format!("work in hand was not settled within {} s", PATIENCE.as_secs()), hint))
}

/// What each storefront has shown lately, for readiness.
fn alerts(sides: &handlers::Sides) -> Vec<(String, Alerts)> {
    let alerts = |(name, storefront): (&crate::domain::StorefrontName, &Arc<dyn crate::storefront::Storefront>)| {
        let storefront = Arc::clone(storefront);
        let alerts: Alerts = Box::new(move || storefront.alerts());
        (format!("storefront {name}"), alerts)
    };
    sides.storefronts.iter().map(alerts).collect()
}

fn open_door(stage: &Stage, body_limit: usize, listener: TcpListener) -> JoinHandle<()> {
    let router = Door::new(
        stage.journal.clone(),
        stage.sides.storefronts.clone(),
        Arc::clone(&stage.bells.deliveries),
        body_limit,
        CALLS_AT_ONCE,
    )
    .router();
    ops::web::serve(listener, router, stage.stop.clone())
}
