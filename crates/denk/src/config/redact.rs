//! Values as they may be shown: without secrets.

/// What stands in place of a secret.
pub(crate) const HIDDEN: &str = "***";

/// Words in the name of a setting that holds a secret.
const SECRET_WORDS: [&str; 9] =
    ["password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "copy_key", "webhook"];

/// Whether a setting of this name holds a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    name == "key" || name == "pass" || SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// A value as TOML writes it, texts without quotes, secrets and passwords in addresses replaced.
pub(crate) fn value(name: &str, value: &toml::Value) -> String {
    match hidden(name, value) {
        toml::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn hidden(name: &str, value: &toml::Value) -> toml::Value {
    use toml::Value as V;
    match value {
        _ if is_secret(name) => V::String(HIDDEN.to_owned()),
        V::String(text) => V::String(address(text)),
        V::Array(items) => V::Array(items.iter().map(|item| hidden(name, item)).collect()),
        V::Table(table) => {
            V::Table(table.iter().map(|(key, item)| (key.clone(), hidden(key, item))).collect())
        }
        other => other.clone(),
    }
}

/// Text with the password of an address in it replaced.
///
/// Does not parse: a password with an unescaped `/` or `@` would mislead a parser. Everything from the first `:` after
/// `://` to the last `@` goes, and so does the value of an option that holds a secret.
pub(crate) fn address(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return options(text) };
    let Some((login, host)) = rest.rsplit_once('@') else { return options(text) };
    let login = match login.split_once(':') {
        Some((user, _)) => format!("{user}:{HIDDEN}"),
        None => login.to_owned(),
    };
    options(&format!("{scheme}://{login}@{host}"))
}

fn options(text: &str) -> String {
    let Some((before, query)) = text.split_once('?') else { return text.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) || name.eq_ignore_ascii_case("pwd") => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    });
    format!("{before}?{}", pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_keeps_everything_but_the_password() {
        for (given, shown) in [
            ("mssql://sa:p@ss/w:rd@erp:1433/M?encrypt=true", "mssql://sa:***@erp:1433/M?encrypt=true"),
            ("postgres://shop@db:5432/web", "postgres://shop@db:5432/web"),
            (
                "postgres://db:5432/web?password=x&sslmode=require",
                "postgres://db:5432/web?password=***&sslmode=require",
            ),
            ("sqlite:C:/Ana Entegra/db.s3db", "sqlite:C:/Ana Entegra/db.s3db"),
        ] {
            assert_eq!(address(given), shown);
        }
    }

    #[test]
    fn names_tell_secrets_however_deep() {
        let table: toml::Table =
            "to = 'a@b'\nmail = { password = 'hidden', port = 25 }\nkeys = 3".parse().unwrap();
        let shown = value("notify", &toml::Value::Table(table));
        assert!(
            !shown.contains("hidden") && shown.contains("25") && shown.contains("a@b") && shown.contains('3'),
            "{shown}"
        );
        assert_eq!(value("api-key", &toml::Value::String("hidden".into())), HIDDEN);
    }

    proptest! {
        #[test]
        fn no_password_ever_survives(password in "[!-~]{6,20}") {
            let marked = format!("Q{password}Q");
            let shown = address(&format!("postgres://user:{marked}@host/db"));
            prop_assert!(!shown.contains(&marked));
            prop_assert_eq!(shown, "postgres://user:***@host/db");
        }
    }
}
