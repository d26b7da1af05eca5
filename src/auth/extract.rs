//! The types of callers. A handler takes one of them as its first argument, alone or inside a `Context`, and so says who may call
//! the operation.

use std::future::Ready;

use actix_web::{FromRequest, HttpRequest, dev};
use futures_util::future::{Either, FutureExt, TryFutureExt, ready};

use crate::audit::Actor;
use crate::auth::permissions::Permission;
use crate::auth::sign_in::{SigningIn, agency, also, may, staff};
use crate::auth::{Agency, Powers, Scope, Staff};
use crate::error::{Error, Result};
use crate::http::limits;

/// A caller who need not sign in. Credentials are not read.
pub struct Anyone;

/// A member of staff with any role.
pub struct SignedIn(pub Staff);

/// A member of staff with the permission to maintain the directory.
pub struct Administrator(Staff);

/// A member of staff with the permission to maintain the partner agencies and their API keys.
pub struct PartnerKeeper(Staff);

/// A member of staff with the permission to read the audit.
pub struct Auditor(pub Staff);

/// A member of staff with the permission to read referrals. [`Staff::sight`] says which ones.
pub struct CaseReader {
    pub staff: Staff,
    /// The caller's powers over the cases of their offices.
    pub powers: Powers,
}

/// A member of staff with the permission to work on the referrals of their offices.
pub struct CaseWorker {
    pub staff: Staff,
    /// The caller's powers over the cases of their offices.
    pub powers: Powers,
}

/// A member of staff who may correct the referrals of their offices. That takes the permissions to work on referrals and to work
/// with people, since a correction may change the person whom a referral is about.
pub struct CaseCorrector {
    /// The caller, with the reach of the permission to work on referrals.
    pub worker: CaseWorker,
    /// The caller, with the reach of the permission to work with people.
    pub people: Staff,
}

/// A member of staff who may send a referral to an office. Four permissions are needed: to create and read referrals, to work with
/// people, and to do outreach.
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

/// A member of staff with the permission to work with people and families.
pub struct PeopleWorker(pub Staff);

/// A member of staff with the permission to record outreach in the field.
pub struct OutreachWorker(pub Staff);

/// A member of staff who may write follow-ups. That takes two permissions: to do outreach, and to read the referrals that are
/// followed up.
pub struct FollowUpWriter {
    /// The caller, with the reach of the permission to do outreach.
    pub field: Staff,
    /// The caller, with the reach of the permission to read referrals.
    pub cases: Staff,
}

/// A member of staff with the permission to read the earlier versions of corrected outreach contacts.
pub struct VersionReader(pub Staff);

/// A member of staff who may read the timeline of a person or a family. That takes two permissions: to work with people, and to
/// read the referrals about them.
pub struct TimelineReader {
    /// The caller, with the reach of the permission to work with people.
    pub people: Staff,
    /// The caller, with the reach of the permission to read referrals.
    pub cases: Staff,
}

/// A member of staff with the permission to see the colleagues at their offices.
pub struct ColleagueReader(pub Staff);

/// A partner agency whose API key has the scope to submit referrals.
pub struct Submitter(pub Agency);

/// A partner agency whose API key has the scope to read the agency's own referrals.
pub struct PartnerReader(pub Agency);

/// A partner agency with any valid API key, whatever the key's scopes.
pub struct AnyPartner(pub Agency);

/// A signed-in caller, whose actions the audit records under an [`Actor`].
pub trait Acting {
    fn actor(&self) -> Actor;
}

/// A caller who is a member of staff.
pub trait OfStaff: Acting {
    fn staff(&self) -> &Staff;
}

macro_rules! of_staff {
    ($($caller:ident: $staff:tt $(. $more:ident)?;)*) => { $(
        impl OfStaff for $caller {
            fn staff(&self) -> &Staff {
                &self.$staff$(.$more)?
            }
        }

        impl Acting for $caller {
            fn actor(&self) -> Actor {
                self.staff().actor()
            }
        }
    )* };
}

of_staff! {
    SignedIn: 0;
    Administrator: 0;
    PartnerKeeper: 0;
    Auditor: 0;
    CaseReader: staff;
    CaseWorker: staff;
    CaseCorrector: worker.staff;
    ReferralMaker: staff;
    PeopleWorker: 0;
    OutreachWorker: 0;
    FollowUpWriter: field;
    VersionReader: 0;
    TimelineReader: people;
    ColleagueReader: 0;
}

macro_rules! of_agency {
    ($($caller:ident;)*) => { $(
        impl Acting for $caller {
            fn actor(&self) -> Actor {
                Actor::Partner(self.0.id)
            }
        }
    )* };
}

of_agency! {
    Submitter;
    PartnerReader;
    AnyPartner;
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

/// Makes extractors of staff who need one permission first and further things, which their function `whole` adds. The caller signs
/// in only once.
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
