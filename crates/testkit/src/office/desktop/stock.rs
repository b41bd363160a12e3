//! The stock upload.

use rusqlite::{Connection, ErrorCode, named_params};

use super::{Desktop, statement};

/// What the upload reads from a spreadsheet: a product and its serial numbers in order.
#[derive(Debug, Clone, Copy)]
pub struct Product<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub serials: &'a [&'a str],
}

impl Desktop {
    /// Replaces all stock of a region by what a spreadsheet holds. Returns how many serial numbers came in.
    ///
    /// **Invariants**: a serial number that is there already, even in another region, silently ends its product; an
    /// upload of nothing empties the region.
    pub fn upload_stock(&self, region: &str, products: &[Product<'_>]) -> anyhow::Result<u64> {
        let mut conn = self.open()?;
        let transaction = conn.transaction()?;
        transaction.execute(statement!("stock_clear"), named_params! { ":region": region })?;
        let mut count = 0;
        for product in products {
            count += self.add_product(&transaction, region, product)?;
        }
        transaction.commit()?;
        Ok(count)
    }

    fn add_product(&self, conn: &Connection, region: &str, product: &Product<'_>) -> anyhow::Result<u64> {
        let mut insert = conn.prepare(statement!("stock_add"))?;
        let mut count = 0;
        for serial in product.serials {
            let added = insert.execute(named_params! {
                ":code": product.code,
                ":name": product.name,
                ":serial": serial,
                ":today": self.now.date(),
                ":region": region,
                ":utc": self.now.minus(3 * 60 * 60).to_string(),
            });
            match added {
                Ok(_) => count += 1,
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(count)
    }
}
