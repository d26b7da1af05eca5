//! The load generator: HTTP/1.1 over kept connections, in one thread that does as little as it can.
//!
//! Each connection has one request under way. Requests are written as bytes beforehand; answers are read by their
//! `Content-Length`, and nothing of them is looked at but the status code.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// The digits of the number that makes every request another one.
pub const NUMBER: &str = "000000000000";

/// The identity number of the child in a body, one of Skatteverket's published test numbers. Each time another child's is sent.
pub const CHILD: &str = "20130315-2399";

/// The identity numbers of children who do not exist: no serial number is 000. There is one for each day of thirty years, since an
/// agency's reports about one child are taken as supplements once there are many.
static CHILDREN: LazyLock<Vec<String>> = LazyLock::new(|| {
    let first = NaiveDate::from_ymd_opt(1990, 1, 1).expect("it is a day");
    (0..10_957).map(|day| of_nobody(first + Days::new(day))).collect()
});

/// Whose turn it is, of all clients together.
static NEXT_CHILD: AtomicUsize = AtomicUsize::new(0);

/// The identity number with the serial number 000 of somebody born on this day.
fn of_nobody(born: NaiveDate) -> String {
    let digits = born.format("%y%m%d000").to_string();
    let doubled = |(place, digit): (usize, u8)| {
        let product = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
        product / 10 + product % 10
    };
    let sum: u32 = digits.bytes().enumerate().map(doubled).sum();
    format!("{}-000{}", born.format("%Y%m%d"), (10 - sum % 10) % 10)
}

/// A request as it is sent.
#[derive(Clone)]
pub struct Request {
    bytes: Vec<u8>,
    number_at: Option<usize>,
    child_at: Option<usize>,
}

impl Request {
    /// A request without a body.
    pub fn get(path: &str, credentials: Option<(&str, &str)>) -> Self {
        let head = head("GET", path, credentials);
        Self { bytes: format!("{head}\r\n").into_bytes(), number_at: None, child_at: None }
    }

    /// A request with a JSON body. Where the body has [`NUMBER`], each time another number is sent, and where it has [`CHILD`],
    /// another child's.
    pub fn post(path: &str, credentials: Option<(&str, &str)>, body: &str) -> Self {
        Self::with_body("POST", path, credentials, body)
    }

    /// A request of another method with a JSON body, as [`Self::post`] makes it.
    pub fn with_body(method: &str, path: &str, credentials: Option<(&str, &str)>, body: &str) -> Self {
        let (head, length) = (head(method, path, credentials), body.len());
        let head = format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        let [number_at, child_at] = [NUMBER, CHILD].map(|there| body.find(there).map(|at| head.len() + at));
        Self { bytes: format!("{head}{body}").into_bytes(), number_at, child_at }
    }

    /// Sends it once over a connection of its own.
    pub fn ask(&self, address: SocketAddr) -> io::Result<Answer> {
        Caller::connect(address)?.ask(self)
    }

    /// Makes it the request with this number, and gives its bytes.
    pub fn numbered(&mut self, mut number: u64) -> &[u8] {
        if let Some(at) = self.child_at {
            let child = &CHILDREN[NEXT_CHILD.fetch_add(1, Ordering::Relaxed) % CHILDREN.len()];
            self.bytes[at..at + CHILD.len()].copy_from_slice(child.as_bytes());
        }
        if let Some(at) = self.number_at {
            for digit in self.bytes[at..at + NUMBER.len()].iter_mut().rev() {
                *digit = b"0123456789"[(number % 10) as usize];
                number /= 10;
            }
        }
        &self.bytes
    }
}

fn head(method: &str, path: &str, credentials: Option<(&str, &str)>) -> String {
    let credentials = credentials.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n{credentials}")
}

/// A whole answer.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// One kept connection whose caller waits.
pub struct Caller {
    stream: std::net::TcpStream,
    received: Received,
}

impl Caller {
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, received: Received::default() })
    }

    pub fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        self.stream.write_all(&request.bytes)?;
        let Some((status, body)) = self.received.answer_from(&mut self.stream)? else {
            return Err(ErrorKind::TimedOut.into());
        };
        let answer = Answer { status, body: self.received.buffer[body].to_vec() };
        self.received.filled = 0;
        Ok(answer)
    }
}

/// What was received of one answer.
struct Received {
    buffer: Vec<u8>,
    filled: usize,
}

impl Default for Received {
    fn default() -> Self {
        Self { buffer: vec![0; 16 * 1024], filled: 0 }
    }
}

impl Received {
    /// The status code and the place of the body; `None` while more is to come.
    fn answer_from(&mut self, stream: &mut impl Read) -> io::Result<Option<(u16, Range<usize>)>> {
        loop {
            if self.filled == self.buffer.len() {
                self.buffer.resize(self.filled * 2, 0);
            }
            match stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if let Some(answer) = whole_answer(&self.buffer[..self.filled]) {
                return Ok(Some(answer));
            }
        }
    }
}

fn whole_answer(bytes: &[u8]) -> Option<(u16, Range<usize>)> {
    const LENGTH: &[u8] = b"content-length:";
    let status = number(bytes.get(9..12)?);
    let (mut at, mut length) = (0, 0);
    loop {
        let end = at + bytes[at..].iter().position(|byte| *byte == b'\n')?;
        let line = &bytes[at..end];
        at = end + 1;
        if line.len() <= 1 {
            break;
        }
        if line.get(..LENGTH.len()).is_some_and(|name| name.eq_ignore_ascii_case(LENGTH)) {
            length = number(&line[LENGTH.len()..]);
        }
    }
    let end = at + length;
    (bytes.len() >= end).then_some((u16::try_from(status).ok()?, at..end))
}

fn number(digits: &[u8]) -> usize {
    digits.iter().filter(|byte| byte.is_ascii_digit()).fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))
}

/// Many kept connections, each of which asks again as soon as it is answered.
pub struct Client {
    poll: Poll,
    events: Events,
    lines: Vec<Line>,
    expected: u16,
    asked: u64,
}

/// One of them.
struct Line {
    stream: TcpStream,
    script: Vec<Request>,
    next: usize,
    asked_at: Instant,
    received: Received,
}

/// What one stretch of load was answered.
#[derive(Default)]
pub struct Stretch {
    /// How long each answer took, in microseconds.
    pub latencies: Vec<u32>,
    /// How long the whole took.
    pub took: Duration,
    /// How many answers were not the expected ones, or did not come.
    pub failures: u64,
    /// What the first of them was.
    pub first_failure: Option<String>,
    /// How many connections were still there at its end.
    pub connections: usize,
}

impl Client {
    /// Opens a connection for each script and begins to ask; `expected` is the one right status code.
    pub fn connect(address: SocketAddr, scripts: Vec<Vec<Request>>, expected: u16) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut client = Self { poll, events: Events::with_capacity(256), lines: Vec::new(), expected, asked: 0 };
        for (index, script) in scripts.into_iter().enumerate() {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            client.poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
            let mut line = Line { stream, script, next: 0, asked_at: Instant::now(), received: Received::default() };
            client.asked += 1;
            line.ask(client.asked, Instant::now())?;
            client.lines.push(line);
        }
        Ok(client)
    }

    /// Goes on for so long, or until the last connection is lost. `seen` gets the body of each answer that was right.
    pub fn drive(&mut self, lasting: Duration, mut seen: impl FnMut(&[u8])) -> Stretch {
        let begun = Instant::now();
        let mut stretch = Stretch { connections: self.open(), ..Stretch::default() };
        while stretch.connections > 0 {
            let left = lasting.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            match self.poll.poll(&mut self.events, Some(left)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    panic!("the connections can be watched: {error}")
                }
                _ => {}
            }
            for event in &self.events {
                let line = &mut self.lines[event.token().0];
                if line.is_open() && !line.go_on(self.expected, &mut self.asked, &mut stretch, &mut seen) {
                    line.script.clear();
                    stretch.connections -= 1;
                }
            }
        }
        stretch.took = begun.elapsed();
        stretch
    }

    fn open(&self) -> usize {
        self.lines.iter().filter(|line| line.is_open()).count()
    }
}

impl Line {
    fn is_open(&self) -> bool {
        !self.script.is_empty()
    }

    fn ask(&mut self, number: u64, now: Instant) -> io::Result<()> {
        if self.next == self.script.len() {
            self.next = 0;
        }
        let request = &mut self.script[self.next];
        self.next += 1;
        self.asked_at = now;
        // A request is smaller than the socket's buffer, which is empty here: it is never written in part.
        self.stream.write_all(request.numbered(number))
    }

    /// Takes the answer, if it has come, and asks again. False when the connection is lost.
    fn go_on(&mut self, expected: u16, asked: &mut u64, stretch: &mut Stretch, seen: &mut impl FnMut(&[u8])) -> bool {
        let outcome = match self.received.answer_from(&mut self.stream) {
            Ok(None) => return true,
            Ok(Some((status, body))) => {
                let now = Instant::now();
                let micros = now.duration_since(self.asked_at).as_micros();
                stretch.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
                let body = &self.received.buffer[body];
                if status == expected {
                    seen(body);
                } else {
                    stretch.failed(|| format!("{status} {}", String::from_utf8_lossy(body)));
                }
                self.received.filled = 0;
                *asked += 1;
                self.ask(*asked, now)
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => true,
            Err(error) => {
                stretch.failed(|| error.to_string());
                false
            }
        }
    }
}

impl Stretch {
    fn failed(&mut self, what: impl FnOnce() -> String) {
        self.failures += 1;
        self.first_failure.get_or_insert_with(what);
    }
}
