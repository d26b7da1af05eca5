//! Request bodies that are not read to their end: how the connection is closed after the answer.
//!
//! A client that sends a body in pieces may send without end. When the body's reader is dropped, because the call was refused, the
//! HTTP library receives and discards everything that comes, without any time-out, and even after an answer with `Connection:
//! close` (actix-http 3.20, `should_close_for_unread_payload`). While the reader exists, the library instead closes the connection
//! one second after the answer. So the answer keeps the reader.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::Stream;

/// The body of a request that is sent in pieces, without a stated length. Clones share it.
#[derive(Clone)]
pub struct InPieces(Rc<PayloadReader>);

struct PayloadReader {
    payload: RefCell<Payload>,
    is_at_end: Cell<bool>,
}

impl InPieces {
    /// Returns the body of a request that does not state its length, and puts a clone of it into the request; `None` if the length
    /// is stated, since the library handles such bodies correctly.
    pub fn of(request: &mut ServiceRequest) -> Option<Self> {
        if !request.headers().contains_key(header::TRANSFER_ENCODING) {
            return None;
        }
        let reader = PayloadReader { payload: RefCell::new(request.take_payload()), is_at_end: Cell::new(false) };
        let body = Self(Rc::new(reader));
        request.set_payload(Payload::Stream { payload: Box::pin(body.clone()) });
        Some(body)
    }

    /// Makes the connection close after the answer, unless the whole body of the request was read.
    pub fn close_behind(self, answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        if self.0.is_at_end.get() {
            return answer;
        }
        answer.map_body(|_, body| BoxBody::new(Keeping { body, _reader: self }))
    }
}

impl Stream for InPieces {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut *self.0.payload.borrow_mut()).poll_next(context);
        if matches!(polled, Poll::Ready(None)) {
            self.0.is_at_end.set(true);
        }
        polled
    }
}

/// The body of an answer that also keeps the reader of the request's body.
struct Keeping {
    body: BoxBody,
    _reader: InPieces,
}

impl MessageBody for Keeping {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
