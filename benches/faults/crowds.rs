//! Many who hold connections and say little, or without end.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use super::Outcome;
use super::callers::{Callers, Note, connect, pause, read_answer, statuses};
use super::folder::Folder;
use super::installation::Installation;
use super::program::Program;
use super::serving::serve;

const IDLE: usize = 1_000;
const SLOW: usize = 200;
const ENDLESS: usize = 64;
const QUESTION: &str = "/nara/v1/where-to-turn?place=Ryd";

/// All of them, on one server.
pub fn all(folder: &Folder) -> Vec<Outcome> {
    let url = folder.sqlite_url();
    let installation = Installation::fill(url.parse().expect("a URL of a database"));
    let server = serve(&url, &installation, folder);
    let key = &installation.partner_key;
    let slow_head = format!("GET {QUESTION} HTTP/1.1\r\nhost: localhost\r\nx-slow: ");
    let slow_body = format!(
        "POST /nara/v1/partner/referrals HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{{"
    );
    vec![
        held(&server, "1,000 connections that say nothing", IDLE, "", b"", (5, 8)),
        held(&server, "200 that send a head byte by byte", SLOW, &slow_head, b"x", (5, 8)),
        held(&server, "200 that send a body byte by byte", SLOW, &slow_body, b" ", (15, 18)),
        held(
            &server,
            "1,000 that stay after one call",
            IDLE,
            &format!("GET {QUESTION} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
            b"",
            (75, 80),
        ),
        endless(&server),
    ]
}

/// In kilobytes: what is resident now, and the most that ever was.
fn memory(process: &Child) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let of =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
    (of("VmRSS:").unwrap_or_default(), of("VmHWM:").unwrap_or_default())
}

/// How long the slowest of a hundred was answered after, of those asked since then.
fn slowest_percent(notes: &[Note], since: Instant) -> (Duration, usize) {
    let mut took: Vec<Duration> =
        notes.iter().filter(|note| note.asked_at >= since).map(|note| note.answered_at - note.asked_at).collect();
    took.sort();
    (took.get(took.len() * 99 / 100).copied().unwrap_or(Duration::MAX), took.len())
}

/// Connections that are opened, begin so, and then send this byte each second until they are closed, which must be in time.
fn held(
    server: &Program,
    fault: &'static str,
    count: usize,
    beginning: &str,
    byte: &[u8],
    seconds: (u64, u64),
) -> Outcome {
    let others = Callers::asking(server.address, QUESTION, 4);
    pause(Duration::from_secs(1));
    let (quiet, _) = slowest_percent(&others.notes(), Instant::now() - Duration::from_secs(1));
    let begun = Instant::now();
    let mut crowd: Vec<Option<TcpStream>> = (0..count).map(|_| Some(open(server.address, beginning))).collect();
    let opened = begun.elapsed();
    let (mut closed, mut refused, mut first, mut last) = (0, 0, None, Duration::ZERO);
    let patience = Duration::from_secs(seconds.1) + opened;
    let mut next = Instant::now() + Duration::from_secs(1);
    while closed < count && begun.elapsed() < patience + Duration::from_secs(5) {
        let is_due = Instant::now() >= next;
        if is_due {
            next += Duration::from_secs(1);
        }
        for place in &mut crowd {
            let Some(stream) = place else { continue };
            match told(stream) {
                Told::Nothing if is_due && !byte.is_empty() => {
                    let _closed = stream.write_all(byte);
                }
                Told::Nothing => {}
                Told::Refused => refused += 1,
                Told::Closed => {
                    *place = None;
                    closed += 1;
                    first.get_or_insert(begun.elapsed());
                    last = begun.elapsed();
                }
            }
        }
        pause(Duration::from_millis(50));
    }
    let (busy, answers) = slowest_percent(&others.notes(), begun);
    let notes = others.end();
    let well = notes.iter().all(|note| note.status == 200);
    let first = first.unwrap_or_default();
    // The server looks at its clock twice a second.
    let in_time =
        closed == count && last <= patience && first + Duration::from_secs(1) >= Duration::from_secs(seconds.0);
    let refusals = if refused > 0 { format!(", {refused} of them told so with 408") } else { String::new() };
    Outcome {
        fault,
        asked: "4 callers ask where to turn".to_owned(),
        came: format!(
            "{closed} closed after {:.1} to {:.1} s{refusals}; the others: {} ({answers} meanwhile), 99 % within {:.1} ms ({:.1} ms before)",
            first.as_secs_f64(),
            last.as_secs_f64(),
            statuses(&notes),
            busy.as_secs_f64() * 1e3,
            quiet.as_secs_f64() * 1e3,
        ),
        recovery: "nobody else noticed".to_owned(),
        held: in_time && well && busy < Duration::from_millis(250),
    }
}

fn open(server: SocketAddr, beginning: &str) -> TcpStream {
    let mut stream = connect(server).expect("the server takes a thousand connections");
    stream.write_all(beginning.as_bytes()).expect("it can be written");
    if beginning.ends_with("\r\n\r\n") {
        read_answer(&mut stream).expect("the first call is answered");
    }
    stream.set_nonblocking(true).expect("a socket can be so");
    stream
}

enum Told {
    Nothing,
    Refused,
    Closed,
}

fn told(stream: &mut TcpStream) -> Told {
    let mut part = [0; 2048];
    match stream.read(&mut part) {
        Ok(0) => Told::Closed,
        Ok(count) if part[..count].starts_with(b"HTTP/1.1 408") => Told::Refused,
        Ok(_) => Told::Nothing,
        Err(error) if error.kind() == ErrorKind::WouldBlock => Told::Nothing,
        Err(_) => Told::Closed,
    }
}

/// Bodies that come in pieces and never end.
fn endless(server: &Program) -> Outcome {
    let others = Callers::asking(server.address, QUESTION, 4);
    let (before, _) = memory(&server.child);
    let begun = Instant::now();
    let address = server.address;
    let senders: Vec<_> = (0..ENDLESS).map(|_| std::thread::spawn(move || pour(address))).collect();
    let poured: Vec<(u16, usize)> = senders.into_iter().map(|sender| sender.join().expect("nobody panics")).collect();
    let took = begun.elapsed();
    let (_, most) = memory(&server.child);
    let notes = others.end();
    let refused = poured.iter().filter(|(status, _)| [408, 413].contains(status)).count();
    let sent = poured.iter().map(|(_, sent)| *sent).max().unwrap_or_default();
    let grown = most.saturating_sub(before) / 1024;
    Outcome {
        fault: "64 bodies that never end",
        asked: "4 callers ask where to turn".to_owned(),
        came: format!(
            "{refused} refused with 413 or 408 and closed, after {:.1} MB at most; the others: {}; memory: {} MB before, {} MB at most",
            sent as f64 / 1e6,
            statuses(&notes),
            before / 1024,
            most / 1024,
        ),
        recovery: format!("{} ms", took.as_millis()),
        // Each may fill its mebibyte, twice while it is copied.
        held: refused == ENDLESS
            && sent < 32 << 20
            && notes.iter().all(|note| note.status == 200)
            && grown < 2 * ENDLESS as u64 + 32,
    }
}

/// What was answered to somebody who sends without end, and how much they could send until the connection was closed.
fn pour(server: SocketAddr) -> (u16, usize) {
    const PIECE: usize = 16 * 1024;
    const MOST: usize = 256 * 1024 * 1024;
    let mut stream = connect(server).expect("the server listens");
    let head = "POST /nara/v1/where-to-turn HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("it can be written");
    let piece = format!("{PIECE:x}\r\n{}\r\n", " ".repeat(PIECE));
    let (mut sent, mut answer) = (0, Vec::new());
    stream.set_read_timeout(Some(Duration::from_millis(1))).expect("a socket can be so");
    while sent < MOST {
        let mut part = [0; 2048];
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&part[..count]),
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(_) => break,
        }
        if stream.write_all(piece.as_bytes()).is_err() {
            let _rest = stream.read_to_end(&mut answer);
            break;
        }
        sent += PIECE;
    }
    let status = answer.get(9..12).and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
    (status.unwrap_or_default(), sent)
}
