//! What becomes of a request: decided from its head and the rules alone.

use std::collections::BTreeMap;

use cowork_core::Result;
use hyper::{Method, header::PROXY_AUTHORIZATION};

use super::{
    Credential, Host, Place, Reason, Rules, Token,
    head::{Body, Head},
    rules::Rule,
};

/// Decides. It knows the rules and the token, and asks nobody.
#[derive(Debug)]
pub struct Gate {
    rules: Vec<Rule>,
    token: Token,
}

/// Where a head was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Within {
    /// On a connection to the proxy.
    Proxy,
    /// In a tunnel that the proxy ends itself.
    Tunnel {
        /// Where the tunnel goes.
        place: Place,
        /// Whether there is TLS in it.
        tls: bool,
    },
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes on.
    Allow(Pass),
    /// It ends here.
    Refuse {
        /// The answer's status.
        status: u16,
        /// Why.
        reason: Reason,
    },
}

/// How a request goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Where to.
    pub place: Place,
    /// The number of the rule that allows it, from 0.
    pub rule: usize,
    /// Whether that may be at a private address.
    pub private: bool,
    /// In which way.
    pub way: Way,
}

/// In which way a request goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is sent, with this path and query.
    Request {
        /// As it goes into the request line.
        path: String,
        /// Whether by TLS.
        tls: bool,
    },
    /// What follows goes through unseen, after the beginning of TLS.
    Tunnel,
    /// What follows is looked at.
    Inspect {
        /// Whether there is TLS around it.
        tls: bool,
    },
}

impl Gate {
    /// Reads the rules.
    ///
    /// # Errors
    /// `InvalidInput` for rules that can't be meant.
    pub fn new(rules: &Rules, token: Token, credentials: &BTreeMap<String, Credential>) -> Result<Self> {
        Ok(Self { rules: rules.read(credentials)?, token })
    }

    /// Decides about a head.
    pub fn decide(&self, head: &Head, within: &Within) -> Decision {
        match self.pass(head, within) {
            Ok(pass) => Decision::Allow(pass),
            Err(reason) => Decision::Refuse { status: reason.status(), reason },
        }
    }

    /// Says where a head wants to go, and the path there unless it is a tunnel; nothing if it can't be told.
    pub fn asked(head: &Head, within: &Within) -> Option<(Place, Option<String>)> {
        target(head, within).ok()
    }

    /// Says whether any connection has to be looked into.
    pub(super) fn looks_inside(&self) -> bool {
        self.rules.iter().any(Rule::looks_inside)
    }

    pub(super) fn rule(&self, pass: &Pass) -> Option<&Rule> {
        self.rules.get(pass.rule)
    }

    /// Gives the credentials that the host holds for a place.
    pub(super) fn credentials_at(&self, place: &Place) -> impl Iterator<Item = &Credential> {
        self.rules.iter().filter(|rule| rule.is_for(place)).filter_map(|rule| rule.credential.as_ref())
    }

    fn pass(&self, head: &Head, within: &Within) -> std::result::Result<Pass, Reason> {
        if *within == Within::Proxy && !self.knows(head) {
            return Err(Reason::Stranger);
        }
        let (place, asked) = target(head, within)?;
        agrees(head, within, &place)?;
        let rules: Vec<(usize, &Rule)> =
            self.rules.iter().enumerate().filter(|(_, rule)| rule.is_for(&place)).collect();
        let private = rules.iter().any(|(_, rule)| rule.private);
        if matches!(place.host, Host::Address(address) if !private && !super::address::is_public(address)) {
            return Err(Reason::PrivateAddress);
        }
        let first = rules.first().ok_or(Reason::NotAllowed)?.0;
        let Some(path) = asked else {
            let way = match place.port {
                80 => Way::Inspect { tls: false },
                _ if rules.iter().any(|(_, rule)| rule.looks_inside()) => Way::Inspect { tls: true },
                _ => Way::Tunnel,
            };
            return Ok(Pass { place, rule: first, private, way });
        };
        let tls = matches!(within, Within::Tunnel { tls: true, .. });
        let (number, rule) = fitting(&rules, &head.method, path.split('?').next().unwrap_or_default())?;
        if rule.credential.is_some() && !tls && !private {
            return Err(Reason::InTheClear);
        }
        Ok(Pass { place, rule: number, private, way: Way::Request { path, tls } })
    }

    fn knows(&self, head: &Head) -> bool {
        let mut said = head.headers.get_all(PROXY_AUTHORIZATION).iter();
        let is_ours = said.next().is_some_and(|value| self.token.is_said_by(value.as_bytes()));
        is_ours && said.next().is_none()
    }
}

/// Gives the first rule that allows it, or why none does; a rule that comes nearer gives the better reason.
fn fitting<'a>(
    rules: &[(usize, &'a Rule)],
    method: &Method,
    path: &str,
) -> std::result::Result<(usize, &'a Rule), Reason> {
    // It would be shown the credential that was added to it.
    if method == Method::TRACE {
        return Err(Reason::MethodNotAllowed);
    }
    let mut why = Reason::NotAllowed;
    for &(number, rule) in rules {
        match rule.allows(method, path) {
            Ok(()) => return Ok((number, rule)),
            Err(reason) if why != Reason::PathNotAllowed => why = reason,
            Err(_) => {}
        }
    }
    Err(why)
}

/// Reads where a request wants to go: the place, and the path unless it is a tunnel.
fn target(head: &Head, within: &Within) -> std::result::Result<(Place, Option<String>), Reason> {
    let is_connect = head.method == Method::CONNECT;
    match within {
        Within::Proxy if is_connect && head.body == Body::Length(0) => Ok((Place::read(&head.target, None)?, None)),
        Within::Proxy if !is_connect => {
            let scheme = head.target.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://"));
            let rest = &head.target[scheme.ok_or(Reason::Malformed)?.len()..];
            let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            let slash = if path.starts_with('/') { "" } else { "/" };
            Ok((Place::read(host, Some(80))?, Some(format!("{slash}{path}"))))
        }
        Within::Tunnel { place, .. } if !is_connect && head.target.starts_with('/') => {
            Ok((place.clone(), Some(head.target.clone())))
        }
        _ => Err(Reason::Malformed),
    }
}

/// Checks that the `Host` header is of the same mind.
fn agrees(head: &Head, within: &Within, place: &Place) -> std::result::Result<(), Reason> {
    let usual = match within {
        _ if head.method == Method::CONNECT => place.port,
        Within::Tunnel { tls: true, .. } => 443,
        _ => 80,
    };
    match Place::read(head.host()?, Some(usual)) {
        Ok(said) if said == *place => Ok(()),
        _ => Err(Reason::HostMismatch),
    }
}
