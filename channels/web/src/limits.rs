//! How much one visitor and one network may do: token buckets in a map whose size is bounded.

use crate::problem::Problem;
use model::Instant;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// How many keys a limiter remembers; beyond it those heard from longest ago are forgotten.
const REMEMBERED: usize = 50_000;

/// A burst and a lasting rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many at once.
    pub burst: f64,
    /// How many a second in the long run.
    pub per_second: f64,
}

/// The limits of a web channel. A network is one IPv4 address or one IPv6 /64, as the listener saw it; a
/// program that measures the channel from one machine sets the rates of networks higher.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Messages, presses and openings of one visitor.
    pub visitor_messages: Rate,
    /// Uploads of one visitor.
    pub visitor_files: Rate,
    /// Events and tokens of one visitor.
    pub visitor_events: Rate,
    /// How often one visitor may tell how far they have read.
    pub visitor_reads: Rate,
    /// Messages, presses, openings, uploads and events of one network.
    pub network_messages: Rate,
    /// New visitors of one network.
    pub network_sessions: Rate,
    /// Reads (pages, files, streams begun, what was read) of one network.
    pub network_reads: Rate,
    /// Event streams open at once for one visitor.
    pub visitor_streams: usize,
    /// Event streams open at once in all.
    pub streams: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            visitor_messages: Rate { burst: 30.0, per_second: 2.0 },
            visitor_files: Rate { burst: 10.0, per_second: 0.2 },
            visitor_events: Rate { burst: 30.0, per_second: 0.5 },
            visitor_reads: Rate { burst: 10.0, per_second: 1.0 },
            network_messages: Rate { burst: 300.0, per_second: 30.0 },
            network_sessions: Rate { burst: 60.0, per_second: 1.0 },
            network_reads: Rate { burst: 600.0, per_second: 60.0 },
            visitor_streams: 12,
            streams: 50_000,
        }
    }
}

/// One kind of thing that is limited, per key.
pub(crate) struct Limiter {
    rate: Rate,
    buckets: Mutex<HashMap<String, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl Limiter {
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one; refused with the seconds to wait if none is left.
    pub fn take(&self, key: &str, now: Instant) -> Result<(), Problem> {
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !buckets.contains_key(key) && buckets.len() >= REMEMBERED {
            forget(&mut buckets);
        }
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { left: self.rate.burst, at: now });
        // A clock that jumps back refills nothing and takes nothing.
        let seconds = now.micros_since(bucket.at).max(0) as f64 / 1e6;
        bucket.left = (bucket.left + seconds * self.rate.per_second).min(self.rate.burst);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        let wait = ((1.0 - bucket.left) / self.rate.per_second.max(1e-6)).ceil().clamp(1.0, 3_600.0);
        Err(Problem::too_many(wait as u32))
    }
}

/// Forgets the half heard from longest ago.
fn forget(buckets: &mut HashMap<String, Bucket>) {
    let mut times: Vec<Instant> = buckets.values().map(|b| b.at).collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    let mut over = buckets.len() / 2;
    buckets.retain(|_, b| {
        let goes = over > 0 && b.at <= median;
        over -= usize::from(goes);
        !goes
    });
}

/// The key of the network a request came from: the address the listener put into the request's extensions as
/// [`IpAddr`] or [`std::net::SocketAddr`]; none if it put none there. Headers are never believed.
pub(crate) fn network(request: &channel::HttpRequest) -> Option<String> {
    let extensions = request.extensions();
    let address = extensions.get::<IpAddr>().copied().or_else(|| extensions.get::<std::net::SocketAddr>().map(std::net::SocketAddr::ip));
    Some(match address? {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => Ipv6Addr::from(u128::from(v6) >> 64 << 64).to_string(),
        },
    })
}

/// Counts open streams.
#[derive(Default)]
pub(crate) struct Streams {
    all: AtomicUsize,
    visitors: Mutex<HashMap<String, usize>>,
}

/// One open stream; dropping it makes room.
pub(crate) struct StreamPlace {
    of: Arc<Streams>,
    visitor: String,
}

impl Streams {
    /// Takes a place for a visitor.
    pub fn enter(self: &Arc<Self>, visitor: &str, limits: &Limits) -> Result<StreamPlace, Problem> {
        let mut visitors = self.visitors.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.all.load(Ordering::Relaxed) >= limits.streams {
            return Err(Problem::too_many(10));
        }
        let open = visitors.entry(visitor.to_owned()).or_insert(0);
        if *open >= limits.visitor_streams {
            return Err(Problem::too_many(5));
        }
        *open += 1;
        self.all.fetch_add(1, Ordering::Relaxed);
        Ok(StreamPlace { of: Arc::clone(self), visitor: visitor.to_owned() })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut visitors = self.of.visitors.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.of.all.fetch_sub(1, Ordering::Relaxed);
        if let Some(open) = visitors.get_mut(&self.visitor) {
            *open -= 1;
            if *open == 0 {
                visitors.remove(&self.visitor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let limiter = Limiter::new(Rate { burst: 3.0, per_second: 0.5 });
        let start = Instant::from_secs(1_000);
        for _ in 0..3 {
            limiter.take("a", start).unwrap();
        }
        assert_eq!(limiter.take("a", start).unwrap_err().retry_after, Some(2));
        limiter.take("b", start).expect("another key has its own bucket");
        limiter.take("a", start.plus_micros(2_000_000)).expect("two seconds bring one");
        assert!(limiter.take("a", start.plus_micros(-9_000_000)).is_err(), "a clock that jumps back brings nothing");
    }

    #[test]
    fn the_map_is_bounded_and_forgets_the_oldest() {
        let limiter = Limiter::new(Rate { burst: 1.0, per_second: 0.001 });
        for n in 0..REMEMBERED + 10 {
            limiter.take(&format!("k{n}"), Instant::from_secs(1_000 + n as i64)).unwrap();
        }
        let buckets = limiter.buckets.lock().unwrap();
        assert!(buckets.len() <= REMEMBERED);
        assert!(buckets.contains_key(&format!("k{}", REMEMBERED + 9)) && !buckets.contains_key("k0"));
    }

    #[test]
    fn a_network_is_an_address_or_a_64() {
        let key = |ip: &str| {
            let mut request = http::Request::new(bytes::Bytes::new());
            request.headers_mut().insert("x-forwarded-for", http::HeaderValue::from_static("9.9.9.9"));
            request.extensions_mut().insert(ip.parse::<IpAddr>().unwrap());
            network(&request).unwrap()
        };
        assert_eq!(key("10.0.0.1"), "10.0.0.1");
        assert_eq!(key("::ffff:10.0.0.1"), "10.0.0.1");
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::"));
        assert_ne!(key("2001:db8:1:2::"), key("2001:db8:1:3::"));
        assert_eq!(network(&http::Request::new(bytes::Bytes::new())), None);
    }

    #[test]
    fn stream_places_come_back() {
        let streams = Arc::new(Streams::default());
        let limits = Limits { visitor_streams: 2, streams: 3, ..Limits::default() };
        let first = streams.enter("a", &limits).unwrap();
        let _second = streams.enter("a", &limits).unwrap();
        assert!(streams.enter("a", &limits).is_err());
        let _third = streams.enter("b", &limits).unwrap();
        assert!(streams.enter("c", &limits).is_err(), "the whole is bounded too");
        drop(first);
        streams.enter("a", &limits).unwrap();
        assert_eq!(streams.visitors.lock().unwrap().len(), 2);
    }
}
