//! Logging in, and what whom is shown.

use std::sync::atomic::Ordering;

use reqwest::{StatusCode, header};
use store::{AccountChange, By, Role};

use crate::world::{SHARED_KEY, behind_proxy, changed, cookie, hub, hub_with, office_file, preset_users};

const PASSWORD: &str = "uzun-bir-parola";

#[tokio::test]
async fn the_dashboard_needs_a_log_in() {
    let world = hub().await;
    for path in ["/dashboard", "/password"] {
        let answer = world.get(path).send().await.unwrap();
        assert_eq!(
            (answer.status(), answer.headers()[header::LOCATION].as_bytes()),
            (StatusCode::SEE_OTHER, &b"/login"[..])
        );
    }
    let forged =
        world.get("/dashboard").header("Cookie", "denk_session=forged; denk_session=").send().await.unwrap();
    assert_eq!(forged.status(), StatusCode::SEE_OTHER);
    let root = world.get("/").send().await.unwrap();
    assert_eq!(root.headers()[header::LOCATION], "/dashboard");
}

#[tokio::test]
async fn a_log_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    let answer = world.log_in("admin", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[header::LOCATION], "/dashboard");
    let set = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        set.starts_with("denk_session=") && set.contains("; HttpOnly") && set.contains("; SameSite=Lax"),
        "{set}"
    );
    assert!(!set.contains("Secure"), "plain on the loopback: {set}");
    let cookie = cookie(&answer);
    let token = cookie.split_once('=').unwrap().1;
    assert!(token.len() >= 43, "{token}");
    let kept = world.kept();
    assert!(kept.contains("admin") && !kept.contains(token), "only its hash is kept");
    let page = world.get("/dashboard").header("Cookie", &cookie).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);

    let out = world.post("/logout").header("Cookie", &cookie).send().await.unwrap();
    assert_eq!(out.headers()[header::LOCATION], "/login");
    assert!(out.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    let after = world.get("/dashboard").header("Cookie", &cookie).send().await.unwrap();
    assert_eq!(after.status(), StatusCode::SEE_OTHER, "the session is over, not only forgotten");
    let actions: Vec<_> =
        world.store.audit(10).await.unwrap().into_iter().map(|entry| (entry.who, entry.action)).collect();
    assert!(
        actions.contains(&("admin".into(), "log_in".into()))
            && actions.contains(&("admin".into(), "log_out".into()))
    );
}

#[tokio::test]
async fn a_session_ends_by_itself_and_with_the_account() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    let first = cookie(&world.log_in("admin", PASSWORD).await);
    let status =
        async |cookie: &str| world.get("/dashboard").header("Cookie", cookie).send().await.unwrap().status();
    world.clock.fetch_add(12 * 60 * 60 * 1000 - 60_000, Ordering::Relaxed);
    assert_eq!(status(&first).await, StatusCode::OK);
    world.clock.fetch_add(12 * 60 * 60 * 1000, Ordering::Relaxed);
    assert_eq!(status(&first).await, StatusCode::SEE_OTHER, "after twelve hours without anybody");
    world.person("veli", Role::Viewer, "*", PASSWORD).await;
    let second = cookie(&world.log_in("veli", PASSWORD).await);
    assert_eq!(status(&second).await, StatusCode::OK);
    let shut = AccountChange::Disabled(true);
    world.accounts.change(By::Machine, ("veli", &shut), &[].into()).await.unwrap();
    assert_eq!(status(&second).await, StatusCode::SEE_OTHER, "shut out");
    assert_eq!(world.log_in("veli", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn after_five_wrong_passwords_even_the_right_one_waits() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    for name in ["admin", "nobody"] {
        for _ in 0..5 {
            let answer = world.log_in(name, "wrong").await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
            assert!(!answer.headers().contains_key(header::SET_COOKIE));
        }
        assert_eq!(world.log_in(name, PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS, "{name}");
    }
    world.clock.fetch_add(6 * 60 * 1000, Ordering::Relaxed);
    assert_eq!(world.log_in("admin", PASSWORD).await.status(), StatusCode::SEE_OTHER);
    assert!(world.store.audit(50).await.unwrap().iter().any(|entry| entry.action == "log_in_locked"));
}

#[tokio::test]
async fn failed_log_ins_are_noted_and_what_may_be_a_password_is_not() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    for (name, password) in [("admin", "wrong"), (PASSWORD, "admin")] {
        assert_eq!(world.log_in(name, password).await.status(), StatusCode::UNAUTHORIZED);
    }
    let noted = world.store.audit(50).await.unwrap();
    let failed: Vec<_> = noted.iter().filter(|entry| entry.action == "log_in_failed").collect();
    assert_eq!(failed.iter().map(|entry| entry.who.as_str()).collect::<Vec<_>>(), ["?", "admin"]);
    assert!(failed.iter().all(|entry| entry.what == "127.0.0.1"));
    assert!(!format!("{noted:?}").contains(PASSWORD));
}

#[tokio::test]
async fn whoever_guesses_keeps_nobody_else_out() {
    let world = hub_with(behind_proxy).await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    let log_in = async |from: &str, name: &str, password: &str| {
        let form = [("username", name), ("password", password)];
        world.post("/login").header("X-Forwarded-For", from).form(&form).send().await.unwrap().status()
    };
    for _ in 0..5 {
        assert_eq!(log_in("10.0.0.6", "admin", "wrong").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(log_in("10.0.0.6", "admin", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(log_in("10.0.0.7", "admin", PASSWORD).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn only_a_proxy_says_from_where_a_request_comes() {
    for (transport, proxies, locks) in [
        (hub::Transport::BehindProxy, vec!["127.0.0.0/8".parse().unwrap()], false),
        (hub::Transport::BehindProxy, vec!["10.0.0.0/8".parse().unwrap()], true),
        (hub::Transport::BehindProxy, Vec::new(), true),
        (hub::Transport::Auto, Vec::new(), true),
    ] {
        let told = format!("{transport:?} {proxies:?}");
        let world = hub_with(|settings| (settings.transport, settings.proxies) = (transport, proxies)).await;
        world.person("admin", Role::Admin, "*", PASSWORD).await;
        let log_in = async |from: &str, password: &str| {
            let form = [("username", "admin"), ("password", password)];
            world.post("/login").header("X-Forwarded-For", from).form(&form).send().await.unwrap().status()
        };
        for guess in 0..5 {
            assert_eq!(log_in(&format!("10.0.0.{guess}"), "wrong").await, StatusCode::UNAUTHORIZED, "{told}");
        }
        let wanted = if locks { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::SEE_OTHER };
        assert_eq!(log_in("10.0.0.9", PASSWORD).await, wanted, "{told}");
    }
}

#[tokio::test]
async fn guessing_the_shared_key_is_slowed_and_tokens_go_on_working() {
    let world = hub_with(behind_proxy).await;
    let token = world.token("Ankara PC", "Ankara").await;
    let status = async |from: &str, key: &str| {
        let asked = world.get("/status").header("X-Forwarded-For", from).header("X-API-KEY", key);
        asked.send().await.unwrap()
    };
    for at in 0..20 {
        assert_eq!(status("10.0.0.6", &format!("guess-{at}")).await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(status("10.0.0.8", SHARED_KEY).await.status(), StatusCode::OK, "right keys do not count");
    }
    assert_eq!(status("10.0.0.8", SHARED_KEY).await.status(), StatusCode::OK, "nor add up");
    let slowed = status("10.0.0.6", SHARED_KEY).await;
    assert_eq!(slowed.status(), StatusCode::TOO_MANY_REQUESTS, "even the right one");
    assert_eq!(slowed.headers()[header::RETRY_AFTER], "300");
    assert_eq!(status("10.0.0.6", &token).await.status(), StatusCode::OK, "a token cannot be guessed");
    assert_eq!(status("10.0.0.7", SHARED_KEY).await.status(), StatusCode::OK, "others do not wait");
    world.clock.fetch_add(6 * 60 * 1000, Ordering::Relaxed);
    assert_eq!(status("10.0.0.6", SHARED_KEY).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_a_quiet_region_entered_is_shown_however_much_others_enter() {
    let world = hub().await;
    world.person("bursa1", Role::Office, "Bursa", PASSWORD).await;
    for (seed, region) in ["Bursa", "A", "B", "C", "D", "E", "F", "G"].into_iter().enumerate() {
        let token = world.token(region, region).await;
        let sent = world.upload(&token, "", office_file(region, seed as u64)).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::OK);
    }
    let page = world.dashboard_of("bursa1", PASSWORD).await;
    let recent = page.split("id=\"recent\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(recent.matches("<tr><td>").count(), 25, "{recent}");
    assert_eq!(recent.matches("<td>Bursa</td>").count(), 50, "the site and the region of each: {recent}");
}

#[tokio::test]
async fn many_guesses_at_once_are_no_way_around_the_lock() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    let guesses = (0..20).map(|at| world.log_in("admin", if at == 19 { PASSWORD } else { "wrong" }));
    let statuses: Vec<_> =
        futures_util::future::join_all(guesses).await.iter().map(reqwest::Response::status).collect();
    let refused = statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert!(refused >= 14, "{statuses:?}");
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    let cookie = cookie(&world.log_in("admin", PASSWORD).await);
    for (name, value) in
        [("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")]
    {
        for path in ["/login", "/logout", "/password"] {
            let sent = world.post(path).header(name, value).header("Cookie", &cookie).send().await.unwrap();
            assert_eq!(sent.status(), StatusCode::FORBIDDEN, "{path} {value}");
        }
    }
    let own =
        world.post("/logout").header("Origin", &world.base).header("Cookie", &cookie).send().await.unwrap();
    assert_eq!(own.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_first_accounts_have_passwords_that_work_once() {
    let mut world = hub_with(|settings| settings.first_users = preset_users().0).await;
    let passwords = std::mem::take(&mut world.serving.as_mut().unwrap().passwords);
    let names: Vec<&str> = passwords.iter().map(|told| told.name.as_str()).collect();
    assert_eq!(names, ["admin", "ankara1", "istanbul1", "bursa1", "izmir1"]);
    let roles: Vec<_> =
        world.accounts.users().await.unwrap().into_iter().map(|user| (user.name, user.role)).collect();
    assert_eq!(roles[0], ("admin".to_owned(), Role::Admin));
    assert!(roles[1..].iter().all(|(_, role)| *role == Role::Office));

    let told = &passwords[1];
    let answer = world.log_in("ankara1", &told.password).await;
    assert_eq!(answer.headers()[header::LOCATION], "/password");
    let first = cookie(&answer);
    let page = world.get("/dashboard").header("Cookie", &first).send().await.unwrap();
    assert_eq!(page.headers()[header::LOCATION], "/password", "nothing else until it is changed");

    let change = async |old: &str, new: &str, again: &str| {
        let form = [("old", old), ("new", new), ("again", again)];
        world.post("/password").header("Cookie", &first).form(&form).send().await.unwrap()
    };
    for (new, again) in
        [("short", "short"), (&*told.password, &*told.password), ("long-enough-1", "long-enough-2")]
    {
        assert_eq!(
            change(&told.password, new, again).await.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{new}"
        );
    }
    assert_eq!(
        change("not the old one", "long-enough-1", "long-enough-1").await.status(),
        StatusCode::UNAUTHORIZED
    );
    let changed = change(&told.password, "long-enough-1", "long-enough-1").await;
    assert_eq!(changed.headers()[header::LOCATION], "/dashboard");
    let second = cookie(&changed);
    let status =
        async |cookie: &str| world.get("/dashboard").header("Cookie", cookie).send().await.unwrap().status();
    assert_eq!((status(&first).await, status(&second).await), (StatusCode::SEE_OTHER, StatusCode::OK));
    assert_eq!(world.log_in("ankara1", &told.password).await.status(), StatusCode::UNAUTHORIZED);

    let (store, accounts) = (world.store.clone(), world.accounts.clone());
    let again = hub::serve(world.settings.clone(), store, accounts, std::future::pending()).await.unwrap();
    assert!(again.passwords.is_empty(), "only when there is nobody");
}

#[tokio::test]
async fn a_region_s_people_see_their_region_only() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    world.person("manager", Role::Manager, "*", PASSWORD).await;
    world.person("ankara1", Role::Office, "Ankara", PASSWORD).await;
    for (name, region, seed) in [("Kule PC", "Ankara", 1), ("Liman PC", "Bursa", 2)] {
        let token = world.token(name, region).await;
        let file = changed(
            &office_file(region, seed),
            &format!("update employees set full_name = 'Kişi {region}' where id = 1"),
        );
        assert_eq!(world.upload(&token, "", file).send().await.unwrap().status(), StatusCode::OK);
    }
    let admin = world.dashboard_of("admin", PASSWORD).await;
    for seen in
        ["Kule PC", "Liman PC", "<td>Ankara</td>", "<td>Bursa</td>", "id=\"activity\"", "Total", "Logged in"]
    {
        assert!(admin.contains(seen), "{seen}: {admin}");
    }
    let manager = world.dashboard_of("manager", PASSWORD).await;
    assert!(manager.contains("Liman PC") && manager.contains("id=\"activity\""));
    let office = world.dashboard_of("ankara1", PASSWORD).await;
    assert!(office.contains("Kule PC") && office.contains("<td>Ankara</td>"));
    for hidden in ["Liman", "Bursa", "activity"] {
        assert!(!office.contains(hidden), "{hidden}: {office}");
    }
    let people = |page: &str| {
        page.split("<td>Ankara</td><td class=\"number\">")
            .nth(1)
            .unwrap()
            .split('<')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(people(&admin), people(&office));
    assert_ne!(people(&admin), "0");
}

/// Whether a page has another script than the hub's own file.
pub fn scripts_of_others(page: &str) -> bool {
    let own = page.matches("<script src=\"/assets/hub-").count();
    own > 1 || page.to_lowercase().matches("<script").count() > own
}

#[tokio::test]
async fn names_are_text_on_a_page_whatever_they_say() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    let evil = "<script>alert(1)</script>";
    let token = world.token(&format!("PC {evil}"), &format!("Ankara{evil}")).await;
    let file = changed(
        &office_file("Ankara", 1),
        &format!(
            "update employees set full_name = '{evil}', region = 'Ankara{evil}'; update timesheets set region = 'Ankara{evil}', notes = '\"''><img src=x onerror=alert(1)>'"
        ),
    );
    let sent = world.upload(&token, "", file).header("X-Reason", evil).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let page = world.dashboard_of("admin", PASSWORD).await;
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{page}");
    assert!(!scripts_of_others(&page) && !page.contains("<img"), "{page}");
    let login = world.log_in(&format!("\"{evil}"), "wrong").await.text().await.unwrap();
    assert!(!scripts_of_others(&login) && login.contains("&#34;&#60;script"), "{login}");
}

#[tokio::test]
async fn a_key_opens_the_dashboard_if_it_may_see_everything() {
    let world = hub().await;
    let (office, all) = (world.token("Ankara PC", "Ankara").await, world.token("Head PC", "*").await);
    for (key, status) in [
        (SHARED_KEY, StatusCode::OK),
        (&*all, StatusCode::OK),
        (&*office, StatusCode::UNAUTHORIZED),
        ("wrong", StatusCode::UNAUTHORIZED),
    ] {
        let page = world.get("/dashboard").header("X-API-KEY", key).send().await.unwrap();
        assert_eq!(page.status(), status, "{key}");
        if status == StatusCode::UNAUTHORIZED {
            assert_eq!(page.text().await.unwrap(), "Unauthorized", "as the guide says");
        }
    }
}

#[tokio::test]
async fn a_key_that_many_know_is_shown_how_much_there_is_and_not_what() {
    let world = hub().await;
    let all = world.token("Head PC", "*").await;
    let sent = world.upload(SHARED_KEY, "Ankara", office_file("Ankara", 1)).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    world.store.warn("backup_full", "gizli uyarı").await.unwrap();
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    let details = [
        "id=\"sites\"",
        "id=\"recent\"",
        "id=\"activity\"",
        "id=\"alerts\"",
        "replace-shared-key",
        "gizli uyarı",
    ];
    let own = world.dashboard_of("admin", PASSWORD).await;
    assert!(details.iter().all(|detail| own.contains(detail)), "{own}");
    let recent = world.store.recent(&merge::Region::All, 25).await.unwrap();
    let names: Vec<_> =
        recent.iter().filter_map(|change| change.after.as_ref()?.get("full_name")?.as_str()).collect();
    let people = world.rows("employees").await;
    for key in [SHARED_KEY, &all] {
        let page = world.get("/dashboard?lang=en").header("X-API-KEY", key).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let page = page.text().await.unwrap();
        assert!(
            page.contains("<td>Ankara</td>") && page.contains(&format!("<td class=\"number\">{people}</td>")),
            "{page}"
        );
        for secret in
            details.iter().copied().chain(names.iter().copied()).chain(["Head PC", "<nav", "/logout"])
        {
            assert!(!page.contains(secret), "{secret}: {page}");
        }
    }
}

#[tokio::test]
async fn a_shared_key_in_use_asks_to_be_replaced() {
    let world = hub().await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    assert!(!world.dashboard_of("admin", PASSWORD).await.contains("replace-shared-key"), "nobody uses it");
    let imported = world.folder.path().join("imported.db");
    std::fs::write(&imported, office_file("Bursa", 2)).unwrap();
    let bursa = world.store.shared_device("Bursa").await.unwrap();
    world.store.receive(&bursa, &imported, store::IMPORT).await.unwrap();
    assert!(!world.dashboard_of("admin", PASSWORD).await.contains("replace-shared-key"), "nor for an import");
    let sent = world.upload(SHARED_KEY, "Ankara", office_file("Ankara", 1)).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let page = world.dashboard_of("admin", PASSWORD).await;
    for seen in ["denk site add", "<td>Ankara (shared key)</td>", "<td>Bursa (import)</td>"] {
        assert!(page.contains(seen), "{seen}: {page}");
    }
    assert!(!page.contains("shared:"), "{page}");
}

#[tokio::test]
async fn a_shared_key_that_is_gone_needs_no_replacing() {
    let world = hub_with(|settings| settings.api_key = None).await;
    world.person("admin", Role::Admin, "*", PASSWORD).await;
    let sent = world.folder.path().join("sent.db");
    std::fs::write(&sent, office_file("Bursa", 2)).unwrap();
    let bursa = world.store.shared_device("Bursa").await.unwrap();
    world.store.receive(&bursa, &sent, "manual").await.unwrap();
    assert!(!world.dashboard_of("admin", PASSWORD).await.contains("replace-shared-key"));
}

#[tokio::test]
async fn pages_speak_the_language_that_is_asked_for() {
    let world = hub().await;
    let page = async |path: &str, browser: &str| {
        let answer = world.get(path).header(header::ACCEPT_LANGUAGE, browser).send().await.unwrap();
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        answer.text().await.unwrap()
    };
    for (path, browser, word) in [
        ("/login", "", "Giriş yap"),
        ("/login", "de, en-GB;q=0.8", "Log in"),
        ("/login", "tr-TR,en", "Giriş yap"),
        ("/login?lang=en", "tr", "Log in"),
        ("/login?lang=çç", "tr", "Giriş yap"),
    ] {
        assert!(page(path, browser).await.contains(word), "{path} {browser}");
    }
}
