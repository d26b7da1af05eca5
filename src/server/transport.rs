//! The socket of a connection, with time limits that the HTTP library does not have.
//!
//! The library limits the head of a connection's first request, and the silence between two requests. Without more, a caller could
//! send the head of a *later* request byte by byte without end, or leave an answer unread, and keep the connection for ever. So the
//! socket itself fails once its caller is too slow, and the library then drops the connection.
//!
//! The socket sees bytes and not requests. It is told when a call begins and when its answer is complete ([`CallUnderWay`]); what
//! arrives between the two is a body, which has a limit of its own, and what arrives outside is a head.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::http::crowd::ConnectionPlace;
use crate::server::setup::Timeouts;

/// The time that the library has for closing an idle connection in its own way, before the socket fails.
const GRACE: Duration = Duration::from_secs(1);

/// The states of a connection between its calls. All clones belong to one connection.
#[derive(Clone)]
pub struct ConnectionState(Rc<Cell<Awaited>>);

/// The thing that a connection waits for, and since when.
#[derive(Clone, Copy)]
enum Awaited {
    /// The first head of the connection, which the library limits.
    FirstHead,
    /// The end of the call under way and of its answer.
    Answer,
    /// The first byte of another request.
    Request(Instant),
    /// The rest of the head of another request, of which something has arrived.
    RestOfHead(Instant),
}

impl ConnectionState {
    fn received(&self) {
        if let Awaited::Request(_) = self.0.get() {
            self.0.set(Awaited::RestOfHead(Instant::now()));
        }
    }
}

/// A call on a connection, from the end of its head to the end of its answer. It ends when this is dropped.
pub struct CallUnderWay(ConnectionState);

impl CallUnderWay {
    /// Tells a connection that the head of a request is complete.
    pub fn begin(state: &ConnectionState) -> Self {
        state.0.set(Awaited::Answer);
        Self(state.clone())
    }
}

impl Drop for CallUnderWay {
    fn drop(&mut self) {
        self.0.0.set(Awaited::Request(Instant::now()));
    }
}

/// A connection's socket, which fails once its caller is too slow.
pub struct Transport {
    socket: TcpStream,
    state: ConnectionState,
    timeouts: Timeouts,
    /// The time since which the caller has taken nothing of what is to be written.
    blocked_since: Option<Instant>,
    /// The alarm that wakes the connection. It may be set for an earlier time than is needed now: then it is set again.
    alarm: Pin<Box<Sleep>>,
    place: ConnectionPlace,
}

impl Transport {
    pub fn new(socket: TcpStream, timeouts: Timeouts, place: ConnectionPlace) -> Self {
        let state = ConnectionState(Rc::new(Cell::new(Awaited::FirstHead)));
        Self { socket, state, timeouts, blocked_since: None, alarm: Box::pin(sleep(timeouts.head)), place }
    }

    pub fn state(&self) -> ConnectionState {
        self.state.clone()
    }

    /// The time at which the caller is too slow, if nothing happens before. `None` while the server has to act.
    fn deadline(&self) -> Option<Instant> {
        let reading = match self.state.0.get() {
            Awaited::FirstHead | Awaited::Answer => None,
            Awaited::Request(since) if self.place.is_wanted_by_others() => Some(since + self.timeouts.head),
            Awaited::Request(since) => Some(since + self.timeouts.idle + GRACE),
            Awaited::RestOfHead(since) => Some(since + self.timeouts.head),
        };
        let writing = self.blocked_since.map(|since| since + self.timeouts.answer);
        reading.into_iter().chain(writing).min()
    }

    fn check(&self) -> io::Result<()> {
        match self.deadline() {
            Some(deadline) if deadline <= Instant::now() => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }

    /// Sees to it that the connection is woken when its caller is too slow. Fails if that is so already.
    fn watch(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let Some(deadline) = self.deadline() else { return Ok(()) };
        // The house may fill up meanwhile, so an idle connection looks around from time to time.
        let look = deadline.min(Instant::now() + self.timeouts.head.max(GRACE));
        if self.alarm.is_elapsed() || self.alarm.deadline() > look {
            self.alarm.as_mut().reset(look);
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            self.check()?;
            self.alarm.as_mut().reset(deadline.min(Instant::now() + self.timeouts.head.max(GRACE)));
        }
        Ok(())
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.check()?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.state.received();
        }
        if read.is_pending() {
            this.watch(context)?;
        }
        read
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.check()?;
        let written = Pin::new(&mut this.socket).poll_write(context, bytes);
        if written.is_ready() {
            this.blocked_since = None;
        } else {
            this.blocked_since.get_or_insert_with(Instant::now);
            this.watch(context)?;
        }
        written
    }

    /// Is called whenever everything is written, also at the end of an answer: the wait for the next request begins here.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.watch(context)?;
        Pin::new(&mut this.socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }
}
