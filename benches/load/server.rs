//! The process that is measured: Nära's server and, beside it, a server with nothing but the floors.
//!
//! It is this same program, started again by the one that makes the load, so that the two share neither threads nor
//! allocator. They talk in lines of JSON over standard input and output; the end of the input ends the process.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nara::audit::anchor::opening::AnchorSettings;
use nara::auth::permissions::Permissions;
use nara::auth::tokens::TokenVerifier;
use nara::db::Target;
use nara::server::{self, ConnectionLimits, MetricsAt, Setup, Timeouts};
use nara::telemetry;
use nara::time::{Clock, Random};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use super::floors::Floors;
use super::installation::{ENVIRONMENT, ISSUER, Installation};
use super::sign_in::SignInCost;

/// What the server tells when it is ready.
#[derive(Serialize, Deserialize)]
pub struct Ready {
    pub api: SocketAddr,
    pub partner_key: String,
    /// The token of a caseworker of the office in Skäggetorp.
    pub token: String,
    /// What signing in with it costs.
    pub sign_in: SignInCost,
}

/// The server's process, as its parent sees it.
pub struct Served {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub ready: Ready,
}

impl Served {
    /// Starts it on an empty database.
    pub fn start(database_url: &str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program);
        child.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = child.spawn().expect("this program can be started again");
        let mut input = child.stdin.take().expect("it is piped");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let ready = ask(&mut input, &mut output, &database_url);
        Self { child, input, output, ready }
    }

    /// Starts the floors: constant bodies of these lengths, and the bare database. The second address is that of the pool.
    pub fn start_floors(&mut self, lengths: &[usize]) -> [SocketAddr; 2] {
        ask(&mut self.input, &mut self.output, &lengths)
    }

    /// The processor time that its threads have used, also those that have ended, in seconds.
    pub fn processor_seconds(&self) -> f64 {
        /// What Linux counts it in, on every machine.
        const TICKS_IN_A_SECOND: f64 = 100.0;
        let state = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The second field is the program's name, in parentheses; of those behind it, the 12th and 13th are what is asked for.
        let fields = state.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_IN_A_SECOND
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn ask<T: DeserializeOwned>(
    input: &mut ChildStdin,
    output: &mut BufReader<ChildStdout>,
    question: &impl Serialize,
) -> T {
    writeln!(input, "{}", json!(question)).expect("the server's process listens");
    let mut answer = String::new();
    output.read_line(&mut answer).expect("the server's process answers");
    assert!(!answer.is_empty(), "the server's process has ended; its log is thrown away: see Served::start");
    serde_json::from_str(&answer).expect("the server's process speaks JSON")
}

/// The server's process, as it sees itself.
pub fn serve() {
    // The program logs every write, so the server under test does, too.
    telemetry::start_logging("info").expect("nothing else logs");
    let (sender, lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ended = sender.send(line);
        }
    });
    actix_web::rt::System::new().block_on(answer_to(lines));
    // Nothing here is worth an orderly end.
    std::process::exit(0);
}

async fn answer_to(mut lines: UnboundedReceiver<String>) {
    let url: String = next(&mut lines).await;
    let target: Target = url.parse().expect("a URL of a database");
    let installation = Installation::fill(target);
    let running = server::start(setup(&installation)).await.expect("the server starts");
    let token = installation.token();
    let sign_in = SignInCost::of(&verifier(&installation), &token);
    let (api, db, directory) = (running.address, running.db.clone(), running.directory.current());
    actix_web::rt::spawn(running.until_stopped());
    tell(&Ready { api, partner_key: installation.partner_key.clone(), token, sign_in });
    let lengths: Vec<usize> = next(&mut lines).await;
    let floors = Floors::new(&installation.target, &installation.vault, db, &directory);
    let addresses = floors.listen(&lengths).map(|(address, server)| {
        actix_web::rt::spawn(server);
        address
    });
    tell(&addresses);
    // The end of the input is the end of this.
    while lines.recv().await.is_some() {}
}

async fn next<T: DeserializeOwned>(lines: &mut UnboundedReceiver<String>) -> T {
    let line = lines.recv().await.expect("the parent is there");
    serde_json::from_str(&line).expect("the parent speaks JSON")
}

#[expect(clippy::print_stdout, reason = "It is how the two processes talk.")]
fn tell(answer: &impl Serialize) {
    println!("{}", json!(answer));
}

/// As `serve` sets it up.
fn setup(installation: &Installation) -> Setup {
    Setup {
        target: installation.target.clone(),
        listener: TcpListener::bind("127.0.0.1:0").expect("loopback has a free port"),
        metrics: MetricsAt::Nowhere,
        public_url: None,
        cors_origins: Vec::new(),
        trusted_proxies: Vec::new(),
        // What is measured calls far more often than a caller may.
        limits: None,
        connections: ConnectionLimits::with_share(None),
        keeps_credentials: false,
        tokens: verifier(installation),
        permissions: Permissions::standard(),
        secret: installation.secret.clone(),
        vault: installation.vault.clone(),
        anchor: AnchorSettings { path: Some(anchor(installation)), acceptance: None },
        environment: ENVIRONMENT.to_owned(),
        workers: 0,
        timeouts: Timeouts::default(),
        document: None,
        clock: Clock::system(),
        random: Random::system(),
    }
}

/// The place of the audit's anchor: beside an embedded database, which is removed at the end, or among temporary files.
fn anchor(installation: &Installation) -> PathBuf {
    let name = format!("audit-anchor-{}", nara::hex::encode(&Random::system().bytes::<8>()));
    let beside = installation.target.file().map(|file| file.with_file_name(&name));
    beside.unwrap_or_else(|| std::env::temp_dir().join(name))
}

fn verifier(installation: &Installation) -> TokenVerifier {
    let keys = installation.key_set().parse().expect("the key set is right");
    TokenVerifier::new(Some(keys), ISSUER.to_owned(), "nara".to_owned())
}
