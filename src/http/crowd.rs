//! The limit of what one client may keep busy at once: connections, or, behind a proxy, calls.
//!
//! - A client that connects to the server itself is counted by its open connections.
//! - A trusted proxy is not a client: its connections carry the calls of many, and are not counted. A call that comes through it
//!   is counted for the client that the proxy names, until it is answered. A connection of a proxy carries one call at a time, so
//!   the limit means the same for both.
//! - An IPv6 address counts by its first 64 bits, as for the rate limits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};

use crate::error::{Error, Problem, Result, Text};
use crate::http::client;
use crate::http::limits::subject::BudgetHolder;
use crate::telemetry::Metrics;

/// The clients of a server, each with the number of its places: connections, or calls under way behind a proxy.
pub struct Crowd {
    most: Option<NonZeroUsize>,
    room: usize,
    connections: AtomicUsize,
    places: Mutex<HashMap<BudgetHolder, usize>>,
}

impl Crowd {
    /// Makes an empty crowd. A client may have `most` places; `None` means that nobody is limited. `room` is the number of
    /// connections of all clients together that the server takes.
    pub fn new(most: Option<NonZeroUsize>, room: usize) -> Self {
        Self { most, room, connections: AtomicUsize::new(0), places: Mutex::default() }
    }

    /// Gives a client one more place, which it has until the place is dropped; `None` if it has as many as it may.
    pub fn enter(self: &Arc<Self>, client: BudgetHolder) -> Option<Place> {
        let Some(most) = self.most else { return Some(Place { crowd: Arc::clone(self), client: None }) };
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = places.entry(client).or_default();
        if *taken >= most.get() {
            return None;
        }
        *taken += 1;
        Some(Place { crowd: Arc::clone(self), client: Some(client) })
    }

    /// Gives a new connection from `peer` its place; `None` if that client has as many as it may. Connections of a trusted proxy
    /// are never refused.
    pub fn connect(self: &Arc<Self>, peer: IpAddr, is_trusted: bool) -> Option<ConnectionPlace> {
        let place = if is_trusted { None } else { Some(self.enter(BudgetHolder::of_address(Some(peer)))?) };
        self.connections.fetch_add(1, Ordering::Relaxed);
        Some(ConnectionPlace { crowd: Arc::clone(self), place })
    }

    /// Whether three quarters of all connections that the server takes are open.
    fn is_nearly_full(&self) -> bool {
        self.connections.load(Ordering::Relaxed).saturating_mul(4) >= self.room.saturating_mul(3)
    }

    fn leave(&self, client: BudgetHolder) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = places.get_mut(&client) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                places.remove(&client);
            }
        }
    }
}

/// A place of one client, which is free again when this is dropped.
pub struct Place {
    crowd: Arc<Crowd>,
    client: Option<BudgetHolder>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(client) = self.client {
            self.crowd.leave(client);
        }
    }
}

/// The place of an open connection. A connection of a trusted proxy counts in the whole, and for no client.
pub struct ConnectionPlace {
    crowd: Arc<Crowd>,
    place: Option<Place>,
}

impl ConnectionPlace {
    /// Whether the connection should not wait long for another call, because others need the room. A proxy's connections serve many
    /// and may stay.
    pub fn is_wanted_by_others(&self) -> bool {
        self.place.is_some() && self.crowd.is_nearly_full()
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.crowd.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a call that came through a trusted proxy for the client that the proxy names, until the answer has been sent. A client
/// with too many calls under way gets 429. Health checks are never refused.
pub async fn admit<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match place_behind_proxy(request.request()) {
        Ok(None) => Ok(next.call(request).await?.map_into_boxed_body()),
        Ok(Some(place)) => {
            let answer = next.call(request).await?.map_into_boxed_body();
            Ok(answer.map_body(|_, body| BoxBody::new(BodyWithPlace { body, _place: place })))
        }
        Err(refused) => {
            let mut answer = request.error_response(refused);
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            Ok(answer)
        }
    }
}

/// Returns the place of a call's client; `None` if the call did not come through a trusted proxy, or is the proxy's own.
fn place_behind_proxy(request: &HttpRequest) -> Result<Option<Place>> {
    let Some(client) = client::named_by_proxy(request) else { return Ok(None) };
    let Some(crowd) = request.app_data::<Data<Crowd>>().filter(|_| !request.path().starts_with("/health/")) else {
        return Ok(None);
    };
    if let Some(place) = Arc::clone(crowd).enter(BudgetHolder::of_address(client)) {
        return Ok(Some(place));
    }
    if let Some(metrics) = request.app_data::<Data<Metrics>>() {
        metrics.count_crowded_out("call", 1);
    }
    let detail = Text::new(
        "Too many of your calls are under way at once. Wait until some are answered.",
        "För många av dina anrop pågår samtidigt. Vänta tills några är besvarade.",
    );
    Err(Error::with_detail(Problem::RateLimited, detail))
}

/// The body of an answer, with the place of the call that it answers.
struct BodyWithPlace {
    body: BoxBody,
    _place: Place,
}

impl MessageBody for BodyWithPlace {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(most: usize) -> Arc<Crowd> {
        Arc::new(Crowd::new(NonZeroUsize::new(most), 4))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_has_as_many_places_as_it_may_and_gets_them_back() {
        let crowd = of(2);
        let two = [crowd.connect(ip("192.0.2.1"), false), crowd.connect(ip("::ffff:192.0.2.1"), false)];
        assert!(two.iter().all(Option::is_some) && crowd.connect(ip("192.0.2.1"), false).is_none());
        assert!(crowd.connect(ip("192.0.2.2"), false).is_some(), "another client has places of its own");
        let one = crowd.connect(ip("2001:db8:1:2::1"), false);
        assert!(one.is_some() && crowd.enter(BudgetHolder::of_address(Some(ip("2001:db8:1:2::9")))).is_some());
        drop(two);
        assert!(crowd.connect(ip("192.0.2.1"), false).is_some());
        drop(one);
        assert!(crowd.places.lock().unwrap().is_empty(), "nobody is remembered who has no place");
        assert_eq!(crowd.connections.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_proxy_is_no_client_and_nobody_is_limited_without_a_limit() {
        let crowd = of(1);
        let proxy: Vec<_> = (0..5).map(|_| crowd.connect(ip("10.0.0.1"), true)).collect();
        assert!(proxy.iter().all(Option::is_some) && !proxy.iter().flatten().any(ConnectionPlace::is_wanted_by_others));
        let open = of(0);
        let many: Vec<_> = (0..5).map(|_| open.connect(ip("192.0.2.1"), false)).collect();
        assert!(many.iter().all(Option::is_some));
    }

    #[test]
    fn who_waits_in_a_full_house_is_in_the_way() {
        let crowd = of(9);
        let first = crowd.connect(ip("192.0.2.1"), false).unwrap();
        let second = crowd.connect(ip("192.0.2.1"), false).unwrap();
        assert!(!first.is_wanted_by_others());
        let third = crowd.connect(ip("192.0.2.2"), false).unwrap();
        assert!(first.is_wanted_by_others() && second.is_wanted_by_others());
        drop(third);
        assert!(!first.is_wanted_by_others());
    }
}
