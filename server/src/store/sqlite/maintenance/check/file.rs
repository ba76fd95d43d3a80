//! Checks of the file: its pages, indexes and references, and whether its tables are those of this program.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Row as _, query, query_as, query_scalar};

use super::findings::Findings;
use crate::store::sqlite::schema::MIGRATIONS;

pub(super) async fn check(
    connection: &mut SqliteConnection,
    findings: &mut Findings<'_>,
) -> Result<(), sqlx::Error> {
    let ours = schema_of_ours().await?;
    let theirs = schema(connection).await?;
    for ((kind, name), sql) in &ours {
        match theirs.get(&(kind.clone(), name.clone())) {
            Some(found) if found == sql => {}
            Some(_) => findings.add(&format!("file: {kind} {name} is not as this program makes it")),
            None => findings.add(&format!("file: {kind} {name} is missing")),
        }
    }
    let mut problems = query_scalar::<_, String>("PRAGMA integrity_check").fetch(&mut *connection);
    while let Some(problem) = problems.try_next().await? {
        if problem != "ok" {
            findings.add(&format!("file: {problem}"));
        }
    }
    drop(problems);
    let mut orphans = query("PRAGMA foreign_key_check").fetch(connection);
    while let Some(orphan) = orphans.try_next().await? {
        let (table, parent): (String, String) = (orphan.try_get("table")?, orphan.try_get("parent")?);
        let row = match orphan.try_get::<Option<i64>, _>("rowid")? {
            Some(row) => format!("row {row} of {table}"),
            None => format!("a row of {table}"),
        };
        findings.add(&format!("file: {row} refers to a row of {parent} that is not there"));
    }
    Ok(())
}

/// The statements that make tables and indexes, by kind and name.
type Schema = BTreeMap<(String, String), Option<String>>;

async fn schema(connection: &mut SqliteConnection) -> Result<Schema, sqlx::Error> {
    // What begins with `sqlite_` is SQLite's own, what begins with `_` is that of the migrations.
    let rows: Vec<(String, String, Option<String>)> = query_as(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_%' ESCAPE '\\'",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(kind, name, sql)| ((kind, name), sql)).collect())
}

/// What an empty database of this version has.
async fn schema_of_ours() -> Result<Schema, sqlx::Error> {
    let mut empty = SqliteConnectOptions::new().in_memory(true).connect().await?;
    MIGRATIONS.run(&mut empty).await.map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
    schema(&mut empty).await
}
