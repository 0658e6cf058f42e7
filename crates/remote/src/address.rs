//! Where a server is, and how far away.
//!
//! Owns which addresses are taken at all. Words and keys go in the clear over `http`, so that is for this machine and for
//! private networks; never resolves a name.

use crate::RemoteError;
use reqwest::Url;
use std::net::IpAddr;

/// Where requests go if the address names no folder: where OpenAI's, Ollama's, llama.cpp's and vLLM's servers have it.
const USUAL_PATH: &str = "/v1";

/// How far away a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// On this machine: a loopback address.
    Machine,
    /// Anywhere else.
    Network,
}

/// Where a server is: the folder that `chat/completions` lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    host: String,
    reach: Reach,
    is_nearby: bool,
}

impl Address {
    /// Reads an address such as `http://127.0.0.1:11434` or `https://api.openai.com/v1`. Without a folder it is `/v1`.
    ///
    /// # Errors
    /// It is none, carries a name or password, or goes in the clear over a public network.
    pub fn parse(text: &str) -> Result<Self, RemoteError> {
        let bad = |reason: &str| RemoteError::BadAddress { reason: reason.to_owned() };
        let text = text.trim();
        if text.is_empty() {
            return Err(bad("it is empty"));
        }
        let mut url = Url::parse(text).map_err(|_| bad("it is none"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("it has to begin with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(bad("no name, password or anything behind a ? or # may be in it"));
        }
        let name = url.host_str().ok_or_else(|| bad("it names no host"))?.to_owned();
        let ip: Option<IpAddr> = name.trim_start_matches('[').trim_end_matches(']').parse().ok();
        let is_here = ip.map_or(name == "localhost" || name.ends_with(".localhost"), |ip| ip.is_loopback());
        let reach = if is_here { Reach::Machine } else { Reach::Network };
        let is_nearby = is_here || ip.is_some_and(is_private);
        if url.scheme() == "http" && !is_nearby {
            return Err(bad(
                "over http everyone on the way can read along, so that is for this machine and for private addresses \
                 such as 192.168.1.5; https is for all others",
            ));
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/chat/completions").unwrap_or(path);
        let path = if path.is_empty() { USUAL_PATH.to_owned() } else { path.to_owned() };
        url.set_path(&path);
        let host = match url.port() {
            Some(port) => format!("{name}:{port}"),
            None => name,
        };
        Ok(Self { url, host, reach, is_nearby })
    }

    /// Host and, unless it is the usual one, port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// How far away it is.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether everyone on the way can read along.
    pub fn is_in_the_clear(&self) -> bool {
        self.url.scheme() == "http" && self.reach == Reach::Network
    }

    /// Whether it is on this machine or at a private address, which a proxy has nothing to do with.
    pub(crate) fn is_nearby(&self) -> bool {
        self.is_nearby
    }

    /// Whether it is asked over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The name and port of a host that has to be on this machine, to be found without asking anybody.
    pub(crate) fn local_name(&self) -> Option<(&str, u16)> {
        let name = self.url.domain().filter(|_| self.reach == Reach::Machine)?;
        Some((name, self.url.port_or_known_default()?))
    }

    /// The address of a resource in the folder.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{path}", self.url.path()));
        url
    }
}

/// Whether an address is on a network of a house or a company, or between two machines.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, whole, host, reach) in [
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/models", "127.0.0.1:11434", Reach::Machine),
            (" http://localhost:8080/v1/ ", "http://localhost:8080/v1/models", "localhost:8080", Reach::Machine),
            ("http://[::1]:9/api", "http://[::1]:9/api/models", "[::1]:9", Reach::Machine),
            ("https://api.openai.com", "https://api.openai.com/v1/models", "api.openai.com", Reach::Network),
            ("https://h.example/v1/chat/completions", "https://h.example/v1/models", "h.example", Reach::Network),
            ("http://192.168.1.5:11434", "http://192.168.1.5:11434/v1/models", "192.168.1.5:11434", Reach::Network),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.join("models").as_str(), whole);
            assert_eq!((address.host(), address.reach()), (host, reach), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_or_not_private_is_refused() {
        for text in [
            "",
            "api.openai.com",
            "ftp://h/v1",
            "http://api.openai.com/v1",
            "http://8.8.8.8/v1",
            "https://me:secret@h.example/v1",
            "https://h.example/v1?key=secret",
            "https://h.example/#x",
            "https://",
        ] {
            let error = jarvis_core::Error::from(Address::parse(text).unwrap_err());
            assert_eq!(error.code, "remote.address", "{text}");
            assert!(!error.message.contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn this_machine_and_private_addresses_are_nearby() {
        for (text, is_nearby) in [
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("http://192.168.1.5:1", true),
            ("https://10.0.0.1", true),
            ("https://api.openai.com", false),
            ("https://8.8.8.8", false),
        ] {
            assert_eq!(Address::parse(text).unwrap().is_nearby(), is_nearby, "{text}");
        }
    }

    #[test]
    fn a_name_that_only_begins_like_this_machine_is_elsewhere() {
        for text in ["https://localhost.example/v1", "https://127.0.0.1.example/v1", "https://notlocalhost/v1"] {
            assert_eq!(Address::parse(text).unwrap().reach(), Reach::Network, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert!(!address.host().is_empty());
                let (models, other) = (address.join("models"), address.join("x"));
                prop_assert_eq!(models.host_str(), other.host_str());
            }
        }
    }
}
