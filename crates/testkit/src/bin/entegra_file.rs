//! Makes an Entegra file of the size that a real shop has, to try things by hand: `entegra_file FILE [SCALE]`.

use std::path::Path;

use testkit::entegra::{Size, generate};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or_else(|| anyhow::anyhow!("usage: entegra_file FILE [SCALE]"))?;
    let scale: f64 = arguments.next().map_or(Ok(1.0), |scale| scale.parse())?;
    generate(Path::new(&file), &Size::real().scaled(scale), 1)
}
