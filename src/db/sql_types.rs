//! SQL types for columns that PostgreSQL and SQLite store differently.

use diesel::query_builder::QueryId;
use diesel::sql_types::{SqlOrd, SqlType};

/// The type of a column with an identifier: `uuid` on PostgreSQL, 16 bytes on SQLite.
#[derive(SqlType, QueryId, Clone, Copy, Debug, Default)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct SqlUuid;

/// The type of a column with an instant: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite.
#[derive(SqlType, QueryId, Clone, Copy, Debug, Default)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct SqlTime;

/// The type of a column with a JSON document: `jsonb` on PostgreSQL, text on SQLite.
#[derive(SqlType, QueryId, Clone, Copy, Debug, Default)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
pub struct SqlJson;

impl SqlOrd for SqlUuid {}

impl SqlOrd for SqlTime {}
