//! Accepting connections: who may open one, and the time limits that each has.

use std::fmt::Debug;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service, map_config};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{AppConfig, Server, Service, ServiceFactory, ServiceResponse};
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use ipnet::IpNet;

use crate::http::client;
use crate::http::crowd::Crowd;
use crate::server::setup::Timeouts;
use crate::server::transport::{CallUnderWay, ConnectionState, Transport};
use crate::telemetry::Metrics;

/// The largest number of bytes of an answer that the system keeps for a caller who does not read. Without a limit the system grows
/// it to some megabytes for each connection. The system doubles the number for its own use.
const UNREAD: usize = 256 * 1024;

/// The time that the end of a connection may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// The number of seconds that calls under way have when the server stops.
const LAST_CALLS: u64 = 10;

/// The conditions on which a listener takes connections.
pub struct Reception {
    /// The number of worker threads that answer calls.
    pub workers: usize,
    /// The largest number of open connections of all workers together. Further ones wait to be accepted.
    pub connections: usize,
    pub timeouts: Timeouts,
    /// Whether signals of the system stop the server.
    pub hears_signals: bool,
    pub gate: Gate,
}

/// The rule who may open another connection.
#[derive(Clone)]
pub struct Gate {
    pub crowd: Arc<Crowd>,
    pub trusted_proxies: Arc<[IpNet]>,
    pub metrics: Arc<Metrics>,
}

impl Gate {
    /// Takes a connection in. One too many of the same client is closed without an answer.
    fn admit(&self, socket: TcpStream, timeouts: Timeouts) -> Result<Transport, DispatchError> {
        let peer = socket.peer_addr()?.ip().to_canonical();
        let place = self.crowd.connect(peer, client::is_trusted(peer, &self.trusted_proxies));
        let place = place.ok_or_else(|| {
            self.metrics.count_crowded_out("connection", 1);
            std::io::Error::from(std::io::ErrorKind::ConnectionRefused)
        })?;
        Ok(Transport::new(socket, timeouts, place))
    }
}

/// Starts worker threads that answer the calls on `listener` with `app`.
///
/// This is `actix_web::HttpServer` with a [`Transport`] for its sockets, which `HttpServer` cannot take.
pub fn listen<F, I, S>(app: F, listener: TcpListener, reception: Reception) -> std::io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>
        + 'static,
    S::InitError: Debug,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
{
    let Reception { workers, connections, timeouts, hears_signals, gate } = reception;
    if let Err(cause) = rustix::net::sockopt::set_socket_send_buffer_size(&listener, UNREAD) {
        tracing::warn!(%cause, "the memory for answers that are not read could not be limited");
    }
    let builder = Server::build()
        .workers(workers)
        // No work blocks a worker, because the database has threads of its own. Idle blocking threads would only cost memory.
        .worker_max_blocking_threads(1)
        .max_concurrent_connections(connections.div_ceil(workers))
        .shutdown_timeout(LAST_CALLS);
    let builder = if hears_signals { builder } else { builder.disable_signals() };
    let stopping = builder.graceful_shutdown_signal();
    let serve = move || {
        let (stopping, gate) = (stopping.clone(), gate.clone());
        let app = map_config(app().into_factory(), |()| AppConfig::default());
        let app = apply_fn_factory(app.map_err(|error| error.error_response()), answer::<_, _>);
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(timeouts.idle)
            .client_request_timeout(timeouts.head)
            .client_disconnect_timeout(FAREWELL)
            .on_connect_ext(|transport: &Transport, data| {
                data.insert(transport.state());
            })
            .finish::<_, TrackedBody>(app);
        let admit = move |socket: TcpStream| {
            let peer = socket.peer_addr().ok();
            std::future::ready(
                gate.admit(socket, timeouts).map(|transport| (transport, actix_http::Protocol::Http1, peer)),
            )
        };
        fn_service(admit).and_then(http)
    };
    Ok(builder.listen("nara", listener, serve)?.run())
}

/// Answers a request, and tells the connection when the call begins and when its answer is complete.
fn answer<S, E>(request: Request, service: &S) -> impl Future<Output = Result<Response<TrackedBody>, E>> + use<S, E>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = E>,
{
    let call = request.conn_data::<ConnectionState>().map(CallUnderWay::begin);
    let answered = service.call(request);
    async move {
        let answer: Response<BoxBody> = answered.await?.into();
        Ok(answer.map_body(|_, body| TrackedBody { body, _call: call }))
    }
}

/// The body of an answer. The call is over when it has been taken over for sending.
struct TrackedBody {
    body: BoxBody,
    _call: Option<CallUnderWay>,
}

impl MessageBody for TrackedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
