//! Conversions of values whose columns the two databases store differently: identifiers (uuid / BLOB), times (timestamptz /
//! INTEGER microseconds) and JSON (jsonb / TEXT). Also the macro that stores a type as text.

use std::io::Write;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{self, HasSqlType};
use diesel::sqlite::Sqlite;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::db::connection::MultiBackend;
use crate::db::sql_types::{SqlJson, SqlTime, SqlUuid};
use crate::id::Id;
use crate::time::Timestamp;

/// A value that is stored in its column as a JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, AsExpression, FromSqlRow, Serialize, Deserialize)]
#[diesel(sql_type = SqlJson)]
#[serde(transparent)]
pub struct Json<T>(pub T);

/// Implements the conversions that let a query for either database use `$rust_type` for a column of the type `$sql_type`.
macro_rules! on_both_databases {
    ($sql_type:ty, [$($generic:ident: $($bound:tt)+)?], $rust_type:ty) => {
        impl<$($generic: $($bound)+)?> FromSql<$sql_type, MultiBackend> for $rust_type
        where
            $rust_type: FromSql<$sql_type, Pg> + FromSql<$sql_type, Sqlite>,
        {
            fn from_sql(raw: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                raw.from_sql::<$rust_type, $sql_type>()
            }
        }

        impl<$($generic: $($bound)+)?> ToSql<$sql_type, MultiBackend> for $rust_type
        where
            $rust_type: ToSql<$sql_type, Pg> + ToSql<$sql_type, Sqlite> + std::fmt::Debug,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((<$sql_type>::default(), self));
                Ok(IsNull::No)
            }
        }
    };
}

macro_rules! known_to_both_databases {
    ($($sql_type:ty),*) => { $(
        impl HasSqlType<$sql_type> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<$sql_type>(lookup)
            }
        }
    )* };
}

known_to_both_databases!(SqlUuid, SqlTime, SqlJson);
on_both_databases!(SqlUuid, [Kind: 'static], Id<Kind>);
on_both_databases!(SqlTime, [], Timestamp);
on_both_databases!(SqlJson, [T: Send + Sync + 'static], Json<T>);

impl<Kind> FromSql<SqlUuid, Pg> for Id<Kind> {
    fn from_sql(raw: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<sql_types::Uuid, Pg>::from_sql(raw).map(Self::from_uuid)
    }
}

impl<Kind> ToSql<SqlUuid, Pg> for Id<Kind> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.uuid().as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<Kind> FromSql<SqlUuid, Sqlite> for Id<Kind> {
    fn from_sql(mut raw: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::from_uuid(uuid::Uuid::from_slice(raw.read_blob())?))
    }
}

impl<Kind> ToSql<SqlUuid, Sqlite> for Id<Kind> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.uuid().as_bytes().to_vec());
        Ok(IsNull::No)
    }
}

impl FromSql<SqlTime, Pg> for Timestamp {
    fn from_sql(raw: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<sql_types::Timestamptz, Pg>::from_sql(raw).map(|t: chrono::DateTime<chrono::Utc>| t.into())
    }
}

impl ToSql<SqlTime, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::Timestamptz, Pg>::to_sql(&self.utc(), &mut out.reborrow())
    }
}

impl FromSql<SqlTime, Sqlite> for Timestamp {
    fn from_sql(raw: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros: i64 = FromSql::<sql_types::BigInt, Sqlite>::from_sql(raw)?;
        Self::from_micros(micros).ok_or_else(|| "a stored time is out of range".into())
    }
}

impl ToSql<SqlTime, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.micros());
        Ok(IsNull::No)
    }
}

/// The version of PostgreSQL's binary format of jsonb, which is the first byte of a value. There is only version 1.
const JSONB_VERSION: u8 = 1;

impl<T: DeserializeOwned> FromSql<SqlJson, Pg> for Json<T> {
    fn from_sql(raw: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        match raw.as_bytes().split_first() {
            Some((&JSONB_VERSION, text)) => Ok(Self(serde_json::from_slice(text)?)),
            _ => Err("a stored document is not jsonb version 1".into()),
        }
    }
}

impl<T: Serialize + std::fmt::Debug> ToSql<SqlJson, Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl<T: DeserializeOwned> FromSql<SqlJson, Sqlite> for Json<T> {
    fn from_sql(mut raw: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(raw.read_text())?))
    }
}

impl<T: Serialize + std::fmt::Debug> ToSql<SqlJson, Sqlite> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

/// Implements the conversions that store a type as text in a column. The type needs `AsRef<str>` and `FromStr`, and must derive
/// `AsExpression` and `FromSqlRow`.
#[macro_export]
macro_rules! text_column {
    ($($rust_type:ty),* $(,)?) => { $(
        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $rust_type
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, DB>>::to_sql(self.as_ref(), out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $rust_type
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(raw: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(raw)?;
                text.parse().map_err(|_| concat!("a stored ", stringify!($rust_type), " is not one that the program knows").into())
            }
        }
    )* };
}
