//! A PostgreSQL server for this test process, on a free port, made for each run and never kept.
//!
//! Copying a database copies 300 small files: with `TMPDIR` on a memory file system, such as /dev/shm, that takes 15 ms, and on a
//! disk up to 200. Such a file system does not have enough room on every machine, so the people who start the tests choose.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{Write, stderr};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::Bool;
use diesel::{Connection, PgConnection, RunQueryDsl, select};

use super::certificates::Certificates;
use super::installed::{programs, unprivileged};
use super::{Folder, random};

/// The script of the shell. After the first line, it tries each line that it reads as a port. When its input ends, the tests have
/// ended. The passwords are MD5 because SCRAM is slow by design: it takes 10 ms of a 13 ms connection.
const WORK: &str = r#"
    read -r begin && "$2"/initdb --pgdata=data --username=postgres --pwfile=password --auth=md5 \
        --encoding=UTF8 --no-locale --no-sync >&2 && echo made || echo failed
    while read -r port; do
        "$2"/pg_ctl start --pgdata=data --log=server.log --wait --options="-p $port" >&2 \
            && echo started || echo failed
    done
    "$2"/pg_ctl stop --pgdata=data --mode=immediate --wait >&2"#;

/// The settings of the server. No data has to survive a crash, so nothing waits for the disk.
const SETTINGS: &str = "
    listen_addresses = '127.0.0.1'
    unix_socket_directories = ''
    ssl = on
    ssl_cert_file = '../server.crt'
    ssl_key_file = '../server.key'
    max_connections = 300
    shared_buffers = 32MB
    fsync = off
    synchronous_commit = off
    full_page_writes = off
    wal_level = minimal
    max_wal_senders = 0
    autovacuum = off
";

pub struct Cluster {
    pub certificates: Certificates,
    port: u16,
    password: String,
    admin: Mutex<PgConnection>,
    /// The clause after `TEMPLATE x` in the statement that makes a database.
    strategy: &'static str,
    discarded: Sender<String>,
    _folder: Folder,
}

impl Cluster {
    /// The cluster of this process, started by the first test that asks for it.
    pub fn running() -> Option<&'static Self> {
        static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
        let cluster = CLUSTER.get_or_init(|| {
            let programs = programs();
            if programs.is_none() {
                let missing = "no initdb, pg_ctl and postgres on PATH or in /usr/lib/postgresql";
                assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}");
                // Not `eprintln!`, which libtest hides when a test passes.
                let _ = writeln!(stderr(), "PostgreSQL is not tested: {missing}.");
            }
            programs.map(|programs| Self::start(&programs))
        });
        cluster.as_ref()
    }

    fn start(programs: &Path) -> Self {
        let user = unprivileged();
        let mut folder = Folder::guarded(WORK, &[programs], user);
        let certificates = Certificates::write(&folder.path);
        let password = random();
        fs::write(folder.path.join("password"), &password).expect("the folder can be written");
        for secret in ["password", "server.key"] {
            let (user, group) = user.unzip();
            chown(folder.path.join(secret), user, group).expect("root may give a file away");
        }

        assert_eq!(folder.ask("begin"), "made", "initdb failed: {}", logs(&folder.path));
        OpenOptions::new()
            .append(true)
            .open(folder.path.join("data/postgresql.conf"))
            .and_then(|mut file| file.write_all(SETTINGS.as_bytes()))
            .expect("initdb has made a configuration");
        // Another process may take the port between our look and PostgreSQL's start.
        let port = (0..5)
            .map(|_| free_port())
            .find(|port| folder.ask(&port.to_string()) == "started")
            .unwrap_or_else(|| panic!("PostgreSQL does not start: {}", logs(&folder.path)));

        let administrator = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres?sslmode=disable");
        let connect = || PgConnection::establish(&administrator).expect("PostgreSQL lets us in");
        let mut admin = connect();
        // The service's own role is not a superuser, as in production.
        let role = format!("CREATE ROLE nara LOGIN PASSWORD '{password}'");
        admin.batch_execute(&role).expect("a role can be made");
        // From version 15 on, PostgreSQL copies a database through its log unless told otherwise, which takes 40 ms instead of
        // 15.
        let new = sql::<Bool>("current_setting('server_version_num')::int >= 150000");
        let new: bool = select(new).get_result(&mut admin).expect("PostgreSQL has a version");
        let strategy = if new { "STRATEGY FILE_COPY" } else { "" };

        let discarded = dropping(connect());
        let admin = Mutex::new(admin);
        Self { certificates, port, password, admin, strategy, discarded, _folder: folder }
    }

    /// The usual URL. It is without TLS, whose handshake would be the longest part of many tests.
    pub fn url(&self, database: &str) -> String {
        self.url_at("127.0.0.1", database, "sslmode=disable")
    }

    /// The URL with this host name and these parameters. `hostaddr` is where libpq connects; `host` is the name that the
    /// certificate must have.
    pub fn url_at(&self, host: &str, database: &str, parameters: &str) -> String {
        let Self { password, port, .. } = self;
        let place = format!("{host}:{port}/{database}?hostaddr=127.0.0.1");
        format!("postgres://nara:{password}@{place}&{parameters}")
    }

    pub fn create(&self, name: &str, template: &str) {
        let strategy = self.strategy;
        self.execute(&format!("CREATE DATABASE {name} OWNER nara TEMPLATE {template} {strategy}"));
    }

    /// Closes a database to connections. A connection to a template would stop it from being copied.
    pub fn close(&self, name: &str) {
        self.execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    }

    /// Drops the database in the background.
    pub fn discard(&self, name: String) {
        let _ = self.discarded.send(name);
    }

    fn execute(&self, statement: &str) {
        let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        admin.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// Starts the thread that drops databases. It takes 100 ms until PostgreSQL has noticed that a test's connections are closed, and
/// no test needs to wait for that.
fn dropping(mut admin: PgConnection) -> Sender<String> {
    let (discarded, names) = mpsc::channel::<String>();
    thread::spawn(move || {
        for name in names {
            // A database that cannot be dropped disappears with the cluster.
            let _ = admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    });
    discarded
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a listener has an address").port()
}

fn logs(folder: &Path) -> String {
    let log = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
    format!("{}\n{}", log("shell.log"), log("server.log"))
}
