//! The sign-in limiter: how often an account and a network may try, counted before the password is looked at.
//!
//! The network is where the connection comes from (through trusted proxies only), never a header a client may write.

use model::Instant;
use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Tries without success count this long, in microseconds.
const WINDOW: i64 = 15 * 60 * 1_000_000;
/// Tries per account within the window.
const PER_ACCOUNT: usize = 10;
/// Tries per network within the window.
const PER_NETWORK: usize = 30;
/// Accounts and networks remembered at once; the stalest go first.
const REMEMBERED: usize = 20_000;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Network(IpAddr),
}

/// What has been tried lately.
#[derive(Default)]
pub(crate) struct Limiter {
    tries: Mutex<HashMap<Key, VecDeque<Instant>>>,
}

/// The network of an address: one IPv4 address, or one IPv6 /64, which is what a single customer gets.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let s = v6.segments();
            IpAddr::from([s[0], s[1], s[2], s[3], 0, 0, 0, 0])
        }
    }
}

impl Limiter {
    /// Counts a try.
    ///
    /// # Errors
    /// The seconds to wait, if the account or the network tried too often; such a try is not counted.
    pub(crate) fn begin(&self, account: &str, ip: IpAddr, now: Instant) -> Result<(), u64> {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = [(Key::Account(account.to_owned()), PER_ACCOUNT), (Key::Network(network(ip)), PER_NETWORK)];
        let mut wait = None;
        for (key, limit) in &keys {
            if let Some(times) = tries.get_mut(key) {
                times.retain(|at| now.micros_since(*at) < WINDOW);
                if times.len() >= *limit {
                    let oldest = times.front().copied().unwrap_or(now);
                    let left = (WINDOW - now.micros_since(oldest)).max(0).unsigned_abs().div_ceil(1_000_000);
                    wait = wait.max(Some(left));
                }
            }
        }
        if let Some(secs) = wait {
            return Err(secs);
        }
        if tries.len() + keys.len() > REMEMBERED {
            make_room(&mut tries, now);
        }
        for (key, _) in keys {
            tries.entry(key).or_default().push_back(now);
        }
        Ok(())
    }

    /// A try succeeded: the account begins anew, the network gets this try back.
    pub(crate) fn succeeded(&self, account: &str, ip: IpAddr) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.remove(&Key::Account(account.to_owned()));
        if let Some(times) = tries.get_mut(&Key::Network(network(ip))) {
            times.pop_back();
        }
    }
}

fn make_room(tries: &mut HashMap<Key, VecDeque<Instant>>, now: Instant) {
    tries.retain(|_, times| times.back().is_some_and(|at| now.micros_since(*at) < WINDOW));
    if tries.len() + 2 > REMEMBERED {
        let mut ages: Vec<Instant> = tries.values().filter_map(|t| t.back().copied()).collect();
        let middle = ages.len() / 4;
        let (_, cut, _) = ages.select_nth_unstable(middle);
        let cut = *cut;
        tries.retain(|_, times| times.back().is_some_and(|at| *at > cut));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    fn at(secs: i64) -> Instant {
        Instant::from_secs(1_800_000_000 + secs)
    }
    fn ip(n: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(0x0A00_0000 + n))
    }

    #[test]
    fn an_account_is_limited_from_everywhere_until_the_window_passed() {
        let limiter = Limiter::default();
        for n in 0..10 {
            limiter.begin("ana", ip(n), at(i64::from(n))).unwrap();
        }
        assert_eq!(limiter.begin("ana", ip(99), at(10)), Err(890), "the oldest try leaves after 15 minutes");
        limiter.begin("bea", ip(99), at(10)).unwrap();
        limiter.begin("ana", ip(99), at(900)).unwrap();
        assert!(limiter.begin("ana", ip(99), at(900)).is_err(), "one left the window, one came");
    }

    #[test]
    fn a_network_is_limited_over_all_accounts() {
        let limiter = Limiter::default();
        for n in 0..30 {
            limiter.begin(&format!("account {n}"), HOME, at(0)).unwrap();
        }
        assert!(limiter.begin("another", HOME, at(1)).is_err());
        limiter.begin("another", ip(7), at(1)).unwrap();
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together_and_mapped_ones_as_ipv4() {
        assert_eq!(network("2001:db8:1:2:aaaa::1".parse().unwrap()), network("2001:db8:1:2:bbbb::9".parse().unwrap()));
        assert_ne!(network("2001:db8:1:2::1".parse().unwrap()), network("2001:db8:1:3::1".parse().unwrap()));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), HOME);
    }

    #[test]
    fn success_clears_the_account_and_gives_the_network_its_try_back() {
        let limiter = Limiter::default();
        for n in 0..100 {
            limiter.begin("ana", HOME, at(n)).unwrap();
            limiter.succeeded("ana", HOME);
        }
    }

    #[test]
    fn memory_is_bounded_however_many_try() {
        let limiter = Limiter::default();
        for n in 0..60_000_u32 {
            let _ = limiter.begin(&format!("account {n}"), ip(n), at(i64::from(n / 1_000)));
        }
        assert!(limiter.tries.lock().unwrap().len() <= REMEMBERED);
    }
}
