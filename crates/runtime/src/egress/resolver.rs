//! The resolver that stands between a name and the connection: it lets through addresses that were checked, or none.

use super::address::{Allowed, is_public};
use futures::{FutureExt, future::BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// How names are looked up.
pub(super) trait Lookup: Send + Sync + 'static {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// As the system does.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) }.boxed()
    }
}

/// The name leads where requests do not go.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) String);

/// A resolver that answers only if every address may be reached. One that may not spoils the name: a name that
/// leads to both is a trick or a mistake.
pub(super) struct Guarded {
    lookup: Arc<dyn Lookup>,
    allowed: Arc<Allowed>,
}

impl Guarded {
    pub(super) fn new(lookup: Arc<dyn Lookup>, allowed: Arc<Allowed>) -> Self {
        Self { lookup, allowed }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (looked_up, allowed) = (self.lookup.lookup(name.as_str().to_owned()), Arc::clone(&self.allowed));
        async move {
            let addresses = looked_up.await?;
            let by_name = allowed.name(name.as_str());
            if !by_name && !addresses.iter().all(|ip| is_public(*ip) || allowed.ip(*ip)) {
                // Which address it was is nobody's business: names inside must not be mapped from outside.
                return Err(Refused(format!("{} does not lead to a public address", name.as_str())).into());
            }
            if addresses.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
            }
            // Port 0: the connection takes the address's own.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        }
        .boxed()
    }
}
