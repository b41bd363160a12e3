//! A request's body as it may be trusted: bounded in bytes and in time, one piece at a time.
//!
//! When a request is answered before its body's end, a task goes on reading for a little while and throws away what
//! comes: a client that is still sending would otherwise see a broken connection instead of the answer.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, HttpBody as _},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::{runtime::Handle, sync::mpsc, time};

use crate::Limits;

/// Why a body ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Cut {
    /// **Units**: bytes.
    #[error("The file is too large: at most {} are taken", size(*.0, "bytes"))]
    TooLarge(u64),
    #[error("The upload took too long")]
    TooSlow,
    #[error("The request ended before its end")]
    Broken,
}

/// A limit, as it was set; `unit` is the word for bytes.
pub(crate) fn size(bytes: u64, unit: &str) -> String {
    const MB: u64 = 1 << 20;
    if bytes.is_multiple_of(MB) { format!("{} MB", bytes / MB) } else { format!("{bytes} {unit}") }
}

/// Pieces that wait to be written to disk.
const PIECES_WAITING: usize = 2;
/// What is read and thrown away after a refusal.
const LINGER_BYTES_MAX: usize = 4 << 20;
const LINGER: Duration = Duration::from_secs(5);

/// Hears out whoever is answered early. Nothing of a body is asked for that waits for a `100 Continue`.
pub(crate) async fn hear_out(request: Request, next: Next) -> Response {
    let waits = request.headers().contains_key(header::EXPECT);
    next.run(request.map(|body| if body.is_end_stream() { body } else { Heard::of(body, waits) })).await
}

/// A body that is read on when it is dropped before its end.
struct Heard {
    rest: Option<BodyDataStream>,
    /// Whether its sender does not send yet.
    waits: bool,
}

impl Heard {
    fn of(body: Body, waits: bool) -> Body {
        Body::from_stream(Self { rest: Some(body.into_data_stream()), waits })
    }
}

impl Stream for Heard {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.waits = false;
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let next = ready!(rest.poll_next_unpin(context));
        if !matches!(next, Some(Ok(_))) {
            self.rest = None;
        }
        Poll::Ready(next)
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        if let Some(rest) = self.rest.take().filter(|_| !self.waits)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(time::timeout(LINGER, linger(rest)));
        }
    }
}

/// The pieces of a body, in order.
///
/// **Invariants**: every second poll is pending, so that a reader that reads ahead as far as it gets holds one piece.
pub(crate) struct Pieces {
    waiting: mpsc::Receiver<Result<Bytes, Cut>>,
    allowance: Allowance,
    pause: bool,
}

/// How many bytes a reader may read ahead; above that the body is [`Cut::Broken`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    pub fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

impl Pieces {
    pub fn of(body: Body, limits: &Limits) -> (Self, Allowance) {
        let (tell, waiting) = mpsc::channel(PIECES_WAITING);
        let allowance = Allowance::default();
        allowance.set(usize::MAX);
        tokio::spawn(read(body.into_data_stream(), limits.clone(), tell));
        (Self { waiting, allowance: allowance.clone(), pause: false }, allowance)
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, Cut>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pause) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = ready!(self.waiting.poll_recv(context));
        self.pause = true;
        Poll::Ready(piece.map(|piece| match piece {
            Ok(bytes) if !self.allowance.take(bytes.len()) => Err(Cut::Broken),
            piece => piece,
        }))
    }
}

async fn read(mut body: BodyDataStream, limits: Limits, tell: mpsc::Sender<Result<Bytes, Cut>>) {
    let cut = match time::timeout(limits.upload_wait, pass_on(&mut body, &limits, &tell)).await {
        Ok(Ok(())) => return,
        Ok(Err(cut)) => cut,
        Err(_) => Some(Cut::TooSlow),
    };
    if let Some(cut) = cut {
        // Who listens no more has gone: that is no matter of the body's.
        let _ = tell.send(Err(cut)).await;
    }
}

/// Passes the body on to its end. `Err(None)`: whoever read it has stopped.
async fn pass_on(
    body: &mut BodyDataStream,
    limits: &Limits,
    tell: &mpsc::Sender<Result<Bytes, Cut>>,
) -> Result<(), Option<Cut>> {
    let mut left = limits.upload_bytes_max;
    loop {
        let next = tokio::select! {
            next = time::timeout(limits.body_wait, body.next()) => next,
            () = tell.closed() => return Err(None),
        };
        let bytes = match next {
            Err(_) => return Err(Some(Cut::TooSlow)),
            Ok(None) => return Ok(()),
            Ok(Some(Err(_))) => return Err(Some(Cut::Broken)),
            Ok(Some(Ok(bytes))) => bytes,
        };
        left = left.checked_sub(bytes.len() as u64).ok_or(Some(Cut::TooLarge(limits.upload_bytes_max)))?;
        tell.send(Ok(bytes)).await.map_err(|_| None)?;
    }
}

async fn linger(mut body: BodyDataStream) {
    let mut left = LINGER_BYTES_MAX;
    while let Some(Ok(bytes)) = body.next().await {
        match left.checked_sub(bytes.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}
