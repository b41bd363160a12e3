//! Files of the pages, under names that change with their content: a browser keeps them for good.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::answer::Refusal;

pub(crate) struct Asset {
    /// `/assets/hub-0123456789abcdef.css`
    pub href: String,
    kind: &'static str,
    text: &'static str,
}

pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(("hub", "css"), "text/css; charset=utf-8", include_str!("../../templates/hub.css"))
});
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(("hub", "js"), "text/javascript; charset=utf-8", include_str!("../../templates/hub.js"))
});
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(("denk", "svg"), "image/svg+xml", include_str!("../../templates/icon.svg")));

impl Asset {
    fn new((name, end): (&str, &str), kind: &'static str, text: &'static str) -> Self {
        let hash = blake3::hash(text.as_bytes()).to_hex();
        Self { href: format!("/assets/{name}-{}.{end}", &hash[..16]), kind, text }
    }
}

/// `GET /assets/{name}`
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Refusal> {
    let all: [&'static Asset; 3] = [&STYLE, &SCRIPT, &ICON];
    let found = all.into_iter().find(|asset| asset.href.strip_prefix("/assets/") == Some(&name));
    let asset = found.ok_or(Refusal::NoPath)?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind))], asset.text).into_response())
}
