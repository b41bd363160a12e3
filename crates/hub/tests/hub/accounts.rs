//! Accounts and sessions: what administrators do with them, and what others try.

use std::{sync::atomic::Ordering, time::Duration};

use reqwest::{Response, StatusCode, header};
use store::{AccountChange, By, Lifetime, Role};

use crate::{
    pages::{get, read, somebody},
    people::scripts_of_others,
    world::{World, cookie, hub, hub_with},
};

const PASSWORD: &str = "uzun-bir-parola";
const MINUTE_MS: i64 = 60_000;

async fn send(world: &World, path: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
    world.post(path).header(header::COOKIE, cookie).form(form).send().await.unwrap()
}

async fn status(world: &World, cookie: &str) -> StatusCode {
    get(world, "/dashboard", cookie).await.status()
}

/// The one-time password that a page shows.
async fn once(answer: Response) -> String {
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let page = answer.text().await.unwrap();
    page.split("class=\"once\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

async fn names(world: &World) -> Vec<String> {
    world.accounts.users().await.unwrap().into_iter().map(|user| user.name).collect()
}

#[tokio::test]
async fn somebody_is_added_and_must_change_the_password_that_was_shown_once() {
    let world = hub_with(|settings| settings.first_users = Vec::new()).await;
    world.token("Ankara PC", "Ankara").await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let form = [("name", " Çağla "), ("role", "office"), ("region", "Ankara")];
    let password = once(send(&world, "/admin/users", &admin, &form).await).await;
    assert_eq!(password.len(), 20);
    assert!(!world.kept().contains(&password));
    let page = read(get(&world, "/admin/users", &admin).await).await;
    assert!(page.contains("Çağla") && page.contains("parolasını değiştirmeli") && !page.contains(&password));

    let answer = world.log_in("Çağla", &password).await;
    assert_eq!(answer.headers()[header::LOCATION], "/password");
    let first = cookie(&answer);
    for path in ["/dashboard", "/admin/users", "/employees"] {
        assert_eq!(get(&world, path, &first).await.headers()[header::LOCATION], "/password", "{path}");
    }
    let form = [("old", &*password), ("new", PASSWORD), ("again", PASSWORD)];
    let own = cookie(&send(&world, "/password", &first, &form).await);
    assert_eq!(
        (status(&world, &first).await, status(&world, &own).await),
        (StatusCode::SEE_OTHER, StatusCode::OK)
    );
    assert_eq!(world.log_in("Çağla", &password).await.status(), StatusCode::UNAUTHORIZED);

    let form = [("name", "Çağla"), ("act", "password")];
    let second = once(send(&world, "/admin/users/one", &admin, &form).await).await;
    assert_ne!(second, password);
    assert_eq!(status(&world, &own).await, StatusCode::SEE_OTHER, "sessions end");
    assert_eq!(world.log_in("Çağla", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(world.log_in("Çağla", &second).await.headers()[header::LOCATION], "/password");
    let noted: Vec<_> = world
        .store
        .audit(50)
        .await
        .unwrap()
        .into_iter()
        .map(|line| (line.who, line.action, line.what))
        .collect();
    for (action, what) in [("user_add", "Çağla: office Ankara"), ("user_passwd", "Çağla")] {
        assert!(noted.contains(&("Admin-*".into(), action.into(), what.into())), "{noted:?}");
    }
    assert!(!format!("{noted:?}").contains(&second));
}

#[tokio::test]
async fn an_account_is_changed_shut_opened_and_logged_out_on_its_page() {
    let world = hub().await;
    world.token("Bursa PC", "Bursa").await;
    let admin = somebody(&world, Role::Admin, "*").await;
    world.person("veli", Role::Viewer, "*", PASSWORD).await;
    let act = async |fields: &[(&str, &str)]| {
        let form = [&[("name", "veli")], fields].concat();
        let answer = send(&world, "/admin/users/one", &admin, &form).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{fields:?}");
        let to = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
        read(get(&world, &to, &admin).await).await
    };
    let session = async || cookie(&world.log_in("veli", PASSWORD).await);
    let one = session().await;
    assert!(act(&[("act", "sessions")]).await.contains("Oturumlar kapatıldı."));
    assert_eq!(status(&world, &one).await, StatusCode::SEE_OTHER);
    let two = session().await;
    assert!(
        act(&[("act", "role"), ("role", "manager"), ("region", "Bursa")])
            .await
            .contains("Rol ve bölge kaydedildi.")
    );
    assert_eq!(status(&world, &two).await, StatusCode::SEE_OTHER);
    let veli = world.accounts.user("veli").await.unwrap().unwrap();
    assert_eq!((veli.role, veli.region), (Role::Manager, merge::Region::new("Bursa")));
    let three = session().await;
    assert!(act(&[("act", "disable")]).await.contains("Hesap kapatıldı."));
    assert_eq!(status(&world, &three).await, StatusCode::SEE_OTHER);
    assert_eq!(world.log_in("veli", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert!(act(&[("act", "enable")]).await.contains("Hesap açıldı."));
    assert_eq!(status(&world, &three).await, StatusCode::SEE_OTHER, "what has ended stays ended");
    assert_eq!(status(&world, &session().await).await, StatusCode::OK);
    let actions: Vec<_> = world.store.audit(50).await.unwrap().into_iter().map(|line| line.action).collect();
    for action in ["user_role", "user_disable", "user_enable", "user_log_out"] {
        assert!(actions.iter().any(|noted| noted == action), "{action}: {actions:?}");
    }
}

#[tokio::test]
async fn slips_are_told_and_change_nothing() {
    let world = hub().await;
    world.token("Ankara PC", "Ankara").await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let before = names(&world).await;
    for (name, role, region, status) in [
        ("Admin-*", "viewer", "*", 409),
        ("", "viewer", "*", 422),
        ("a\nb", "viewer", "*", 422),
        ("veli", "boss", "*", 422),
        ("veli", "office", "*", 422),
        ("veli", "office", "ankara", 422),
        ("veli", "viewer", "Nowhere", 422),
        ("veli", "viewer", "", 422),
    ] {
        let form = [("name", name), ("role", role), ("region", region)];
        let answer = send(&world, "/admin/users", &admin, &form).await;
        assert_eq!(answer.status().as_u16(), status, "{name:?} {role} {region}");
    }
    for (form, status) in [
        (&[("name", "nobody"), ("act", "disable")][..], 404),
        (&[("name", "Admin-*"), ("act", "disable")], 409),
        (&[("name", "Admin-*"), ("act", "role"), ("role", "viewer"), ("region", "*")], 409),
        (&[("name", "Admin-*"), ("act", "role"), ("role", "admin"), ("region", "Ankara")], 409),
        (&[("name", "Admin-*"), ("act", "role"), ("role", "boss"), ("region", "*")], 422),
        (&[("name", "Admin-*"), ("act", "explode")], 422),
        (&[("act", "disable")], 422),
    ] {
        let answer = send(&world, "/admin/users/one", &admin, form).await;
        assert_eq!(answer.status().as_u16(), status, "{form:?}");
    }
    assert_eq!(get(&world, "/admin/users/one?name=nobody", &admin).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(names(&world).await, before);
    assert_eq!(status(&world, &admin).await, StatusCode::OK, "no session has ended");
}

#[tokio::test]
async fn who_is_no_administrator_gets_nothing_of_the_page_and_changes_nobody() {
    let world = hub().await;
    world.person("gizli-hesap", Role::Admin, "*", PASSWORD).await;
    let before = world.accounts.user("gizli-hesap").await.unwrap();
    for (role, region) in [
        (Role::Manager, "*"),
        (Role::Viewer, "*"),
        (Role::Manager, "Ankara"),
        (Role::Office, "Ankara"),
        (Role::Viewer, "Ankara"),
    ] {
        let cookie = somebody(&world, role, region).await;
        for path in ["/admin/users", "/admin/users/one?name=gizli-hesap"] {
            let answer = get(&world, path, &cookie).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{role:?} {path}");
            let page = read(answer).await;
            assert!(
                (path.contains("gizli") || !page.contains("gizli-hesap"))
                    && !page.contains("href=\"/admin/sites\""),
                "{page}"
            );
        }
        let own = format!("{role:?}-{region}");
        let rise = [("name", &*own), ("act", "role"), ("role", "admin"), ("region", "*")];
        let acts = [
            ("/admin/users", &[("name", "x"), ("role", "admin"), ("region", "*")][..]),
            ("/admin/users/one", &rise),
            ("/admin/users/one", &[("name", "gizli-hesap"), ("act", "password")]),
            ("/admin/users/one", &[("name", "gizli-hesap"), ("act", "disable")]),
            ("/admin/users/one", &[("name", "gizli-hesap"), ("act", "unlock")]),
        ];
        for (path, form) in acts {
            let answer = send(&world, path, &cookie, form).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{role:?} {form:?}");
            assert!(!answer.text().await.unwrap().contains("class=\"once\""));
        }
        assert_eq!(world.accounts.user(&own).await.unwrap().unwrap().role, role);
    }
    assert_eq!(world.accounts.user("gizli-hesap").await.unwrap(), before);
    assert!(!names(&world).await.contains(&"x".to_owned()));
}

#[tokio::test]
async fn a_region_s_administrator_touches_nobody_of_another_region() {
    let world = hub().await;
    for region in ["Ankara", "Bursa"] {
        world.token(region, region).await;
    }
    world.person("bursa1", Role::Office, "Bursa", PASSWORD).await;
    world.person("ankara1", Role::Office, "Ankara", PASSWORD).await;
    world.person("patron", Role::Admin, "*", PASSWORD).await;
    let bolge = somebody(&world, Role::Admin, "Ankara").await;
    let page = read(get(&world, "/admin/users", &bolge).await).await;
    assert!(page.contains("ankara1") && page.contains("2 hesap"), "{page}");
    assert!(!page.contains("bursa1") && !page.contains("patron") && !page.contains("Bursa"), "{page}");
    for name in ["bursa1", "patron"] {
        let asked = get(&world, &format!("/admin/users/one?name={name}"), &bolge).await;
        assert_eq!(asked.status(), StatusCode::NOT_FOUND);
        for act in ["password", "disable", "enable", "unlock", "sessions"] {
            let answer = send(&world, "/admin/users/one", &bolge, &[("name", name), ("act", act)]).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{act} {name}");
        }
        let form = [("name", name), ("act", "role"), ("role", "office"), ("region", "Ankara")];
        assert_eq!(send(&world, "/admin/users/one", &bolge, &form).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(world.log_in(name, PASSWORD).await.status(), StatusCode::SEE_OTHER, "as before");
    }
    for (name, role, region) in
        [("ankara1", "office", "Bursa"), ("ankara1", "admin", "*"), ("Admin-Ankara", "admin", "*")]
    {
        let form = [("name", name), ("act", "role"), ("role", role), ("region", region)];
        assert_eq!(
            send(&world, "/admin/users/one", &bolge, &form).await.status(),
            StatusCode::UNPROCESSABLE_ENTITY
        );
        let form = [("name", "x"), ("role", role), ("region", region)];
        assert_eq!(
            send(&world, "/admin/users", &bolge, &form).await.status(),
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    once(
        send(&world, "/admin/users", &bolge, &[("name", "yeni"), ("role", "viewer"), ("region", "Ankara")])
            .await,
    )
    .await;
    assert_eq!(names(&world).await, ["Admin-Ankara", "ankara1", "bursa1", "patron", "yeni"]);
}

#[tokio::test]
async fn forms_of_other_sites_change_no_account() {
    let world = hub().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    world.person("veli", Role::Viewer, "*", PASSWORD).await;
    for (name, value) in [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        for (path, form) in [
            ("/admin/users", &[("name", "x"), ("role", "admin"), ("region", "*")][..]),
            ("/admin/users/one", &[("name", "veli"), ("act", "disable")]),
            ("/logout/everywhere", &[]),
        ] {
            let sent = world.post(path).header(name, value).header("Cookie", &admin).form(form).send().await;
            assert_eq!(sent.unwrap().status(), StatusCode::FORBIDDEN, "{path} {value}");
        }
    }
    assert_eq!(names(&world).await, ["Admin-*", "veli"]);
    assert!(!world.accounts.user("veli").await.unwrap().unwrap().disabled);
    assert_eq!(status(&world, &admin).await, StatusCode::OK);
    for path in ["/admin/users", "/admin/users/one", "/logout/everywhere"] {
        let outside =
            send(&world, path, "", &[("name", "x"), ("role", "admin"), ("region", "*"), ("act", "disable")])
                .await;
        assert_eq!(outside.headers()[header::LOCATION], "/login", "{path}");
    }
}

#[tokio::test]
async fn who_plants_a_cookie_gets_nothing_of_who_logs_in_with_it() {
    let world = hub().await;
    world.person("patron", Role::Admin, "*", PASSWORD).await;
    let evil = somebody(&world, Role::Viewer, "Ankara").await;
    for planted in [evil.as_str(), "denk_session=chosen-by-somebody-else-0123456789abcdefghi"] {
        let form = [("username", "patron"), ("password", PASSWORD)];
        let own = cookie(&send(&world, "/login", planted, &form).await);
        assert_ne!(own, planted);
        assert_eq!(status(&world, planted).await, StatusCode::SEE_OTHER, "{planted}");
        assert_eq!(status(&world, &own).await, StatusCode::OK);
        // Of two cookies of one name the first counts, whoever put it there.
        let both = format!("{planted}; {own}");
        assert_eq!(status(&world, &both).await, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_session_ends_when_its_person_is_away_and_at_last_in_any_case() {
    let lifetime = Lifetime { idle: Duration::from_mins(30), whole: Duration::from_hours(2) };
    let world = hub_with(|settings| settings.sessions = lifetime).await;
    let pass = |minutes: i64| _ = world.clock.fetch_add(minutes * MINUTE_MS, Ordering::Relaxed);
    world.person("patron", Role::Admin, "*", PASSWORD).await;
    let answer = world.log_in("patron", PASSWORD).await;
    assert!(answer.headers()[header::SET_COOKIE].to_str().unwrap().contains("; Max-Age=7200"));
    let there = cookie(&answer);
    for _ in 0..4 {
        pass(25);
        assert_eq!(status(&world, &there).await, StatusCode::OK, "somebody is there");
    }
    pass(25);
    assert_eq!(status(&world, &there).await, StatusCode::SEE_OTHER, "it is two hours old");

    let away = cookie(&world.log_in("patron", PASSWORD).await);
    let by_itself = async |mode: &str| {
        let asked = world.get("/dashboard").header("Cookie", &away).header("Sec-Fetch-Mode", mode);
        asked.send().await.unwrap().status()
    };
    pass(20);
    assert_eq!(by_itself("cors").await, StatusCode::OK, "the page renews itself");
    pass(5);
    assert_eq!(by_itself("no-cors").await, StatusCode::OK);
    pass(6);
    assert_eq!(by_itself("cors").await, StatusCode::SEE_OTHER, "and nobody was there for half an hour");
    assert_eq!(by_itself("navigate").await, StatusCode::SEE_OTHER, "a cookie that is kept is worth nothing");
}

#[tokio::test]
async fn whoever_logs_out_everywhere_is_out_everywhere_and_others_are_not() {
    let world = hub().await;
    world.person("patron", Role::Admin, "*", PASSWORD).await;
    let other = somebody(&world, Role::Viewer, "*").await;
    let (desk, phone) =
        (cookie(&world.log_in("patron", PASSWORD).await), cookie(&world.log_in("patron", PASSWORD).await));
    let page = read(get(&world, "/password?lang=en", &desk).await).await;
    let own = page.split("id=\"own-sessions\"").nth(1).unwrap();
    assert_eq!((own.matches("<th scope=\"row\">").count(), own.matches("this one").count()), (2, 1), "{own}");
    assert!(own.contains("127.0.0.1") && !page.contains(desk.split_once('=').unwrap().1), "{own}");
    let out = send(&world, "/logout/everywhere", &desk, &[]).await;
    assert_eq!(out.headers()[header::LOCATION], "/login");
    assert!(out.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    for session in [&desk, &phone] {
        assert_eq!(status(&world, session).await, StatusCode::SEE_OTHER);
    }
    assert_eq!(status(&world, &other).await, StatusCode::OK);
    assert!(world.store.audit(5).await.unwrap().iter().any(|line| line.action == "log_out_everywhere"));
}

#[tokio::test]
async fn who_was_locked_out_is_shown_waits_longer_and_is_let_in_by_an_administrator() {
    let world = hub().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    world.person("veli", Role::Viewer, "*", PASSWORD).await;
    let guess = async || {
        for _ in 0..5 {
            assert_eq!(world.log_in("veli", "wrong").await.status(), StatusCode::UNAUTHORIZED);
        }
        assert_eq!(world.log_in("veli", PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
    };
    guess().await;
    world.clock.fetch_add(6 * MINUTE_MS, Ordering::Relaxed);
    guess().await;
    world.clock.fetch_add(6 * MINUTE_MS, Ordering::Relaxed);
    assert_eq!(
        world.log_in("veli", PASSWORD).await.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "ten minutes now"
    );
    assert!(read(get(&world, "/admin/users", &admin).await).await.contains("kilitli"));
    let page = read(get(&world, "/admin/users/one?name=veli&lang=en", &admin).await).await;
    assert!(page.contains("from 127.0.0.1 until 19.01.2026 09:1"), "{page}");
    send(&world, "/admin/users/one", &admin, &[("name", "veli"), ("act", "unlock")]).await;
    assert!(!read(get(&world, "/admin/users", &admin).await).await.contains("kilitli"));
    assert_eq!(world.log_in("veli", PASSWORD).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_old_program_s_password_works_once_and_its_hash_does_not_stay() {
    let world = hub().await;
    world.person("patron", Role::Admin, "*", PASSWORD).await;
    world.token("Ankara PC", "Ankara").await;
    let passwords = hub::Passwords::new(std::sync::Arc::clone(&world.settings.random));
    // SHA-256 of `rainstaff::prv-a1`, and bcrypt of it.
    for (name, kept) in [
        ("ankara1", "5d0737b882b7ddb3bb089f64f36be614c3199d1d1d0b6dae033551715d5d5ca8"),
        ("ankara2", "$2b$04$testkitpasswordsalt00eOG5V8XPuMGOkZEcJ.CTZ3a5fOqjWTJS"),
    ] {
        world.person(name, Role::Office, "Ankara", PASSWORD).await;
        let hash = passwords.from_old(kept, "rainstaff::").await.unwrap().unwrap();
        let change = AccountChange::Password { hash };
        world.accounts.change(By::Machine, (name, &change), &["Ankara".to_owned()].into()).await.unwrap();
        for wrong in [kept, "prv-a2", ""] {
            assert_eq!(world.log_in(name, wrong).await.status(), StatusCode::UNAUTHORIZED, "{wrong}");
        }
        let of = async || world.accounts.user(name).await.unwrap().unwrap();
        assert!(hub::Passwords::is_old(&of().await.password_hash), "a wrong one changes nothing");
        let answer = world.log_in(name, "prv-a1").await;
        assert_eq!(answer.headers()[header::LOCATION], "/password", "it lies on every PC of the office");
        assert!(of().await.password_hash.starts_with("$argon2id$") && of().await.must_change);
        let form = [("old", "prv-a1"), ("new", PASSWORD), ("again", PASSWORD)];
        let own = cookie(&send(&world, "/password", &cookie(&answer), &form).await);
        assert_eq!(status(&world, &own).await, StatusCode::OK);
        assert_eq!(world.log_in(name, "prv-a1").await.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_name_is_text_on_the_page_of_users_whatever_it_says() {
    let world = hub().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let evil = "\"><script>alert(1)</script>&name=../x";
    once(send(&world, "/admin/users", &admin, &[("name", evil), ("role", "viewer"), ("region", "*")]).await)
        .await;
    let page = read(get(&world, "/admin/users", &admin).await).await;
    assert!(!scripts_of_others(&page), "{page}");
    let href = page.split("href=\"/admin/users/one?").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let one = get(&world, &format!("/admin/users/one?{href}"), &admin).await;
    assert_eq!(one.status(), StatusCode::OK, "{href}");
    let one = read(one).await;
    assert!(!scripts_of_others(&one) && one.contains("&#60;script&#62;alert(1)"), "{one}");
}

#[tokio::test]
async fn who_gets_an_account_or_another_role_is_told_to_their_region() {
    let world = hub().await;
    world.token("Ankara PC", "Ankara").await;
    world.token("Bursa PC", "Bursa").await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let new = [("name", "veli: beyi"), ("role", "viewer"), ("region", "Ankara")];
    send(&world, "/admin/users", &admin, &new).await;
    let role = [("name", "veli: beyi"), ("act", "role"), ("role", "manager"), ("region", "Ankara")];
    send(&world, "/admin/users/one", &admin, &role).await;
    let everywhere = [("name", "genel"), ("role", "viewer"), ("region", "*")];
    send(&world, "/admin/users", &admin, &everywhere).await;
    let lines = world.store.audit(50).await.unwrap();
    let region = |what: &str| {
        lines
            .iter()
            .find(|line| line.what == what)
            .unwrap_or_else(|| panic!("{what}: {lines:?}"))
            .region
            .clone()
    };
    assert_eq!(region("veli: beyi: viewer Ankara").as_deref(), Some("Ankara"));
    assert_eq!(region("veli: beyi: manager Ankara").as_deref(), Some("Ankara"));
    assert_eq!(region("genel: viewer *"), None);
    for (region, sees) in [("Ankara", true), ("Bursa", false)] {
        let own = somebody(&world, Role::Admin, region).await;
        let page = read(get(&world, "/activity", &own).await).await;
        assert_eq!(page.contains("veli: beyi: manager Ankara"), sees, "{region}: {page}");
        assert!(!page.contains("genel"), "{region}: {page}");
    }
}
