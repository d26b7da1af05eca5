//! The secret and the keys of a demo, kept in files of its folder, and the tokens that are signed with them. Each is marked as
//! belonging to a demo, so that `serve` refuses it.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::SecretKey;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::auth::key_set;
use crate::auth::tokens::TokenVerifier;
use crate::config::{DEMO_MARK, Secret};
use crate::hex;
use crate::time::{Random, Timestamp};
use crate::vault::{Vault, VaultKeys};

const ISSUER: &str = "https://demo.nara.example";
const AUDIENCE: &str = "nara";
const WEEK: i64 = 7 * 24 * 3600;
/// The longest lifetime, in seconds, of a token that the demo accepts; it is also the longest that `nara token` makes.
const LONGEST: i64 = 720 * 3600;

/// The server's secret, the vault, and the key that signs tokens, of one demo.
pub struct DemoCredentials {
    pub secret: Secret,
    /// The vault, whose keys seal the personal data of the demo.
    pub vault: Vault,
    signing_key: SecretKey,
}

/// The member of staff that a demo token is made for.
pub struct TokenSubject<'a> {
    pub subject: &'a str,
    pub roles: Vec<&'a str>,
    pub offices: Vec<&'a str>,
    /// Whether the token says that its holder is qualified to decide on inquiries.
    pub qualified: bool,
    /// Whether the token says that its holder is cleared for protected identities.
    pub protected_identity: bool,
}

impl DemoCredentials {
    /// Loads the credentials from the files of a demo's folder. Makes them first if the folder has none.
    pub fn load_or_make(folder: &Path, random: &Random) -> Result<Self, String> {
        if !folder.join("demo-secret").exists() {
            let secret = Secret::new(random.bytes());
            let key =
                SecretKey::from_slice(&random.bytes::<32>()).map_err(|_| "no signing key could be made; try again")?;
            let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?;
            write_private(&folder.join("demo-signing-key.pem"), &pem)?;
            let ring = VaultKeys::new(random);
            write_private(&folder.join("demo-vault-keys"), &format!("{DEMO_MARK}\n{}", ring.reveal()))?;
            write_private(&folder.join("demo-secret"), &format!("{DEMO_MARK}{}\n", secret.reveal()))?;
        }
        Self::load(folder)
    }

    /// Loads the credentials from the files of a demo's folder. Fails if one is missing or was not made by `demo`.
    pub fn load(folder: &Path) -> Result<Self, String> {
        let read = |name: &str| {
            std::fs::read_to_string(folder.join(name))
                .map(Zeroizing::new)
                .map_err(|error| format!("--data-dir: {} cannot be read: {error}", folder.join(name).display()))
        };
        let secret = read("demo-secret")?;
        let secret =
            secret.strip_prefix(DEMO_MARK).ok_or("--data-dir: demo-secret is not one that `demo` made")?.parse()?;
        let signing_key = SecretKey::from_pkcs8_pem(&read("demo-signing-key.pem")?)
            .map_err(|_| "--data-dir: demo-signing-key.pem is not one that `demo` made")?;
        let ring = read("demo-vault-keys")?;
        let ring = ring.strip_prefix(DEMO_MARK).ok_or("--data-dir: demo-vault-keys are not ones that `demo` made")?;
        let vault = Vault::new(ring.parse().map_err(|error| format!("--data-dir: demo-vault-keys: {error}"))?);
        Ok(Self { secret, vault, signing_key })
    }

    fn key_id(&self) -> String {
        let public = self.signing_key.public_key().to_sec1_bytes();
        format!("{}{}", key_set::DEMO_MARK, hex::encode(public.get(1..9).unwrap_or_default()))
    }

    fn key_set(&self) -> Result<String, String> {
        let mut key: Value =
            serde_json::from_str(&self.signing_key.public_key().to_jwk_string()).map_err(|error| error.to_string())?;
        key["kid"] = json!(self.key_id());
        key["alg"] = json!("ES256");
        key["use"] = json!("sig");
        Ok(json!({ "keys": [key] }).to_string())
    }

    /// Makes a verifier that accepts tokens signed with this demo's key.
    pub fn verifier(&self) -> Result<TokenVerifier, String> {
        let verifier = TokenVerifier::new(Some(self.key_set()?.parse()?), ISSUER.to_owned(), AUDIENCE.to_owned());
        Ok(verifier.with_longest_lifetime(LONGEST))
    }

    /// Makes a signed token for the member of staff `holder`, valid from `now` for this number of seconds.
    pub fn token(&self, holder: &TokenSubject, now: Timestamp, seconds: i64) -> Result<String, String> {
        let issued = now.utc().timestamp();
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": holder.subject, "iat": issued, "exp": issued + seconds, "name": holder.subject,
            "roles": holder.roles, "offices": holder.offices, "qualified": holder.qualified, "protectedIdentity": holder.protected_identity,
        });
        let header = Header { kid: Some(self.key_id()), ..Header::new(Algorithm::ES256) };
        let pem = self.signing_key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?;
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).map_err(|error| error.to_string())?;
        jsonwebtoken::encode(&header, &claims, &key).map_err(|error| error.to_string())
    }

    /// Makes the tokens that `demo.json` contains, one for each kind of member of staff, valid for a week. Returns each with its
    /// name in that file.
    pub fn tokens(&self, now: Timestamp) -> Result<Vec<(&'static str, String)>, String> {
        const OFFICE: &str = "skaggetorp";
        const RECEPTION: &str = "mottagning-barn-unga";
        let staff: [(&'static str, &str, &str, bool, bool); 9] = [
            ("outreachWorker", "outreach_worker", OFFICE, false, false),
            ("caseworker", "caseworker", OFFICE, false, false),
            ("qualifiedCaseworker", "caseworker", OFFICE, true, false),
            ("teamLead", "team_lead", OFFICE, true, false),
            ("receptionCaseworker", "caseworker", RECEPTION, false, false),
            ("protectedIdentityCaseworker", "caseworker", RECEPTION, true, true),
            ("administrator", "administrator", OFFICE, false, false),
            ("auditor", "auditor", OFFICE, false, false),
            ("analyst", "analyst", OFFICE, false, false),
        ];
        let token = |(name, role, office, qualified, protected_identity)| {
            let holder =
                TokenSubject { subject: name, roles: vec![role], offices: vec![office], qualified, protected_identity };
            Ok((name, self.token(&holder, now, WEEK)?))
        };
        staff.into_iter().map(token).collect()
    }
}

/// Reads from the file `demo.json` at `path` the names and API keys of the partner agencies. `None` if there is no such file or
/// it has no such keys.
pub fn partner_keys_of(path: &Path) -> Option<Vec<(String, String)>> {
    let told: Value = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    let keys = told["partnerKeys"].as_object()?;
    keys.iter().map(|(name, key)| Some((name.clone(), key.as_str()?.to_owned()))).collect()
}

/// Writes a file that only its owner may read. If writing fails, an earlier file of that name stays as it was.
pub fn write_private(path: &Path, content: &str) -> Result<(), String> {
    let draft = path.with_extension("new");
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
