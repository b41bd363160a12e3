//! Makes an office file to try things by hand: `office_file FILE [SHAPE] [SIZE] [REGION] [SEED]`.

use std::path::Path;

use testkit::office::{Office, Shape, Size, generate};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: office_file FILE [SHAPE] [SIZE] [REGION] [SEED]";
    let file = arguments.next().ok_or_else(|| anyhow::anyhow!(usage))?;
    let shape = arguments.next().map_or(Ok(Shape::Live), |shape| shape.parse())?;
    let size = arguments.next().map_or(Ok(Size::small()), |size| Size::named(&size))?;
    let region = arguments.next().unwrap_or_else(|| "Ankara".to_owned());
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    generate(Path::new(&file), &Office { shape, size, region: &region, seed })
}
