//! Who is logged in, where, and until when.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use database::{Address, Begin};
use model::{Value, Zone};
use tokio::sync::OwnedMutexGuard;

use super::{Accounts, SESSIONS, User};
use crate::{
    Random, Result,
    query::{Db, Row, text},
    shape,
};

const SESSION_CONTEXT: &str = "denk 2026-11 hash of a session's token";
/// That somebody is there is noted no more often. **Units**: milliseconds.
const NOTED_MS: i64 = 60_000;

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Without anything being asked for.
    pub idle: Duration,
    /// Whatever is asked for.
    pub whole: Duration,
}

impl Default for Lifetime {
    fn default() -> Self {
        Self { idle: Duration::from_hours(12), whole: Duration::from_hours(7 * 24) }
    }
}

/// A session that is not over, as people are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// **Units**: milliseconds since 1970, like the other.
    pub opened_ms: i64,
    /// When something was last asked for; to the minute.
    pub seen_ms: i64,
    /// Where it was begun.
    pub address: String,
    /// It is the one of the token that was shown.
    pub own: bool,
}

/// A session as it is kept.
pub(super) struct Session {
    token_hash: String,
    pub name: String,
    expires_ms: i64,
    opened_ms: i64,
    seen_ms: i64,
    idle_ms: i64,
    address: String,
}

impl Session {
    /// `None`: an older version of denk began it, and it is over.
    pub fn read(row: &Row) -> Result<Option<Self>> {
        let (Some(opened_ms), Some(seen_ms), Some(idle_ms)) =
            (row.int_or_none(3)?, row.int_or_none(4)?, row.int_or_none(5)?)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            token_hash: row.text(0)?.to_owned(),
            name: row.text(1)?.to_owned(),
            expires_ms: row.int(2)?,
            opened_ms,
            seen_ms,
            idle_ms,
            address: row.text_or_none(6)?.unwrap_or_default().to_owned(),
        }))
    }

    fn row(&self) -> Vec<Value> {
        let times = [self.expires_ms, self.opened_ms, self.seen_ms, self.idle_ms].map(Value::Int);
        let texts = [&self.token_hash, &self.name].map(|part| text(part.as_str()));
        texts.into_iter().chain(times).chain([text(self.address.as_str())]).collect()
    }

    pub const fn lasts(&self, now_ms: i64) -> bool {
        now_ms < self.expires_ms && now_ms < self.seen_ms.saturating_add(self.idle_ms)
    }

    /// Whether it is worth noting that somebody was there.
    fn is_stale(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.seen_ms) >= NOTED_MS.min(self.idle_ms / 10)
    }
}

impl Accounts {
    /// Starts a session of somebody who was recognised and returns its token, of which only a hash is kept; notes that the
    /// person logged in. Sessions that are over go. `None`: their account is not as it was when they were recognised.
    pub async fn open_session(
        &self,
        user: &User,
        address: &str,
        lifetime: Lifetime,
    ) -> Result<Option<String>> {
        let token = new_token(&self.random);
        let now = (self.clock)();
        let session = Session {
            token_hash: hash(&token),
            name: user.name.clone(),
            expires_ms: now.saturating_add(ms(lifetime.whole)),
            opened_ms: now,
            seen_ms: now,
            idle_ms: ms(lifetime.idle),
            address: address.to_owned(),
        };
        let mut work = self.begin(Begin::Own).await?;
        let Some(mut kept) = work.same(user).await? else { return Ok(None) };
        for row in work.db.find(SESSIONS, &[]).await? {
            if !self.session(&row)?.is_some_and(|session| session.lasts(now)) {
                work.db.remove(SESSIONS, &[vec![text(row.text(0)?)]]).await?;
            }
        }
        work.db.add(SESSIONS, &[session.row()]).await?;
        kept.last_log_in_ms = Some(now);
        work.put(&kept).await?;
        work.commit().await?;
        Ok(Some(token))
    }

    /// Whose session this is, if it is not over and the person is not shut out. It lasts on when somebody is there:
    /// `present`.
    pub async fn user_of_session(&self, token: &str, present: bool) -> Result<Option<User>> {
        let now = (self.clock)();
        let mut work = self.begin(Begin::Read).await?;
        let rows = work.db.find(SESSIONS, &[("token_hash", text(hash(token)))]).await?;
        let session = rows.first().map(|row| self.session(row)).transpose()?.flatten();
        let Some(session) = session.filter(|session| session.lasts(now)) else {
            work.commit().await?;
            return Ok(None);
        };
        let kept = work.kept(&session.name).await?.filter(|kept| !kept.user.disabled);
        work.commit().await?;
        if present && kept.is_some() && session.is_stale(now) {
            self.note_seen(session.token_hash, now);
        }
        Ok(kept.map(|kept| kept.user))
    }

    /// A session as it is kept, with when somebody was there since.
    pub(super) fn session(&self, row: &Row) -> Result<Option<Session>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Session::read(row)?.map(|session| {
            let seen_ms = seen.get(&session.token_hash).copied().unwrap_or_default().max(session.seen_ms);
            Session { seen_ms, ..session }
        }))
    }

    /// Known here at once and stored as soon as the store takes it: nobody waits for that, and a hub that ends forgets it.
    fn note_seen(&self, token_hash: String, now_ms: i64) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(token_hash, now_ms);
        // Whoever writes already is followed by somebody who is there later.
        let Ok(seat) = Arc::clone(&self.writer).try_lock_owned() else { return };
        let accounts = self.clone();
        tokio::spawn(async move {
            if let Err(error) = accounts.store_seen(seat).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "who was there is stored later");
            }
        });
    }

    /// A session that was ended meanwhile stays ended.
    async fn store_seen(&self, seat: OwnedMutexGuard<Option<Db>>) -> Result<()> {
        let mut work = self.work(seat, Begin::Own).await?;
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for token_hash in seen.keys() {
            let rows = work.db.find(SESSIONS, &[("token_hash", text(token_hash))]).await?;
            if let Some(session) = rows.first().map(|row| self.session(row)).transpose()?.flatten() {
                work.db.put(SESSIONS, &[session.row()]).await?;
            }
        }
        work.commit().await?;
        let is_stored = |token_hash: &String, at: &mut i64| seen.get(token_hash) >= Some(at);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).retain(|hash, at| !is_stored(hash, at));
        Ok(())
    }

    /// Ends a session, if there is such a one.
    pub async fn close_session(&self, token: &str) -> Result<()> {
        let mut work = self.begin(Begin::Own).await?;
        work.db.remove(SESSIONS, &[vec![text(hash(token))]]).await?;
        work.commit().await
    }

    /// Ends all sessions of a person, wherever they are logged in.
    pub async fn end_sessions(&self, name: &str) -> Result<()> {
        let mut work = self.begin(Begin::Own).await?;
        work.end_sessions(name).await?;
        work.commit().await
    }

    /// Where a person is logged in, what was used last first; `token` is the one of who asks.
    pub async fn sessions_of(&self, name: &str, token: &str) -> Result<Vec<OpenSession>> {
        let (now, own) = ((self.clock)(), hash(token));
        let mut work = self.begin(Begin::Read).await?;
        let rows = work.db.find(SESSIONS, &[("user_name", text(name))]).await?;
        work.commit().await?;
        let sessions: Vec<_> = rows.iter().map(|row| self.session(row)).collect::<Result<_>>()?;
        let lasting = sessions.into_iter().flatten().filter(|session| session.lasts(now));
        let mut open: Vec<OpenSession> = lasting
            .map(|session| OpenSession {
                opened_ms: session.opened_ms,
                seen_ms: session.seen_ms,
                address: session.address,
                own: session.token_hash == own,
            })
            .collect();
        open.sort_by_key(|session| std::cmp::Reverse((session.seen_ms, session.opened_ms)));
        Ok(open)
    }
}

/// Ends all sessions in a store that nobody has open: those of a backup were perhaps ended since.
pub(crate) async fn end_all(store: &Address) -> Result<()> {
    let session = database::open(store).await?;
    let mut db = Db { session, places: Arc::default(), zone: Zone::utc() };
    if !shape::find_table(&mut db, &super::sessions()).await? {
        return Ok(());
    }
    db.session.begin(Begin::Own).await?;
    db.remove_with(SESSIONS, &[]).await?;
    Ok(db.session.commit().await?)
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn new_token(random: &Random) -> String {
    let mut bytes = [0; 32];
    random(&mut bytes);
    BASE64URL_NOPAD.encode(&bytes)
}

fn hash(token: &str) -> String {
    blake3::Hash::from_bytes(blake3::derive_key(SESSION_CONTEXT, token.as_bytes())).to_hex().to_string()
}
