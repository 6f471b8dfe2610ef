//! What may be reached. Plain data, and its one reading.

use std::collections::BTreeMap;

use cowork_core::{Error, HostGrant, Kind, Result};
use hyper::{Method, header::HeaderName};
use serde::{Deserialize, Serialize};

use super::{Credential, Host, Place, Reason};

/// The ports of a rule that names none.
const USUAL: [u16; 2] = [443, 80];

/// Says what may be reached. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules {
    /// Each allows something more; the first that fits a request is the one that counts. `TRACE` is allowed only by name, and a path `/a` stands
    /// for `/a` and `/a/b`, not for `/ab`.
    ///
    /// A rule of a host and a port alone lets TLS through unseen. With methods, paths or a credential the proxy ends TLS itself, and
    /// looks at every request.
    pub allowed: Vec<HostGrant>,
}

/// A rule that was read.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    host: Pattern,
    ports: Vec<u16>,
    methods: Option<Vec<Method>>,
    paths: Option<Vec<String>>,
    pub(super) credential: Option<Credential>,
    pub(super) private: bool,
}

#[derive(Clone, Debug)]
enum Pattern {
    Exact(Host),
    /// Begins with the dot.
    Below(String),
}

impl Rules {
    pub(super) fn read(&self, credentials: &BTreeMap<String, Credential>) -> Result<Vec<Rule>> {
        let read = |(n, allowed): (usize, &HostGrant)| {
            Rule::read(allowed, credentials).map_err(|error| error.with("rule", (n + 1).to_string()))
        };
        self.allowed.iter().enumerate().map(read).collect()
    }
}

impl Rule {
    fn read(allowed: &HostGrant, credentials: &BTreeMap<String, Credential>) -> Result<Self> {
        let host = Pattern::read(&allowed.host)?;
        if allowed.port == Some(0) {
            return Err(invalid("a rule names port 0", "leave the port out, or name one from 1 to 65535"));
        }
        let methods = allowed.methods.as_deref().map(methods).transpose()?;
        let paths = allowed.paths.as_deref().map(paths).transpose()?;
        let held = |name: &String| {
            let none =
                || invalid(&format!("the credential {name:?} is not held"), "give it to the proxy with the rules");
            credentials.get(name).cloned().ok_or_else(none)
        };
        let credential = allowed.credential.as_ref().map(held).transpose()?;
        let ports = allowed.port.map_or_else(|| USUAL.to_vec(), |port| vec![port]);
        if credential.is_some() && ports == [80] && !allowed.private {
            return Err(invalid("a credential would go over port 80 in the clear", "name port 443, or none"));
        }
        Ok(Self { host, ports, methods, paths, credential, private: allowed.private })
    }

    /// Says whether it is about this place at all.
    pub(super) fn is_for(&self, place: &Place) -> bool {
        let host = match (&self.host, &place.host) {
            (Pattern::Exact(own), host) => own == host,
            (Pattern::Below(suffix), Host::Name(name)) => name.len() > suffix.len() && name.ends_with(suffix),
            // A name never stands for an address.
            (Pattern::Below(_), Host::Address(_)) => false,
        };
        host && self.ports.contains(&place.port)
    }

    /// Says whether requests have to be seen to know if it allows them.
    pub(super) fn looks_inside(&self) -> bool {
        self.methods.is_some() || self.paths.is_some() || self.credential.is_some()
    }

    pub(super) fn is_narrower_than_host(&self) -> bool {
        self.methods.is_some() || self.paths.is_some()
    }

    pub(super) fn allows(&self, method: &Method, path: &str) -> std::result::Result<(), Reason> {
        if self.methods.as_ref().is_some_and(|methods| !methods.contains(method)) {
            return Err(Reason::MethodNotAllowed);
        }
        let below = |top: &String| {
            path.strip_prefix(top.as_str())
                .is_some_and(|rest| rest.is_empty() || top.ends_with('/') || rest.starts_with('/'))
        };
        match &self.paths {
            Some(paths) if !is_plain(path) || !paths.iter().any(below) => Err(Reason::PathNotAllowed),
            _ => Ok(()),
        }
    }
}

impl Pattern {
    fn read(text: &str) -> Result<Self> {
        if text.is_empty() || text == "*" {
            return Err(invalid("a rule names no host", "name a host, such as example.com or *.example.com"));
        }
        let odd = || {
            invalid(
                &format!("{text:?} is not the name of a host"),
                "write it such as example.com, without a scheme or a path",
            )
        };
        let below = text.strip_prefix("*.");
        let name = below.unwrap_or(text);
        let name = match name.is_ascii() {
            true => name.to_owned(),
            false => idna::domain_to_ascii_strict(name).map_err(|_| odd())?,
        };
        match (Host::read(&name).map_err(|_| odd())?, below) {
            (host, None) => Ok(Self::Exact(host)),
            (Host::Name(name), Some(_)) if is_anybodys(&name) => Err(invalid(
                &format!("anybody can have a name below {name}, so that {text} allows everything"),
                "name the hosts",
            )),
            (Host::Name(name), Some(_)) => Ok(Self::Below(format!(".{name}"))),
            (Host::Address(_), Some(_)) => Err(odd()),
        }
    }
}

/// Says whether a path means the same to everybody: without `.` and `..`, and without slashes that a server may or may not see as such.
pub(super) fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    // A percent sign, a slash and a backslash in escapes; then dots too can be read as they are.
    let is_hidden = ["%25", "%2f", "%5c", "\\"].iter().any(|hidden| lower.contains(hidden));
    let is_dots = |segment: &str| {
        let name = segment.split(';').next().unwrap_or_default().replace("%2e", ".");
        name == "." || name == ".."
    };
    let lower = lower.replace("%3b", ";");
    !is_hidden && !lower.split('/').any(is_dots)
}

/// Says whether names below this one belong to anybody who asks for one.
fn is_anybodys(name: &str) -> bool {
    let known =
        psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() == name.len());
    known || !name.contains('.')
}

fn methods(names: &[String]) -> Result<Vec<Method>> {
    let read = |name: &String| {
        let fits = !name.is_empty() && name.bytes().all(|c| c.is_ascii_uppercase() || c == b'-' || c == b'_');
        let method =
            Method::from_bytes(name.as_bytes()).ok().filter(|m| fits && ![Method::CONNECT, Method::TRACE].contains(m));
        method.ok_or_else(|| {
            invalid(&format!("{name:?} is no method that can be allowed"), "name methods such as GET or POST")
        })
    };
    some(names.iter().map(read).collect::<Result<_>>()?, "methods")
}

fn paths(paths: &[String]) -> Result<Vec<String>> {
    let read = |path: &String| {
        let fits = path.starts_with('/') && path.bytes().all(|c| c.is_ascii_graphic() && !b"?#*".contains(&c));
        let odd =
            || invalid(&format!("{path:?} is no path as a request has it"), "write it such as /a/b, without . and ..");
        Some(path.clone()).filter(|path| fits && is_plain(path)).ok_or_else(odd)
    };
    some(paths.iter().map(read).collect::<Result<_>>()?, "paths")
}

fn some<T>(list: Vec<T>, what: &str) -> Result<Vec<T>> {
    if list.is_empty() {
        return Err(invalid(&format!("a rule allows no {what} at all"), "name some, or leave it out to allow all"));
    }
    Ok(list)
}

fn invalid(message: &str, fix: &str) -> Error {
    Error::new(Kind::InvalidInput, "read rules", message).with_fix(fix)
}

/// Headers by which a request says to some servers that it is another one than it seems.
pub(super) const OTHERWISE: [HeaderName; 6] = [
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
    HeaderName::from_static("x-original-uri"),
];
