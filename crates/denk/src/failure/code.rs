//! The one table of failure codes. A code never changes its meaning; a new failure gets a new number.

use std::fmt;

use model::ErrorKind;

/// What kind of failure, for scripts and for looking it up. Shown as `DENK-nnnn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The file named by `-c` is not there.
    ConfigurationMissing,
    /// The configuration, an environment file or a secret's file cannot be read.
    ConfigurationUnreadable,
    /// Not TOML.
    NotToml,
    /// A key that denk does not know.
    UnknownKey,
    /// A value of the wrong kind, or one that means nothing there.
    WrongValue,
    /// A secret's variable is not set or its file is not there.
    SecretMissing,
    /// A command needs a database that the configuration does not name.
    DatabaseNotConfigured,
    /// An address that names no database.
    WrongAddress,
    /// Two settings that exclude each other.
    SettingsConflict,
    /// `denk init` would overwrite a configuration.
    ConfigurationExists,
    /// `denk init` cannot write.
    ConfigurationUnwritable,
    /// A command needs flows and the configuration names none.
    FlowsNotConfigured,
    /// A flow file that is none.
    FlowFile,
    /// Flows that wait for each other.
    FlowCircle,
    /// Two flows of one name.
    FlowTwice,
    /// Two folders of backups that are one, or one within the other.
    BackupFolders,
    /// The store is in a database that its own tools back up.
    BackupElsewhere,
    /// A database failed; one code for each kind.
    Database(ErrorKind),
    /// A flow's database could not be opened.
    FlowDatabase,
    /// A flow does not fit the schemas.
    FlowDoesNotFit,
    /// A column whose values would not all survive.
    TypeWouldNotSurvive,
    /// The source's columns have changed since the last run.
    SourceChanged,
    /// Two rows of the target have one key.
    TargetKeyRepeats,
    /// A test case of a flow file fails.
    FlowCase,
    /// A file cannot be written.
    CannotWrite,
    /// A flow that must come first has failed.
    FlowWaits,
    /// The process was asked to stop before the end.
    Stopped,
    /// The hub's store is not there.
    HubStoreMissing,
    /// The hub's store cannot be used.
    HubStore,
    /// No office PC has this name.
    UnknownSite,
    /// An office PC of this name is there already.
    SiteExists,
    /// A file that is no office file, or one that the hub does not take.
    OfficeFile,
    /// The data folder lies on storage that is lost with the machine.
    TemporaryData,
    /// Another hub uses the data folder.
    HubLocked,
    /// The hub cannot listen or answer.
    HubCannotServe,
    /// Nothing of this number is held.
    UnknownHeld,
    /// No conflict has this number, or nothing is left to decide about it.
    UnknownConflict,
    /// Nobody with an account has this name.
    UnknownUser,
    /// There is an account of this name already.
    UserExists,
    /// The agent does not know its file or its hub.
    AgentNotSet,
    /// The agent's settings cannot be read or kept.
    AgentSettings,
    /// The agent cannot use the office's file.
    AgentFile,
    /// Another agent uses the office's file.
    AgentTwice,
    /// The hub cannot be reached.
    HubAway,
    /// The hub does not know the token, or has revoked it.
    HubToken,
    /// Another certificate than the enrolment line's.
    HubCertificate,
    /// The hub refuses, or is no hub.
    HubRefuses,
    /// The agent's local page cannot be shown.
    AgentPage,
    /// A service cannot be installed or removed.
    Service,
    /// A backup could not be made.
    BackupFailed,
    /// There is no such backup.
    UnknownBackup,
    /// A backup is not whole.
    BackupDamaged,
    /// The store is in use, or is being replaced.
    StoreInUse,
    /// There is a store where one was to be put.
    StoreThere,
    /// A command that does not exist.
    UnknownCommand,
    /// An option that does not exist.
    UnknownOption,
    /// An argument or option that must be there is not.
    ArgumentMissing,
    /// A value that an argument or option does not take.
    WrongArgument,
    /// Arguments that exclude each other.
    ArgumentConflict,
    /// Any other wrong use.
    WrongUse,
    /// No flow or group has this name.
    UnknownFlow,
    /// No preset has this name.
    UnknownPreset,
    /// The preset does not have this.
    PresetHasNo,
    /// A defect in denk.
    Defect,
}

impl Code {
    /// Every code, in order of number.
    #[must_use]
    pub fn all() -> Vec<Self> {
        use Code as C;
        let configuration = [
            C::ConfigurationMissing,
            C::ConfigurationUnreadable,
            C::NotToml,
            C::UnknownKey,
            C::WrongValue,
            C::SecretMissing,
            C::DatabaseNotConfigured,
            C::WrongAddress,
            C::SettingsConflict,
            C::ConfigurationExists,
            C::ConfigurationUnwritable,
            C::FlowsNotConfigured,
            C::FlowFile,
            C::FlowCircle,
            C::FlowTwice,
            C::BackupFolders,
            C::BackupElsewhere,
        ];
        let flows = [
            C::FlowDatabase,
            C::FlowDoesNotFit,
            C::TypeWouldNotSurvive,
            C::SourceChanged,
            C::TargetKeyRepeats,
            C::FlowCase,
            C::CannotWrite,
            C::FlowWaits,
            C::Stopped,
        ];
        let offices = [
            C::HubStoreMissing,
            C::HubStore,
            C::UnknownSite,
            C::SiteExists,
            C::OfficeFile,
            C::TemporaryData,
            C::HubLocked,
            C::HubCannotServe,
            C::UnknownHeld,
            C::UnknownConflict,
            C::UnknownUser,
            C::UserExists,
            C::AgentNotSet,
            C::AgentSettings,
            C::AgentFile,
            C::AgentTwice,
            C::HubAway,
            C::HubToken,
            C::HubCertificate,
            C::HubRefuses,
            C::AgentPage,
            C::Service,
            C::BackupFailed,
            C::UnknownBackup,
            C::BackupDamaged,
            C::StoreInUse,
            C::StoreThere,
        ];
        let usage = [
            C::UnknownCommand,
            C::UnknownOption,
            C::ArgumentMissing,
            C::WrongArgument,
            C::ArgumentConflict,
            C::WrongUse,
            C::UnknownFlow,
            C::UnknownPreset,
            C::PresetHasNo,
        ];
        let databases = ErrorKind::ALL.map(C::Database);
        let all = configuration.into_iter().chain(databases).chain(flows).chain(usage).chain(offices);
        all.chain([C::Defect]).collect()
    }

    /// 1xxx configuration, 2xxx databases, 3xxx flows, 4xxx use, 5xxx offices, 9xxx defects.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::ConfigurationMissing => 1001,
            Self::ConfigurationUnreadable => 1002,
            Self::NotToml => 1003,
            Self::UnknownKey => 1004,
            Self::WrongValue => 1005,
            Self::SecretMissing => 1006,
            Self::DatabaseNotConfigured => 1007,
            Self::WrongAddress => 1008,
            Self::SettingsConflict => 1009,
            Self::ConfigurationExists => 1010,
            Self::ConfigurationUnwritable => 1011,
            Self::FlowsNotConfigured => 1012,
            Self::FlowFile => 1013,
            Self::FlowCircle => 1014,
            Self::FlowTwice => 1015,
            Self::BackupFolders => 1016,
            Self::BackupElsewhere => 1017,
            Self::Database(kind) => of_database(kind),
            Self::FlowDatabase => 3001,
            Self::FlowDoesNotFit => 3002,
            Self::TypeWouldNotSurvive => 3003,
            Self::SourceChanged => 3004,
            Self::TargetKeyRepeats => 3005,
            Self::FlowCase => 3006,
            Self::CannotWrite => 3007,
            Self::FlowWaits => 3008,
            Self::Stopped => 3009,
            Self::HubStoreMissing => 5001,
            Self::HubStore => 5002,
            Self::UnknownSite => 5003,
            Self::SiteExists => 5004,
            Self::OfficeFile => 5005,
            Self::TemporaryData => 5006,
            Self::HubLocked => 5007,
            Self::HubCannotServe => 5008,
            Self::UnknownHeld => 5009,
            Self::UnknownConflict => 5010,
            Self::UnknownUser => 5011,
            Self::UserExists => 5012,
            Self::AgentNotSet => 5013,
            Self::AgentSettings => 5014,
            Self::AgentFile => 5015,
            Self::AgentTwice => 5016,
            Self::HubAway => 5017,
            Self::HubToken => 5018,
            Self::HubCertificate => 5019,
            Self::HubRefuses => 5020,
            Self::AgentPage => 5021,
            Self::Service => 5022,
            Self::BackupFailed => 5023,
            Self::UnknownBackup => 5024,
            Self::BackupDamaged => 5025,
            Self::StoreInUse => 5026,
            Self::StoreThere => 5027,
            Self::UnknownCommand => 4001,
            Self::UnknownOption => 4002,
            Self::ArgumentMissing => 4003,
            Self::WrongArgument => 4004,
            Self::ArgumentConflict => 4005,
            Self::WrongUse => 4006,
            Self::UnknownFlow => 4007,
            Self::UnknownPreset => 4008,
            Self::PresetHasNo => 4009,
            Self::Defect => 9001,
        }
    }

    /// 1 failed; 2 wrong use or configuration.
    #[must_use]
    pub const fn exit(self) -> u8 {
        match self {
            Self::ConfigurationUnwritable => 1,
            Self::AgentNotSet | Self::AgentSettings => 2,
            _ => match self.number() / 1000 {
                1 | 4 => 2,
                _ => 1,
            },
        }
    }
}

const fn of_database(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::Connection => 2001,
        ErrorKind::Authentication => 2002,
        ErrorKind::Permission => 2003,
        ErrorKind::Busy => 2004,
        ErrorKind::Constraint => 2005,
        ErrorKind::Conversion => 2006,
        ErrorKind::Missing => 2007,
        ErrorKind::Schema => 2008,
        ErrorKind::Full => 2009,
        ErrorKind::Corrupt => 2010,
        ErrorKind::Unsupported => 2011,
        ErrorKind::Timeout => 2012,
        ErrorKind::Internal => 2013,
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DENK-{:04}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice() {
        let numbers: Vec<u16> = Code::all().into_iter().map(Code::number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }

    #[test]
    fn wrong_use_and_wrong_configuration_end_with_2_and_failures_with_1() {
        for code in Code::all() {
            let wanted = match code.number() {
                1011 => 1,
                1000..2000 | 4000..5000 | 5013 | 5014 => 2,
                _ => 1,
            };
            assert_eq!(code.exit(), wanted, "{code}");
        }
    }
}
