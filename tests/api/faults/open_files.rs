//! More connections than a process may have open files, unless it asks for more.

use std::fs;
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::program::{Folder, Server, anyone_at};

#[actix_web::test]
async fn the_server_asks_for_as_many_files_as_it_takes_connections() {
    let folder = Folder::new();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -S -n 128; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_nara")]);
    shell.args(["demo", "--port", "0", "--limits", "off", "--data-dir", &folder.path("")]);
    shell.env_clear().stdin(Stdio::null());
    let server = Server::start_by(shell);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let files: usize = files.split_whitespace().next().unwrap().parse().unwrap();
    assert!(files >= 4096, "{files}");
    let address = server.base.strip_prefix("http://").unwrap();
    let crowd: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(address).unwrap()).collect();
    anyone_at(&server.base).get("/where-to-turn?place=Ryd").await.expect(200);
    drop(crowd);
    assert_eq!(server.end("TERM").0, Some(0));
}
