//! `POST /v1/meet`: an office's whole file comes in, and it is told which rows of the hub its rows are.

use std::{
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    response::Response,
};
use futures_util::StreamExt;
use replica::wire;
use tempfile::{Builder, NamedTempFile};
use tokio::{fs::File, io::AsyncWriteExt};

use super::form::Form;
use crate::{
    answer::Refusal,
    app::App,
    body::{Cut, Pieces},
    upload,
};

/// Memory that what is packed may ask of its reader. **Units**: the logarithm of bytes.
pub(super) const WINDOW_LOG_MAX: u32 = 23;

pub(super) async fn meet(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    // From here on the body is read, or read away, whatever becomes of the request.
    let (pieces, _) = Pieces::of(body, &app.settings.limits);
    let device = super::site(&app, &parts.headers).await?;
    let bytes_max = app.settings.limits.upload_bytes_max;
    let sending = app.sendings.begin(device.site)?;
    upload::check_length(&parts, bytes_max)?;
    let mut file = save(pieces, &app.incoming()).await?;
    let turn = app.turns.begin(app.turns.enter()?).await?;
    if is_packed(&parts.headers)? {
        file = unpack(file, app.incoming(), bytes_max).await?;
    }
    let room = app.turns.room(file.as_file().metadata()?.len()).await?;
    let store = app.store.clone();
    // It goes on when the client hangs up meanwhile; the file and its place stay until then.
    let work = tokio::spawn(async move {
        let met = store.meet(&device, file.path()).await;
        drop((file, turn, room, sending));
        met
    });
    let met = work.await.map_err(|_| Refusal::Defect("meeting a file ended by itself"))??;
    Ok(Form::accepted(&parts.headers).answer(&met))
}

fn is_packed(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get(header::CONTENT_ENCODING).map(header::HeaderValue::as_bytes) {
        None => Ok(false),
        Some(encoding) if encoding == wire::ENCODING.as_bytes() => Ok(true),
        Some(_) => Err(Refusal::Message(format!("a file comes as it is, or with {}", wire::ENCODING))),
    }
}

async fn save(mut pieces: Pieces, folder: &Path) -> Result<NamedTempFile, Refusal> {
    let upload = Builder::new().prefix("upload-").tempfile_in(folder)?;
    let mut file = File::from_std(upload.reopen()?);
    while let Some(piece) = pieces.next().await {
        file.write_all(&piece?).await?;
    }
    file.flush().await?;
    Ok(upload)
}

/// The file itself, which has at most so many bytes.
async fn unpack(
    packed: NamedTempFile,
    folder: std::path::PathBuf,
    bytes_max: u64,
) -> Result<NamedTempFile, Refusal> {
    let work = tokio::task::spawn_blocking(move || {
        let plain = Builder::new().prefix("upload-").tempfile_in(folder)?;
        let mut reader = zstd::Decoder::new(packed.reopen()?)?;
        reader.window_log_max(WINDOW_LOG_MAX)?;
        let mut writer = plain.reopen()?;
        let copied = copy(&mut reader.take(bytes_max.saturating_add(1)), &mut writer)?;
        if copied > bytes_max { Err(Cut::TooLarge(bytes_max).into()) } else { Ok(plain) }
    });
    work.await.map_err(|_| Refusal::Defect("unpacking a file ended by itself"))?
}

/// What cannot be read is the sender's fault, what cannot be written ours.
fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<u64, Refusal> {
    let (mut buffer, mut copied) = (vec![0; 64 << 10], 0);
    loop {
        let read = from.read(&mut buffer);
        let read =
            read.map_err(|_: io::Error| Refusal::Message("the file is not packed with zstd".to_owned()))?;
        if read == 0 {
            return Ok(copied);
        }
        to.write_all(&buffer[..read])?;
        copied += read as u64;
    }
}
