//! Where a server is, and how far away.
//!
//! Owns which addresses are taken at all. Words and keys go in the clear over `http`, so that is for this machine and for
//! private networks. Never resolves a name: one that only a network of one's own knows is taken, and where it leads to is
//! looked at where the connection is made.

use crate::RemoteError;
use reqwest::Url;
use std::net::IpAddr;

/// Where requests go if the address names no folder: where OpenAI's, Ollama's, llama.cpp's and vLLM's servers have it.
const USUAL_PATH: &str = "/v1";

/// How names end that only the network around knows (RFC 6762, RFC 8375, ICANN's of 2024, and what routers give out).
const NEARBY_ENDS: [&str; 4] = [".local", ".home.arpa", ".internal", ".lan"];

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
    /// It is none, carries a name or password, or goes in the clear to a public address or name.
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
        let ip = ip.map(|ip| ip.to_canonical());
        let is_here = ip.map_or(name == "localhost" || name.ends_with(".localhost"), |ip| ip.is_loopback());
        let reach = if is_here { Reach::Machine } else { Reach::Network };
        let is_nearby = is_here || ip.map_or_else(|| is_nearby_name(&name), is_nearby);
        if url.scheme() == "http" && !is_nearby {
            return Err(RemoteError::InTheClear { host: name });
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

    /// Whether it is on this machine, at a private address or has a name of the network around, which a proxy has nothing to
    /// do with.
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

    /// Whether its name has to lead to this machine or to the network around, since nothing else keeps what is said from
    /// being read on the way.
    pub(crate) fn has_to_be_nearby(&self) -> bool {
        !self.is_secure() && self.url.domain().is_some()
    }

    /// The address of a resource in the folder.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{path}", self.url.path()));
        url
    }
}

/// Whether an address is on this machine, on a network of a house or a company, or between two machines.
pub(crate) fn is_nearby(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Whether only the network around knows a machine by this name: `nas`, `nas.local`.
fn is_nearby_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    !name.contains('.') || NEARBY_ENDS.iter().any(|end| name.ends_with(end))
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
            ("http://NAS.local:11434", "http://nas.local:11434/v1/models", "nas.local:11434", Reach::Network),
            ("http://[::ffff:127.0.0.1]:9", "http://[::ffff:7f00:1]:9/v1/models", "[::ffff:7f00:1]:9", Reach::Machine),
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
    fn in_the_clear_is_for_this_machine_and_the_network_around() {
        for text in [
            "http://api.openai.com/v1",
            "http://8.8.8.8/v1",
            "http://[2606:4700::1111]/v1",
            "http://[::ffff:8.8.8.8]",
            "http://172.32.0.1",
            "http://nas.local.example",
            "http://0.0.0.0:1",
        ] {
            let error = jarvis_core::Error::from(Address::parse(text).unwrap_err());
            assert_eq!(error.code, "remote.in_the_clear", "{text}");
            assert!(error.hint.contains("https://"), "{error:?}");
            assert!(Address::parse(&text.replace("http:", "https:")).is_ok(), "{text}");
        }
        for text in
            ["http://10.0.0.1", "http://172.16.9.9", "http://169.254.1.1", "http://[fd00::1]", "http://[fe80::1]"]
        {
            assert!(!Address::parse(text).unwrap().has_to_be_nearby(), "{text}: no name is looked up");
        }
        for text in
            ["http://nas:8080", "http://nas.local", "http://box.home.arpa.", "http://ai.internal", "http://pc.lan"]
        {
            let address = Address::parse(text).unwrap();
            assert!(address.has_to_be_nearby() && address.is_in_the_clear() && address.is_nearby(), "{text}");
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
