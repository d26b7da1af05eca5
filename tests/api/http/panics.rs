//! A handler that panics takes nothing down, and is told like every other failure.

use std::net::TcpListener;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use nara::auth::Anyone;
use nara::config::limits::{Rate, Rates};
use nara::http::envelope;
use nara::http::limits::Limits;
use nara::http::settings::Settings;
use nara::telemetry::Metrics;
use nara::time::Random;
use serde_json::Value;

use crate::support::clock::TestClock;

async fn panicking(_: Anyone) -> HttpResponse {
    panic!("a test panics on purpose, and quotes 20130315-2399")
}

async fn well() -> HttpResponse {
    HttpResponse::Ok().body("well")
}

/// A server with the envelope that the real one has, and a handler that the real one has not.
fn serve(listener: TcpListener, metrics: Data<Metrics>) -> actix_web::dev::Server {
    let app = move || {
        let rate: Rate = "100/s".parse().unwrap();
        let rates = Rates { anonymous: rate, read: rate, write: rate, search: rate, sign_in: rate };
        let limits = Limits::new(Some(&rates), &TestClock::new().for_nara(), &metrics).unwrap();
        let settings = Settings {
            public_url: Some("https://nara.test".to_owned()),
            strict_transport: true,
            trusted_proxies: Vec::new(),
            body_timeout: std::time::Duration::from_secs(15),
            cursor_key: [0; 32],
            record_key: [0; 32],
            clock: TestClock::new().for_nara(),
            random: Random::system(),
        };
        App::new()
            .app_data(Data::new(settings))
            .app_data(Data::new(limits))
            .app_data(metrics.clone())
            .wrap(from_fn(envelope::around))
            .route("/panics", web::get().to(panicking))
            .route("/well", web::get().to(well))
    };
    HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run()
}

#[actix_web::test]
async fn a_panic_is_a_problem_and_the_server_goes_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let metrics = Data::new(Metrics::new().unwrap());
    let server = serve(listener, metrics.clone());
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for left in [99, 98, 97] {
        let request = client.get(format!("{base}/panics?secret=1"));
        let answer = request.header("accept-language", "sv").header("traceparent", TRACEPARENT).send().await.unwrap();
        assert_eq!(answer.status(), 500);
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("content-type").as_deref(), Some("application/problem+json"));
        assert_eq!(header("content-language").as_deref(), Some("sv"));
        assert_eq!(header("cache-control").as_deref(), Some("no-store"));
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(header("referrer-policy").as_deref(), Some("no-referrer"));
        assert!(header("content-security-policy").is_some() && header("strict-transport-security").is_some());
        assert!(header("traceparent").is_some_and(|trace| trace.contains(&TRACEPARENT[3..35])));
        assert_eq!(header("ratelimit-policy").as_deref(), Some("\"anonymous\";q=100;w=1"));
        assert!(header("ratelimit").is_some_and(|standing| standing.contains(&format!(";r={left};"))));
        let text = answer.text().await.unwrap();
        assert!(!text.contains("20130315") && !text.contains("purpose"), "{text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["type"], "https://nara.test/problems/internal-error");
        assert_eq!(problem["title"], "Något gick fel hos oss");
        assert_eq!(problem["status"], 500);
        assert_eq!(problem["instance"], "/panics");
        assert_eq!(problem["traceId"], TRACEPARENT[3..35]);
        assert_eq!(client.get(format!("{base}/well")).send().await.unwrap().status(), 200);
    }
    let counted = metrics.text().unwrap();
    for series in
        ["nara_problems_total{problem=\"internal-error\"}", "nara_requests_total{operation=\"other\",status=\"500\"}"]
    {
        assert!(counted.contains(&format!("{series} 3")), "{counted}");
    }
    handle.stop(false).await;
    running.await.unwrap().unwrap();
}

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
