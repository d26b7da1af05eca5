//! What is learnt of a call on its way to the handler, and told when it is answered: for the log, the metrics and the headers.
//!
//! The envelope around all routes keeps a hold on it, for a handler that panics takes its request with it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use actix_web::{HttpMessage, HttpRequest};

use crate::http::limits::standing::Standing;

/// What was noted of one call.
#[derive(Default)]
pub struct Noted {
    operation: Cell<Option<&'static str>>,
    standing: RefCell<Option<Standing>>,
}

impl Noted {
    /// What is noted of this call.
    pub fn of(request: &HttpRequest) -> Rc<Self> {
        let mut extensions = request.extensions_mut();
        if let Some(noted) = extensions.get::<Rc<Self>>() {
            return Rc::clone(noted);
        }
        let noted = Rc::<Self>::default();
        extensions.insert(Rc::clone(&noted));
        noted
    }

    /// Notes which operation is called.
    pub fn calls(&self, operation: &'static str) {
        self.operation.set(Some(operation));
    }

    /// The operation that is called, if it is one.
    pub fn operation(&self) -> Option<&'static str> {
        self.operation.get()
    }

    /// Notes how the budget stands that the call was taken from.
    pub fn stands(&self, standing: Standing) {
        self.standing.replace(Some(standing));
    }

    /// How the budget stands that the call was taken from, for its answer.
    pub fn take_standing(&self) -> Option<Standing> {
        self.standing.take()
    }
}
