//! The tests of Nära: black box over HTTP, on both databases, each in a world of its own.
//!
//! A test's name is a sentence about the city; its body is requests by named people. See `support`.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "A test that cannot go on says so by a panic.")]

#[macro_use]
mod support;

/// What fuzzing looks for, in the workspace of its own.
#[path = "../../fuzz/properties/mod.rs"]
mod properties;

mod access;
mod architecture;
mod architecture_circles;
mod audit;
mod backup;
mod bad_sign_ins;
mod bound_rows;
mod commands;
mod commands_data;
mod composition;
mod connections;
mod contract;
mod database;
mod demo;
mod demo_course;
mod directory;
mod directory_boundaries;
mod directory_measuring;
mod directory_writes;
mod document_examples;
mod documentation;
mod failed_calls;
mod families;
mod family_guests;
mod faults;
mod fuzz_corpora;
mod house;
mod http;
mod idempotency;
mod identity_provider;
mod invisible_characters;
mod licences;
mod limits;
mod limits_of_look_ups;
mod meta;
mod migrations;
mod offers;
mod openapi;
mod opening_hours;
mod oracles;
mod outreach;
mod outreach_corrections;
mod outreach_links;
mod outreach_model;
mod outreach_promises;
mod outreach_protected;
mod outreach_races;
mod outreach_reach;
mod outreach_reports;
mod partner_actions;
mod partner_categories;
mod partner_keys;
mod partner_keys_life;
mod partner_referrals;
mod partner_view;
mod partners;
mod people;
mod people_adoption;
mod people_denials;
mod people_protection;
mod people_replays;
mod private_files;
mod program;
mod referral_cells;
mod referral_clocks;
mod referral_corrections;
mod referral_messages;
mod referral_model;
mod referral_overdue;
mod referral_queue;
mod referral_races;
mod referral_refusals;
mod referral_related;
mod referral_routing;
mod referral_rules;
mod referral_siblings;
mod referral_steps;
mod referral_volume;
mod referrals;
mod sign_in;
mod staff;
mod staff_referral_rules;
mod staff_referrals;
mod timeline_reasons;
mod vault;
mod where_to_turn;
mod where_to_turn_offices;
