//! The one permission rule: which role may do what, and how far it reaches.
//!
//! A line that is not in [`TABLE`] is not allowed. Extractors ask for one [`Permission`]; what they let through carries the reach
//! of its roles, from which [`crate::auth::Staff::sight`] makes what the caller may know of.

use std::sync::Arc;

use crate::auth::Role;

/// What somebody may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Read referrals.
    ReadReferrals,
    /// Create referrals.
    CreateReferrals,
    /// Work referrals: assess, accept, redirect, bring them to their end.
    WorkReferrals,
    /// Decide on inquiries, for those who are qualified (SoL 25 kap. 1 §).
    DecideInquiries,
    /// Reassign, reopen, extend a clock.
    LeadReferrals,
    /// Work with people and families: read and write.
    MeetPeople,
    /// Work in the field: contacts, offers and follow-ups, read and write.
    DoOutreach,
    /// Read what contacts were before they were corrected.
    ReadCorrections,
    /// See who works at an office.
    SeeColleagues,
    /// Keep the directory.
    KeepDirectory,
    /// Keep partner agencies and their keys.
    KeepPartners,
    /// Read the audit and have it verified.
    ReadAudit,
}

/// How far a permission reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// What belongs to no office.
    Whole,
    /// What belongs to the offices that the token names.
    Own,
    /// What the caller has made.
    Made,
    /// What belongs to other offices: reading alone, and only with an `Access-Reason`.
    Others,
}

/// One line of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionLine(pub Permission, pub Role, pub Reach);

/// The rule.
pub const TABLE: [PermissionLine; 29] = [
    PermissionLine(Permission::ReadReferrals, Role::OutreachWorker, Reach::Made),
    PermissionLine(Permission::ReadReferrals, Role::Caseworker, Reach::Own),
    PermissionLine(Permission::ReadReferrals, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::ReadReferrals, Role::TeamLead, Reach::Others),
    PermissionLine(Permission::CreateReferrals, Role::OutreachWorker, Reach::Own),
    PermissionLine(Permission::CreateReferrals, Role::Caseworker, Reach::Own),
    PermissionLine(Permission::CreateReferrals, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::WorkReferrals, Role::Caseworker, Reach::Own),
    PermissionLine(Permission::WorkReferrals, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::DecideInquiries, Role::Caseworker, Reach::Own),
    PermissionLine(Permission::DecideInquiries, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::LeadReferrals, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::MeetPeople, Role::OutreachWorker, Reach::Own),
    PermissionLine(Permission::MeetPeople, Role::Caseworker, Reach::Own),
    PermissionLine(Permission::MeetPeople, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::MeetPeople, Role::TeamLead, Reach::Others),
    PermissionLine(Permission::DoOutreach, Role::OutreachWorker, Reach::Own),
    PermissionLine(Permission::DoOutreach, Role::Caseworker, Reach::Own),
    PermissionLine(Permission::DoOutreach, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::DoOutreach, Role::TeamLead, Reach::Others),
    PermissionLine(Permission::ReadCorrections, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::ReadCorrections, Role::TeamLead, Reach::Others),
    PermissionLine(Permission::ReadCorrections, Role::Auditor, Reach::Others),
    PermissionLine(Permission::SeeColleagues, Role::OutreachWorker, Reach::Own),
    PermissionLine(Permission::SeeColleagues, Role::Caseworker, Reach::Own),
    PermissionLine(Permission::SeeColleagues, Role::TeamLead, Reach::Own),
    PermissionLine(Permission::KeepDirectory, Role::Administrator, Reach::Whole),
    PermissionLine(Permission::KeepPartners, Role::Administrator, Reach::Whole),
    PermissionLine(Permission::ReadAudit, Role::Auditor, Reach::Whole),
];

/// The rule that a server goes by. It is handed in, so that a test can take a line away and see who notices.
#[derive(Debug, Clone)]
pub struct Permissions(Arc<[PermissionLine]>);

impl Permissions {
    /// The rule as it stands in [`TABLE`].
    pub fn standard() -> Self {
        Self::of(&TABLE)
    }

    /// Another rule.
    pub fn of(lines: &[PermissionLine]) -> Self {
        Self(lines.into())
    }

    /// How far somebody with these roles may go; nowhere when nothing is allowed.
    pub fn reach(&self, permission: Permission, roles: &[Role]) -> Vec<Reach> {
        let lines = self.0.iter().filter(|line| line.0 == permission && roles.contains(&line.1));
        lines.map(|line| line.2).collect()
    }

    /// The roles that may, for the answer to those who may not.
    pub fn roles(&self, permission: Permission) -> Vec<Role> {
        let mut roles: Vec<Role> = self.0.iter().filter(|line| line.0 == permission).map(|line| line.1).collect();
        roles.dedup();
        roles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_stands_twice() {
        for (index, line) in TABLE.iter().enumerate() {
            assert!(!TABLE[..index].contains(line), "{line:?}");
        }
    }

    #[test]
    fn several_roles_reach_as_far_as_all_of_them() {
        let rule = Permissions::standard();
        assert_eq!(rule.reach(Permission::ReadReferrals, &[]), []);
        assert_eq!(rule.reach(Permission::ReadReferrals, &[Role::Administrator, Role::Auditor, Role::Analyst]), []);
        assert_eq!(
            rule.reach(Permission::ReadReferrals, &[Role::OutreachWorker, Role::Caseworker]),
            [Reach::Made, Reach::Own]
        );
        assert_eq!(rule.roles(Permission::ReadReferrals), [Role::OutreachWorker, Role::Caseworker, Role::TeamLead]);
    }

    #[test]
    fn who_keeps_the_system_sees_no_case_and_who_works_cases_keeps_no_system() {
        let rule = Permissions::standard();
        for role in [Role::Administrator, Role::Auditor, Role::Analyst] {
            assert!(rule.reach(Permission::MeetPeople, &[role]).is_empty());
        }
        for role in [Role::OutreachWorker, Role::Caseworker, Role::TeamLead, Role::Analyst] {
            assert!(rule.reach(Permission::KeepPartners, &[role]).is_empty());
            assert!(rule.reach(Permission::ReadAudit, &[role]).is_empty());
        }
    }
}
