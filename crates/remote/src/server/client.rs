//! How a server is connected to: certificates, proxies, names.
//!
//! Owns what keeps words on their way: nothing that is meant for this machine or its own network goes to a proxy, and nobody
//! without a certificate that this system trusts is spoken to over TLS.

use super::{HEADERS, IDLE, innermost};
use crate::{Address, Limits, RemoteError};
use reqwest::Client;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A client for one address alone.
pub(super) fn client(address: &Address, limits: &Limits) -> Result<Client, RemoteError> {
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
    if let Some((name, port)) = address.local_name() {
        // And so might a name server.
        let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        builder = builder.resolve_to_addrs(name, &here.map(|ip| SocketAddr::new(ip, port)));
    }
    builder.build().map_err(|error| RemoteError::Setup { detail: innermost(&error) })
}

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
