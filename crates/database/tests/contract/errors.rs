//! What cannot be opened says why, at once, without its password and without a trace.

use crate::lab::Lab;

pub async fn what_cannot_be_opened_says_why(lab: &mut Lab) {
    let broken = lab.engine.broken();
    assert!(!broken.is_empty());
    for case in broken {
        let existed = case.address.path().exists();
        let Err(error) = database::open(&case.address).await else { panic!("{} was opened", case.what) };
        assert!(case.kinds.contains(&error.kind), "{}: {error:?}", case.what);
        let said = crate::engine::whole(&error);
        if let Some(password) = case.address.password() {
            assert!(!said.contains(&password), "{}: {said}", case.what);
            assert!(!format!("{error:?}").contains(&password), "{}", case.what);
        }
        assert!(!error.to_string().trim().is_empty());
        assert_eq!(case.address.path().exists(), existed, "{} was made", case.what);
    }
}

/// A session whose server went away says so; it does not hang and does not pretend.
pub async fn a_broken_connection_is_told(lab: &mut Lab) {
    let Some(kill) = lab.engine.habits().kill_others else { return };
    lab.session.begin(database::Begin::Own).await.unwrap();
    lab.run_script(kill).await;
    crate::lab::refused(lab.session.tables().await, model::ErrorKind::Connection);
}
