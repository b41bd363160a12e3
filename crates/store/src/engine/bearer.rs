//! Who bears a name already.

use merge::{Action, Change, Rules, Scope, natural_key};
use model::Gid;

/// Another living row of the same region whose name the change would give to its row: merging would make one of the two,
/// which nobody who writes a value means. The scope wants nothing for the change.
pub(super) fn of(rules: &Rules, scope: &Scope, change: &Change) -> Option<Gid> {
    let Action::Update(edits) = &change.action else { return None };
    let (table, rule) = (change.table, &rules[change.table]);
    let row = scope.row(scope.today(change.gid))?;
    let mut cells = row.cells.clone();
    for edit in edits {
        cells[edit.column.0] = Some(edit.value.clone());
    }
    let key = natural_key(rule, &cells)?;
    let owner = scope.owner(rules, table, &cells);
    let was = row.lives() && natural_key(rule, &row.cells).as_ref() == Some(&key);
    if was && scope.owner(rules, table, &row.cells) == owner {
        return None;
    }
    let others = scope.named(table, &key).into_iter().filter(|other| *other != row.gid);
    let mut living = others.filter_map(|other| scope.living(other));
    living.find(|other| scope.owner(rules, table, &other.cells) == owner).map(|other| other.gid)
}
