//! The callers, as the first arguments of handlers.

use std::future::Ready;

use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::future::{Either, FutureExt, TryFutureExt, ready};

use crate::audit::Actor;
use crate::auth::permissions::Permission;
use crate::auth::sign_in::{SigningIn, agency, also, may, staff};
use crate::auth::{Agency, Powers, Scope, Staff};
use crate::error::{Error, Result};
use crate::http::limits;

/// The public: callers who need not sign in. Credentials are not read.
pub struct Anyone;

/// A member of staff with any role.
pub struct SignedIn(pub Staff);

/// Staff who maintain the directory.
pub struct Administrator(Staff);

/// Staff who maintain the partner agencies and their keys.
pub struct PartnerKeeper(Staff);

/// Staff who read the audit.
pub struct Auditor(pub Staff);

/// Staff who may know of cases. [`Staff::sight`] says which ones.
pub struct CaseReader {
    pub staff: Staff,
    /// The caller's powers over the cases of their offices.
    pub powers: Powers,
}

/// Staff who work on the cases of their offices.
pub struct CaseWorker {
    pub staff: Staff,
    /// The caller's powers over the cases of their offices.
    pub powers: Powers,
}

/// Staff who correct the cases of their offices. Changing the person whom a case is about takes a second permission.
pub struct CaseCorrector {
    /// The caller, with the permission to work on cases.
    pub worker: CaseWorker,
    /// The caller, with the reach of the permission to work with people.
    pub people: Staff,
}

/// Staff who may send a referral to an office. The people, contacts and cases that it names, and the work on it afterwards,
/// take other permissions.
pub struct ReferralMaker {
    pub staff: Staff,
    /// The caller, with the reach of the permission to work with people.
    pub people: Staff,
    /// The caller, with the reach of the permission to do outreach.
    pub field: Staff,
    /// The caller, with the reach of the permission to read referrals.
    pub cases: Staff,
    /// The caller's powers over the cases of their offices.
    pub powers: Powers,
}

/// Staff who work with people and families.
pub struct PeopleWorker(pub Staff);

/// Staff who do outreach in the field.
pub struct OutreachWorker(pub Staff);

/// Staff who write follow-ups. Outreach takes one permission, and the cases that are followed up take another.
pub struct FollowUpWriter {
    /// The caller, with the reach of the permission to do outreach.
    pub field: Staff,
    /// The caller, with the reach of the permission to read referrals.
    pub cases: Staff,
}

/// Staff who may read the earlier versions of corrected contacts.
pub struct VersionReader(pub Staff);

/// Staff who read the timeline of a person or family. The people take one permission, and the cases about them take another.
pub struct TimelineReader {
    /// The caller, with the reach of the permission to work with people.
    pub people: Staff,
    /// The caller, with the reach of the permission to read referrals.
    pub cases: Staff,
}

/// Staff who may see the colleagues at their offices.
pub struct ColleagueReader(pub Staff);

/// A partner agency whose key may submit referrals.
pub struct Submitter(pub Agency);

/// A partner agency whose key may read the agency's own referrals.
pub struct PartnerReader(pub Agency);

/// A partner agency with any key, whatever its scopes.
pub struct AnyPartner(pub Agency);

impl Administrator {
    /// The actor for the audit.
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }
}

impl PartnerKeeper {
    /// The actor for the audit.
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }
}

impl FromRequest for Anyone {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        std::future::ready(limits::take_anonymous(request).map(|()| Self))
    }
}

macro_rules! staff_with {
    ($($caller:ident: $permission:expr;)*) => { $(
        impl FromRequest for $caller {
            type Error = Error;
            type Future = SigningIn<Self>;

            fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
                match staff(request, $permission) {
                    Either::Left(known) => Either::Left(ready(known.into_inner().map(Self))),
                    Either::Right(first) => Either::Right(first.map_ok(Self).boxed_local()),
                }
            }
        }
    )* };
}

/// Callers who need one permission and carry further ones, which `whole` adds to the first. They sign in only once.
macro_rules! staff_with_more {
    ($($caller:ident: $permission:expr;)*) => { $(
        impl FromRequest for $caller {
            type Error = Error;
            type Future = SigningIn<Self>;

            fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
                match staff(request, Some($permission)) {
                    Either::Left(known) => {
                        Either::Left(ready(known.into_inner().and_then(|staff| Self::whole(request, staff))))
                    }
                    Either::Right(first) => {
                        let request = request.clone();
                        Either::Right(first.map(move |staff| Self::whole(&request, staff?)).boxed_local())
                    }
                }
            }
        }
    )* };
}

impl Powers {
    fn of(request: &HttpRequest, staff: &Staff) -> Self {
        let may = |permission| may(request, staff, permission);
        Self {
            works: may(Permission::WorkReferrals),
            leads: may(Permission::LeadReferrals),
            decides: staff.qualified && may(Permission::DecideInquiries),
        }
    }
}

impl TimelineReader {
    fn whole(request: &HttpRequest, people: Staff) -> Result<Self> {
        Ok(Self { cases: also(request, &people, Permission::ReadReferrals)?, people })
    }
}

impl FollowUpWriter {
    fn whole(request: &HttpRequest, field: Staff) -> Result<Self> {
        Ok(Self { cases: also(request, &field, Permission::ReadReferrals)?, field })
    }
}

impl CaseReader {
    fn whole(request: &HttpRequest, staff: Staff) -> Result<Self> {
        Ok(Self { powers: Powers::of(request, &staff), staff })
    }
}

impl CaseWorker {
    fn whole(request: &HttpRequest, staff: Staff) -> Result<Self> {
        Ok(Self { powers: Powers::of(request, &staff), staff })
    }
}

impl CaseCorrector {
    fn whole(request: &HttpRequest, staff: Staff) -> Result<Self> {
        let people = also(request, &staff, Permission::MeetPeople)?;
        Ok(Self { worker: CaseWorker::whole(request, staff)?, people })
    }
}

impl ReferralMaker {
    fn whole(request: &HttpRequest, staff: Staff) -> Result<Self> {
        Ok(Self {
            people: also(request, &staff, Permission::MeetPeople)?,
            field: also(request, &staff, Permission::DoOutreach)?,
            cases: also(request, &staff, Permission::ReadReferrals)?,
            powers: Powers::of(request, &staff),
            staff,
        })
    }
}

macro_rules! agencies_with {
    ($($caller:ident: $scope:expr;)*) => { $(
        impl FromRequest for $caller {
            type Error = Error;
            type Future = Ready<Result<Self>>;

            fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
                std::future::ready(agency(request, $scope).map(Self))
            }
        }
    )* };
}

staff_with! {
    SignedIn: None;
    Administrator: Some(Permission::KeepDirectory);
    PartnerKeeper: Some(Permission::KeepPartners);
    Auditor: Some(Permission::ReadAudit);
    PeopleWorker: Some(Permission::MeetPeople);
    OutreachWorker: Some(Permission::DoOutreach);
    VersionReader: Some(Permission::ReadCorrections);
    ColleagueReader: Some(Permission::SeeColleagues);
}

staff_with_more! {
    CaseReader: Permission::ReadReferrals;
    CaseWorker: Permission::WorkReferrals;
    CaseCorrector: Permission::WorkReferrals;
    ReferralMaker: Permission::CreateReferrals;
    TimelineReader: Permission::MeetPeople;
    FollowUpWriter: Permission::DoOutreach;
}

agencies_with! {
    Submitter: Some(Scope::Submit);
    PartnerReader: Some(Scope::Read);
    AnyPartner: None;
}
