//! Facts about a call that are learnt on its way to the handler and used when it is answered: for the log, the metrics and the
//! headers of the answer.
//!
//! The envelope around all routes keeps a reference to these facts, since a handler that panics destroys its request.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use actix_web::{HttpMessage, HttpRequest};

use crate::http::limits::standing::BudgetStanding;
use crate::http::limits::subject::BudgetHolder;

/// The facts noted about one call: its operation, whether its failure is recorded, and the state of its rate limits.
#[derive(Default)]
pub struct Noted {
    operation: Cell<Option<&'static str>>,
    has_failed: Cell<bool>,
    holder: Cell<Option<BudgetHolder>>,
    standing: RefCell<Option<BudgetStanding>>,
    charged_as_search: Cell<bool>,
    search_standing: RefCell<Option<BudgetStanding>>,
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

    /// Notes that the call failed, and returns whether that was noted before.
    pub fn fails(&self) -> bool {
        self.has_failed.replace(true)
    }

    /// Notes the caller whose budgets the call is taken from.
    pub fn comes_from(&self, holder: BudgetHolder) {
        self.holder.set(Some(holder));
    }

    /// The caller whose budgets the call is taken from; `None` before anything was charged.
    pub fn holder(&self) -> Option<BudgetHolder> {
        self.holder.get()
    }

    /// Notes the state of the rate limit's budget that the call was taken from.
    pub fn stands(&self, standing: BudgetStanding) {
        self.standing.replace(Some(standing));
    }

    /// Notes that the call was taken from the budget of searches.
    pub fn is_charged_as_search(&self) {
        self.charged_as_search.set(true);
    }

    /// Whether the call was taken from the budget of searches.
    pub fn was_charged_as_search(&self) -> bool {
        self.charged_as_search.get()
    }

    /// Notes the state of the budget of searches, from which the call was taken besides another one.
    pub fn stands_as_search(&self, standing: BudgetStanding) {
        self.search_standing.replace(Some(standing));
    }

    /// Takes out the noted states of the budgets that the call was taken from, for the headers of the answer: at most two.
    pub fn take_standings(&self) -> impl Iterator<Item = BudgetStanding> {
        self.standing.take().into_iter().chain(self.search_standing.take())
    }
}
