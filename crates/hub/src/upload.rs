//! `POST /sync`: an office's whole file comes in.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, header, request::Parts},
};
use merge::Region;
use multer::{Field, Multipart};
use serde_json::{Value, json};
use store::{Device, Reason, Receipt};
use tempfile::{Builder, NamedTempFile};
use tokio::{fs::File, io::AsyncWriteExt};

use crate::{
    Language,
    answer::Refusal,
    app::App,
    body::{Allowance, Cut, Pieces},
    credential::{self, Caller},
    forwarded,
    places::Place,
    turkish,
    turns::{Room, Turn},
};

/// Names of the form's field that holds the file.
const FIELDS: [&str; 2] = ["db", "file"];
const FIELDS_MAX: usize = 16;
/// Bytes that a field's own headers may have, with what was read along with them.
const FIELD_HEAD_MAX: usize = 512 << 10;

pub(crate) async fn sync(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let (parts, body) = request.into_parts();
    // From here on the body is read, or read away, whatever becomes of the request.
    let (pieces, allowance) = Pieces::of(body, &app.settings.limits);
    let caller = credential::caller(&app, peer, &parts.headers).await?;
    let device = device(&app, &caller, &parts.headers).await?;
    // Behind the shared key one site is many PCs.
    let sending = (!device.shared).then(|| app.sendings.begin(device.site)).transpose()?;
    check_length(&parts, app.settings.limits.upload_bytes_max)?;
    let entered = app.turns.enter()?;
    let form = form(&parts, pieces)?;
    let upload = file_of(form, &allowance, &app.incoming()).await?;
    let turn = app.turns.begin(entered).await?;
    let room = app.turns.room(upload.as_file().metadata()?.len()).await?;
    let received = Received { device: device.clone(), upload, reason: credential::reason(&parts.headers) };
    let receipt = merge(&app, received, (sending, turn, room)).await?;
    let (changed, conflicts, held) = (changed(&receipt), receipt.conflicts, receipt.held);
    app.counted.file(changed);
    let (site, file) = (&device.name, &receipt.upload);
    tracing::info!(target: "sync", site, file, changed, conflicts, held, "a file was taken in");
    if let Caller::Shared = caller {
        let from = forwarded::address(&app.settings, peer, &parts.headers);
        app.regions_heard.hear(from, region_name(&device.region), app.now_ms());
    }
    let language = Language::asked(&parts.headers).unwrap_or(app.settings.language);
    Ok(Json(told(&app, &device, &receipt, language)))
}

/// Who sends the file.
async fn device(app: &App, caller: &Caller, headers: &HeaderMap) -> Result<Device, Refusal> {
    match caller {
        Caller::Site(device) => Ok(device.clone()),
        Caller::Shared => {
            let region = credential::region(headers)?.ok_or(Refusal::Region)?;
            Ok(app.store.shared_device(&region).await?)
        }
    }
}

/// A client that says beforehand that it will send too much need not send it.
pub(crate) fn check_length(parts: &Parts, max: u64) -> Result<(), Refusal> {
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > max) { Err(Cut::TooLarge(max).into()) } else { Ok(()) }
}

fn form(parts: &Parts, pieces: Pieces) -> Result<Multipart<'static>, Refusal> {
    let kind = form_kind(&parts.headers).ok_or(Refusal::NoFile)?;
    let boundary = multer::parse_boundary(kind).map_err(|_| Refusal::Form)?;
    Ok(Multipart::new(pieces, boundary))
}

/// Whether there may be a file in it.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    form_kind(headers).is_some()
}

fn form_kind(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let begins = kind.trim_start().get(..10)?;
    begins.eq_ignore_ascii_case("multipart/").then_some(kind)
}

/// The one file of the form, on disk under a name of ours.
async fn file_of(
    mut form: Multipart<'_>,
    allowance: &Allowance,
    folder: &std::path::Path,
) -> Result<NamedTempFile, Refusal> {
    let mut found = None;
    for at in 0..FIELDS_MAX {
        allowance.set(FIELD_HEAD_MAX);
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return found.ok_or(Refusal::NoFile),
            Err(multer::Error::IncompleteStream) if at == 0 => return Err(Refusal::NoFile),
            Err(error) => return Err(refused(error)),
        };
        allowance.set(usize::MAX);
        if is_file(&field) {
            if found.is_some() {
                return Err(Refusal::TwoFiles);
            }
            found = Some(save(field, folder).await?);
        } else {
            skip(field).await?;
        }
    }
    Err(Refusal::Form)
}

/// As the old servers see it: a field without a file's name is a text.
fn is_file(field: &Field<'_>) -> bool {
    field.name().is_some_and(|name| FIELDS.contains(&name))
        && field.file_name().is_some_and(|name| !name.is_empty())
}

async fn save(mut field: Field<'_>, folder: &std::path::Path) -> Result<NamedTempFile, Refusal> {
    let upload = Builder::new().prefix("upload-").tempfile_in(folder)?;
    let mut file = File::from_std(upload.reopen()?);
    while let Some(piece) = field.chunk().await.map_err(refused)? {
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    Ok(upload)
}

async fn skip(mut field: Field<'_>) -> Result<(), Refusal> {
    while field.chunk().await.map_err(refused)?.is_some() {}
    Ok(())
}

/// Why a form could not be read to its end.
fn refused(error: multer::Error) -> Refusal {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast_ref::<Cut>() {
            Some(cut) => Refusal::Body(*cut),
            None => Refusal::Form,
        },
        _ => Refusal::Form,
    }
}

/// A file that is there whole.
struct Received {
    device: Device,
    upload: NamedTempFile,
    reason: String,
}

/// Merges the file. It goes on when the client hangs up meanwhile; the file and its place stay until then.
async fn merge(
    app: &App,
    received: Received,
    place: (Option<Place>, Turn, Room),
) -> Result<Receipt, Refusal> {
    let store = app.store.clone();
    let work = tokio::spawn(async move {
        let Received { device, upload, reason } = received;
        let receipt = store.receive(&device, upload.path(), &reason).await;
        drop((upload, place));
        receipt
    });
    let receipt = work.await.map_err(|_| Refusal::Defect("merging an upload ended by itself"))?;
    Ok(receipt?)
}

/// Rows that the file brought something new of.
fn changed(receipt: &Receipt) -> usize {
    receipt.tables.values().map(|table| table.inserted + table.updated + table.deleted).sum()
}

fn told(app: &App, device: &Device, receipt: &Receipt, language: Language) -> Value {
    let message = match (receipt.held == 0, language) {
        (true, Language::Turkish) => "Dosya birleştirildi",
        (true, Language::English) => "The file was merged",
        (false, Language::Turkish) => "Dosya onay bekliyor",
        (false, Language::English) => "The file waits for approval",
    };
    json!({
        "success": true,
        "message": message,
        "timestamp": app.now(),
        "region": region_name(&device.region),
        "tables": receipt.tables,
        "conflicts": receipt.conflicts,
        "held": receipt.held,
        "repaired": receipt.repaired,
        "reasons": receipt.reasons.iter().map(|reason| because(reason, language)).collect::<Vec<_>>(),
        "upload": receipt.upload,
    })
}

fn because(reason: &Reason, language: Language) -> Value {
    let what = match language {
        Language::Turkish => turkish::what(&reason.what),
        Language::English => reason.what.to_string(),
    };
    json!({ "table": reason.table, "key": reason.key, "reason": reason.reason, "what": what })
}

/// As requests and answers write it.
pub(crate) fn region_name(region: &Region) -> &str {
    match region {
        Region::All => "*",
        Region::Named(name) => name,
    }
}
