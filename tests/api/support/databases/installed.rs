//! The PostgreSQL that is installed on this machine. The benchmarks include this file as well.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::{env, fs};

/// The folder with PostgreSQL's programs. Debian keeps them off PATH, in one folder for each version; the newest is used.
pub fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path());
    let mut versions: Vec<PathBuf> = versions.collect();
    versions.sort_by_key(|version| version.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let installed = versions.into_iter().rev().map(|version| version.join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain(installed);
    folders.find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file()))
}

/// The user and group that PostgreSQL runs as. It refuses to run as root; in that case it runs as `nobody`, who owns the files
/// that it needs.
pub fn unprivileged() -> Option<(u32, u32)> {
    let we_are_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    we_are_root.then(|| {
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let nobody = users.lines().find_map(|line| {
            let mut fields = line.strip_prefix("nobody:")?.split(':').skip(1);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        });
        nobody.unwrap_or((65534, 65534))
    })
}
