//! The image and the composition, as far as their files tell: what is fetched is named by its digest, and nobody is believed or reached
//! who need not be. `proof/compose` runs them.

use std::fs;
use std::path::Path;

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The values of all lines that begin with this word.
fn values<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim().strip_prefix(word)).map(str::trim).collect()
}

/// The lines of one service of the composition.
fn service(name: &str) -> String {
    let text = file("docker-compose.yml");
    let (_, rest) = text.split_once(&format!("\n  {name}:\n")).unwrap();
    let lines = rest.lines().take_while(|line| line.starts_with("    ") || line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_others_made_is_named_by_its_digest() {
    let (dockerfile, whole, database) =
        (file("Dockerfile"), file("docker-compose.yml"), file("docker-compose.postgres.yml"));
    let mut images = values(&dockerfile, "FROM ");
    images.extend([&whole, &database].into_iter().flat_map(|text| values(text, "image:")));
    assert!(images.len() >= 6, "{images:?}");
    for image in images.into_iter().filter(|image| !["scratch", "nara"].contains(image)) {
        let name = image.split_whitespace().next().unwrap();
        let digest = name.split_once("@sha256:").map(|(_, digest)| digest);
        let is_whole = |digest: &str| digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        assert!(digest.is_some_and(is_whole), "{image} may be other bytes tomorrow");
    }
}

#[test]
fn the_proxy_alone_is_believed_and_reached() {
    let (nara, proxy, whole) = (service("nara"), service("proxy"), file("docker-compose.yml"));
    let address = values(&proxy, "proxied:")[0].trim_start_matches("{ ipv4_address: ").trim_end_matches(" }").to_owned();
    assert!(address.parse::<std::net::Ipv4Addr>().is_ok(), "{address}");
    assert_eq!(values(&nara, "NARA_TRUSTED_PROXIES:"), [format!("${{NARA_TRUSTED_PROXIES:-{address}}}")]);
    assert!(!whole.contains("gateway:"), "a gateway stands for everybody on the machine");
    assert!(values(&nara, "ports:").is_empty(), "Nära can be called past the proxy");
    assert!(values(&nara, "networks:")[0].contains("proxied") && values(&proxy, "-").contains(&"\"443:443\""), "{proxy}");
    let (_, network) = whole.rsplit_once("\n  proxied:\n").unwrap();
    assert_eq!(values(network, "internal:").first(), Some(&"true"), "others are on the proxy's network");
    let configuration = file("docker/Caddyfile");
    for limit in ["read_header", "read_body", "idle", "header_up -Forwarded", "tls {$NARA_TLS}"] {
        assert!(configuration.contains(limit), "{limit}: {configuration}");
    }
}
