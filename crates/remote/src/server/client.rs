//! How a server is connected to: certificates, proxies, names.
//!
//! Owns what keeps words on their way: nothing that is meant for this machine or its own network goes to a proxy, nothing goes
//! in the clear to where a name leads outside of them, and nobody without a certificate that this system trusts is spoken to
//! over TLS.

use super::{HEADERS, IDLE, innermost};
use crate::address::is_nearby;
use crate::{Address, Limits, RemoteError};
use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// How a name is looked up.
type Lookup = fn(&str) -> std::io::Result<Vec<SocketAddr>>;

/// A client for one address alone.
pub(super) fn client(address: &Address, limits: &Limits) -> Result<Client, RemoteError> {
    client_that_looks_up(address, limits, |name| Ok((name, 0).to_socket_addrs()?.collect()))
}

fn client_that_looks_up(address: &Address, limits: &Limits, lookup: Lookup) -> Result<Client, RemoteError> {
    let mut builder = Client::builder()
        .user_agent(concat!("jarvis/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(limits.connect)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(limits.at_once)
        .http1_max_headers(HEADERS)
        .tcp_keepalive(Duration::from_secs(30))
        .tls_backend_preconfigured(tls(address)?);
    if address.is_nearby() {
        // A proxy would take somewhere else what stays on this machine or its network, and over http read it.
        builder = builder.no_proxy();
    }
    if address.has_to_be_nearby() {
        builder = builder.dns_resolver(Arc::new(Nearby(lookup)));
    }
    if let Some((name, port)) = address.local_name() {
        // And so might a name server.
        let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        builder = builder.resolve_to_addrs(name, &here.map(|ip| SocketAddr::new(ip, port)));
    }
    builder.build().map_err(|error| RemoteError::Setup { detail: innermost(&error) })
}

/// Finds machines by their names on this machine and the network around, and no others.
struct Nearby(Lookup);

impl Resolve for Nearby {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.0;
        Box::pin(async move {
            let mut found = tokio::task::spawn_blocking(move || lookup(name.as_str())).await??;
            found.retain(|at| is_nearby(at.ip()));
            if found.is_empty() {
                return Err(Elsewhere.into());
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

/// A name leads to public addresses alone.
#[derive(Debug, thiserror::Error)]
#[error("its name leads outside of the network around")]
pub(super) struct Elsewhere;

/// TLS with the certificates that this system trusts. A small system may have none, which is no reason not to speak to an
/// address without TLS; there, nobody is trusted.
fn tls(address: &Address) -> Result<ClientConfig, RemoteError> {
    let builder = versions().map_err(|error| RemoteError::Setup { detail: error.to_string() })?;
    let config = if address.is_secure() {
        builder.with_platform_verifier().map_err(|error| RemoteError::Certificates { detail: error.to_string() })?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(config.with_no_client_auth())
}

fn versions() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

#[cfg(test)]
mod tests {
    use super::super::{Worker, sources};
    use super::*;
    use crate::testing::Fake;

    #[test]
    fn what_goes_in_the_clear_goes_nowhere_but_to_the_network_around() {
        let fake = Fake::new(|_, wire| wire.json("{}"));
        let port = fake.address().rsplit(':').next().unwrap().trim_end_matches("/v1").to_owned();
        let worker = Worker::start().unwrap();
        let ask = |lookup: Lookup| {
            let address = Address::parse(&format!("http://nas.local:{port}")).unwrap();
            let client = client_that_looks_up(&address, &Limits::default(), lookup).unwrap();
            worker.runtime().block_on(client.get(address.join("models")).send())
        };
        let error = ask(|_| Ok(vec![SocketAddr::from(([203, 0, 113, 9], 0))])).unwrap_err();
        assert!(sources(&error).any(|error| error.is::<Elsewhere>()), "{error:?}");
        // Of several addresses those that are near are taken.
        let near = ask(|name| {
            assert_eq!(name, "nas.local");
            Ok(vec![SocketAddr::from(([203, 0, 113, 9], 0)), SocketAddr::from(([127, 0, 0, 1], 0))])
        });
        assert!(near.unwrap().status().is_success());
        assert_eq!(fake.seen().len(), 1);
    }
}
