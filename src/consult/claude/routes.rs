//! By which TCP ports Claude Code reaches its service: what a jail has to leave open.

use super::credentials::Given;

/// Of variables that hold an address, and of the proxies, which are also written in lower case.
const ADDRESSES: [&str; 8] = [
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_FOUNDRY_BASE_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "AWS_ENDPOINT_URL",
];

/// HTTPS; HTTP, by which clouds give their machines credentials; and DNS, when an answer is long.
const ALWAYS: [u16; 3] = [443, 80, 53];

/// Every port that may be needed, each once.
pub(crate) fn ports(given: &Given<'_>) -> Vec<u16> {
    let spellings =
        ADDRESSES.iter().flat_map(|name| [(*name).to_owned(), name.to_ascii_lowercase()]);
    let named = spellings.filter_map(|name| port(&given.value(&name)?));
    let mut ports: Vec<u16> = ALWAYS.into_iter().chain(named).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The port that an address names; without one, its scheme's is among those that are always open,
/// but for SOCKS.
fn port(address: &str) -> Option<u16> {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let after = host.rsplit(']').next()?;
    match after.rsplit_once(':') {
        Some((_, port)) => port.parse().ok(),
        None => scheme.starts_with("socks").then_some(1080),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_an_address_is_found_however_it_is_written() {
        for (address, want) in [
            ("https://api.anthropic.com", None),
            ("http://127.0.0.1:41233", Some(41233)),
            ("http://u:p@proxy:3128/", Some(3128)),
            ("proxy:8080", Some(8080)),
            ("http://[::1]:9/x:1", Some(9)),
            ("http://[::1]/", None),
            ("socks5h://proxy", Some(1080)),
            ("nonsense:", None),
        ] {
            assert_eq!(port(address), want, "{address}");
        }
    }

    #[test]
    fn what_is_named_is_open_beside_what_always_is() {
        let variables = [("https_proxy".to_owned(), "http://p:3128".to_owned())];
        let given = Given { variables: &variables, carried: None };
        assert_eq!(ports(&given), [53, 80, 443, 3128]);
    }
}
