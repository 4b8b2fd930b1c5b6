//! All configured providers: the face that the runtime sees.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::endpoint::BuildError;
use super::job;
use super::picture::{Allowed, Fetcher};
use super::server::{Server, unreachable};
use crate::config::{Provider, Secret};
use crate::domain::{Failure, Job, JobEvent, JobId, ProviderCall, ProviderError, ProviderReport};

/// All configured providers. Cheap to clone. After a reload build a new one: questions that are under way keep
/// what they began with.
#[derive(Debug, Clone)]
pub struct Providers {
    servers: Arc<HashMap<Arc<str>, Arc<Server>>>,
    fetcher: Option<Fetcher>,
}

/// A question under way. Dropping it cancels the question, which then still ends with its one event; after the
/// end it does nothing.
#[derive(Debug)]
#[must_use = "dropping it cancels the question"]
pub struct JobHandle {
    _alive: oneshot::Sender<()>,
}

impl JobHandle {
    /// Ask no longer: the connection is closed, so that the server stops too.
    pub fn cancel(self) {}
}

impl Providers {
    /// Builds a client for each. `resolve` turns a reference into the secret itself; what it says on failure is
    /// shown, so it must not repeat secrets. All that is wrong is told at once.
    ///
    /// The process's TLS provider must have been installed.
    pub fn new(
        config: &[Provider],
        resolve: &dyn Fn(&Secret) -> Result<String, String>,
    ) -> Result<Self, Vec<BuildError>> {
        Self::build(config, resolve, Fetcher::new)
    }

    /// The same with another rule for the addresses that pictures may come from. For tests, whose pictures are on
    /// loopback; the program itself knows no exception (threats.md B11).
    pub fn with_pictures_from(
        config: &[Provider],
        resolve: &dyn Fn(&Secret) -> Result<String, String>,
        allowed: Allowed,
    ) -> Result<Self, Vec<BuildError>> {
        Self::build(config, resolve, || Fetcher::allowing(allowed))
    }

    fn build(
        config: &[Provider],
        resolve: &dyn Fn(&Secret) -> Result<String, String>,
        fetcher: impl FnOnce() -> Result<Fetcher, reqwest::Error>,
    ) -> Result<Self, Vec<BuildError>> {
        let mut servers = HashMap::new();
        let mut wrong = Vec::new();
        for provider in config {
            match Server::new(provider, resolve) {
                Ok(server) => drop(servers.insert(server.endpoint.name.clone(), Arc::new(server))),
                Err(error) => wrong.push(error),
            }
        }
        let fetcher = match config.iter().find(|provider| provider.vision).map(|provider| (provider, fetcher())) {
            Some((_, Ok(fetcher))) => Some(fetcher),
            Some((provider, Err(error))) => {
                wrong.push(BuildError { provider: provider.name.clone(), words: error.to_string() });
                None
            }
            None => None,
        };
        if wrong.is_empty() { Ok(Self { servers: Arc::new(servers), fetcher }) } else { Err(wrong) }
    }

    /// Asks, in a task of its own. Whatever happens, `events` receives exactly one [`JobEvent::Ended`], last.
    ///
    /// Before it come, where the answer takes long enough: `Started` after 50 ms, `FirstText`, and `Progress` at
    /// most every 50 ms while text comes. An answer that is there at once is `Ended` alone: its
    /// `timing.first_text` says the rest.
    ///
    /// The channel's law: bounded; `FirstText` and `Ended` await, `Started` and `Progress` are left out when it
    /// is full (the next progress says all of it). Only the receiver's own end is silent.
    ///
    /// Must be called inside a tokio runtime.
    pub fn ask<T>(&self, job: Job, events: mpsc::Sender<T>) -> JobHandle
    where
        T: From<(JobId, JobEvent)> + Send + 'static,
    {
        let (alive, cancelled) = oneshot::channel();
        match self.servers.get(&job.provider) {
            Some(server) => {
                let fetcher = self.fetcher.clone().filter(|_| server.endpoint.config.vision);
                tokio::spawn(job::run(server.clone(), fetcher, job, events, cancelled));
            }
            None => {
                // The configuration was replaced while the question was on its way.
                let error = ProviderError::Internal(format!("no provider is named `{}`", job.provider));
                let ended = JobEvent::Ended(Err(Failure { error, partial: String::new() }));
                tokio::spawn(async move { drop(events.send(T::from((job.id, ended))).await) });
            }
        }
        JobHandle { _alive: alive }
    }

    /// Looks at a provider, loads or unloads its model, and reports. Takes 10 s at most; a load as long as its
    /// first token may take. Owns what it needs: the runtime spawns it.
    pub fn call(&self, provider: &Arc<str>, call: ProviderCall) -> impl Future<Output = ProviderReport> + Send + use<> {
        let server = self.servers.get(provider).cloned();
        let provider = provider.clone();
        async move {
            match server {
                Some(server) => server.call(call).await,
                None => {
                    let words = format!("no provider is named `{provider}`");
                    unreachable(&provider, ProviderError::Internal(words))
                }
            }
        }
    }
}
