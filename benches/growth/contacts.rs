//! Contacts of two years in the field.

use nara::db::{DbConn, in_transaction};
use nara::directory::Directory;
use nara::moment::Moment;
use nara::outreach::store::{self, SealedContact};
use nara::time::{Clock, Random, Timestamp};
use nara::vault::Vault;

use super::field;

/// So many are written at once.
const AT_ONCE: usize = 100;
/// How long ago the first of them was.
const SECONDS: u32 = 2 * 365 * 24 * 3600;

/// Writes so many more, without any record of who did.
pub fn fill(conn: &mut DbConn, directory: &Directory, vault: &Vault, count: usize) {
    let moment = Moment { now: Clock::system().now(), random: Random::system() };
    let contact = |_| {
        let ago = chrono::TimeDelta::seconds(i64::from(u32::from_be_bytes(moment.random.bytes()) % SECONDS));
        field::sealed(directory, vault, &moment, Timestamp::from(moment.now.utc() - ago))
    };
    let contacts: Vec<SealedContact> = (0..count).map(contact).collect();
    let write = |conn: &mut DbConn| contacts.chunks(AT_ONCE).try_for_each(|some| store::insert(conn, some, &[]));
    in_transaction(conn, &write).expect("contacts can be inserted");
}
