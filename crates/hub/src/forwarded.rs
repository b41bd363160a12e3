//! From which address a request comes, where proxies stand in between.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::Settings;

const FORWARDED: &str = "x-forwarded-for";

/// Who is connected; behind proxies that are known, whom they tell of. What anybody else says there is nothing.
pub(crate) fn address(settings: &Settings, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    walk(peer.ip(), headers, |address| settings.is_proxy(address))
}

/// Each proxy adds at the end from whom it heard: from there on it is believed as far as known proxies told it.
fn walk(peer: IpAddr, headers: &HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> IpAddr {
    let lines = headers.get_all(FORWARDED).iter().rev();
    let mut told = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    let mut address = peer.to_canonical();
    while is_proxy(address)
        && let Some(before) = told.next().and_then(read)
    {
        address = before;
    }
    address
}

/// Some proxies add the port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|whole| whole.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, told: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in told {
            headers.append(FORWARDED, line.parse().unwrap());
        }
        let nets: Vec<ipnet::IpNet> = proxies.iter().map(|net| net.parse().unwrap()).collect();
        let is_proxy = |address: IpAddr| nets.iter().any(|net| net.contains(&address));
        walk(peer.parse().unwrap(), &headers, is_proxy).to_string()
    }

    #[test]
    fn only_known_proxies_are_believed_and_the_first_that_is_none_is_the_client() {
        let (ours, all) = (&["10.0.0.0/8"][..], &["10.0.0.0/8", "172.64.0.0/13"][..]);
        assert_eq!(from("203.0.113.9", &["6.6.6.6"], &[]), "203.0.113.9", "nobody is believed");
        assert_eq!(from("203.0.113.9", &["6.6.6.6"], ours), "203.0.113.9", "nor who is no proxy");
        assert_eq!(
            from("10.0.0.9", &["6.6.6.6, 198.51.100.7"], ours),
            "198.51.100.7",
            "what a client says is nothing"
        );
        let through = &["6.6.6.6,198.51.100.7, 172.71.95.118, 10.19.64.237"][..];
        assert_eq!(
            from("10.21.157.68", through, all),
            "198.51.100.7",
            "two kinds of proxies, one behind the other"
        );
        assert_eq!(from("10.21.157.68", through, ours), "172.71.95.118");
        assert_eq!(from("10.0.0.9", &["198.51.100.7", "10.0.0.3"], ours), "198.51.100.7", "on two lines");
        assert_eq!(from("::ffff:10.0.0.9", &["[2001:db8::7]:443"], ours), "2001:db8::7");
        assert_eq!(from("10.0.0.9", &["198.51.100.7:50123"], ours), "198.51.100.7");
        assert_eq!(from("10.0.0.9", &["198.51.100.7, nonsense"], ours), "10.0.0.9");
        assert_eq!(from("10.0.0.9", &["198.51.100.7, nonsense, 10.0.0.3"], ours), "10.0.0.3");
        assert_eq!(from("10.0.0.9", &[], ours), "10.0.0.9");
    }
}
