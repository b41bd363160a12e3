//! `DENK__SECTION__KEY`: every setting from the environment.

use super::{Name, Origin, Setting, Settings, Variables, schema};
use crate::failure::Result;

const PREFIX: &str = "DENK__";

/// The settings that variables give. `below`: the layers so far, whose spelling of names (`erp-to-web`) is taken where a
/// variable can only say `ERP_TO_WEB`.
///
/// # Errors
/// `UnknownKey`, `WrongValue`, naming the variable.
pub(super) fn read(variables: &Variables, below: &Settings) -> Result<Vec<Setting>> {
    let mut found = Vec::new();
    for variable in variables.names().filter(|name| name.starts_with(PREFIX)) {
        let Some((value, origin)) = variables.get(variable) else { continue };
        let name = name(variable, below);
        check(&name, &origin)?;
        let setting = Setting::text(schema::canonical(name), value, origin);
        schema::check(&setting)?;
        found.push(setting);
    }
    Ok(found)
}

/// Every part of the name must be known; a section alone takes no value.
fn check(name: &Name, origin: &Origin) -> Result<()> {
    let parts = name.parts();
    for end in 1..=parts.len() {
        schema::known(&Name::new(parts[..end].iter().cloned()), end < parts.len(), origin)?;
    }
    Ok(())
}

fn name(variable: &str, below: &Settings) -> Name {
    let plain = |part: &str| part.to_lowercase().replace('-', "_");
    let given: Vec<String> = variable[PREFIX.len()..].split("__").map(plain).collect();
    let spelt = below.iter().map(|setting| setting.name.parts()).find(|parts| {
        parts.len() >= given.len() && parts.iter().zip(&given).all(|(part, given)| plain(part) == *given)
    });
    match spelt {
        Some(parts) => Name::new(parts[..given.len()].iter().cloned()),
        None => Name::new(given),
    }
}
