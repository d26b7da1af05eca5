//! PostgreSQL over a network: encrypted, and only with the server that one means.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Bool;
use nara::db::Target;
use nara::db::connection::Purpose;
use nara::error::{Problem, Result};

use crate::support::databases::Cluster;
use crate::support::{Backend, EmptyDatabase, TestApp};

#[derive(QueryableByName)]
struct Encrypted {
    #[diesel(sql_type = Bool)]
    ssl: bool,
}

/// Whether the connection is encrypted, if there is one.
fn connect(database: &EmptyDatabase, host: &str, parameters: &str) -> Result<bool> {
    let target: Target = database.database.url_at(host, parameters).parse().unwrap();
    let mut conn = target.connect(Purpose::Reading)?;
    let query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(sql_query(query).get_result::<Encrypted>(&mut conn)?.ssl)
}

#[test]
fn a_connection_is_encrypted_as_the_url_says() {
    let Some(database) = EmptyDatabase::new(Backend::Postgres) else { return };
    let certificates = &Cluster::running().unwrap().certificates;
    let verified = |authority: &std::path::Path| format!("sslmode=verify-full&sslrootcert={}", authority.display());
    assert!(!connect(&database, "localhost", "sslmode=disable").unwrap());
    assert!(connect(&database, "localhost", "sslmode=require").unwrap());
    assert!(connect(&database, "elsewhere.test", "sslmode=require").unwrap());
    assert!(connect(&database, "localhost", &verified(&certificates.authority)).unwrap());
    assert!(connect(&database, "127.0.0.1", &verified(&certificates.authority)).unwrap());
    for (host, authority, reason) in [
        ("localhost", &certificates.stranger, "certificate verify failed"),
        ("elsewhere.test", &certificates.authority, "does not match host name"),
    ] {
        let error = connect(&database, host, &verified(authority)).unwrap_err();
        assert_eq!(error.problem(), Problem::Unavailable);
        let cause = error.cause().unwrap().to_string();
        assert!(cause.contains(reason), "{cause}");
    }
    assert!(connect(&database, "localhost", "sslmode=verify-full&sslrootcert=/nowhere").is_err());
}

#[actix_web::test]
async fn a_server_works_over_a_verified_connection() {
    let Some(cluster) = Cluster::running() else { return };
    let root = cluster.certificates.authority.display().to_string();
    let template = TestApp::fresh_with(Backend::Postgres, |_| {}).await.unwrap();
    let url = template.database().url_at("localhost", &format!("sslmode=verify-full&sslrootcert={root}"));
    let over_tls = template.another_server_with(|setup| setup.target = url.parse().unwrap()).await;
    let id = over_tls.submitted(crate::support::fixtures::concern_report()).await;
    over_tls.caseworker().get(&format!("/referrals/{id}")).await.expect(200);
}

#[test]
fn a_password_stays_out_of_what_is_printed() {
    let target: Target = "postgres://nara:hemligt@db.test/nara?sslmode=require".parse().unwrap();
    assert!(!format!("{target:?}").contains("hemligt"));
    let error = target.connect(Purpose::Reading).err().unwrap();
    assert!(!format!("{error:?} {:?}", error.cause().map(ToString::to_string)).contains("hemligt"));
}
