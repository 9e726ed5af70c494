//! Which addresses are public, and which others the operator allows.

use ipnet::IpNet;
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};
use url::Host;

/// Whether an address is public unicast: reachable by anybody, so that reaching it gives nothing away.
///
/// Everything else — this host, private, shared, link-local (where clouds keep their credentials), documentation,
/// benchmarking, multicast, reserved, and IPv6 forms that carry an IPv4 address through a translator — is not.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    )
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // 2000::/3 is all that is given out; in it are protocol assignments with Teredo (2001::/23), documentation
    // (2001:db8::/32, 3fff::/20) and 6to4 (2002::/16).
    (0x2000..=0x3fff).contains(&a) && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && a != 0x2002 && !(a == 0x3fff && b < 0x1000)
}

/// An entry of the operator's list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is neither a host (intranet.example), an address (10.0.0.7) nor a network (10.0.0.0/8)")]
pub struct AllowError(pub String);

/// What the operator allows beyond what is public.
#[derive(Debug, Default)]
pub(super) struct Allowed {
    names: BTreeSet<String>,
    networks: Vec<IpNet>,
}

impl Allowed {
    pub(super) fn parse(entries: &[String]) -> Result<Self, AllowError> {
        let mut allowed = Self::default();
        for entry in entries {
            let written = entry.trim();
            if let Ok(network) = written.parse::<IpNet>() {
                allowed.networks.push(network);
                continue;
            }
            let bare = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(written);
            if let Ok(ip) = bare.parse::<IpAddr>() {
                allowed.networks.push(ip.into());
                continue;
            }
            match Host::parse(written) {
                Ok(Host::Domain(name)) if !name.is_empty() && !name.contains('*') => {
                    allowed.names.insert(plain_name(&name));
                }
                // Addresses are written plainly here, not in the spellings that only browsers know.
                _ => return Err(AllowError(entry.clone())),
            }
        }
        Ok(allowed)
    }

    /// Whether the host of this name is allowed, wherever it is.
    pub(super) fn name(&self, name: &str) -> bool {
        self.names.contains(&plain_name(name))
    }

    /// Whether this address is in an allowed network.
    pub(super) fn ip(&self, ip: IpAddr) -> bool {
        let unmapped = ip.to_canonical();
        self.networks.iter().any(|network| network.contains(&ip) || network.contains(&unmapped))
    }
}

/// A name in one form: the dot at its end says nothing here.
fn plain_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public() {
        for (ip, public) in [
            ("8.8.8.8", true),
            ("1.1.1.1", true),
            ("100.63.255.255", true),
            ("100.128.0.0", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("192.0.1.0", true),
            ("198.17.255.255", true),
            ("223.255.255.255", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.255.255.255", false),
            ("100.64.0.0", false),
            ("100.127.255.255", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("172.16.0.0", false),
            ("172.31.255.255", false),
            ("192.0.0.192", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.0.1", false),
            ("198.18.0.1", false),
            ("198.19.255.255", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:4700:4700::1111", true),
            ("2a00:1450::1", true),
            ("2001:4860:4860::8888", true),
            ("::ffff:8.8.8.8", true),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("::127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b:1::1", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:1ff::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::1", false),
            ("3fff:fff::1", false),
            ("fc00::1", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), public, "{ip}");
        }
    }

    #[test]
    fn what_the_operator_writes() {
        let entries = ["Intranet.Example", " 10.1.0.0/16 ", "192.168.1.5", "fd00::/8", "[::1]"].map(str::to_owned);
        let allowed = Allowed::parse(&entries).unwrap();
        assert!(allowed.name("intranet.example") && allowed.name("INTRANET.example."));
        assert!(!allowed.name("intranet.example.evil.example") && !allowed.name("x.intranet.example"));
        for (ip, is) in [
            ("10.1.255.1", true),
            ("::ffff:10.1.0.1", true),
            ("10.2.0.1", false),
            ("192.168.1.5", true),
            ("192.168.1.6", false),
            ("fd12::1", true),
            ("::1", true),
            ("::2", false),
        ] {
            assert_eq!(allowed.ip(ip.parse().unwrap()), is, "{ip}");
        }
        for wrong in ["", "*", "*.example", "http://x.example/", "10.0.0.0/33", "a b", "x.example:80", "0x7f.1"] {
            assert_eq!(Allowed::parse(&[wrong.to_owned()]).unwrap_err(), AllowError(wrong.to_owned()));
        }
    }
}
