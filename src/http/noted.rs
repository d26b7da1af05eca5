//! Facts about a call that are learnt on its way to the handler and used when it is answered: for the log, the metrics and the
//! headers of the answer.
//!
//! The envelope around all routes keeps a reference to these facts, since a handler that panics destroys its request.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use actix_web::{HttpMessage, HttpRequest};

use crate::http::limits::standing::BudgetStanding;

/// The facts noted about one call: its operation, and the state of its rate limit.
#[derive(Default)]
pub struct Noted {
    operation: Cell<Option<&'static str>>,
    standing: RefCell<Option<BudgetStanding>>,
}

impl Noted {
    /// Returns the facts of the call that this request makes. They are empty at first.
    pub fn of(request: &HttpRequest) -> Rc<Self> {
        let mut extensions = request.extensions_mut();
        if let Some(noted) = extensions.get::<Rc<Self>>() {
            return Rc::clone(noted);
        }
        let noted = Rc::<Self>::default();
        extensions.insert(Rc::clone(&noted));
        noted
    }

    /// Notes the `operationId` of the operation that is called.
    pub fn calls(&self, operation: &'static str) {
        self.operation.set(Some(operation));
    }

    /// The `operationId` of the operation that is called; `None` if the call did not reach one.
    pub fn operation(&self) -> Option<&'static str> {
        self.operation.get()
    }

    /// Notes the state of the rate limit's budget that the call was taken from.
    pub fn stands(&self, standing: BudgetStanding) {
        self.standing.replace(Some(standing));
    }

    /// Takes out the noted state of the rate limit's budget, for the headers of the answer.
    pub fn take_standing(&self) -> Option<BudgetStanding> {
        self.standing.take()
    }
}
