//! What pages say, in Turkish and English. One struct: a word that is missing in a language does not compile.

mod activity;
mod admin;
mod alerts;
mod backups;
mod decisions;
mod english;
mod files;
mod lists;
mod overview;
mod people;
mod privacy;
mod settings;
mod sites;
mod trouble;
mod turkish;
mod undo;

pub(crate) use activity::{ActivityWords, Group, KINDS, Kind};
pub(crate) use admin::AdminWords;
pub(crate) use alerts::AlertWords;
pub(crate) use backups::BackupWords;
pub(crate) use decisions::DecisionWords;
pub(crate) use files::FileWords;
pub(crate) use lists::ListWords;
pub(crate) use overview::OverviewWords;
pub(crate) use people::PeopleWords;
pub(crate) use privacy::PrivacyWords;
pub(crate) use settings::SettingWords;
pub(crate) use sites::SiteWords;
pub(crate) use trouble::TroubleWords;
pub(crate) use undo::UndoWords;

use crate::Language;
use english::ENGLISH;
use turkish::TURKISH;

#[derive(Debug)]
pub(crate) struct Words {
    pub language: Language,
    pub lists: &'static ListWords,
    pub decisions: &'static DecisionWords,
    pub people: &'static PeopleWords,
    pub tag: &'static str,
    pub other_tag: &'static str,
    pub other_name: &'static str,
    pub log_in: &'static str,
    pub log_out: &'static str,
    pub name: &'static str,
    pub password: &'static str,
    pub wrong: &'static str,
    pub locked: &'static str,
    pub busy: &'static str,
    pub change_password: &'static str,
    pub must_change: &'static str,
    pub old_password: &'static str,
    pub new_password: &'static str,
    pub new_again: &'static str,
    pub not_the_same: &'static str,
    pub too_short: &'static str,
    pub too_easy: &'static str,
    pub save: &'static str,
    pub dashboard: &'static str,
    pub replace_shared_key: &'static str,
    pub regions: &'static str,
    pub region: &'static str,
    pub all_regions: &'static str,
    pub no_region: &'static str,
    pub last_entry: &'static str,
    pub total: &'static str,
    pub tables: &'static str,
    pub table: &'static str,
    pub rows: &'static str,
    pub recent: &'static str,
    pub time: &'static str,
    pub site: &'static str,
    pub action: &'static str,
    pub content: &'static str,
    pub sites: &'static str,
    pub by_shared_key: &'static str,
    pub by_import: &'static str,
    pub last_contact: &'static str,
    pub never: &'static str,
    pub state: &'static str,
    pub states: [(&'static str, &'static str); 4],
    pub actions: [(&'static str, &'static str); 5],
    pub open_conflicts: &'static str,
    pub held: &'static str,
    pub alerts: &'static str,
    pub alert_kinds: [(&'static str, &'static str); 21],
    pub kind: &'static str,
    pub none: &'static str,
    pub activity: &'static str,
    pub who: &'static str,
}

impl Words {
    pub const fn of(language: Language) -> &'static Self {
        match language {
            Language::Turkish => &TURKISH,
            Language::English => &ENGLISH,
        }
    }

    pub const fn files(&self) -> &'static FileWords {
        match self.language {
            Language::Turkish => &files::TURKISH,
            Language::English => &files::ENGLISH,
        }
    }

    pub const fn privacy(&self) -> &'static PrivacyWords {
        match self.language {
            Language::Turkish => &privacy::TURKISH,
            Language::English => &privacy::ENGLISH,
        }
    }

    pub const fn admin(&self) -> &'static AdminWords {
        match self.language {
            Language::Turkish => &admin::TURKISH,
            Language::English => &admin::ENGLISH,
        }
    }

    pub const fn backups(&self) -> &'static BackupWords {
        match self.language {
            Language::Turkish => &backups::TURKISH,
            Language::English => &backups::ENGLISH,
        }
    }

    pub const fn settings(&self) -> &'static SettingWords {
        match self.language {
            Language::Turkish => &settings::TURKISH,
            Language::English => &settings::ENGLISH,
        }
    }

    pub const fn pcs(&self) -> &'static SiteWords {
        match self.language {
            Language::Turkish => &sites::TURKISH,
            Language::English => &sites::ENGLISH,
        }
    }

    pub const fn undo(&self) -> &'static UndoWords {
        match self.language {
            Language::Turkish => &undo::TURKISH,
            Language::English => &undo::ENGLISH,
        }
    }

    pub const fn overview(&self) -> &'static OverviewWords {
        match self.language {
            Language::Turkish => &overview::TURKISH,
            Language::English => &overview::ENGLISH,
        }
    }

    pub const fn activity(&self) -> &'static ActivityWords {
        match self.language {
            Language::Turkish => &activity::TURKISH,
            Language::English => &activity::ENGLISH,
        }
    }

    /// What a preset calls something.
    pub fn label<'a>(&self, label: &'a store::Label) -> &'a str {
        match self.language {
            Language::Turkish => &label.tr,
            Language::English => &label.en,
        }
    }

    pub fn state(&self, word: &str) -> &'static str {
        named(&self.states, word)
    }

    pub fn alert(&self, word: &str) -> &'static str {
        named(&self.alert_kinds, word)
    }

    pub fn action(&self, word: &str) -> &'static str {
        named(&self.actions, word)
    }
}

fn named(words: &[(&'static str, &'static str)], word: &str) -> &'static str {
    words.iter().find(|(key, _)| *key == word).map_or("", |(_, said)| said)
}
