//! Test databases: each test has its own, on SQLite or on PostgreSQL.
//!
//! Migrating takes longer than most tests, so a [`Template`] is prepared once per process and each test gets a copy of it: a copy
//! of the file on SQLite, and of the database by `CREATE DATABASE … TEMPLATE` on PostgreSQL.
//!
//! A test process may end by a panic, Ctrl-C or `kill -9`, and libtest has no exit hook. So a shell removes the files and servers
//! that must not outlive the process. It waits for the end of its standard input, a pipe that the kernel closes when the process
//! ends, in whatever way. See [`Folder`].

mod certificates;
pub mod cluster;
pub mod installed;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use openssl::rand::rand_bytes;

pub use cluster::Cluster;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// The starting state of the databases of many tests; there is a `static` for each starting state.
pub struct Template {
    name: &'static str,
    prepare: fn(&str),
    sqlite: OnceLock<PathBuf>,
    postgres: OnceLock<String>,
}

impl Template {
    /// Makes a template. The name must be valid for a PostgreSQL database: small letters and underscores. `prepare` gets the URL
    /// of an empty database, migrates it and may fill it. It closes its connections before it returns: on SQLite the files are
    /// copied as they are, and PostgreSQL copies no database that is in use.
    pub const fn new(name: &'static str, prepare: fn(&str)) -> Self {
        Self { name, prepare, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    fn on_sqlite(&self) -> &Path {
        self.sqlite.get_or_init(|| {
            let folder = folder(self.name);
            (self.prepare)(&sqlite_url(&folder));
            folder
        })
    }

    fn on_postgres(&self, cluster: &Cluster) -> &str {
        self.postgres.get_or_init(|| {
            let name = unique(self.name);
            cluster.create(&name, "template0");
            (self.prepare)(&cluster.url(&name));
            cluster.close(&name);
            name
        })
    }
}

/// A database for one test, which is removed when the test is over.
pub struct TestDatabase {
    pub url: String,
    place: Place,
}

enum Place {
    Sqlite { folder: PathBuf },
    Postgres { cluster: &'static Cluster, name: String },
}

impl TestDatabase {
    /// A copy of the template; `None` only if PostgreSQL is requested and not installed, which [`Cluster::running`] does not
    /// accept in CI.
    pub fn fresh(backend: Backend, template: &Template) -> Option<Self> {
        match backend {
            Backend::Sqlite => Some(Self::sqlite(template)),
            Backend::Postgres => Cluster::running().map(|cluster| Self::postgres(cluster, template)),
        }
    }

    fn sqlite(template: &Template) -> Self {
        let source = template.on_sqlite();
        let folder = folder("test");
        for file in fs::read_dir(source).expect("the template is still there") {
            let file = file.expect("the template can be listed");
            fs::copy(file.path(), folder.join(file.file_name())).expect("the template is copied");
        }
        Self { url: sqlite_url(&folder), place: Place::Sqlite { folder } }
    }

    fn postgres(cluster: &'static Cluster, template: &Template) -> Self {
        let source = template.on_postgres(cluster);
        let name = unique("test");
        cluster.create(&name, source);
        Self { url: cluster.url(&name), place: Place::Postgres { cluster, name } }
    }

    /// The URL of the same PostgreSQL database under another host name and with other libpq parameters, for the tests of TLS. Any
    /// name leads to the cluster; only the check of the server's certificate depends on it.
    pub fn url_at(&self, host: &str, parameters: &str) -> String {
        match &self.place {
            Place::Sqlite { .. } => panic!("SQLite has no host"),
            Place::Postgres { cluster, name } => cluster.url_at(host, name, parameters),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.place {
            // A folder that cannot be removed now disappears with the process.
            Place::Sqlite { folder } => drop(fs::remove_dir_all(folder)),
            Place::Postgres { cluster, name } => cluster.discard(name.clone()),
        }
    }
}

/// A new folder, which is removed at the end of the process.
pub fn folder(name: &str) -> PathBuf {
    static FOLDER: OnceLock<Folder> = OnceLock::new();
    let all = FOLDER.get_or_init(|| Folder::guarded("cat", &[], None));
    let folder = all.path.join(unique(name));
    fs::create_dir(&folder).expect("a folder can be made in the temporary folder");
    folder
}

fn sqlite_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("nara.sqlite").display())
}

/// A name that is unique in this process, so that a `prepare` that panicked may also run again.
fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}_{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn random() -> String {
    let mut bytes = [0; 16];
    rand_bytes(&mut bytes).expect("the system has randomness");
    format!("{:032x}", u128::from_ne_bytes(bytes))
}

/// A temporary folder, and a shell that outlives this process just long enough to remove it.
struct Folder {
    path: PathBuf,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Folder {
    /// Starts the shell. It makes the folder itself, so that at no moment the folder exists without the shell; then it does its
    /// `work`, which must end when its standard input does. `arguments` are `$2` and later ones.
    #[expect(clippy::zombie_processes, reason = "The shell outlives this process on purpose.")]
    fn guarded(work: &str, arguments: &[&Path], user: Option<(u32, u32)>) -> Self {
        // A closed output must not end the shell before it has removed the folder, hence the trap.
        let script = format!(
            r#"trap '' PIPE
            mkdir -m 700 "$1" && cd "$1" && exec 2>shell.log || exit
            echo there
            {work}
            rm -rf "$1""#
        );
        let temporary = env::temp_dir();
        let path = temporary.join(format!("nara-tests-{}", random()));
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "nara-tests"]).arg(&path).args(arguments);
        shell.current_dir(temporary).stdin(Stdio::piped()).stdout(Stdio::piped());
        // Ctrl-C in a terminal is sent to the whole process group of the tests, and must not stop the removal.
        shell.process_group(0);
        if let Some((user, group)) = user {
            shell.uid(user).gid(group);
        }
        let shell = shell.spawn().expect("there is a POSIX shell");
        let input = shell.stdin.expect("it is piped");
        let output = BufReader::new(shell.stdout.expect("it is piped"));
        let mut folder = Self { path, input, output };
        assert_eq!(folder.answer(), "there", "{} can be made", folder.path.display());
        folder
    }

    fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").expect("the shell is there");
        self.answer()
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the shell is there");
        line.trim_end().to_owned()
    }
}
