//! The pages on which people decide conflicts and held batches: who sees and decides what, once, and what is text there.

use model::{Gid, Value};
use replica::wire::{Cell, Change, Delete, Push};
use reqwest::{Response, StatusCode, header};
use store::{ConflictState, Role, Take};

use crate::{
    people::scripts_of_others,
    world::{START_MS, World, cookie, hub},
};

const PASSWORD: &str = "uzun-bir-parola";
const REGIONS: [&str; 3] = ["Ankara", "Bursa", "Izmir"];
const ROLES: [Role; 4] = [Role::Admin, Role::Manager, Role::Office, Role::Viewer];
const PEOPLE: u128 = 30;

/// What stands in the values of a region and nowhere else.
fn secret(region: &str) -> String {
    format!("gizli{}", region.to_lowercase())
}

fn gid(region: &str, number: u128) -> Gid {
    let at = REGIONS.iter().position(|one| *one == region).unwrap_or(9) as u128;
    Gid::new(7, at * 1000 + number)
}

fn cells(columns: &[(&str, &str)]) -> replica::wire::Cells {
    columns.iter().map(|(name, text)| ((*name).to_owned(), Cell(Value::Text((*text).to_owned())))).collect()
}

fn change(gid: Gid, (base, at): (i64, i64)) -> Change {
    let (insert, update, delete) = Default::default();
    Change {
        table: "employees".into(),
        gid: gid.uuid(),
        base,
        at: (START_MS + at, 0),
        insert,
        again: None,
        update,
        delete,
    }
}

async fn push(world: &World, token: &str, (number, seen): (u64, i64), changes: Vec<Change>) -> (i64, bool) {
    let device = world.store.device_of_token(token).await.unwrap().unwrap();
    let rows = [("employees".to_owned(), PEOPLE as u64)].into();
    let push = Push { number, seen, clock_ms: START_MS, rows, changes, ..Push::default() };
    let pushed = world.store.push(&device, push).await.unwrap();
    (pushed.to, pushed.held)
}

/// Two PCs of a region give one person two titles and two identity numbers; then one of them deletes everybody else.
async fn quarrel(world: &World, region: &str, [first_title, second_title]: [&str; 2]) {
    let first = world.token(&format!("{region} 1 {}", secret(region)), region).await;
    let second = world.token(&format!("{region} 2 {}", secret(region)), region).await;
    let people = (1..=PEOPLE).map(|number| {
        let name = format!("{} {number:02}", secret(region));
        let insert = Some(cells(&[("full_name", &name), ("region", region)]));
        Change { insert, ..change(gid(region, number), (0, 1)) }
    });
    let (seen, _) = push(world, &first, (1, 0), people.collect()).await;
    let told = [(&first, 2, first_title, "10000000146"), (&second, 1, second_title, "10000000278")];
    for (at, (token, number, title, identity)) in (2..).zip(told) {
        let update = Some(cells(&[("title", title), ("identity_no", identity)]));
        let changes = vec![Change { update, ..change(gid(region, 1), (seen, at)) }];
        push(world, token, (number, seen), changes).await;
    }
    let gone = (2..=PEOPLE).map(|number| {
        let delete = Some(Delete::default());
        Change { delete, ..change(gid(region, number), (seen, 9)) }
    });
    assert!(push(world, &second, (2, seen), gone.collect()).await.1, "held");
}

async fn quarrels() -> World {
    let world = hub().await;
    for region in REGIONS {
        let titles = ["Usta", "Kalfa"].map(|title| format!("{title} {}", secret(region)));
        quarrel(&world, region, [&titles[0], &titles[1]]).await;
    }
    world
}

async fn somebody(world: &World, role: Role, region: &str) -> String {
    let name = format!("{role:?}-{region}");
    world.person(&name, role, region, PASSWORD).await;
    cookie(&world.log_in(&name, PASSWORD).await)
}

async fn get(world: &World, path: &str, cookie: &str) -> Response {
    world.get(path).header(header::COOKIE, cookie).send().await.unwrap()
}

async fn page(world: &World, path: &str, cookie: &str) -> String {
    get(world, path, cookie).await.text().await.unwrap()
}

async fn post(world: &World, path: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
    world.post(path).header(header::COOKIE, cookie).form(form).send().await.unwrap()
}

/// Of every region the conflict about the title and the one about the identity number, and the batch that waits.
async fn ids(world: &World) -> Vec<(&'static str, [String; 2], String)> {
    let (conflicts, held) = (world.store.conflicts().await.unwrap(), world.store.held().await.unwrap());
    let sites = world.store.sites().await.unwrap();
    let of = |region: &'static str| {
        let of = ["title", "identity_no"].map(|column| {
            let is = |one: &&store::KeptConflict| {
                one.region.as_deref() == Some(region) && one.column.as_deref() == Some(column)
            };
            conflicts.iter().find(is).unwrap().id.to_string()
        });
        let site = |id: u32| sites.iter().find(|site| site.id == id).unwrap();
        (region, of, held.iter().find(|batch| site(batch.site).region == region).unwrap().id.to_string())
    };
    REGIONS.map(of).to_vec()
}

/// Everything that a decision could change.
async fn standing(world: &World) -> String {
    let (conflicts, held) = (world.store.conflicts().await.unwrap(), world.store.held().await.unwrap());
    let (status, audit) = (world.store.status().await.unwrap(), world.store.audit(1000).await.unwrap());
    let audit: Vec<_> = audit.into_iter().filter(|line| line.action != "log_in").collect();
    format!("{conflicts:?} {held:?} {status:?} {audit:?}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_or_decides_what_waits_in_another_region_and_only_managers_decide_in_theirs() {
    let world = quarrels().await;
    let (ids, before) = (ids(&world).await, standing(&world).await);
    for role in ROLES {
        for own in REGIONS {
            let cookie = somebody(&world, role, own).await;
            let decides = matches!(role, Role::Admin | Role::Manager);
            for (region, [title, identity], held) in &ids {
                let (is_own, one) = (*region == own, format!("/held/{held}"));
                for path in ["/conflicts", "/held", "/dashboard", "/conflicts?region=*&table=employees", &one]
                {
                    for asked in [path.to_owned(), format!("{path}?region={region}&decide=let&past=2&page=2")]
                    {
                        let answer = get(&world, &asked, &cookie).await;
                        let missing = path == one && !is_own;
                        let status = if missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
                        assert_eq!(answer.status(), status, "{role:?} of {own}: {asked}");
                        let page = answer.text().await.unwrap();
                        assert!(
                            is_own || !page.contains(&secret(region)),
                            "{role:?} of {own}: {asked}: {page}"
                        );
                        let offers = page.contains("method=\"post\" action=\"/held/")
                            || page.contains("value=\"stays\"");
                        assert!(decides || !offers, "{role:?} of {own}: {asked}: {page}");
                    }
                }
                if is_own && decides {
                    continue;
                }
                let forms: [(&str, Vec<(&str, &str)>); 6] = [
                    ("/conflicts", vec![("stays", title)]),
                    ("/conflicts", vec![("other", identity)]),
                    ("/conflicts", vec![("id", title), ("id", identity), ("bulk", "other")]),
                    ("/conflicts?region=*", vec![("id", title), ("bulk", "stays")]),
                    (&one, vec![("decide", "let")]),
                    (&one, vec![("decide", "back")]),
                ];
                for (path, form) in forms {
                    let status = post(&world, path, &cookie, &form).await.status();
                    let wanted = if is_own { StatusCode::FORBIDDEN } else { StatusCode::NOT_FOUND };
                    assert_eq!(status, wanted, "{role:?} of {own}: {path} {form:?}");
                }
            }
        }
    }
    // One's own along with another's is as nothing.
    let cookie = cookie(&world.log_in("Manager-Bursa", PASSWORD).await);
    let mixed = [("id", ids[1].1[0].as_str()), ("id", ids[0].1[0].as_str()), ("bulk", "stays")];
    assert_eq!(post(&world, "/conflicts", &cookie, &mixed).await.status(), StatusCode::NOT_FOUND);
    for odd in ["0", "-1", "99999999", "99999999999999999999", "x", "1 or 1=1", ""] {
        assert_eq!(
            post(&world, "/conflicts", &cookie, &[("other", odd)]).await.status(),
            StatusCode::NOT_FOUND
        );
        let path = format!("/held/{}", odd.replace(' ', "%20"));
        if !odd.is_empty() {
            assert_eq!(
                post(&world, &path, &cookie, &[("decide", "let")]).await.status(),
                StatusCode::NOT_FOUND
            );
        }
    }
    assert_eq!(standing(&world).await, before, "nothing was changed");
}

#[tokio::test]
async fn who_may_decides_once_and_is_told_when_somebody_else_has() {
    let world = quarrels().await;
    let [(_, [title, identity], held), ..] = &ids(&world).await[..] else { panic!() };
    let (manager, admin) =
        (somebody(&world, Role::Manager, "Ankara").await, somebody(&world, Role::Admin, "*").await);
    let shown = page(&world, "/conflicts?lang=en", &manager).await;
    assert!(shown.contains("Usta gizliankara") && shown.contains("Kalfa gizliankara"), "{shown}");
    assert!(
        shown.contains("Employees · Title · Ankara")
            && shown.contains("Ankara 1 gizliankara, <time>19.01.2026 09:00"),
        "{shown}"
    );
    assert!(
        shown.contains(r#"Conflicts <span class="waits">2</span>"#)
            && shown.contains(r#"approval <span class="waits">1</span>"#),
        "{shown}"
    );
    let own = page(&world, "/dashboard", &admin).await;
    assert!(
        own.contains(r#"<a href="/conflicts">6</a>"#) && own.contains(r#"<a href="/held">3</a>"#),
        "{own}"
    );

    let taken =
        post(&world, "/conflicts?region=Ankara", &manager, &[("other", title), ("id", identity)]).await;
    assert_eq!(
        (taken.status(), taken.headers()[header::LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/conflicts?region=Ankara&done=1")
    );
    let find = async |id: &str| {
        let all = world.store.conflicts().await.unwrap();
        all.into_iter().find(|one| one.id.to_string() == id).unwrap()
    };
    let decided = find(title).await;
    assert_eq!(
        (decided.stands, decided.state, decided.who.as_deref()),
        (Some(Take::Loser), ConflictState::Decided, Some("Manager-Ankara"))
    );
    assert_eq!(find(identity).await.state, ConflictState::New, "what was chosen besides is not meant");
    let change = &world.store.recent(&merge::Region::All, 1).await.unwrap()[0];
    assert_eq!((change.site, change.action.as_str()), (0, "update"), "a change by headquarters");

    let after = standing(&world).await;
    for (who, form) in [(&manager, ("other", title)), (&admin, ("stays", title))] {
        let again = post(&world, "/conflicts?lang=en", who, &[(form.0, form.1)]).await;
        assert_eq!(again.status(), StatusCode::CONFLICT);
        assert!(again.text().await.unwrap().contains("decided before, by Manager-Ankara, 19.01.2026"));
    }
    assert_eq!(standing(&world).await, after, "a doubled form changes nothing twice");
    let shown = page(&world, "/conflicts?lang=en", &admin).await;
    assert!(shown.contains("Manager-Ankara, <time>19.01.2026"), "{shown}");

    // Of two chosen ones, one was decided meanwhile.
    let both =
        post(&world, "/conflicts?lang=en", &admin, &[("id", title), ("id", identity), ("bulk", "stays")])
            .await;
    assert_eq!(both.status(), StatusCode::CONFLICT);
    let both = both.text().await.unwrap();
    assert!(both.contains("1 conflicts were decided") && both.contains("by Manager-Ankara"), "{both}");
    assert_eq!(find(identity).await.stands, Some(Take::Winner));
    let none = post(&world, "/conflicts?lang=en", &admin, &[("bulk", "stays")]).await;
    assert!(none.text().await.unwrap().contains("No conflict was chosen"));

    let sure = page(&world, &format!("/held/{held}?decide=let&lang=en"), &manager).await;
    assert!(
        sure.contains("29 deletions, 1 changes and 0 new rows of Ankara 2 gizliankara become valid"),
        "{sure}"
    );
    assert_eq!(world.store.held().await.unwrap().len(), 3, "asking decides nothing");
    let path = format!("/held/{held}?lang=en");
    let let_through = post(&world, &path, &manager, &[("decide", "let")]).await;
    assert_eq!(
        (let_through.status(), let_through.headers()[header::LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/held?done=let")
    );
    assert_eq!(world.rows("employees").await, 61);
    let after = standing(&world).await;
    for (who, word) in [(&manager, "let"), (&admin, "back")] {
        let again = post(&world, &path, who, &[("decide", word)]).await;
        assert_eq!(again.status(), StatusCode::CONFLICT);
        assert!(again.text().await.unwrap().contains("decided before, by Manager-Ankara"));
    }
    assert_eq!(standing(&world).await, after);
    assert!(page(&world, &path, &admin).await.contains("decided before, by Manager-Ankara"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_decide_at_once_one_does() {
    let world = quarrels().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let (_, [title, _], held) = &ids(&world).await[0];
    let held = format!("/held/{held}");
    for (path, forms) in [
        ("/conflicts", [("stays", title.as_str()), ("other", title.as_str())]),
        (held.as_str(), [("decide", "let"), ("decide", "back")]),
    ] {
        let sent = (0..8).map(|at| {
            let (world, admin, form) = (&world, &admin, [forms[at % 2]]);
            async move { post(world, path, admin, &form).await.status() }
        });
        let mut came = futures_util::future::join_all(sent).await;
        came.sort();
        let mut wanted = vec![StatusCode::CONFLICT; 8];
        wanted[0] = StatusCode::SEE_OTHER;
        assert_eq!(came, wanted, "{path}");
    }
    let decided = ["conflict_winner", "conflict_loser", "let_through", "sent_back"];
    let audit = world.store.audit(1000).await.unwrap();
    assert_eq!(audit.iter().filter(|line| decided.contains(&line.action.as_str())).count(), 2);
}

#[tokio::test]
async fn what_was_written_after_a_conflict_is_not_overwritten() {
    let world = quarrels().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let title = &ids(&world).await[0].1[0];
    let third = world.token("Ankara 3", "Ankara").await;
    let seen = world.store.status().await.unwrap().rev;
    let update = Some(cells(&[("title", "Sonradan")]));
    push(&world, &third, (1, seen), vec![Change { update, ..change(gid("Ankara", 1), (seen, 99)) }]).await;
    let shown = page(&world, "/conflicts?lang=en&region=Ankara", &admin).await;
    assert!(
        shown.contains("Neither of them is there now") && shown.contains("Leave it as it is now"),
        "{shown}"
    );
    let before = standing(&world).await;
    let other = post(&world, "/conflicts?lang=en", &admin, &[("other", title)]).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    assert!(other.text().await.unwrap().contains("was not overwritten"));
    assert_eq!(standing(&world).await, before);
    assert_eq!(post(&world, "/conflicts", &admin, &[("stays", title)]).await.status(), StatusCode::SEE_OTHER);
    let rows = world.store.recent(&merge::Region::All, 1).await.unwrap();
    assert_eq!(rows[0].after.as_ref().unwrap()["title"], "Sonradan");
}

#[tokio::test]
async fn a_form_of_another_site_decides_nothing() {
    let world = quarrels().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let (before, ids) = (standing(&world).await, ids(&world).await);
    let (_, [title, _], held) = &ids[0];
    let forms =
        [("/conflicts".to_owned(), ("stays", title.as_str())), (format!("/held/{held}"), ("decide", "let"))];
    for (path, form) in &forms {
        for (name, value) in
            [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
        {
            let asked = world.post(path).header(header::COOKIE, &admin).header(name, value).form(&[*form]);
            assert_eq!(asked.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{path} {value}");
        }
        let nobody = world.post(path).form(&[*form]).send().await.unwrap();
        assert_eq!(
            (nobody.status(), &nobody.headers()[header::LOCATION]),
            (StatusCode::SEE_OTHER, &header::HeaderValue::from_static("/login"))
        );
        // What is asked for decides nothing either.
        let asked = format!("{path}?{}={}", form.0, form.1);
        assert_eq!(get(&world, &asked, &admin).await.status(), StatusCode::OK);
    }
    assert_eq!(standing(&world).await, before);
}

#[tokio::test]
async fn values_and_names_are_text_and_personal_numbers_are_whole_only_for_who_manages() {
    let world = hub().await;
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\" x=\"";
    quarrel(&world, "Ankara", [evil, "\"><b onclick=alert(2)>"]).await;
    let held = world.store.held().await.unwrap()[0].id;
    let sites = world.store.sites().await.unwrap();
    for (at, site) in sites.iter().enumerate() {
        world.store.rename_site(&site.name, &format!("{evil}{at}")).await.unwrap();
    }
    for role in ROLES {
        let cookie = somebody(&world, role, "Ankara").await;
        for path in [
            "/conflicts".to_owned(),
            "/held".to_owned(),
            format!("/held/{held}?decide=back"),
            format!("/conflicts?region={evil}&done={evil}"),
        ] {
            let page = page(&world, &path, &cookie).await;
            assert!(
                !scripts_of_others(&page) && !page.contains("<img") && !page.contains("<b onclick"),
                "{path}: {page}"
            );
            assert!(!page.contains("x=\"\""), "{path}: {page}");
        }
        let page = page(&world, "/conflicts", &cookie).await;
        assert!(page.contains("&#60;script&#62;alert(1)"), "{page}");
        let sees = matches!(role, Role::Admin | Role::Manager);
        for whole in ["10000000146", "10000000278"] {
            assert_eq!(page.contains(whole), sees, "{role:?}: {page}");
        }
        assert!(sees || page.contains("•••••••••46"), "{role:?}: {page}");
    }
}

#[tokio::test]
async fn what_is_sent_back_is_not_taken_and_lists_are_filtered_and_paged() {
    let world = quarrels().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let all = ids(&world).await;
    let rows = world.rows("employees").await;
    let sure = page(&world, &format!("/held/{}?decide=back", all[1].2), &admin).await;
    assert!(sure.contains("29 silmesi ve 1 değişikliği alınmaz"), "{sure}");
    let within = sure.split_once("id=\"within\"").unwrap().1.split_once("</section>").unwrap().0;
    let tags = |word: &str| within.matches(&format!("<span class=\"tag\">{word}</span>")).count();
    assert_eq!((tags("silindi"), tags("değişti")), (29, 0), "the change came before it: {within}");
    assert!(within.contains("href=\"/employees/") && within.contains(&secret("Bursa")), "{within}");
    assert_eq!(
        post(&world, &format!("/held/{}", all[1].2), &admin, &[("decide", "back")]).await.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!((world.rows("employees").await, world.store.held().await.unwrap().len()), (rows, 2));
    for (path, regions) in [
        ("/conflicts", &REGIONS[..]),
        ("/conflicts?region=Bursa", &["Bursa"]),
        ("/conflicts?table=employees&region=Izmir", &["Izmir"]),
        ("/conflicts?table=vehicles", &[]),
        ("/conflicts?page=99&past=x&region=", &REGIONS),
    ] {
        let page = page(&world, path, &admin).await;
        for region in REGIONS {
            assert_eq!(
                page.contains(&format!("Usta {}", secret(region))),
                regions.contains(&region),
                "{path}: {page}"
            );
        }
    }
}

/// Three faults' states and kilometres that two PCs changed.
async fn a_fault(world: &World) -> [String; 2] {
    let (first, second) = (world.token("Ankara 1", "Ankara").await, world.token("Ankara 2", "Ankara").await);
    let cell = |value: Value| Cell(value);
    let text = |text: &str| cell(Value::Text(text.into()));
    let of = |table: &str, number: u128, at: (i64, i64)| Change {
        table: table.into(),
        ..change(gid("Ankara", number), at)
    };
    let vehicle = [("plate", text("06 YOK 01")), ("region", text("Ankara"))];
    let fault = [
        ("vehicle_id", cell(Value::Uuid(gid("Ankara", 1).uuid()))),
        ("title", text("Gizlimotor")),
        ("region", text("Ankara")),
    ];
    let insert = |columns: &[(&str, Cell)]| {
        Some(columns.iter().map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect())
    };
    let vehicle = Change { insert: insert(&vehicle), ..of("vehicles", 1, (0, 1)) };
    let fault = Change { insert: insert(&fault), ..of("vehicle_faults", 2, (0, 1)) };
    let (seen, _) = push(world, &first, (1, 0), vec![vehicle, fault]).await;
    let told = [(&first, 2, "Kapandi", "2026-01-05"), (&second, 1, "Açık", "2026-01-06")];
    for (at, (token, number, state, closed)) in (2..).zip(told) {
        let update = insert(&[("status", text(state)), ("closed_date", text(closed))]);
        let changes = vec![Change { update, ..of("vehicle_faults", 2, (seen, at)) }];
        push(world, token, (number, seen), changes).await;
    }
    let conflicts = world.store.conflicts().await.unwrap();
    ["status", "closed_date"].map(|column| {
        let is = |one: &&store::KeptConflict| one.column.as_deref() == Some(column);
        conflicts.iter().find(is).unwrap_or_else(|| panic!("{column}: {conflicts:?}")).id.to_string()
    })
}

#[tokio::test]
async fn a_value_that_has_a_name_is_chosen_and_is_written_not_its_name() {
    let world = hub().await;
    let [state, closed] = a_fault(&world).await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let shown = page(&world, &format!("/conflicts/{state}"), &admin).await;
    for option in [r#"value="Açık" selected>Açık<"#, r#"value="Takip">Takip<"#, r#"value="Kapandi">Kapandı<"#]
    {
        assert!(shown.contains(option), "{option}: {shown}");
    }
    assert!(!shown.contains(r#"value="Acik""#) && !shown.contains("<input id=\"value\""), "{shown}");
    let before = standing(&world).await;
    for name in ["Closed", "Yok", ""] {
        let came = post(&world, &format!("/conflicts/{state}"), &admin, &[("value", name)]).await;
        assert_eq!(came.status(), StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(came.text().await.unwrap().contains("seçilebilecek değerlerden biri değil"), "{name}");
    }
    assert_eq!(standing(&world).await, before);
    let shown = page(&world, &format!("/conflicts/{closed}"), &admin).await;
    assert!(shown.contains(r#"name="value" value="06.01.2026""#), "{shown}");
    for (id, value) in [(&state, "Takip"), (&closed, "07.01.2026")] {
        let came = post(&world, &format!("/conflicts/{id}"), &admin, &[("value", value)]).await;
        assert_eq!(came.status(), StatusCode::SEE_OTHER, "{value}");
    }
    let row = world.store.recent(&merge::Region::All, 1).await.unwrap()[0].after.clone().unwrap();
    assert_eq!((&row["status"], &row["closed_date"]), (&"Takip".into(), &"2026-01-07".into()));
}
