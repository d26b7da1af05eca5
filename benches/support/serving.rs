//! `nara serve` on a database, as one starts it in production.

use nara::time::Random;
use nara::vault::{Vault, VaultKeys};

use super::folder::Folder;
use super::installation::{ENVIRONMENT, ISSUER, Installation};
use super::program::{Program, free_port};

/// What the server reads from files: each start but the first finds those of the one before, so that what was sealed opens.
pub fn vault(folder: &Folder) -> Vault {
    let path = folder.path.join("vault-keys");
    if !path.exists() {
        std::fs::write(&path, VaultKeys::new(&Random::system()).reveal()).expect("a file can be written");
    }
    let ring = std::fs::read_to_string(&path).expect("it was written").parse().expect("it is a ring");
    Vault::new(ring)
}

/// Starts the program and waits until it is ready.
pub fn serve(url: &str, installation: &Installation, folder: &Folder) -> Program {
    let _ring = vault(folder);
    let (secret, key_set) = (folder.path.join("secret"), folder.path.join("jwks.json"));
    std::fs::write(&secret, installation.secret.reveal()).expect("a file can be written");
    std::fs::write(&key_set, installation.key_set()).expect("a file can be written");
    let port = free_port();
    Program::start(port, |nara| {
        nara.arg("serve").env("DATABASE_URL", url).args(["--address", &format!("127.0.0.1:{port}")]);
        nara.args(["--public-url", &format!("http://127.0.0.1:{port}")]);
        nara.args(["--issuer", ISSUER, "--environment", ENVIRONMENT, "--limits", "off"]);
        nara.arg("--secret-file").arg(secret).arg("--jwks-file").arg(key_set);
        nara.arg("--vault-keys-file").arg(folder.path.join("vault-keys"));
    })
}
