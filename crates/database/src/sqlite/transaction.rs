//! Transactions, the savepoint, and the flag by which the journal's triggers know denk's own work.

use model::ErrorKind;

use super::{connect::Link, introspect::Shapes};
use crate::{Begin, Error, Result};

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No transaction: every call is its own.
    Idle,
    Within(Begin),
}

/// The table that holds a row while denk itself writes; see [`super::journal`].
pub(super) const OWN: &str = "denk_own";

impl Link {
    pub(super) fn begin(&mut self, begin: Begin) -> Result<()> {
        if self.phase != Phase::Idle {
            return Err(Error::new(ErrorKind::Internal, "a transaction is open already"));
        }
        let sql = if begin == Begin::Read {
            include_str!("sql/begin_read.sql")
        } else {
            include_str!("sql/begin_write.sql")
        };
        if let Err(error) = self.connection.execute_batch(sql) {
            self.end()?;
            return Err(error.into());
        }
        self.phase = Phase::Within(begin);
        if begin == Begin::Own && self.has_flag_table()? {
            self.connection.execute_batch(include_str!("sql/own_set.sql"))?;
        }
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Result<()> {
        let Phase::Within(begin) = self.phase else {
            return Err(Error::new(ErrorKind::Internal, "no transaction is open"));
        };
        if self.connection.is_autocommit() {
            self.end()?;
            return Err(Error::new(ErrorKind::Internal, "the database has rolled the transaction back"));
        }
        if begin == Begin::Own && self.has_flag_table()? {
            self.connection.execute_batch(include_str!("sql/own_clear.sql"))?;
        }
        self.connection.execute_batch(include_str!("sql/commit.sql"))?;
        self.phase = Phase::Idle;
        self.savepoint = false;
        Ok(())
    }

    pub(super) fn rollback(&mut self) -> Result<()> {
        self.end()
    }

    pub(super) fn savepoint(&mut self) -> Result<()> {
        self.must_be_open()?;
        if self.savepoint {
            self.connection.execute_batch(include_str!("sql/savepoint_release.sql"))?;
        }
        self.connection.execute_batch(include_str!("sql/savepoint.sql"))?;
        self.savepoint = true;
        Ok(())
    }

    pub(super) fn rollback_to_savepoint(&mut self) -> Result<()> {
        self.must_be_open()?;
        if !self.savepoint {
            return Err(Error::new(ErrorKind::Internal, "no savepoint is set"));
        }
        *self.shapes.get_mut() = Shapes::default();
        Ok(self.connection.execute_batch(include_str!("sql/savepoint_rollback.sql"))?)
    }

    /// The one writer holds the only lock there is.
    pub(super) fn lock(&self) -> Result<()> {
        match self.phase {
            Phase::Within(Begin::Own | Begin::Foreign) => Ok(()),
            _ => Err(Error::new(ErrorKind::Internal, "a lock needs a writing transaction")),
        }
    }

    /// Runs `work` in the open writing transaction, or in one of its own that `work`'s failure undoes.
    pub(super) fn writing<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        match self.phase {
            Phase::Within(Begin::Own | Begin::Foreign) => work(self),
            Phase::Within(Begin::Read) => {
                Err(Error::new(ErrorKind::Internal, "nothing may be written in a reading transaction"))
            }
            Phase::Idle => self.alone(Begin::Foreign, work),
        }
    }

    /// Runs `work` on one consistent view.
    pub(super) fn reading<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        match self.phase {
            Phase::Within(_) => work(self),
            Phase::Idle => self.alone(Begin::Read, work),
        }
    }

    fn alone<T>(&mut self, begin: Begin, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin(begin)?;
        let done = work(self).and_then(|done| self.commit().map(|()| done));
        if done.is_err() {
            self.end()?;
        }
        done
    }

    pub(super) fn has_flag_table(&self) -> Result<bool> {
        Ok(self.connection.table_exists(None, OWN)?)
    }

    fn must_be_open(&self) -> Result<()> {
        match self.phase {
            Phase::Within(_) => Ok(()),
            Phase::Idle => Err(Error::new(ErrorKind::Internal, "a savepoint needs a transaction")),
        }
    }

    /// Ends what was not committed; some errors of `SQLite` end it by themselves.
    fn end(&mut self) -> Result<()> {
        self.phase = Phase::Idle;
        self.savepoint = false;
        *self.shapes.get_mut() = Shapes::default();
        if !self.connection.is_autocommit() {
            self.connection.execute_batch(include_str!("sql/rollback.sql"))?;
        }
        Ok(())
    }
}
