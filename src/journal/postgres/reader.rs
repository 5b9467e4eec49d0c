//! The shared reading statements on a connection of the pool.

use async_trait::async_trait;
use bytes::BytesMut;
use deadpool_postgres::Pool;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::connect::client;
use super::trouble::failure;
use crate::journal::JournalError;
use crate::journal::read::Reader;
use crate::journal::value::{Row, Value};

#[async_trait]
impl Reader for Pool {
    async fn rows(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        let client = client(self).await?;
        let failed = |error: tokio_postgres::Error| failure(&error);
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        let rows = client.query(&statement, &params).await.map_err(failed)?;
        rows.iter()
            .map(|row| (0..row.len()).map(|column| value(row, column)).collect::<Result<_, _>>().map(Row))
            .collect()
    }
}

fn value(row: &tokio_postgres::Row, column: usize) -> Result<Value, JournalError> {
    let failed = |error: tokio_postgres::Error| failure(&error);
    let kind = row.columns()[column].type_();
    let found = match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(column).map_err(failed)?.map(Value::Int),
        Type::INT4 => row.try_get::<_, Option<i32>>(column).map_err(failed)?.map(|number| Value::Int(number.into())),
        Type::TEXT => row.try_get::<_, Option<String>>(column).map_err(failed)?.map(Value::Text),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(column).map_err(failed)?.map(Value::Bytes),
        _ => return Err(JournalError::Broken(format!("a column of type {kind} was not expected"))),
    };
    Ok(found.unwrap_or(Value::Null))
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
