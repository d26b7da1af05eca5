//! The certificates for tests of TLS to PostgreSQL, valid and invalid ones.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name};

/// The paths of certificates for libpq's `sslrootcert`.
pub struct Certificates {
    /// The authority that signed the server's certificate, for `localhost` and 127.0.0.1.
    pub authority: PathBuf,
    /// An authority that signed nothing.
    pub stranger: PathBuf,
}

impl Certificates {
    /// Writes the certificates, and the server's own `server.crt` and `server.key`, into the folder.
    pub fn write(folder: &Path) -> Self {
        let authority = Signed::authority("The city").expect("OpenSSL makes certificates");
        let stranger = Signed::authority("A stranger").expect("OpenSSL makes certificates");
        let server = authority.server().expect("OpenSSL makes certificates");

        let write = |name: &str, pem: Result<Vec<u8>, ErrorStack>| {
            let path = folder.join(name);
            fs::write(&path, pem.expect("OpenSSL writes PEM")).expect("the folder can be written");
            path
        };
        write("server.crt", server.certificate.to_pem());
        let key = write("server.key", server.key.private_key_to_pem_pkcs8());
        // PostgreSQL refuses a key file that others may read.
        fs::set_permissions(key, Permissions::from_mode(0o600)).expect("the key is ours");
        Self {
            authority: write("authority.crt", authority.certificate.to_pem()),
            stranger: write("stranger.crt", stranger.certificate.to_pem()),
        }
    }
}

/// A certificate with its private key.
struct Signed {
    certificate: X509,
    key: PKey<Private>,
}

impl Signed {
    fn authority(name: &str) -> Result<Self, ErrorStack> {
        let (mut certificate, key) = unsigned(name)?;
        certificate.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        certificate.append_extension(KeyUsage::new().critical().key_cert_sign().build()?)?;
        certificate.sign(&key, MessageDigest::sha256())?;
        Ok(Self { certificate: certificate.build(), key })
    }

    fn server(&self) -> Result<Self, ErrorStack> {
        let (mut certificate, key) = unsigned("The test cluster")?;
        certificate.set_issuer_name(self.certificate.subject_name())?;
        let names = SubjectAlternativeName::new()
            .dns("localhost")
            .ip("127.0.0.1")
            .build(&certificate.x509v3_context(Some(&self.certificate), None))?;
        certificate.append_extension(names)?;
        certificate.sign(&self.key, MessageDigest::sha256())?;
        Ok(Self { certificate: certificate.build(), key })
    }
}

/// A certificate for a new key, with the name as both its subject and its issuer.
fn unsigned(name: &str) -> Result<(X509Builder, PKey<Private>), ErrorStack> {
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key = PKey::from_ec_key(EcKey::generate(&curve)?)?;

    let mut full_name = X509Name::builder()?;
    full_name.append_entry_by_nid(Nid::COMMONNAME, name)?;
    let full_name = full_name.build();

    let mut serial = BigNum::new()?;
    serial.rand(64, MsbOption::MAYBE_ZERO, false)?;

    let mut certificate = X509::builder()?;
    certificate.set_version(2)?;
    certificate.set_serial_number(serial.to_asn1_integer()?.as_ref())?;
    certificate.set_subject_name(&full_name)?;
    certificate.set_issuer_name(&full_name)?;
    certificate.set_pubkey(&key)?;
    certificate.set_not_before(Asn1Time::days_from_now(0)?.as_ref())?;
    certificate.set_not_after(Asn1Time::days_from_now(2)?.as_ref())?;
    Ok((certificate, key))
}
