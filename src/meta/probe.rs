//! Asks a server whether it is ready, for the health check of a container that has no other tool to ask with.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The longest time that connecting to the server, writing to it or reading from it may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The number of bytes of the answer that are read; they contain its head and the warnings.
const ENOUGH: u64 = 4096;

/// Asks the server at `address` whether it is ready (`GET /health/ready`), and returns its warnings. The error says why it is not
/// ready.
pub fn ask(address: SocketAddr) -> Result<Vec<String>, String> {
    let address = reachable(address);
    let answer = exchange(address).map_err(|cause| format!("nobody answers on {address}: {cause}"))?;
    let status = answer.split_whitespace().nth(1).unwrap_or("nothing");
    if answer.starts_with("HTTP/1.1 ") && status == "200" {
        Ok(warnings(&answer))
    } else {
        Err(format!("not ready: {address} answers {status}"))
    }
}

/// Reads the warnings in the body of an answer.
fn warnings(answer: &str) -> Vec<String> {
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let told: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let warnings = told["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    warnings.iter().filter_map(|warning| warning.as_str().map(str::to_owned)).collect()
}

fn exchange(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ENOUGH).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Replaces the address of a server that listens on all addresses by the loopback address, and returns any other address unchanged.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(loopback, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listens, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("192.0.2.1:80", "192.0.2.1:80")]
        {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
