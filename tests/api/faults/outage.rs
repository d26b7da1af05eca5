//! PostgreSQL goes away and comes back.

use std::io::copy;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::faults::assert_refused_for_now;
use crate::support::{Backend, TestApp, fixtures};

/// The way to the database, which can be cut.
struct Way {
    address: SocketAddr,
    is_cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    fn to(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (is_cut, open) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (cut, kept) = (is_cut.clone(), open.clone());
        std::thread::spawn(move || {
            for here in listener.incoming().flatten() {
                let mut open = kept.lock().unwrap();
                // Who comes while it is cut is sent away.
                if !cut.load(Ordering::SeqCst) {
                    let there = TcpStream::connect(database).unwrap();
                    carry(&here, &there);
                    carry(&there, &here);
                    open.extend([here, there]);
                }
            }
        });
        Self { address, is_cut, open }
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            let _gone = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

fn carry(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ended = copy(&mut from, &mut to);
        let _gone = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}

#[actix_web::test]
async fn a_server_waits_for_its_database_and_goes_on_by_itself() {
    let Some(direct) = TestApp::fresh_with(Backend::Postgres, |_| {}).await else { return };
    let url = direct.database().url.clone();
    let (before, rest) = url.split_once("@127.0.0.1:").unwrap();
    let (port, rest) = rest.split_once('/').unwrap();
    let way = Way::to(format!("127.0.0.1:{port}").parse().unwrap());
    let through = format!("{before}@127.0.0.1:{}/{rest}", way.address.port());
    let app = direct.another_server_with(|setup| setup.target = through.parse().unwrap()).await;
    let submit = async || app.school().post("/partner/referrals", fixtures::unnumbered()).await;
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        for answer in join_all((0..8).map(|_| submit())).await {
            acknowledged.push(answer.expect(201)["id"].as_str().unwrap().to_owned());
        }
        // What the database said is good for a second.
        actix_web::rt::time::sleep(Duration::from_millis(1100)).await;
        way.cut();
        let (writing, reading, ready) = futures_util::future::join3(
            join_all((0..40).map(|_| submit())),
            app.caseworker().get(&format!("/referrals/{}", acknowledged[0])),
            app.anyone().get("//health/ready"),
        )
        .await;
        for answer in writing.iter().chain([&reading, &ready]) {
            assert_refused_for_now(answer);
        }
        // In a longer outage nobody waits for the refusal.
        let (begun, mut at_once) = (Instant::now(), 0);
        while at_once < 20 {
            let asked = Instant::now();
            submit().await.problem(503, "unavailable");
            at_once = if asked.elapsed() < Duration::from_millis(250) { at_once + 1 } else { 0 };
            assert!(begun.elapsed() < Duration::from_secs(20), "callers wait for a database that is away");
        }
        // Who needs no database is answered.
        app.anyone().get("/where-to-turn?place=Ryd").await.expect(200);
        app.anyone().get("//health/live").await.expect(200);
        way.mend();
        let begun = Instant::now();
        let mut well = 0;
        while well < 20 {
            let answer = submit().await;
            if answer.status == 201 {
                acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
                well += 1;
            } else {
                assert_refused_for_now(&answer);
                well = 0;
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "it has not recovered: {answer:?}");
        }
        actix_web::rt::time::sleep(Duration::from_millis(1100)).await;
        app.anyone().get("//health/ready").await.expect(200);
    }
    for id in &acknowledged {
        direct.school().get(&format!("/partner/referrals/{id}")).await.expect(200);
    }
    assert_eq!(
        usize::try_from(direct.stored_referrals().await).unwrap(),
        acknowledged.len(),
        "something was half done"
    );
}
