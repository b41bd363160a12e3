//! Findings as one viewer may see them.

use data_encoding::HEXLOWER;

use super::{Accepted, Detail, Finding, Findings, Found, Subject, When};
use crate::lists::{
    pages::Label,
    scope::{Named, Scope},
};

impl Scope<'_> {
    /// **Invariants**: the findings are those of the scope's rows.
    pub(crate) fn finding(
        &self,
        findings: &Findings,
        found: &Found,
        accepted: Option<Accepted>,
    ) -> Option<Finding> {
        let named = self.named(found.table, found.gid)?;
        let list = self.pages.of_table(found.table);
        let others = match &found.detail {
            Detail::Others { others, .. } => {
                others.iter().filter_map(|gid| self.named(found.table, *gid)).collect()
            }
            _ => Vec::new(),
        };
        let items = match &found.detail {
            Detail::Items(items) => items.iter().map(|item| self.item(item)).collect(),
            _ => Vec::new(),
        };
        Some(Finding {
            key: HEXLOWER.encode(found.key_bytes()),
            kind: found.kind,
            severity: found.severity,
            region: findings.region(found).map(str::to_owned),
            subject: Subject::Row { named: self.with_name(named), list },
            others,
            items,
            when: found.date.map_or(When::Always, When::Day),
            detail: found.detail.clone(),
            accepted,
        })
    }

    /// A row without a name is known by its identity.
    fn with_name(&self, named: Named) -> Named {
        let name = if named.name.trim().is_empty() { named.gid.clone() } else { named.name };
        Named { name, ..named }
    }

    /// What an item of weekly checks is called; one that the preset does not know by its own word.
    fn item(&self, name: &str) -> Label {
        let mut items = self.pages.lists().iter().flat_map(|list| &list.quality.items);
        let known = items.find(|(known, _)| known == name).map(|(_, label)| label.clone());
        known.unwrap_or_else(|| Label { tr: name.to_owned(), en: name.to_owned() })
    }
}
