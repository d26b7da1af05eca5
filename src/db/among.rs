//! A condition on an identifier: that it is one of a list, however long.
//!
//! Diesel writes a list for SQLite as one variable for each entry, and a statement has at most 32,766 variables there. A person may
//! have more contacts and referrals than that. Here the whole list is one variable: an array on PostgreSQL, and on SQLite a JSON
//! array that the database takes apart. So the statement is also the same for lists of every length, and is prepared once.

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{self, Array, Bool, Text};
use diesel::sqlite::Sqlite;
use uuid::Uuid;

/// The condition that `column` is one of `ids`, made by [`among`].
#[derive(Debug, Clone, QueryId)]
pub struct Among<C> {
    column: C,
    ids: Vec<Uuid>,
    /// The same identifiers as a JSON array, in the form in which SQLite can take it apart.
    json: String,
}

/// The condition that the column `column`, which holds identifiers, is one of `ids`. A column without a value is none of them.
pub fn among<C: Expression>(column: C, ids: impl IntoIterator<Item = impl Into<Uuid>>) -> Among<C> {
    let ids: Vec<Uuid> = ids.into_iter().map(Into::into).collect();
    let each: Vec<String> = ids.iter().map(|id| format!("\"{}\"", id.simple())).collect();
    Among { column, json: format!("[{}]", each.join(",")), ids }
}

impl<C: Expression> Expression for Among<C> {
    type SqlType = Bool;
}

impl<C> ValidGrouping<()> for Among<C> {
    type IsAggregate = is_aggregate::No;
}

impl<C: AppearsOnTable<Q>, Q> AppearsOnTable<Q> for Among<C> where Self: Expression {}

impl<C: SelectableExpression<Q>, Q> SelectableExpression<Q> for Among<C> where Self: AppearsOnTable<Q> {}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Among<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(");
        out.push_bind_param::<Array<sql_types::Uuid>, _>(&self.ids)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Among<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT unhex(value) FROM json_each(");
        out.push_bind_param::<Text, _>(&self.json)?;
        out.push_sql("))");
        Ok(())
    }
}
