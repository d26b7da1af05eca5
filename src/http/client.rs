//! The IP address that a call comes from: the peer's address, or the address that a trusted proxy names.
//!
//! - The headers `Forwarded` (RFC 7239) and `X-Forwarded-For` count only if the peer lies in a network that the installation
//!   trusts. Anybody else could write anything there.
//! - Each proxy appends, at the right, the address that it was called from. So the client's address is the right-most one that does
//!   not belong to a trusted proxy.
//! - If a header cannot be read, or the two headers contradict each other, the address is unknown. If the proxy's own address
//!   were used instead, a caller who spoils the header would look like the proxy.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::web::Data;
use ipnet::IpNet;

use crate::http::settings::Settings;

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Returns the IP address of the client that sent a request; `None` if it cannot be determined.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let settings = request.app_data::<Data<Settings>>()?;
    if !is_trusted(peer, &settings.trusted_proxies) {
        return Some(peer);
    }
    named(request, peer, &settings.trusted_proxies)
}

/// Returns the address of the client for whom a trusted proxy calls. The inner `None` is an address that cannot be determined. The
/// outer one is a call that did not come through a trusted proxy, or that is a trusted proxy's own, such as a health check.
pub fn named_by_proxy(request: &HttpRequest) -> Option<Option<IpAddr>> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let trusted = &request.app_data::<Data<Settings>>()?.trusted_proxies;
    if !is_trusted(peer, trusted) {
        return None;
    }
    let client = named(request, peer, trusted);
    (!client.is_some_and(|client| is_trusted(client, trusted))).then_some(client)
}

/// Returns the address that the trusted proxy `peer` names in the headers of a request, as [`behind`] does.
fn named(request: &HttpRequest, peer: IpAddr, trusted: &[IpNet]) -> Option<IpAddr> {
    let lines = |name| all_lines(request.headers(), name);
    behind(peer, trusted, lines(FORWARDED).as_deref(), lines(X_FORWARDED_FOR).as_deref())
}

/// Returns the address of the client whose call came through the trusted proxy `peer`. The headers `Forwarded` and
/// `X-Forwarded-For` are passed with all lines of each joined. `None` if one cannot be read or they contradict each other.
pub fn behind(
    peer: IpAddr,
    trusted: &[IpNet],
    forwarded: Option<&str>,
    x_forwarded_for: Option<&str>,
) -> Option<IpAddr> {
    let by_standard = forwarded.map(|value| last_untrusted(forwarded_nodes(value)?.into_iter(), trusted));
    let by_custom = x_forwarded_for.map(|value| last_untrusted(value.split(',').map(str::trim), trusted));
    match (by_standard, by_custom) {
        (None, None) => Some(peer),
        (Some(one), None) | (None, Some(one)) => one,
        // A proxy that writes one of the headers may pass on the other as its caller wrote it.
        (Some(one), Some(other)) => one.filter(|_| one == other),
    }
}

/// Whether an address belongs to a trusted proxy.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// Joins all lines of a header with commas; `None` if the header is missing. A line that is not text becomes one that cannot be
/// parsed.
fn all_lines(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).map(|line| line.to_str().unwrap_or("?")).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Returns the right-most address in the list that is not trusted, or the left-most one if all are trusted. `None` if an address
/// that has to be looked at, from the right, cannot be parsed.
fn last_untrusted<'a>(
    nodes: impl DoubleEndedIterator<Item = impl AsRef<str> + 'a>,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let mut furthest = None;
    for node in nodes.rev() {
        let address = node_address(node.as_ref())?;
        furthest = Some(address);
        if !is_trusted(address, trusted) {
            break;
        }
    }
    furthest
}

/// Parses the address of a node in `Forwarded` or `X-Forwarded-For`: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`,
/// `[2001:db8::1]:80`, and IPv6 without brackets. Neither `unknown` nor an obfuscated name is an address.
fn node_address(node: &str) -> Option<IpAddr> {
    if let Ok(address) = node.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (host, port) = match node.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host.parse::<std::net::Ipv6Addr>().ok()?.into(), port.strip_prefix(':').or(port.is_empty().then_some("0")))
        }
        None => {
            let (host, port) = node.split_once(':')?;
            (IpAddr::V4(host.parse().ok()?), Some(port))
        }
    };
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    // RFC 7239, section 6.3: a port may be replaced by an obfuscated name.
    let is_hidden = |port: &str| port.len() > 1 && port.starts_with('_');
    port.filter(|port| is_port(port) || is_hidden(port)).map(|_| host.to_canonical())
}

/// Returns the `for` value of each element of a `Forwarded` header. An element without one becomes an empty text, which is no
/// address. `None` if the header as a whole does not follow RFC 7239, section 4.
fn forwarded_nodes(value: &str) -> Option<Vec<String>> {
    let mut nodes = Vec::new();
    let mut rest = value;
    loop {
        let mut node = None;
        // This loop reads the pairs of one element.
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with([',', ';']) {
                let (name, after) = rest.split_once('=').filter(|(name, _)| is_token(name))?;
                let (value, after) = token_or_quoted(after)?;
                if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
                    return None;
                }
                rest = after.trim_start_matches([' ', '\t']);
            }
            match rest.strip_prefix(';') {
                Some(after) => rest = after,
                None => break,
            }
        }
        nodes.push(node.unwrap_or_default());
        if rest.is_empty() {
            return Some(nodes);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// Splits a token or a quoted string off the beginning of the text, and returns its value with the rest of the text. `None` if
/// there is neither.
fn token_or_quoted(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c| !is_token_character(c)).unwrap_or(text.len());
        let (token, after) = text.split_at(end);
        return (!token.is_empty()).then(|| (token.to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_character)
}

/// Whether a character may be part of a token (RFC 9110, section 5.6.2).
fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PEER: &str = "10.0.0.5";

    fn trusted() -> Vec<IpNet> {
        vec!["10.0.0.0/8".parse().unwrap(), "2001:db8:aaaa::/48".parse().unwrap()]
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn by(forwarded: Option<&str>, x_forwarded_for: Option<&str>) -> Option<String> {
        behind(ip(PEER), &trusted(), forwarded, x_forwarded_for).map(|address| address.to_string())
    }

    #[test]
    fn the_right_most_address_that_is_not_a_proxys_counts() {
        let both = |standard: &str, custom: &str, expected: &str| {
            assert_eq!(by(Some(standard), None).as_deref(), Some(expected), "{standard}");
            assert_eq!(by(None, Some(custom)).as_deref(), Some(expected), "{custom}");
            assert_eq!(by(Some(standard), Some(custom)).as_deref(), Some(expected), "{standard} with {custom}");
        };
        both("for=203.0.113.9", "203.0.113.9", "203.0.113.9");
        both("for=192.0.2.1, for=203.0.113.9", "192.0.2.1, 203.0.113.9", "203.0.113.9");
        both("for=203.0.113.9;proto=https, For=10.1.1.1;by=10.0.0.5", "203.0.113.9,10.1.1.1", "203.0.113.9");
        both("FOR=\"203.0.113.9:4711\"", "203.0.113.9:4711", "203.0.113.9");
        both("for=\"[2001:db8:cafe::17]:4711\"", "[2001:db8:cafe::17]:4711", "2001:db8:cafe::17");
        both("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17", "2001:db8:cafe::17");
        both("proto=https;for=\"[::ffff:203.0.113.9]:_http\"", "::ffff:203.0.113.9", "203.0.113.9");
        // The left part was written by the caller and is not even parsed.
        both("for=unknown, for=203.0.113.9", "rubbish, 203.0.113.9", "203.0.113.9");
        // The caller is a host in a trusted network.
        both("for=10.9.9.9, for=10.1.1.1", "10.9.9.9, 10.1.1.1", "10.9.9.9");
    }

    #[test]
    fn without_either_header_it_is_the_peer() {
        assert_eq!(by(None, None).as_deref(), Some(PEER));
    }

    #[test]
    fn what_cannot_be_read_is_nobodys_address() {
        let malformed = [
            "",
            "for=",
            "for",
            "proto=https",
            "for=unknown",
            "for=_hidden",
            "for=203.0.113.9 for=192.0.2.1",
            "for=203.0.113.9;for=192.0.2.1",
            "for=\"203.0.113.9",
            "for=\"abc, for=203.0.113.9",
            "for=203.0.113.9:99999999",
            "for=2001:db8::1, ",
            "for=\"2001:db8::1]\"",
            "for=\"[203.0.113.9]\"",
            "=203.0.113.9",
            "for=203.0.113.9, for=10.0.0.300",
        ];
        for value in malformed {
            assert_eq!(by(Some(value), None), None, "{value}");
        }
        for value in ["", "203.0.113.9,", "unknown", "203.0.113", "203.0.113.9:", "[203.0.113.9]", "[2001:db8::1", "?"]
        {
            assert_eq!(by(None, Some(value)), None, "{value}");
        }
    }

    #[test]
    fn two_headers_that_contradict_each_other_tell_nothing() {
        assert_eq!(by(Some("for=192.0.2.1"), Some("203.0.113.9")), None);
        assert_eq!(by(Some("for=\"abc"), Some("203.0.113.9")), None);
    }

    fn addresses() -> impl Strategy<Value = IpAddr> {
        prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u16; 8]>().prop_map(IpAddr::from)]
    }

    fn node(address: &IpAddr) -> String {
        match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("\"[{address}]\""),
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_parser(standard in "\\PC{0,60}", custom in "\\PC{0,60}") {
            behind(ip(PEER), &trusted(), Some(&standard), Some(&custom));
        }

        #[test]
        fn nearly_right_headers_do_not_either(standard in "((for|by)=(\"?\\[?[0-9a-f:.]{0,8}\\]?\"?|_x|unknown)[,; ]?){0,6}") {
            behind(ip(PEER), &trusted(), Some(&standard), None);
        }

        /// The caller may write anything, since the address that the proxy appends decides.
        #[test]
        fn a_caller_cannot_choose_its_address(written in "[ -!#-~]{0,60}", from in addresses()) {
            prop_assume!(!is_trusted(from.to_canonical(), &trusted()));
            let (standard, custom) = (format!("{written}, for={}", node(&from)), format!("{written}, {from}"));
            let expected = Some(from.to_canonical());
            prop_assert_eq!(behind(ip(PEER), &trusted(), None, Some(&custom)), expected);
            let found = behind(ip(PEER), &trusted(), Some(&standard), None);
            prop_assert!(found.is_none() || found == expected);
        }

        #[test]
        fn both_headers_say_the_same_of_the_same_way(way in prop::collection::vec(addresses(), 1..6)) {
            let standard: Vec<String> = way.iter().map(|address| format!("for={}", node(address))).collect();
            let custom: Vec<String> = way.iter().map(ToString::to_string).collect();
            let (standard, custom) = (standard.join(", "), custom.join(", "));
            let found = behind(ip(PEER), &trusted(), Some(&standard), Some(&custom));
            let untrusted = way.iter().rev().map(IpAddr::to_canonical).find(|address| !is_trusted(*address, &trusted()));
            prop_assert_eq!(found, Some(untrusted.unwrap_or(way[0].to_canonical())));
        }
    }
}
