//! A database's failure in words for people: one sentence and one hint for each kind, in which the product matters.

use database::{Address, Engine};

use super::{Code, Failure, chain};
use crate::messages::{Message, message};

/// Which database it was, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name in the configuration.
    name: Option<String>,
    /// Never with the password.
    address: Option<String>,
    engine: Option<Engine>,
}

impl Place {
    /// A database that was given by its address.
    #[must_use]
    pub fn at(address: &Address) -> Self {
        Self { name: None, address: Some(address.to_string()), engine: Some(address.engine()) }
    }

    /// A database of the configuration.
    #[must_use]
    pub fn named(name: &str, address: &Address) -> Self {
        Self { name: Some(name.to_owned()), ..Self::at(address) }
    }

    fn words(&self) -> Message {
        match (&self.name, &self.address) {
            (Some(name), Some(address)) => {
                message("database-named").with("name", name.as_str()).with("address", address.as_str())
            }
            (_, Some(address)) => message("database-at").with("address", address.as_str()),
            _ => message("database-some"),
        }
    }

    fn engine(&self) -> &'static str {
        match self.engine {
            Some(Engine::Sqlite) => "sqlite",
            Some(Engine::Postgres) => "postgres",
            Some(Engine::Mssql) => "mssql",
            None => "any",
        }
    }
}

impl Failure {
    /// A database's error, and which database it was.
    ///
    /// The row at fault is told by its key: people need it to find the row. Logs must not take it from here.
    #[must_use]
    pub fn of_database(error: &database::Error, place: &Place) -> Self {
        let kind = error.kind.code();
        let what = message(format!("database-what-{kind}")).with("place", place.words());
        let hint = message(format!("database-hint-{kind}")).with("engine", place.engine());
        let mut failure = Self::new(Code::Database(error.kind), what, Message::verbatim(reason(error)), hint);
        failure.0.why.extend(chain(std::error::Error::source(error)).map(Message::verbatim));
        failure.0.why.extend(spot(error));
        failure
    }
}

impl From<database::Error> for Failure {
    fn from(error: database::Error) -> Self {
        Self::of_database(&error, &Place::default())
    }
}

fn reason(error: &database::Error) -> String {
    error.what.trim().trim_end_matches('.').to_owned()
}

/// Table, column and key, as far as they are known and not said already.
fn spot(error: &database::Error) -> Option<Message> {
    let table = error.table.as_ref().map(|table| message("database-table").with("table", table.to_string()));
    let column =
        error.column.as_ref().map(|column| message("database-column").with("column", column.as_str()));
    let key = error.key.as_ref().map(|key| message("database-key").with("key", key.to_string()));
    let said = error.table.as_ref().is_none_or(|table| error.what.contains(&table.to_string()));
    if said && column.is_none() && key.is_none() {
        return None;
    }
    let parts = [table, column, key].into_iter().flatten();
    parts.rev().reduce(|rest, first| message("list-two").with("first", first).with("rest", rest))
}

#[cfg(test)]
mod tests {
    use database::Error;
    use model::{ErrorKind, TableRef};

    use super::*;
    use crate::messages::{Language, Text};

    #[test]
    fn every_kind_has_a_sentence_and_a_hint_for_every_product_in_both_languages() {
        for language in Language::ALL {
            let text = Text::new(language);
            for kind in ErrorKind::ALL {
                for key in
                    [format!("database-what-{}", kind.code()), format!("database-hint-{}", kind.code())]
                {
                    assert!(text.find(&key).is_some(), "{key}");
                }
                for address in ["sqlite:a.db", "postgres://u:hidden@h/d", "mssql://u:hidden@h/d"] {
                    let place = Place::named("erp", &address.parse().unwrap());
                    let shown = Failure::of_database(&Error::new(kind, "refused"), &place).shown(&text);
                    assert!(
                        !shown.contains(['{', '$']) && !shown.contains("hidden") && shown.contains("erp"),
                        "{shown}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_failure_names_the_database_the_cause_and_the_row() {
        let mut error = Error::new(ErrorKind::Constraint, "constraint `stock_code_key` refused the row.")
            .in_table(&TableRef::new("stock"))
            .caused_by(std::io::Error::other("duplicate key"));
        error.key = Some(model::Key(vec![model::Value::Int(7)]));
        let place = Place::named("web", &"postgres://shop:secret@db/web".parse().unwrap());
        insta::assert_snapshot!(Failure::of_database(&error, &place).shown(&Text::new(Language::English)), @r"
        error[DENK-2005]: database `web` (postgres://shop:***@db/web) refused a row
          because: constraint `stock_code_key` refused the row
          because: duplicate key
          because: table stock, key 7
        hint: correct the row in the source, or relax the rule of the target's table, and run again
        ");
    }

    #[test]
    fn without_a_place_it_is_still_a_sentence() {
        let failure = Failure::from(Error::new(ErrorKind::Connection, "connection refused"));
        insta::assert_snapshot!(failure.shown(&Text::new(Language::Turkish)), @r"
        hata[DENK-2001]: veritabanı: bağlanılamıyor
          neden: connection refused
        ipucu: sunucu çalışıyor mu, adres ve port doğru mu?
        ");
    }
}
