//! The client of a call: the address and the kind of program that sent it. The audit keeps them so that the use of a token or a
//! key by somebody else can be noticed.
//!
//! The whole `User-Agent` is not kept. It would single out a person's device, and serves no purpose here.

use std::net::IpAddr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::call::Call;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The IP address of the client, if it can be known.
    pub address: Option<IpAddr>,
    pub agent: Agent,
}

/// The kind of program that sent a call, as its header `User-Agent` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[derive(Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString, strum::EnumIter)]
#[diesel(sql_type = diesel::sql_types::Text)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ClientAgent)]
pub enum Agent {
    /// A browser on a computer.
    Browser,
    /// A browser on a phone or a tablet.
    MobileBrowser,
    /// A program other than a browser, such as another system.
    Program,
    /// A client that sends no `User-Agent`, or an empty one.
    Unknown,
}
crate::text_column!(Agent);

impl Client {
    /// Takes the client from a call.
    pub fn of(call: &Call) -> Self {
        Self { address: call.client_address(), agent: Agent::of(call.user_agent()) }
    }
}

impl Agent {
    /// Determines the kind of program from the header `User-Agent`. All browsers begin theirs with `Mozilla/`, for historical
    /// reasons.
    fn of(user_agent: Option<&str>) -> Self {
        match user_agent.map(str::trim).filter(|agent| !agent.is_empty()) {
            None => Self::Unknown,
            Some(agent) if !agent.starts_with("Mozilla/") => Self::Program,
            Some(agent) if ["Mobi", "Android", "iPad"].iter().any(|word| agent.contains(word)) => Self::MobileBrowser,
            Some(_) => Self::Browser,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_all_that_is_kept_of_a_user_agent() {
        let phone = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36";
        let desk = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";
        assert_eq!(Agent::of(Some(phone)), Agent::MobileBrowser);
        assert_eq!(Agent::of(Some(desk)), Agent::Browser);
        assert_eq!(Agent::of(Some("skolsystem/4.2")), Agent::Program);
        assert_eq!(Agent::of(Some(" ")), Agent::Unknown);
        assert_eq!(Agent::of(None), Agent::Unknown);
    }
}
