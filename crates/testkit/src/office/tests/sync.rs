//! What goes up and what happens to what comes down.

use super::*;

#[test]
fn an_upload_is_the_file_as_it_is() -> anyhow::Result<()> {
    let (file, desktop) = File::opened(Shape::Live, Generation::D2)?;
    desktop.save_setting("company_name", "Örnek")?;
    let upload = desktop.upload()?;
    assert!(upload == std::fs::read(&file.path)?);
    let copy = file.path.with_extension("copy");
    std::fs::write(&copy, upload)?;
    let name = Connection::open(copy)?.query_row(
        "select value from settings where key = 'company_name'",
        [],
        |row| row.get::<_, String>(0),
    )?;
    assert_eq!(name, "Örnek");
    Ok(())
}

#[test]
fn a_download_takes_the_files_place_and_the_old_one_is_kept_once() -> anyhow::Result<()> {
    let (file, desktop) = File::opened(Shape::Live, Generation::D2)?;
    let other = File::made(&Office {
        shape: Shape::LiveWithoutTombstones,
        size: Size::small(),
        region: "Bursa",
        seed: 2,
    })?;
    let (mine, theirs) = (desktop.upload()?, std::fs::read(&other.path)?);
    desktop.receive(&theirs)?;
    assert!(std::fs::read(desktop.sync_backup())? == mine);
    assert_eq!(file.count("employees where region = 'Bursa'")?, 9);
    // Its start-up has gone over the new file.
    assert_eq!(file.count("deleted_records")?, 0);
    assert!(file.is_sound()?);
    let theirs = desktop.upload()?;
    desktop.receive(&mine)?;
    assert!(std::fs::read(desktop.sync_backup())? == theirs);
    assert_eq!(file.count("employees where region = 'Izmir'")?, 9);
    Ok(())
}

#[test]
fn a_download_is_not_looked_at() -> anyhow::Result<()> {
    let (file, desktop) = File::opened(Shape::Live, Generation::D2)?;
    let mine = desktop.upload()?;
    assert!(
        desktop.receive(b"<html>502 Bad Gateway</html>, and so on and on, as long as a page may be").is_err()
    );
    assert!(std::fs::read(&file.path)?.starts_with(b"<html>"));
    // Nothing at all is worse: it makes an empty office.
    desktop.receive(b"")?;
    assert_eq!(file.count("employees")?, 0);
    assert_eq!(file.count("users")?, 5);
    desktop.receive(&mine)?;
    assert_eq!(file.count("employees")?, 9);
    Ok(())
}

#[test]
fn only_the_first_generation_says_where_it_is() -> anyhow::Result<()> {
    let (_first, first) = File::opened(Shape::Live, Generation::D1)?;
    let (_second, second) = File::opened(Shape::Live, Generation::D2)?;
    assert_eq!((first.region_header(), second.region_header()), ("Izmir", "Ankara"));
    assert_eq!(Record::Fault.reasons(), ["fault", "fault_delete"]);
    Ok(())
}
