//! The support for all tests: a running server with its own database and clock, and the people who call it.
//!
//! ```ignore
//! on_both_databases! {
//!     async fn a_district_has_a_name(app: TestApp) {
//!         let district = app.anyone().get("/districts/ryd").await.expect(200);
//!         assert_eq!(district["name"]["sv"], "Ryd");
//!     }
//! }
//! ```

pub mod app;
pub mod caller;
pub mod cases;
pub mod chance;
pub mod clock;
pub mod credentials;
pub mod databases;
pub mod document;
pub mod empty;
pub mod fixtures;
pub mod raw;
pub mod told;

pub use app::TestApp;
pub use caller::{Actor, Answer, Method};
pub use databases::Backend;
pub use empty::EmptyDatabase;

/// A fixture that each test gets new, on either database.
pub trait Fresh: Sized {
    /// A new fixture; `None` only if PostgreSQL is requested and not installed.
    async fn fresh(backend: Backend) -> Option<Self>;
}

/// Turns each function into a module with two tests, one for each database.
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($thing:ident: $kind:ty) $body:block)*) => { $(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn test($thing: $kind) $body

            #[actix_web::test]
            async fn on_sqlite() {
                if let Some(fresh) = <$kind as $crate::support::Fresh>::fresh($crate::support::Backend::Sqlite).await {
                    test(fresh).await;
                }
            }

            #[actix_web::test]
            async fn on_postgres() {
                if let Some(fresh) = <$kind as $crate::support::Fresh>::fresh($crate::support::Backend::Postgres).await {
                    test(fresh).await;
                }
            }
        }
    )* };
}
