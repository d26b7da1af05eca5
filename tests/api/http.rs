//! The conventions that every operation keeps: each is tried on all operations of the document, not on some of them.

mod bodies;
mod conditional;
mod headers;
mod lists;
mod methods;
mod negotiation;
mod paging;
mod panics;
mod patches;
mod spellings;
mod withheld;
