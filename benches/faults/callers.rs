//! Callers who go on whatever they are answered, and note it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::report;

/// What one call was answered.
#[derive(Clone)]
pub struct Note {
    pub asked_at: Instant,
    pub answered_at: Instant,
    /// 0 where no answer came.
    pub status: u16,
    /// Whether it said when to try again.
    pub says_when: bool,
    /// The identifier in a receipt.
    pub id: Option<String>,
}

/// Callers on threads of their own.
pub struct Callers {
    stop: Arc<AtomicBool>,
    notes: Arc<Mutex<Vec<Note>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Callers {
    /// So many who submit one referral after the other.
    pub fn submitting(server: SocketAddr, partner_key: &str, count: usize) -> Self {
        let body = without_number(&report::body());
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {partner_key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            report::PATH,
            body.len()
        );
        Self::start(server, request, count)
    }

    /// So many who ask the same public question.
    pub fn asking(server: SocketAddr, path: &str, count: usize) -> Self {
        Self::start(server, format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"), count)
    }

    fn start(server: SocketAddr, request: String, count: usize) -> Self {
        let (stop, notes) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let request: Arc<str> = request.into();
        let caller = |_| {
            let (stop, notes, request) = (Arc::clone(&stop), Arc::clone(&notes), Arc::clone(&request));
            std::thread::spawn(move || {
                let mut line = None;
                while !stop.load(Ordering::Acquire) {
                    let note = ask(&mut line, server, request.as_bytes());
                    let is_gone = note.status == 0;
                    notes.lock().expect("no caller panics").push(note);
                    if is_gone {
                        pause(Duration::from_millis(5));
                    }
                }
            })
        };
        let threads = (0..count).map(caller).collect();
        Self { stop, notes, threads }
    }

    /// What was answered so far.
    pub fn notes(&self) -> Vec<Note> {
        self.notes.lock().expect("no caller panics").clone()
    }

    fn last(&self, count: usize) -> Vec<Note> {
        let notes = self.notes.lock().expect("no caller panics");
        notes[notes.len().saturating_sub(count)..].to_vec()
    }

    /// Waits until the last answers please, of calls that begin now, at most for so long; how long it took.
    pub fn until(&self, patience: Duration, well: impl Fn(&[Note]) -> bool) -> Option<Duration> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            let last = self.last(64);
            let first = last.iter().position(|note| note.asked_at >= begun).unwrap_or(last.len());
            if well(&last[first..]) {
                return Some(begun.elapsed());
            }
            pause(Duration::from_millis(5));
        }
        None
    }

    /// All that was answered.
    pub fn end(self) -> Vec<Note> {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads {
            thread.join().expect("no caller panics");
        }
        Arc::into_inner(self.notes).and_then(|notes| notes.into_inner().ok()).unwrap_or_default()
    }
}

fn ask(line: &mut Option<TcpStream>, server: SocketAddr, request: &[u8]) -> Note {
    let asked_at = Instant::now();
    let mut call = || -> io::Result<(u16, String, String)> {
        let mut stream = match line.take() {
            Some(stream) => stream,
            None => connect(server)?,
        };
        stream.write_all(request)?;
        let answer = read_answer(&mut stream)?;
        *line = Some(stream);
        Ok(answer)
    };
    let outcome = call();
    let answered_at = Instant::now();
    let (status, head, body) = outcome.unwrap_or_default();
    let says_when = head.contains("retry-after: ");
    let id = (status == 201).then(|| report::id_in(body.as_bytes()));
    Note { asked_at, answered_at, status, says_when, id }
}

pub fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, Duration::from_secs(10))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// The status, the head in small letters, and the body.
pub fn read_answer(stream: &mut TcpStream) -> io::Result<(u16, String, String)> {
    let (mut bytes, mut part) = (Vec::new(), [0; 8192]);
    loop {
        match stream.read(&mut part)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&part[..count]),
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length =
            head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or_default() {
            let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
            return Ok((status, head.clone(), body.to_owned()));
        }
    }
}

/// How often each status came, as a text.
pub fn statuses(notes: &[Note]) -> String {
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for note in notes {
        *counts.entry(note.status).or_default() += 1;
    }
    let told = counts.iter().map(|(status, count)| match status {
        0 => format!("{count} × no answer"),
        status => format!("{count} × {status}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

#[expect(clippy::disallowed_methods, reason = "What is tried is what happens while time goes by.")]
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// The body without an identity number, since it is sent as it is: each of these is a report of its own.
fn without_number(body: &str) -> String {
    let mut body: serde_json::Value = serde_json::from_str(body).expect("the body is JSON");
    body["child"].as_object_mut().expect("there is a child").remove("personalIdentityNumber");
    body.to_string()
}
