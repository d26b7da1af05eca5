//! The real program as a process of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::Request;

/// It started within this time, or never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// A started `nara`. Dropping it kills it.
pub struct Program {
    pub child: Child,
    pub address: SocketAddr,
    /// From the start of the process to its first 200 of `/health/ready`.
    pub ready_after: Duration,
}

impl Program {
    /// Starts `nara` with these arguments, which make it listen on `port`, and waits until it is ready.
    pub fn start(port: u16, command: impl FnOnce(&mut Command)) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut nara = Command::new(env!("CARGO_BIN_EXE_nara"));
        nara.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command(&mut nara);
        let begun = Instant::now();
        let mut child = nara.spawn().expect("the program is built");
        let ready = Request::get("/health/ready", None);
        while !ready.ask(address).is_ok_and(|answer| answer.status == 200) {
            let ended = child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "nara ended at its start: run it by hand to see why ({nara:?})");
            assert!(begun.elapsed() < PATIENCE, "nara does not become ready");
            pause();
        }
        Self { child, address, ready_after: begun.elapsed() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A port that is free now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a listener has an address").port()
}

#[expect(clippy::disallowed_methods, reason = "A process that starts tells nobody when it is ready.")]
fn pause() {
    std::thread::sleep(Duration::from_millis(1));
}
