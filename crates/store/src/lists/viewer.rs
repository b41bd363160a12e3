//! Who looks.

use merge::{Owner, Region};

use crate::{Role, User};

/// Somebody who looks at rows.
///
/// **Invariants**: there is none without a role and a region; what is shown is decided by these alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    role: Role,
    region: Region,
}

impl Viewer {
    #[must_use]
    pub const fn new(role: Role, region: Region) -> Self {
        Self { role, region }
    }

    #[must_use]
    pub fn of(user: &User) -> Self {
        Self::new(user.role, user.region.clone())
    }

    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    #[must_use]
    pub const fn region(&self) -> &Region {
        &self.region
    }

    /// Whether identity numbers and phones are shown whole.
    #[must_use]
    pub const fn sees_personal(&self) -> bool {
        matches!(self.role, Role::Admin | Role::Manager)
    }

    /// Whether what waits for a person in the region is theirs to decide.
    #[must_use]
    pub const fn decides(&self) -> bool {
        matches!(self.role, Role::Admin | Role::Manager)
    }

    /// Whether the PCs and people of the region are theirs to administer.
    #[must_use]
    pub const fn administers(&self) -> bool {
        matches!(self.role, Role::Admin)
    }

    /// Whether the hub itself is: its backups, its settings.
    #[must_use]
    pub fn administers_hub(&self) -> bool {
        self.administers() && self.region == Region::All
    }

    /// Whether what people and PCs did is told them: of their region.
    #[must_use]
    pub const fn sees_activity(&self) -> bool {
        matches!(self.role, Role::Admin | Role::Manager)
    }

    pub(super) fn sees(&self, owner: &Owner) -> bool {
        self.region.sees(owner)
    }
}
