//! Nära: the API behind *Nära socialtjänst*, social services moved out into the city districts so that children, young people
//! and their families get help early.
//!
//! # The map
//!
//! A folder is a noun of the domain: `mod.rs` has the noun, its types and its rules, `store.rs` its SQL, `routes.rs` its
//! operations, and each further file one idea, named after it. No files import each other in a circle.
//!
//! | module | content |
//! |---|---|
//! | [`areas`], [`districts`], [`offices`], [`services`] | the directory: the areas, districts, offices and services of the municipality |
//! | [`directory`] | the directory as one immutable snapshot in memory: geometry, import, coverage, the one way to write it |
//! | [`where_to_turn`] | the resident's question, and the answer that also routes referrals |
//! | [`referrals`] | a matter about a child, from its sender to the office's decision and back; the part of it that its sender may see |
//! | [`outreach`] | meetings in the field, offers and answers, promises to get back |
//! | [`people`], [`families`], [`timeline`] | the people and families who are met and helped, and what happened to them |
//! | [`cases`] | transactions that span these nouns, such as the intake of a referral, or registering a person |
//! | [`partners`], [`staff`] | the agencies that send referrals, and the staff who work with them |
//! | [`auth`] | signing in, and the data that each caller may see |
//! | [`audit`] | the audit trail, its seals, and the check that it is complete |
//! | [`idempotency`] | repeating a call without doing its work twice |
//! | [`vault`] | data that is unreadable in the database: sealed texts, keyed hashes, and the keys |
//! | [`calendar`] | working days, opening hours, deadlines, legal references |
//! | [`context`] | the first argument of a handler: the caller and what the handler needs; the order of steps of reads and writes |
//! | [`http`] | what all operations share: problems, pages, entity tags, traces, limits |
//! | [`openapi`] | the OpenAPI document, made of the mounted routes |
//! | [`meta`], [`code_lists`] | operations and pages about the API itself |
//! | [`db`] | one interface to two databases |
//! | [`error`], [`id`], [`time`], [`moment`], [`text`], [`slug`], [`hex`], [`code`] | basic types: failures, names, times, keyed codes |
//! | [`rules`] | collects all violations in a request body, so that the caller is told all of them at once |
//! | [`binding`], [`bound_tables`] | keyed codes of rows, which show that the program wrote a row as it is; the tables that have them |
//! | [`lookups`], [`rotation`] | make all look-up hashes again with a new key, and all seals |
//! | [`server`], [`cli`], [`config`], [`demo`], [`telemetry`] | how it is run |
//!
//! A call comes in through [`http::envelope`]. The first argument of its handler signs the caller in ([`auth`]). The handler reads the
//! snapshot, or queues a job for a database thread ([`db::Db`]), and answers through [`http::call::Call`].
//!
//! # Rules that hold everywhere
//!
//! - Imports go one way, from the program down to the basic types. Between the slices they follow the domain: outreach knows referrals,
//!   which know families, people and where to turn. The directory and its four nouns know each other: the snapshot is made of the nouns,
//!   and their rules need the snapshot. `mod.rs` and `store.rs` know nothing of actix, and `routes.rs` knows nothing of diesel. The test
//!   `architecture` contains the whole order and enforces it.
//! - Only [`server`] mounts routes, and the OpenAPI document is made from the mounted routes.
//! - Only [`http::problem`] knows the status codes of failures; only [`config`] and [`cli`] know the environment.
//! - A change and its audit record commit in one transaction. Personal data leaves the service only after the record of its reading is
//!   durable.
//! - A request for something that the caller may not know of is recorded as denied, by [`audit::denials`], whether the thing exists or
//!   not; the query that does not find it is the same in both cases. Every other call of somebody who is signed in that fails by
//!   what the caller did leaves a record as well.
//! - Only [`auth::CaseScope`] decides which cases a caller may know of. For the caller, all other cases do not exist.
//! - One table, [`referrals::course::table`], says which steps can be taken with a referral, when and by whom. A caller is offered
//!   exactly the steps that the caller may take. Each step is one version, one event and one audit record, in one transaction.
//! - One rule, [`referrals::disclosure`], says what a sender may know. Only [`referrals::disclosure::receipt`] makes a sender's
//!   receipts. A sender reads only the messages between it and the office ([`referrals::messages`]).
//! - Time and randomness are passed in ([`moment::Moment`]): only [`time`] asks the machine for the time. A duration is measured in the
//!   place that reports it.
//! - Nothing about one municipality is in the code: it is data.
//! - Personal data is a [`vault::Confidential`] in memory and is sealed in the database.
//! - No name, identity number or narrative reaches an address, a log, an error or a metric.

pub mod areas;
pub mod audit;
pub mod auth;
pub mod binding;
pub mod bound_tables;
pub mod calendar;
pub mod cases;
pub mod cli;
pub mod code;
pub mod code_lists;
pub mod config;
pub mod context;
pub mod db;
pub mod demo;
pub mod directory;
pub mod districts;
pub mod error;
pub mod families;
pub mod hex;
pub mod http;
pub mod id;
pub mod idempotency;
pub mod lookups;
pub mod meta;
pub mod moment;
pub mod offices;
pub mod openapi;
pub mod outreach;
pub mod partners;
pub mod people;
pub mod referrals;
pub mod rotation;
pub mod rules;
pub mod server;
pub mod services;
pub mod slug;
pub mod staff;
pub mod telemetry;
pub mod text;
pub mod time;
pub mod timeline;
pub mod vault;
pub mod where_to_turn;
