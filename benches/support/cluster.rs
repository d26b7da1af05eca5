//! A PostgreSQL server of the benchmark's own, as durable as PostgreSQL is by default: `fsync`, `synchronous_commit` and
//! `full_page_writes` are on, as they are not in the tests' cluster.
//!
//! A shell owns it and waits for the end of its standard input, which the kernel closes however this process ends.

#[path = "../../tests/api/support/databases/installed.rs"]
mod installed;

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use installed::{programs, unprivileged};

use super::folder::{Folder, random_name};
use super::program::free_port;

/// `$1` is the folder with PostgreSQL's programs.
const WORK: &str = r#"
    trap '' PIPE INT
    exec 2>shell.log
    read -r password && printf '%s\n' "$password" >password && read -r port
    "$1"/initdb --pgdata=data --username=postgres --pwfile=password --auth=scram-sha-256 \
        --encoding=UTF8 --no-locale >&2 \
        && "$1"/pg_ctl start --pgdata=data --log=server.log --wait \
            --options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=" >&2 \
        && echo started || echo failed
    while read -r order; do
        case "$order" in
        stop) "$1"/pg_ctl stop --pgdata=data --mode=immediate --wait >&2 ;;
        start) "$1"/pg_ctl start --pgdata=data --log=server.log --wait \
            --options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=" >&2 ;;
        esac && echo done || echo failed
    done
    "$1"/pg_ctl stop --pgdata=data --mode=fast --wait >&2
    rm -rf data"#;

/// The server. Its processes end with this.
pub struct Cluster {
    /// Takes `stop`, as a crash would stop the server, and `start`, and says `done`.
    pub shell: RefCell<(Child, BufReader<ChildStdout>)>,
    port: u16,
    password: String,
    _folder: Folder,
}

impl Cluster {
    /// Starts one in a folder below `parent`; `None` where PostgreSQL is not installed.
    pub fn start(parent: &Path) -> Option<Self> {
        let programs = programs()?;
        let (folder, port, password) = (Folder::new_in(parent), free_port(), random_name());
        let mut shell = Command::new("sh");
        shell.args(["-c", WORK, "nara-bench"]).arg(programs).current_dir(&folder.path);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        if let Some((user, group)) = unprivileged() {
            chown(&folder.path, Some(user), Some(group)).expect("root may give a folder away");
            shell.uid(user).gid(group);
        }
        let mut shell = shell.spawn().expect("there is a POSIX shell");
        let input = shell.stdin.as_mut().expect("it is piped");
        writeln!(input, "{password}\n{port}").expect("the shell listens");
        let mut output = BufReader::new(shell.stdout.take().expect("it is piped"));
        let mut answer = String::new();
        output.read_line(&mut answer).expect("the shell answers");
        let log = |name: &str| fs::read_to_string(folder.path.join(name)).unwrap_or_default();
        assert_eq!(answer.trim(), "started", "PostgreSQL: {}{}", log("shell.log"), log("server.log"));
        Some(Self { shell: RefCell::new((shell, output)), port, password, _folder: folder })
    }

    /// The URL of a new, empty database.
    pub fn new_database(&self) -> String {
        let name = format!("bench_{}", random_name());
        let url = |database: &str| {
            format!("postgres://postgres:{}@127.0.0.1:{}/{database}?sslmode=disable", self.password, self.port)
        };
        let mut admin = PgConnection::establish(&url("postgres")).expect("PostgreSQL lets us in");
        admin.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database can be made");
        url(&name)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let (shell, _) = self.shell.get_mut();
        drop(shell.stdin.take());
        let _ended = shell.wait();
    }
}
