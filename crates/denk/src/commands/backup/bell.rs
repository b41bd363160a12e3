//! What goes wrong with backups that nobody is waiting for: a line in the log, and an alert.

use store::{
    Store,
    backups::{BACKUP_DAMAGED, Backup, Error, alarm_of},
};

pub(super) struct Bell(pub Store);

impl Bell {
    pub async fn failed(&self, error: &Error, work: &'static str) {
        tracing::error!(error = error as &dyn std::error::Error, work, "backups need attention");
        let (kind, what) = alarm_of(error, work);
        self.warn(kind, &what).await;
    }

    pub async fn damaged(&self, damaged: &[Backup]) {
        for backup in damaged {
            tracing::error!(id = backup.id, folder = %backup.folder.display(), "a backup is damaged");
            self.warn(BACKUP_DAMAGED, &backup.id).await;
        }
    }

    async fn warn(&self, kind: &'static str, what: &str) {
        if let Err(error) = self.0.warn(kind, what).await {
            tracing::error!(error = &error as &dyn std::error::Error, "an alert could not be stored");
        }
    }
}
