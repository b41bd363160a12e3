//! What is put into the file, and taken out again.

use database::{Address, JournalStatus};
use merge::{Kept, TableId, TableRules};
use model::{Table, TableRef};
use replica::office_file::{Lack, essential};

use super::{
    Error, Office, Result,
    columns::described_in,
    file::Form,
    state::{FORM, State},
};

impl Office {
    /// Puts tables and triggers into the file, or what is missing of them. Where something was missing that had been there,
    /// or the program's tables changed their shape, the next batch compares everything.
    ///
    /// # Errors
    /// `Lacks`; `Busy`, `ReadOnly`, `Full`; then nothing of it is there.
    pub async fn install(&mut self) -> Result<()> {
        let tables = self.look().await?;
        self.check_whole(&tables).await?;
        self.suspect().await?;
        if self.is_installed().await? {
            return Ok(());
        }
        self.take_fillings().await?;
        let state = self.begin().await?;
        let done = self.install_in(state).await;
        self.end(done).await
    }

    /// What the program had in its file is there: what others write to a table that is away for a moment had no place, and
    /// what it says of itself when it is back would be taken for what the office wrote.
    async fn check_whole(&mut self, tables: &[(TableId, Table)]) -> Result<()> {
        let lost = self.lost(tables).await?;
        lost.into_iter().next().map_or(Ok(()), |lost| Err(Error::Lacks(self.path.clone(), lost)))
    }

    async fn lost(&mut self, tables: &[(TableId, Table)]) -> Result<Vec<Lack>> {
        let state = State::read(&mut self.db).await?;
        let lost = state.shape.iter().filter_map(|(name, before)| {
            let rules =
                &self.rules[self.rules.table(name).filter(|id| self.rules[*id].kept == Kept::Merged)?];
            let now = tables.iter().find(|(id, _)| self.rules[*id].name == *name);
            lost_of(rules, before, now.map(|(_, table)| table))
        });
        Ok(lost.collect())
    }

    /// Somebody said that the program will not put back what its file lacks: it goes on without. What that is; should it come
    /// back all the same, it is filled as something new.
    ///
    /// # Errors
    /// As for any transaction; nothing is changed then.
    pub async fn go_without(&mut self) -> Result<Vec<Lack>> {
        let tables = self.look().await?;
        let lost = self.lost(&tables).await?;
        let mut state = self.begin().await?;
        for lacked in &lost {
            let (Lack::Table { table } | Lack::Column { table, .. }) = lacked;
            match self.form_named(table) {
                Some(form) => _ = state.shape.insert(table.clone(), form.shape()),
                None => _ = state.shape.remove(table),
            }
        }
        state.doubt |= !lost.is_empty();
        self.end(Ok((state, lost))).await
    }

    /// Whether there is nothing to do: then nothing is written, and the file stays as it is.
    async fn is_installed(&mut self) -> Result<bool> {
        let state = State::read(&mut self.db).await?;
        let mut whole = self.db.is_whole() && state.form == FORM;
        for form in self.forms.clone().iter() {
            let key = [form.key().to_owned()];
            let status = self.db.session.journal_status(&form.table.name, &key).await?;
            whole &= status == JournalStatus::Complete;
            whole &= state.hub.is_none() || state.shape.get(form.name()) == Some(&form.shape());
        }
        Ok(whole)
    }

    async fn install_in(&mut self, mut state: State) -> Result<(State, ())> {
        let known = state.hub.is_some();
        if self.db.make().await? && known {
            // Without its shadow the file says nothing about what it was told: it is met again.
            state = State { shape: state.shape, last: state.last, ..State::default() };
        }
        // Notes may lack something since the copy.
        (state.form, state.meeting) = (FORM, None);
        for form in self.forms.clone().iter() {
            let key = [form.key().to_owned()];
            let status = self.db.session.journal_status(&form.table.name, &key).await?;
            if status != JournalStatus::Complete {
                self.db.session.journal_install(&form.table.name, &key).await?;
                state.doubt |= known;
            }
            state.look_at_columns(form);
        }
        Ok((state, ()))
    }

    /// Takes everything of denk's out of the file, without a trace.
    ///
    /// # Errors
    /// `Busy`, `Full`; then the next cycle puts back what is missing, and compares everything.
    pub async fn remove(mut self) -> Result<()> {
        self.take_out().await?;
        self.forget_copy();
        self.close()
    }

    /// Nothing of the agent's stays beside the file.
    pub(super) fn close(self) -> Result<()> {
        drop(self.db);
        self.lock.remove()
    }

    /// The journal, then our tables: without the former the latter are nobody's.
    pub(super) async fn take_out(&mut self) -> Result<()> {
        for (_, rules) in self.rules.clone().tables() {
            self.db.session.journal_remove(&TableRef::new(&rules.name)).await?;
        }
        let address = Address::sqlite(&self.path).with_patience(super::PATIENCE);
        Ok(database::run_script(&address, include_str!("sql/remove.sql")).await?)
    }

    /// The highest id that any row of the table may have had.
    pub(super) async fn last_id(&mut self, state: &mut State, form: &Form) -> Result<i64> {
        let last = state.last.entry(form.name().to_owned()).or_insert(0);
        if let Some(highest) = form.highest(&mut *self.db.session, *last).await? {
            *last = highest;
        }
        *last = (*last).max(self.db.last_number(&form.table.name.name).await?);
        Ok(*last)
    }
}

/// What a table has lost that it had `before`.
fn lost_of(rules: &TableRules, before: &[String], now: Option<&Table>) -> Option<Lack> {
    let table = rules.name.clone();
    let Some(now) = now else { return Some(Lack::Table { table }) };
    let had = |name: &str| described_in(before, name).is_some();
    let has = |name: &str| now.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let lost = essential(rules).find(|name| had(name) && !has(name))?;
    Some(Lack::Column { table, column: lost.to_owned() })
}
