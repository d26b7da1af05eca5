//! The HTTP operations on referrals and their views, for the staff who work with them and for the agencies that send them.

pub mod answers;
pub mod copy_routes;
pub mod correct_routes;
pub mod create_routes;
pub mod partner_action_routes;
pub mod partner_routes;
pub mod reading;
pub mod routes;
pub mod row;
pub mod search_routes;
pub mod views;
