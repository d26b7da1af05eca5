//! The program as a process, run as somebody at a terminal runs it.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{self, Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use std::{env, fs};

use serde_json::Value;

use crate::support::{Actor, raw};

/// A folder that is gone when the test is over.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("nara-folder-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).expect("a folder can be made in the temporary folder");
        Self(path)
    }

    /// A path in the folder, as a text.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// A file in the folder, and its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        fs::write(self.0.join(name), content).expect("the file can be written");
        self.path(name)
    }

    /// The URL of a database in the folder.
    pub fn database(&self, name: &str) -> String {
        format!("sqlite://{}", self.path(name))
    }

    /// What `demo.json` says.
    pub fn told(&self) -> Value {
        let told = fs::read_to_string(self.0.join("demo.json")).expect("the demo wrote it");
        serde_json::from_str(&told).expect("it is JSON")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is in the temporary folder.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Everyone who calls the server at this address.
pub fn anyone_at(base: &str) -> Actor {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client without TLS");
    Actor::new(client, base.to_owned())
}

/// Somebody with a token, or with a key, of `demo.json`.
pub fn somebody(told: &Value, kind: &str, name: &str) -> Actor {
    let secret = told[kind][name].as_str().unwrap_or_else(|| panic!("no {kind}/{name} in demo.json"));
    let anyone = anyone_at(told["baseUrl"].as_str().expect("it has one"));
    match kind {
        "tokens" => anyone.and("authorization", format!("Bearer {secret}")),
        _ => anyone.and("x-api-key", secret),
    }
}

/// The program with nothing of the environment of whoever runs the tests.
pub fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nara"));
    command.args(arguments).env_clear().envs(environment.iter().copied()).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command(arguments, environment).output().expect("the program is built")
}

/// What a command wrote that ended well.
pub fn written(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What a command wrote that ends well at last, since a server that has just started still does its work.
pub async fn written_at_last(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let begun = std::time::Instant::now();
    while !run(arguments, environment).status.success() && begun.elapsed() < std::time::Duration::from_secs(60) {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    written(arguments, environment)
}

/// What a command said that did not.
pub fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    assert!(!output.status.success(), "{arguments:?} {environment:?} was accepted");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// A server in a process of its own, killed when the test is over.
pub struct Server {
    /// Where it listens.
    pub base: String,
    child: Child,
    readers: Vec<JoinHandle<String>>,
}

impl Server {
    /// Starts `serve` or `demo`, and waits until it answers.
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_by(command(arguments, environment))
    }

    /// The same by a command that becomes the program.
    pub fn start_by(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program is built");
        let (tell, hear) = mpsc::channel();
        let readers = vec![
            read(child.stdout.take().expect("it is piped"), tell.clone()),
            read(child.stderr.take().expect("it is piped"), tell),
        ];
        let Ok(base) = hear.recv() else {
            let said: String =
                readers.into_iter().map(|reader| reader.join().expect("it is read to its end")).collect();
            panic!("it did not start: {said}");
        };
        // Who answers has also begun to listen to signals.
        let address =
            base.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address and a port");
        let answer = raw::exchange(address, b"GET /health/live HTTP/1.1\r\nHost: nara\r\nConnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        Self { base, child, readers }
    }

    /// Starts a demo in this folder.
    pub fn demo(folder: &Folder) -> Self {
        Self::start(&["demo", "--data-dir", &folder.path(""), "--port", "0"], &[])
    }

    /// The process.
    pub fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends a signal; gives the exit code, and all that was written.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.id()]).status().expect("there is kill");
        assert!(sent.success());
        let code = self.child.wait().expect("it ends").code();
        let readers = std::mem::take(&mut self.readers);
        (code, readers.into_iter().map(|reader| reader.join().expect("it is read to its end")).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads to the end, since who writes into a closed pipe fails, and tells the address when it is told.
fn read(output: impl Read + Send + 'static, tell: Sender<String>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut all = String::new();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(base) = address(&line) {
                // Whoever waited may have gone on.
                let _ = tell.send(base);
            }
            all.push_str(&line);
            all.push('\n');
        }
        all
    })
}

/// `serve` tells its address in its log, `demo` to the people who started it.
fn address(line: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(line).unwrap_or_default();
    let told =
        entry["address"].as_str().filter(|_| entry["message"] == "ready").map(|address| format!("http://{address}"));
    told.or_else(|| line.split_whitespace().find_map(|word| word.strip_suffix("/nara/v1/docs/")).map(str::to_owned))
}
