//! `nara serve` on a database, as one starts it in production.

use super::folder::Folder;
use super::installation::{ENVIRONMENT, ISSUER, Installation};
use super::program::{Program, free_port};

/// Starts the program and waits until it is ready. It finds the audit's anchor of an earlier start in the folder.
pub fn serve(url: &str, installation: &Installation, folder: &Folder) -> Program {
    serve_with_anchor(url, installation, folder, "audit-anchor")
}

/// The same with an anchor of another name.
pub fn serve_with_anchor(url: &str, installation: &Installation, folder: &Folder, anchor: &str) -> Program {
    let (secret, key_set, ring) =
        (folder.path.join("secret"), folder.path.join("jwks.json"), folder.path.join("vault-keys"));
    std::fs::write(&secret, installation.secret.reveal()).expect("a file can be written");
    std::fs::write(&key_set, installation.key_set()).expect("a file can be written");
    std::fs::write(&ring, installation.vault.ring().reveal()).expect("a file can be written");
    let port = free_port();
    Program::start(port, |nara| {
        nara.arg("serve").env("DATABASE_URL", url).args(["--address", &format!("127.0.0.1:{port}")]);
        nara.args(["--public-url", &format!("http://127.0.0.1:{port}")]);
        nara.args(["--issuer", ISSUER, "--environment", ENVIRONMENT, "--limits", "off"]);
        nara.arg("--secret-file").arg(secret).arg("--jwks-file").arg(key_set);
        nara.arg("--vault-keys-file").arg(ring).arg("--audit-anchor").arg(folder.path.join(anchor));
    })
}
