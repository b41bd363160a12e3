//! `GET /sync/download`: the file for one device.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use merge::Region;
use store::Handout;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use crate::{
    answer::Refusal,
    app::App,
    credential::{self, Caller},
    forwarded,
};

pub(crate) async fn download(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let handout = handout(&app, peer, &headers).await?;
    app.counted.hand_out();
    answer(&headers, handout).await
}

/// The file, or that whoever asks has it.
pub(crate) async fn answer(headers: &HeaderMap, handout: Handout) -> Result<Response, Refusal> {
    if is_known(headers, &handout.etag) {
        return Ok((StatusCode::NOT_MODIFIED, tag(&handout)?).into_response());
    }
    Ok((tag(&handout)?, file(handout.file).await?).into_response())
}

/// Behind the shared key the old program does not say who fetches the file: then it is told by its address. Where no
/// file came from, there the rows are given that are asked for, and nothing that is some PC's own.
async fn handout(app: &App, peer: SocketAddr, headers: &HeaderMap) -> Result<Handout, Refusal> {
    let store = &app.store;
    let device = match credential::caller(app, peer, headers).await? {
        Caller::Site(device) => {
            let _reading = app.readings.begin(device.site)?;
            return Ok(store.hand_out(&device).await?);
        }
        Caller::Shared => {
            let from = forwarded::address(&app.settings, peer, headers);
            let heard = app.regions_heard.of(from, app.now_ms());
            let region = match credential::region(headers)? {
                Some(region) if heard.contains(&region) => region,
                Some(region) => return Ok(store.hand_out_to_stranger(&Region::new(&region)).await?),
                None if heard.len() == 1 => heard.into_iter().collect(),
                None => return Ok(store.hand_out_to_stranger(&Region::All).await?),
            };
            store.shared_device(&region).await?
        }
    };
    Ok(store.hand_out(&device).await?)
}

fn tag(handout: &Handout) -> Result<[(header::HeaderName, HeaderValue); 1], Refusal> {
    let tag = HeaderValue::try_from(format!("\"{}\"", handout.etag));
    Ok([(header::ETAG, tag.map_err(|_| Refusal::Defect("a hand-out has a tag that is not one"))?)])
}

/// Whether the client has these very bytes.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    tags.flat_map(|tags| tags.split(',')).map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')) == Some(etag)
    })
}

async fn file(file: std::fs::File) -> io::Result<impl IntoResponse + use<>> {
    let file = File::from_std(file);
    let bytes = file.metadata().await?.len();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment; filename=puantaj.db".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(file))))
}
