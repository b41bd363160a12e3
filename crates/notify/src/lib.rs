//! People are told of what is wrong, by e-mail and webhook: what, when, in which words, and how it gets there.
//!
//! Owns the decision what is sent now ([`plan`], pure) and the two ways out. Not here: what is wrong (the store finds it), where
//! it is kept that somebody was told, and the clock. The one thing to know: nothing is queued. What is to be told is the
//! difference between what is wrong and what was told, so a hub that was away, or a mail server that was, loses nothing.

mod error;
mod mail;
mod message;
mod plan;
mod times;
mod webhook;

pub use error::Error;
pub use mail::{Mail, Security};
pub use message::{Language, Message};
pub use plan::{Level, News, Notice, Rules, Told, plan};
pub use times::{Digest, Quiet};
pub use webhook::Webhook;
