//! The source's shape against what it was when the flow last ran.

use crate::{
    bind::Bound,
    error::{Error, Result},
};

/// A new column is no harm (it follows by itself); one that vanished or changed its type needs a person.
pub(crate) fn check(before: &[(String, String)], bound: &Bound) -> Result<()> {
    let database = &bound.flow.source.database;
    for (column, native) in before {
        match bound.shape.iter().find(|(name, _)| name == column) {
            None => return Err(Error::Vanished { database: database.clone(), column: column.clone() }),
            Some((_, now)) if now != native => {
                return Err(Error::Retyped {
                    database: database.clone(),
                    column: column.clone(),
                    before: native.clone(),
                    now: now.clone(),
                });
            }
            Some(_) => {}
        }
    }
    Ok(())
}
