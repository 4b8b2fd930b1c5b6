//! Starts and stops the reverse server and the dials, as the configuration says.

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::load::Loaded;
use super::start_error::StartError;
use crate::adapter::{DialSettings, Door, HubSettings, Server, ServerError, ServerSettings, dial};
use crate::config::{Config, Secret};
use crate::security;

/// How long stopped links may take to say goodbye before their addresses are bound again.
const GOODBYE: Duration = Duration::from_secs(2);

/// What listens and dials now.
pub(super) struct Links {
    door: Door,
    server: Option<(Server, CancellationToken)>,
    dials: TaskTracker,
    stop_dials: CancellationToken,
}

impl Links {
    /// Nothing yet.
    pub fn new(door: Door) -> Self {
        Self { door, server: None, dials: TaskTracker::new(), stop_dials: CancellationToken::new() }
    }

    /// Starts everything that is configured; all or nothing.
    pub async fn start(&mut self, config: &Config, directory: &Path) -> Result<(), StartError> {
        let dials = dials(config, directory).map_err(StartError::Configured)?;
        if !config.onebot.listen.is_empty() {
            let settings = server(config, directory).map_err(StartError::Configured)?;
            let stop = CancellationToken::new();
            let server = Server::start(settings, self.door.clone(), stop.clone()).await.map_err(refused)?;
            for address in server.addresses() {
                tracing::info!(%address, "listening for QQ adapters");
            }
            self.server = Some((server, stop));
        }
        self.stop_dials = CancellationToken::new();
        for settings in dials {
            self.dials.spawn(dial(settings, self.door.clone(), self.stop_dials.clone()));
        }
        Ok(())
    }

    /// Goes over to another configuration, if it differs in what concerns links; adapters dial again within
    /// seconds. What cannot be started is said, and the old one is started again.
    pub async fn follow(&mut self, old: &Config, new: &Loaded) -> Result<(), String> {
        // How an adapter's program is restarted concerns no link.
        let restart = old.onebot.restart.clone();
        let onebot = crate::config::OneBot { restart, ..new.config.onebot.clone() };
        if old.onebot == onebot && old.network == new.config.network {
            return Ok(());
        }
        self.stop().await;
        let started = self.start(&new.config, &new.directory).await;
        if let Err(words) = started {
            self.stop().await;
            self.start(old, &new.directory).await.map_err(|error| error.to_string())?;
            return Err(words.to_string());
        }
        Ok(())
    }

    /// Says goodbye to all links and stops.
    pub async fn stop(&mut self) {
        self.stop_dials.cancel();
        if let Some((server, stop)) = self.server.take() {
            stop.cancel();
            // Those that do not say goodbye in time are left behind; their sockets close with them.
            let _ = tokio::time::timeout(GOODBYE, server.stopped()).await;
        }
        self.dials.close();
        let _ = tokio::time::timeout(GOODBYE, self.dials.wait()).await;
        self.dials = TaskTracker::new();
    }

    /// Where adapters can reach us.
    pub fn addresses(&self) -> Vec<std::net::SocketAddr> {
        self.server.as_ref().map(|(server, _)| server.addresses().to_vec()).unwrap_or_default()
    }
}

/// The settings of the server, with the files that they name found from the configuration's directory.
fn server(config: &Config, directory: &Path) -> Result<ServerSettings, String> {
    let token = reveal(&config.onebot.token, directory, "onebot.token")?;
    let mut settings = ServerSettings::new(&config.onebot, &config.network, token.into());
    settings.tls = settings.tls.map(|(cert, key)| (directory.join(cert), directory.join(key)));
    Ok(settings)
}

/// Tries everything about links that can be tried without opening a port.
pub fn rehearse(config: &Config, directory: &Path) -> Result<(), String> {
    for dial in &config.onebot.dial {
        reveal(&dial.token, directory, &format!("onebot.dial {}", dial.name))?;
    }
    let server = server(config, directory)?;
    if config.onebot.listen.is_empty() { Ok(()) } else { server.rehearse().map_err(|error| error.to_string()) }
}

/// An address that is taken is not the configuration's fault alone; everything else is.
fn refused(error: ServerError) -> StartError {
    match error {
        ServerError::Listen { .. } => StartError::Listen(error.to_string()),
        other => StartError::Configured(other.to_string()),
    }
}

fn dials(config: &Config, directory: &Path) -> Result<Vec<DialSettings>, String> {
    let enabled = config.onebot.dial.iter().filter(|dial| dial.enable);
    enabled
        .map(|dial| {
            let token = reveal(&dial.token, directory, &format!("onebot.dial {}", dial.name))?;
            Ok(DialSettings::new(&config.onebot, dial, token.into()))
        })
        .collect()
}

/// A secret by its reference; nothing configured is an empty one. The words begin with `what`, where the caller does not
/// say it better, and never hold the secret.
pub(super) fn reveal(secret: &Secret, directory: &Path, what: &str) -> Result<String, String> {
    if secret.is_empty() {
        return Ok(String::new());
    }
    match security::resolve(secret, directory) {
        Ok(resolved) => Ok(resolved.expose().to_owned()),
        Err(error) if what.is_empty() => Err(error.to_string()),
        Err(error) => Err(format!("{what}: {error}")),
    }
}

/// What the hub goes by.
pub(super) fn hub_settings(config: &Config) -> HubSettings {
    HubSettings {
        accounts: config.onebot.accounts.iter().copied().collect(),
        request_timeout: config.onebot.request_timeout,
    }
}
