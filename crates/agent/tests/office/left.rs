//! Copies of an office's file do not stay when whoever made them was ended.

use std::{fs, path::Path};

use agent::office::Lock;

use crate::pc::Pc;

/// What lies beside the file.
fn beside(pc: &Pc) -> Vec<String> {
    let names = fs::read_dir(pc.path().parent().unwrap()).unwrap();
    let mut names: Vec<String> =
        names.map(|found| found.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with("çalışma.db-denk.lock"));
    names.sort();
    names
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// As a process leaves it that is killed.
async fn killed_while_it_sends(pc: &Pc) {
    let copy = pc.office().await.whole_copy().await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(copy.path().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::mem::forget(copy.into_temp_path());
}

#[tokio::test]
async fn a_copy_whose_maker_was_killed_is_beside_the_file_and_goes_with_the_next_start() {
    let pc = Pc::new(1);
    let file = name(pc.path());
    pc.office().await.install().await.unwrap();
    killed_while_it_sends(&pc).await;
    let copy = format!("{file}-denk.copy");
    assert_eq!(beside(&pc), [file.clone(), copy.clone()]);
    for left in ["-journal", "-denk.lock"] {
        fs::write(pc.path().with_file_name(format!("{copy}{left}")), "").unwrap();
    }
    fs::write(pc.path().with_file_name(format!("{file}-denk.first-denk.lock")), "").unwrap();
    drop(Lock::take(pc.path()).unwrap());
    assert_eq!(beside(&pc), [file]);
}

#[tokio::test]
async fn the_copy_of_an_agent_that_is_at_work_stays() {
    let pc = Pc::new(1);
    let other = pc.copied(2);
    let mut working = other.office().await;
    let copy = working.whole_copy().await.unwrap();
    killed_while_it_sends(&pc).await;
    drop(Lock::take(pc.path()).unwrap());
    assert!(Lock::take(other.path()).is_err());
    assert!(copy.path().exists());
    copy.close().unwrap();
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_copy_is_taken_out_of_it() {
    let pc = Pc::new(1);
    let mut office = pc.office().await;
    office.install().await.unwrap();
    std::mem::forget(office.whole_copy().await.unwrap().into_temp_path());
    let kept = office.copy().await.unwrap();
    let file = name(pc.path());
    assert_eq!(beside(&pc), [file.clone(), name(&kept)]);
    assert_eq!(name(&kept), format!("{file}-denk.first"));
}
