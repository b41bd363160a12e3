//! When the agent that stays begins a cycle, and what it asks then.

use std::{net::TcpListener, sync::Arc, time::Duration};

use agent::{Agent, Enrolment, Settings, State, Tools};
use rusqlite::Connection;
use tokio::time::timeout;

use crate::{
    door::{Door, Manner, TOKEN},
    pc::Pc,
    town::{NOW_MS, Town},
};

/// Shorter than any pause of an agent whose hub has been away for an hour.
const SOON: Duration = Duration::from_secs(10);

fn of(pc: &Pc, hub: &str, token: &str) -> Agent {
    with_clock(pc, hub, token, 0)
}

/// Whose PC's clock is so far ahead of the hub's.
fn with_clock(pc: &Pc, hub: &str, token: &str, ahead_ms: i64) -> Agent {
    let hub = Enrolment::new(hub, token, None).unwrap();
    let settings = Settings { db: pc.path().to_owned(), hub, active: true, listen: agent::LISTEN };
    let tools = Tools {
        rules: Arc::new(pc.rules.clone()),
        random: pc.clock().random,
        clock: Arc::new(move || NOW_MS + ahead_ms),
    };
    Agent::new(settings, pc.path().with_file_name("agent.toml"), tools)
}

/// Time of the test, which goes on when nobody works.
async fn passes(time: Duration) {
    _ = timeout(time, std::future::pending::<()>()).await;
}

async fn until(agent: &Agent, so: impl Fn(&State) -> bool) {
    while !so(&agent.state()) {
        passes(Duration::from_millis(100)).await;
    }
}

/// Met before, and in step.
async fn met() -> Pc {
    let pc = Pc::new(1);
    pc.meet(&mut Town::new()).await;
    pc
}

#[tokio::test(start_paused = true)]
async fn the_hub_s_clock_is_looked_at_every_five_minutes_however_much_happens() {
    let (pc, hub) = (met().await, Door::open().await);
    let agent = of(&pc, hub.url(), TOKEN);
    let busy = async {
        for _ in 0..60 {
            passes(Duration::from_mins(1)).await;
            agent.wake();
        }
    };
    agent.run(busy).await;
    let (hellos, pulls) = (hub.asked("hello"), hub.asked("pull"));
    assert!(pulls.len() >= 60, "{} cycles", pulls.len());
    let gaps = hellos.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect::<Vec<_>>();
    assert!(gaps.len() >= 10 && gaps.iter().all(|gap| (300..=370).contains(gap)), "{gaps:?}");
}

/// Listened for an hour to a hub that does not let it, and has just begun to wait again.
async fn deaf(hub: &Door) {
    passes(Duration::from_hours(1)).await;
    let tries = hub.asked("events").len();
    while hub.asked("events").len() == tries {
        passes(Duration::from_millis(100)).await;
    }
    passes(Duration::from_secs(5)).await;
}

async fn listens_again(hub: &Door) {
    let tries = hub.asked("events").len();
    let again = async {
        while hub.asked("events").len() == tries {
            passes(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, again).await.expect("the hub is listened to at once");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_mended_opens_the_hub_s_news_at_once_too() {
    let (pc, hub) = (met().await, Door::open().await);
    let agent = of(&pc, hub.url(), "1_wrong");
    let mends = async {
        deaf(&hub).await;
        let settings = Settings { hub: Enrolment::new(hub.url(), TOKEN, None).unwrap(), ..agent.settings() };
        agent.change(settings).unwrap();
        listens_again(&hub).await;
    };
    agent.run(mends).await;
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_back_is_listened_to_at_once() {
    let (pc, hub) = (met().await, Door::open().await);
    let agent = of(&pc, hub.url(), TOKEN);
    hub.behave(Manner { busy: true, ..Manner::default() });
    let comes_back = async {
        deaf(&hub).await;
        hub.behave(Manner::default());
        agent.wake();
        listens_again(&hub).await;
        assert_eq!(agent.state().trouble, None);
    };
    agent.run(comes_back).await;
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_gone_shows_at_once_although_the_office_writes_nothing() {
    let (pc, hub) = (met().await, Door::open().await);
    let agent = of(&pc, hub.url(), TOKEN);
    hub.behave(Manner { streams: true, ..Manner::default() });
    let goes = async {
        passes(Duration::from_hours(1)).await;
        assert!(agent.state().online && agent.state().trouble.is_none());
        hub.behave(Manner { busy: true, ..Manner::default() });
        let shows = until(&agent, |state| !state.online && state.trouble.is_some());
        timeout(SOON, shows).await.expect("nobody waits for the timer");
    };
    agent.run(goes).await;
}

/// What waits for a person is sent whole to ask about it, each time that the agent introduces itself.
#[tokio::test(start_paused = true)]
async fn a_proxy_that_cuts_idle_streams_makes_no_agent_introduce_itself_each_time() {
    let (pc, hub) = (met().await, Door::open().await);
    hub.behave(Manner { streams: true, cuts: 60, ..Manner::default() });
    let agent = of(&pc, hub.url(), TOKEN);
    agent.run(passes(Duration::from_hours(1))).await;
    assert!(hub.asked("events").len() >= 30, "it listens on");
    assert!(hub.asked("hello").len() <= 14, "{} times", hub.asked("hello").len());
}

#[tokio::test(start_paused = true)]
async fn the_program_s_writes_wake_the_agent_and_its_own_looks_do_not() {
    let pc = Pc::new(1);
    pc.sql("pragma journal_mode = wal");
    // Takes every call, and never answers: cycles are long, and the file is open meanwhile.
    let hub = TcpListener::bind("127.0.0.1:0").unwrap();
    let agent = of(&pc, &format!("http://{}/", hub.local_addr().unwrap()), TOKEN);
    agent.run(look(&pc, &agent)).await;
}

async fn look(pc: &Pc, agent: &Agent) {
    passes(Duration::from_secs(3_600)).await;
    let cycles = agent.state().cycles;
    assert!((5..=25).contains(&cycles), "the pauses between {cycles} tries grow");

    let ended = async |number| until(agent, |state| state.cycles >= number).await;
    ended(cycles + 1).await;
    let begun = || timeout(SOON, until(agent, |state| state.busy));
    assert!(begun().await.is_err(), "nothing was written");
    until(agent, |state| state.busy).await;
    let write = "insert into vehicles (plate, region) values ('00 TST 001', 'Ankara')";
    Connection::open(pc.path()).unwrap().execute(write, []).unwrap();
    ended(cycles + 2).await;
    begun().await.expect("what is written during a cycle asks for another");
    ended(cycles + 3).await;
    assert_eq!(agent.state().report.waiting, 1);
    // Closing the file carried the log into it, which may ask for one more.
    ended(cycles + 4).await;
    assert!(begun().await.is_err(), "that is all");
}

#[test]
fn of_two_settings_saved_at_once_the_same_is_kept_and_used() {
    let pc = Pc::new(1);
    let agent = of(&pc, "http://127.0.0.1:1/", TOKEN);
    for round in 0..100 {
        std::thread::scope(|scope| {
            for who in ["a", "b"] {
                let hub = Enrolment::new("http://127.0.0.1:1/", &format!("{round}{who}"), None).unwrap();
                let (agent, settings) = (&agent, Settings { hub, ..agent.settings() });
                scope.spawn(move || agent.change(settings).unwrap());
            }
        });
        let kept = Settings::load(&pc.path().with_file_name("agent.toml")).unwrap();
        assert_eq!(kept, Some(agent.settings()), "in round {round}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_a_cycle_has_a_wrong_clock_looked_at_again_and_no_right_one() {
    for wrong in [false, true] {
        let (pc, hub) = (met().await, Door::open().await);
        let ahead_ms = if wrong { 600_000 } else { 0 };
        let agent = with_clock(&pc, hub.url(), TOKEN, ahead_ms);
        let asks = async {
            until(&agent, |state| state.done_ms.is_some()).await;
            let looks = hub.asked("hello").len();
            let state = agent.sync_now().await;
            assert_eq!((state.trouble, state.report.clock_ahead_ms), (None, ahead_ms));
            assert_eq!(hub.asked("hello").len() - looks, usize::from(wrong), "wrong: {wrong}");
        };
        agent.run(asks).await;
    }
}
