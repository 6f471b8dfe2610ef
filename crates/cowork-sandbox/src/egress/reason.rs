//! Why something was not let through.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Says why a connection or a request was not let through, or came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// It is not HTTP as it has to be written, or two parties could read it in two ways.
    Malformed,
    /// It did not say the session's token.
    Stranger,
    /// The host is not written plainly.
    OddHost,
    /// No rule names this host and port.
    NotAllowed,
    /// Rules name the host, but not for this method.
    MethodNotAllowed,
    /// Rules name the host, but not this path.
    PathNotAllowed,
    /// The request names another host than the connection is for.
    HostMismatch,
    /// The rule's credential would go over the network for everybody to read.
    InTheClear,
    /// The host is at an address of this computer, of its network, or of no one.
    PrivateAddress,
    /// What came first in the tunnel is no TLS.
    NotTls,
    /// TLS was begun with another name than the tunnel is for, or with none.
    OtherName,
    /// TLS was begun with a name that only the other side can read.
    HiddenName,
    /// The name has no address.
    NotFound,
    /// There was no connection to be had.
    Unreachable,
    /// The server could not prove that it is who it should be.
    Untrusted,
    /// It took too long.
    Late,
    /// More bytes than the session may send or receive.
    TooMuch,
    /// A fault of this program.
    Internal,
}

impl Reason {
    /// Gives the status that HTTP has for it.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Stranger => 407,
            Self::HostMismatch => 421,
            Self::OddHost
            | Self::NotAllowed
            | Self::MethodNotAllowed
            | Self::PathNotAllowed
            | Self::InTheClear
            | Self::PrivateAddress
            | Self::NotTls
            | Self::OtherName
            | Self::HiddenName
            | Self::TooMuch => 403,
            Self::NotFound | Self::Unreachable | Self::Untrusted => 502,
            Self::Late => 504,
            Self::Internal => 500,
        }
    }

    /// Says whether it was the rules that said no, and not the network.
    pub(super) fn is_refusal(self) -> bool {
        self.status() < 500
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the request is not written as HTTP/1.1 has it: send it by a usual client",
            Self::Stranger => "the proxy does not know who asks: use the address in http_proxy as it stands",
            Self::OddHost => "the host is not written plainly: write its name, in small letters, without a final dot",
            Self::NotAllowed => "no rule of this session allows this host and port: ask the person for it",
            Self::MethodNotAllowed => "no rule of this session allows this method there: ask the person for it",
            Self::PathNotAllowed => "no rule of this session allows this path there: ask the person for it",
            Self::HostMismatch => {
                "the Host header names another host than the connection is for: leave it to the client"
            }
            Self::InTheClear => "the credential would go over the network in the clear: use https://",
            Self::PrivateAddress => "the host is at a private address, and no rule for it and its port says that it may be: ask the person for it",
            Self::NotTls => "what came first in the tunnel was no TLS: use https://, or port 80 for plain HTTP",
            Self::OtherName => "TLS was begun with another name than the tunnel is for: use the same name for both",
            Self::HiddenName => "TLS was begun with an encrypted name: switch off ECH in the client",
            Self::NotFound => "the host's name has no address: check its spelling",
            Self::Unreachable => "the host can't be reached: try again later",
            Self::Untrusted => "the server can't prove that it is who it should be: check the host's name",
            Self::Late => "the host did not answer in time: try again later",
            Self::TooMuch => "the session has sent or received all the bytes that it may: ask the person for more",
            Self::Internal => "the proxy failed: say so to whoever runs it",
        })
    }
}

impl std::error::Error for Reason {}
