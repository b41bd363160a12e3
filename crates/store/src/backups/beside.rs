//! What a hub cannot do without and that lies beside its store: the certificate by which offices know it.
//!
//! Files of batches that wait are in the store itself; hand-outs are made again; uploads of the last week are kept to look
//! things up and are in no backup.

use std::{fs, io, path::Path};

use database::{Address, Begin};
use model::Value;

use super::{
    error::{At, Result},
    open, pack,
};
use crate::{
    query::text,
    shape::{self, BESIDE},
};

/// Names in the data folder.
const FILES: [&str; 1] = ["certificate.pem"];

/// Puts these files into a copy of the store.
pub(super) async fn carry(copy: &Address, data_folder: &Path) -> Result<()> {
    let mut rows = Vec::new();
    for name in FILES {
        let path = data_folder.join(name);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            content => rows.push(vec![text(name), Value::Bytes(content.at(path)?)]),
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let mut db = open(copy).await?;
    db.session.begin(Begin::Own).await?;
    let place = shape::ensure(db.session.as_mut(), &shape::beside()).await?;
    std::sync::Arc::make_mut(&mut db.places).insert(BESIDE.to_owned(), place);
    db.put(BESIDE, &rows).await?;
    Ok(db.session.commit().await?)
}

/// Puts files of a backup where none are. Their names.
pub(super) async fn put_back(store: &Address, data_folder: &Path) -> Result<Vec<String>> {
    let mut db = open(store).await?;
    let mut done = Vec::new();
    if !shape::find_table(&mut db, &shape::beside()).await? {
        return Ok(done);
    }
    for row in db.find(BESIDE, &[]).await? {
        let name = row.text(0)?;
        let path = data_folder.join(name);
        if FILES.contains(&name) && !path.exists() {
            let part = data_folder.join([name, super::shelf::PART].concat());
            pack::write(&part, row.bytes(1)?).at(&part)?;
            fs::rename(&part, &path).at(&path)?;
            done.push(name.to_owned());
        }
    }
    Ok(done)
}
