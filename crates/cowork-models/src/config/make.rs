//! From settings to a model.

use std::{fs, sync::Arc, time::Duration};

use cowork_core::{CancellationToken, Error, Kind, Model, ModelCard, Result};
use serde_json::json;

use super::{ANTHROPIC, Keys, ModelSettings, Models, OP, RESPONSES, ServiceName, ServiceTool};
use crate::{
    Auth, Endpoint, Limits, Secret, Transport,
    anthropic::{self, Anthropic},
    local::{self, Local},
    openai::{self, Chat, Responses, Service},
    transport::{Proxy, host_of},
};

/// Where what a task has seen may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The host, with its port where it is not the usual one.
    pub at: String,
    /// What is there, in a few words: `the model sonnet`.
    pub what: String,
}

impl ModelSettings {
    /// Says where what a task has seen may go, its fallback and the tools that its service runs included.
    ///
    /// # Errors
    /// `InvalidInput` for an address that can't be, or a fallback that is no model.
    pub fn destinations(&self, name: &str, models: &Models) -> Result<Vec<Destination>> {
        let at = host_of(self.base())?;
        let mut all = vec![Destination { at: at.clone(), what: format!("the model {name}") }];
        all.extend(self.tools.iter().map(|tool| Destination { at: at.clone(), what: tool.about().to_owned() }));
        if let Some(fallback) = &self.fallback {
            let other = Self::find(models, fallback)?;
            all.push(Destination {
                at: host_of(other.base())?,
                what: format!("the model {fallback}, if {at} can't be had"),
            });
        }
        Ok(all)
    }

    /// Makes the model, under this name. Nothing is sent but, to a server on this computer, the question what the model can do.
    ///
    /// # Errors
    /// `NotFound` if its key is nowhere, `NotAllowed` if others may read it or if it would go out in the clear, `InvalidInput` for
    /// what can't be: an address, a proxy, a certificate.
    pub async fn make(&self, name: &str, keys: &Keys, cancel: &CancellationToken) -> Result<Arc<dyn Model>> {
        let key = self.key_of(name, keys)?;
        let transport = self.transport(key, self.limits()?)?;
        let local = if self.service.is_local() && self.window.is_none() { self.found(cancel).await } else { None };
        let card = self.card(transport.at(), local.as_ref());
        if !self.tools.is_empty() && !matches!(self.service.as_str(), ANTHROPIC | RESPONSES) {
            let why = format!("`{}` runs no tools by itself that are known here", self.service);
            return Err(Error::new(Kind::InvalidInput, OP, why)
                .with_fix(format!("take `tools` out of [models.{name}], or take the service `openai-responses`")));
        }
        Ok(match self.service.as_str() {
            ANTHROPIC => {
                let model = Anthropic::new(transport, &self.model).with_name(name).with_card(card);
                Arc::new(self.tools.iter().fold(model, |model, tool| model.with_service_tool(tool.written(ANTHROPIC))))
            }
            RESPONSES => {
                let model = Responses::new(RESPONSES, &self.model, card, transport).with_name(name);
                Arc::new(self.tools.iter().fold(model, |model, tool| model.with_service_tool(tool.written(RESPONSES))))
            }
            _ => Arc::new(Chat::new(self.row()?, &self.model, card, transport).with_name(name)),
        })
    }

    /// Gives the key, from where the settings say or from the usual places; none for a service that wants none.
    pub(super) fn key_of(&self, name: &str, keys: &Keys) -> Result<Option<Secret>> {
        let kept = self.key_name(name);
        if let Some(source) = &self.key {
            return keys.at(source, kept);
        }
        if self.service.is_local() && self.is_at_home() {
            return Ok(None);
        }
        if !self.is_at_home() && name.parse::<ServiceName>().is_ok() {
            let why = format!(
                "the model {name} is asked elsewhere than its service, and the key of that service is not sent there"
            );
            return Err(Error::new(Kind::NotAllowed, "find key", why)
                .with_fix(format!("say in [models.{name}] where its key is: key = \"env:NAME\", or none")));
        }
        let variable = if self.is_at_home() { self.service.key_from() } else { "" };
        let found = keys.usual(variable, kept)?;
        if found.is_some() || self.service.key_from().is_empty() {
            return Ok(found);
        }
        let place = if variable.is_empty() { String::new() } else { format!("{variable} is not set, and ") };
        Err(Error::new(Kind::NotFound, "find key", format!("there is no key for {kept}: {place}none is kept here"))
            .with_fix(format!("say where it is, as `key` (\"env:NAME\"), or keep one: cowork models key set {kept}")))
    }

    pub(super) fn transport(&self, key: Option<Secret>, limits: Limits) -> Result<Transport> {
        let base = self.base().to_owned();
        // At another address the service's own variable is not read.
        let key_from = if self.is_at_home() { self.service.key_from() } else { "" }.to_owned();
        let endpoint = match self.service.as_str() {
            ANTHROPIC => Endpoint { base, key_from, ..anthropic::endpoint(key) },
            _ => Endpoint { base, key, auth: Auth::Bearer, key_from, headers: Vec::new() },
        };
        Transport::new(endpoint, limits)
    }

    pub(super) fn limits(&self) -> Result<Limits> {
        let usual = Limits::default();
        let or = |span: Option<super::Span>, usual: Duration| span.map_or(usual, |s| s.0);
        let roots = self.roots.iter().map(|path| {
            fs::read(path).map_err(|e| {
                Error::new(Kind::InvalidInput, OP, format!("the certificate {} can't be read: {e}", path.display()))
                    .with_fix("name a file in PEM that is there")
            })
        });
        Ok(Limits {
            connect: or(self.timeout.connect, usual.connect),
            first: or(self.timeout.first, usual.first),
            idle: or(self.timeout.idle, usual.idle),
            connections: self.connections.map_or(usual.connections, |most| most as usize),
            roots: roots.collect::<Result<_>>()?,
            proxy: match self.proxy.as_deref() {
                None => Proxy::System,
                Some("none") => Proxy::None,
                Some(address) => Proxy::At(address.to_owned()),
            },
            plain_key: self.plain_key,
            ..usual
        })
    }

    /// Says what is known about the model: by its name, by what a local server said of it, and over all that what was set.
    pub(super) fn card(&self, at: &str, local: Option<&Local>) -> ModelCard {
        let mut card = match (self.service.as_str(), local) {
            (ANTHROPIC, _) => anthropic::card(&self.model, at),
            (_, Some(local)) => local.card(at),
            // Whose server it is that only speaks so is not known, nor what it costs.
            _ if self.service.is_local() && (self.is_at_home() || self.service.as_str() != "local") => {
                Local { window: self.window, ..Local::default() }.card(at)
            }
            _ => openai::card(&self.model, at),
        };
        if let Some(window) = self.window {
            card.window = window;
            card.most_tokens = card.most_tokens.min(window / 2);
        }
        match self.images {
            Some(true) if card.sees.is_empty() => card.sees = ["image/png", "image/jpeg"].map(str::to_owned).to_vec(),
            Some(false) => card.sees.clear(),
            _ => {}
        }
        if let Some(price) = &self.price {
            card.price = Some(price.price());
        }
        card
    }

    /// Asks a server on this computer what it says of this model.
    pub(super) async fn found(&self, cancel: &CancellationToken) -> Option<Local> {
        self.server(cancel).await?.models.into_iter().find(|model| model.name == self.model)
    }

    /// Asks a server on this computer what it has.
    pub(super) async fn server(&self, cancel: &CancellationToken) -> Option<local::Server> {
        let at = self.base().trim_end_matches('/').trim_end_matches("/v1").to_owned();
        let service = openai::service(self.service.as_str()).filter(|row| row.name != "local")?.name;
        local::find(&[local::Place { service, at }], local::SOON, cancel).await.pop()
    }

    fn row(&self) -> Result<&'static Service> {
        openai::service(self.service.as_str())
            .ok_or_else(|| Error::new(Kind::Internal, OP, format!("nothing is known of the service {}", self.service)))
    }
}

impl ServiceTool {
    fn about(self) -> &'static str {
        match self {
            Self::WebSearch => "searches of the web that the service makes",
        }
    }

    fn written(self, format: &str) -> serde_json::Value {
        match self {
            Self::WebSearch if format == RESPONSES => json!({ "type": "web_search" }),
            Self::WebSearch => json!({ "type": "web_search_20250305", "name": "web_search" }),
        }
    }
}
