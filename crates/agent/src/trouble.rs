//! What went wrong, as the people of the PC have to know it.

use replica::wire::Code;

use crate::{
    Cause, CycleError, LinkError,
    office::{self, Stranger},
};

/// Why a cycle did not go to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// **Units**: milliseconds since 1970, by this PC's clock.
    pub at_ms: i64,
    pub kind: Kind,
    /// The whole chain of causes, for whoever looks after the PC.
    pub text: String,
    /// What the file lacks that an office's has.
    pub stranger: Option<Stranger>,
}

/// What people can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No network, or the hub is down: it comes back by itself.
    Away(Cause),
    /// The address says `http://`, and a hub that answers there would be at `https://`.
    NotPlain,
    /// The address says `https://`, and what answers there does not speak it.
    NotTls,
    /// The hub is there and cannot do it now: it comes back by itself.
    HubBusy,
    /// The hub does not know the token, or no longer.
    Token,
    /// It is not the enrolment line's.
    Certificate,
    /// The enrolment line names none, and the PC does not trust it.
    Untrusted,
    /// Somebody else answers at the address.
    NoHub,
    /// The hub's answer is of another version.
    Answer,
    Refused,
    /// Office and hub come to no end; the next cycle tries again.
    Restless,
    Missing,
    ReadOnly,
    /// Another agent has the file.
    Locked,
    /// The program writes at this moment.
    Busy,
    Full,
    Corrupt,
    NotAnOfficeFile,
    /// A table, or what names its rows, is away.
    Lacks,
    /// The line is another region's.
    OtherRegion,
    /// A newer denk has worked on the file.
    NewerTables,
    /// Anything else about the file.
    File,
}

impl Trouble {
    pub(crate) fn of(at_ms: i64, error: &CycleError) -> Self {
        let kind = match error {
            CycleError::Office(error) => Kind::of_office(error),
            CycleError::Link(error) => Kind::of_link(error),
            CycleError::Restless => Kind::Restless,
        };
        let stranger = match error {
            CycleError::Office(office::Error::NotAnOfficeFile(_, stranger)) => Some(stranger.clone()),
            CycleError::Office(office::Error::Lacks(_, lacked)) => Some(lacked.clone().into()),
            _ => None,
        };
        Self { at_ms, kind, text: chain(error), stranger }
    }
}

impl Kind {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 27] = [
        Self::Away(Cause::Name),
        Self::Away(Cause::Refused),
        Self::Away(Cause::TimedOut),
        Self::Away(Cause::NoWay),
        Self::Away(Cause::Cut),
        Self::Away(Cause::Other),
        Self::NotPlain,
        Self::NotTls,
        Self::HubBusy,
        Self::Token,
        Self::Certificate,
        Self::Untrusted,
        Self::NoHub,
        Self::Answer,
        Self::Refused,
        Self::Restless,
        Self::Missing,
        Self::ReadOnly,
        Self::Locked,
        Self::Busy,
        Self::Full,
        Self::Corrupt,
        Self::NotAnOfficeFile,
        Self::Lacks,
        Self::OtherRegion,
        Self::NewerTables,
        Self::File,
    ];

    pub(crate) const fn of_link(error: &LinkError) -> Self {
        match error {
            LinkError::Away(cause) => Self::Away(*cause),
            LinkError::NotPlain => Self::NotPlain,
            LinkError::NotTls => Self::NotTls,
            LinkError::Certificate => Self::Certificate,
            LinkError::Untrusted => Self::Untrusted,
            LinkError::Refused(trouble) => match trouble.code {
                Code::Token => Self::Token,
                Code::Busy | Code::Hub => Self::HubBusy,
                _ => Self::Refused,
            },
            LinkError::NoHub(status) if *status >= 500 => Self::HubBusy,
            LinkError::NoHub(_) => Self::NoHub,
            LinkError::Answer(_) => Self::Answer,
            LinkError::File(_) => Self::File,
        }
    }

    /// Whether the page's own words say all there is to say.
    pub(crate) const fn is_told(self) -> bool {
        use Kind as K;
        matches!(
            self,
            K::Away(_) | K::NotPlain | K::NotTls | K::HubBusy | K::Token | K::Certificate | K::Untrusted
        )
    }

    const fn of_office(error: &office::Error) -> Self {
        match error {
            office::Error::Missing(_) => Self::Missing,
            office::Error::ReadOnly(_) => Self::ReadOnly,
            office::Error::Locked(_) => Self::Locked,
            office::Error::Busy(_) => Self::Busy,
            office::Error::Full(_) => Self::Full,
            office::Error::Corrupt(_) => Self::Corrupt,
            office::Error::NotAnOfficeFile(..) => Self::NotAnOfficeFile,
            office::Error::Lacks(..) => Self::Lacks,
            office::Error::OtherRegion { .. } => Self::OtherRegion,
            office::Error::NewerTables(_) => Self::NewerTables,
            office::Error::Broken(_) | office::Error::File(..) | office::Error::Database(_) => Self::File,
        }
    }
}

/// An error and its causes, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
