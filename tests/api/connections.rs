//! Connections: nobody holds one for ever by being slow, and nobody holds so many that others have none.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use nara::server::{Setup, Timeouts};

use crate::support::{Backend, TestApp};

const ASKED: &str = "GET /nara/v1/areas/norr HTTP/1.1\r\nHost: nara.test\r\n\r\n";

/// A server of each kind with these settings.
async fn servers(change: impl Fn(&mut Setup)) -> Vec<TestApp> {
    let mut servers = Vec::new();
    for backend in [Backend::Sqlite, Backend::Postgres] {
        servers.extend(TestApp::fresh_with(backend, &change).await);
    }
    servers
}

/// Reads one answer; `None` if the connection is closed instead.
fn answered(stream: &mut TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut told = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&told).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if length.is_some_and(|length: usize| body.len() >= length) {
                return Some(text);
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(0) => return None,
            Ok(length) => told.extend(&part[..length]),
            Err(error) if [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()) => return None,
            Err(error) => panic!("{error}: {text}"),
        }
    }
}

fn ask(stream: &mut TcpStream) -> Option<String> {
    stream.write_all(ASKED.as_bytes()).ok()?;
    answered(stream)
}

/// Whether the server has closed a connection on which nothing is to be read.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    match stream.read(&mut [0; 4096]) {
        Ok(length) => length == 0,
        Err(error) => ![ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()),
    }
}

/// A connection from an address of this machine.
async fn connect_from(address: &str, to: SocketAddr) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    let stream = socket.connect(to).await.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

/// Sends byte after byte on all of these until each is closed, and returns the longest that one was open.
async fn dribbled(crowd: Vec<TcpStream>) -> Duration {
    let begun = Instant::now();
    let mut open = crowd;
    while !open.is_empty() {
        open.retain_mut(|stream| stream.write_all(b"x").is_ok() && !is_closed(stream));
        assert!(begun.elapsed() < Duration::from_secs(20), "{} are waited for without end", open.len());
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
    begun.elapsed()
}

#[actix_web::test]
async fn every_head_has_its_time_and_not_the_first_alone() {
    let head = Duration::from_secs(1);
    for app in servers(|setup| setup.timeouts = Timeouts { head, ..Timeouts::default() }).await {
        let open = |ends: &str| {
            let mut stream = TcpStream::connect(app.address).unwrap();
            stream.write_all(format!("{ASKED}{ends}").as_bytes()).unwrap();
            assert!(answered(&mut stream).unwrap().starts_with("HTTP/1.1 200"));
            stream
        };
        // Some begin the second head at once, some in the same breath as the first.
        let begins = ["", "GET /nara/v1/areas HTTP/1.1\r\nX-Slow: "];
        let crowd: Vec<TcpStream> = (0..40).map(|number| open(begins[number % 2])).collect();
        let mut patient = open("");
        let took = dribbled(crowd).await;
        assert!(took >= head - Duration::from_millis(100) && took < Duration::from_secs(8), "{took:?}");
        // Who is silent for a while and then sends a head in two parts in time goes on.
        let (one, other) = ASKED.split_at(30);
        patient.write_all(one.as_bytes()).unwrap();
        actix_web::rt::time::sleep(Duration::from_millis(300)).await;
        patient.write_all(other.as_bytes()).unwrap();
        assert!(answered(&mut patient).unwrap().starts_with("HTTP/1.1 200"));
        app.anyone().get("/areas/norr").await.expect(200);
    }
}

#[actix_web::test]
async fn who_does_not_take_an_answer_is_not_waited_for() {
    const FILE: &str = "/docs/swagger-ui-bundle.js";
    const TIMES: usize = 12;
    let timeouts = Timeouts { answer: Duration::from_secs(1), ..Timeouts::default() };
    for app in servers(|setup| setup.timeouts = timeouts).await {
        let whole = app.anyone().get(FILE).await.body.len() * TIMES;
        let mut stream = TcpStream::connect(app.address).unwrap();
        rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 16 * 1024).unwrap();
        let request = format!("GET /nara/v1{FILE} HTTP/1.1\r\nHost: nara.test\r\n\r\n");
        stream.write_all(request.repeat(TIMES).as_bytes()).unwrap();
        actix_web::rt::time::sleep(Duration::from_secs(3)).await;
        let mut taken = Vec::new();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _reset = stream.read_to_end(&mut taken);
        assert!(!taken.is_empty() && taken.len() < whole, "all {} bytes were kept", taken.len());
        // Who is slow and goes on reading gets everything.
        let mut slow = TcpStream::connect(app.address).unwrap();
        slow.write_all(format!("GET /nara/v1{FILE} HTTP/1.1\r\nHost: nara.test\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let (mut got, mut part) = (0, vec![0; whole / TIMES / 20]);
        loop {
            match slow.read(&mut part).unwrap() {
                0 => break,
                length => got += length,
            }
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(got > whole / TIMES, "{got} of {}", whole / TIMES);
    }
}

fn of_three(setup: &mut Setup) {
    setup.connections.per_address = NonZeroUsize::new(3);
}

#[actix_web::test]
async fn one_address_has_its_share_of_the_connections_and_others_have_theirs() {
    for app in servers(of_three).await {
        let mut held = Vec::new();
        for _ in 0..3 {
            let mut stream = connect_from("127.0.0.1", app.address).await;
            assert!(ask(&mut stream).is_some());
            held.push(stream);
        }
        for _ in 0..20 {
            assert_eq!(ask(&mut connect_from("127.0.0.1", app.address).await), None, "one too many is answered");
        }
        let mut other = connect_from("127.0.0.2", app.address).await;
        assert!(ask(&mut other).is_some_and(|answer| answer.starts_with("HTTP/1.1 200")), "another address is refused");
        // Those that were open stay so, and a place that is given back is given again.
        assert!(held.iter_mut().all(|stream| ask(stream).is_some()));
        held.pop();
        let begun = Instant::now();
        while ask(&mut connect_from("127.0.0.1", app.address).await).is_none() {
            assert!(begun.elapsed() < Duration::from_secs(5), "the place stays taken");
        }
        drop(held);
        let begun = Instant::now();
        let mut stream = connect_from("127.0.0.2", app.address).await;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: nara.test\r\n\r\n").unwrap();
        let metrics = answered(&mut stream).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5));
        let counted = metrics.lines().find_map(|line| line.strip_prefix("nara_crowded_out_total{what=\"connection\"} "));
        assert!(counted.is_some_and(|count| count.parse::<u32>().unwrap() >= 20), "{metrics}");
    }
}

#[actix_web::test]
async fn a_proxy_is_no_client_and_those_behind_it_are_counted_by_their_calls() {
    let timeouts = Timeouts { body: Duration::from_secs(3), ..Timeouts::default() };
    let behind_a_proxy = |setup: &mut Setup| {
        of_three(setup);
        setup.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        setup.timeouts = timeouts;
    };
    for app in servers(behind_a_proxy).await {
        let from = |client: &str, path: &'static str| {
            let actor = app.anyone().and("x-forwarded-for", client);
            async move { actor.get(path).await }
        };
        let hold = |client: &str| {
            let head = format!(
                "POST /nara/v1/where-to-turn HTTP/1.1\r\nHost: nara.test\r\nX-Forwarded-For: {client}\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{{"
            );
            let mut stream = TcpStream::connect(app.address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        };
        // The proxy has more connections than a client may have, and all are answered.
        let mut many: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(app.address).unwrap()).collect();
        assert!(many.iter_mut().all(|stream| ask(stream).is_some()));
        let mut held: Vec<TcpStream> = (0..3).map(|_| hold("203.0.113.9")).collect();
        let begun = Instant::now();
        let refused = loop {
            let answer = from("203.0.113.9", "/areas/norr").await;
            if answer.status == 429 {
                break answer;
            }
            assert!(begun.elapsed() < Duration::from_secs(2), "a fourth call is answered beside three");
        };
        refused.problem(429, "rate-limited");
        assert_eq!(refused.header("retry-after"), Some("1"));
        from("203.0.113.9", "//health/live").await.expect(200);
        from("203.0.113.9", "//health/ready").await.expect(200);
        from("203.0.113.10", "/areas/norr").await.expect(200);
        app.anyone().get("/areas/norr").await.expect(200);
        // What a stranger writes about where they come from is nothing.
        let mut stranger = connect_from("127.0.0.2", app.address).await;
        let lie = ASKED.replace("\r\n\r\n", "\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
        stranger.write_all(lie.as_bytes()).unwrap();
        assert!(answered(&mut stranger).unwrap().starts_with("HTTP/1.1 200"));
        // A call that is over gives its place back.
        for stream in &mut held {
            stream.write_all(b"\"district\":\"ryd\"}").unwrap();
            assert!(answered(stream).unwrap().starts_with("HTTP/1.1 200"));
        }
        from("203.0.113.9", "/areas/norr").await.expect(200);
        assert!(app.counted("nara_crowded_out_total{what=\"call\"}").await >= 1);
    }
}

#[actix_web::test]
async fn in_a_full_house_nobody_waits_long_for_another_call() {
    let timeouts = Timeouts { head: Duration::from_secs(1), ..Timeouts::default() };
    let small = |setup: &mut Setup| {
        setup.timeouts = timeouts;
        setup.connections.all = 8;
    };
    for app in servers(small).await {
        let open = || {
            let mut stream = TcpStream::connect(app.address).unwrap();
            assert!(ask(&mut stream).is_some());
            stream
        };
        let mut crowd: Vec<TcpStream> = (0..5).map(|_| open()).collect();
        actix_web::rt::time::sleep(Duration::from_millis(2500)).await;
        assert!(!crowd.iter_mut().any(is_closed), "there is room");
        // Six of eight are three quarters.
        crowd.push(open());
        let begun = Instant::now();
        while !crowd.iter_mut().any(is_closed) {
            assert!(begun.elapsed() < Duration::from_secs(15), "who does nothing keeps the room from others");
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        }
        // Whoever has gone makes room, and then nobody else has to go.
        actix_web::rt::time::sleep(Duration::from_millis(2500)).await;
        crowd.retain_mut(|stream| !is_closed(stream));
        assert!(crowd.len() >= 3, "more are sent away than is needed");
    }
}
