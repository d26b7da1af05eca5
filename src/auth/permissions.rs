//! The permissions of staff: one table that says which role may do what, and with which records.
//!
//! Anything that has no line in [`TABLE`] is not allowed. The extractor that signs the caller in asks for a [`Permission`]. The
//! caller that it returns carries the reach of their roles, from which [`crate::auth::Staff::sight`] makes the cases that they may
//! know of.

use std::sync::Arc;

use crate::auth::Role;

/// A kind of action that roles of staff may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    ReadReferrals,
    CreateReferrals,
    /// Work on referrals: assess, accept, redirect, complete and so on.
    WorkReferrals,
    /// Decide on inquiries. Besides the permission, the staff must be qualified (SoL 25 kap. 1 §).
    DecideInquiries,
    /// Reassign and reopen referrals, and extend their deadlines.
    LeadReferrals,
    /// Read and write people and families.
    MeetPeople,
    /// Read and write outreach contacts, offers and follow-ups.
    DoOutreach,
    /// Read the earlier versions of corrected outreach contacts.
    ReadCorrections,
    /// See the colleagues who work at an office.
    SeeColleagues,
    KeepDirectory,
    /// Maintain the partner agencies and their API keys.
    KeepPartners,
    /// Read the audit trail and have it verified.
    ReadAudit,
}

/// A set of records to which a permission applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Things that belong to no office: the directory, the partner agencies, the audit.
    Whole,
    /// Records of the caller's own offices, which the token names.
    Own,
    /// Records that the caller made, whichever office has them.
    Made,
    /// Records of all other offices: only for reading, and only with the header `Access-Reason`.
    Others,
}

/// One line of the table of permissions: this role has this permission, for records with this reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionLine(pub Permission, pub Role, pub Reach);

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

/// The lines of the table that a server applies. They are passed in, so that a test can remove a line and see which checks fail.
#[derive(Debug, Clone)]
pub struct Permissions(Arc<[PermissionLine]>);

impl Permissions {
    /// Makes the permissions of a real server: all lines of [`TABLE`].
    pub fn standard() -> Self {
        Self::of(&TABLE)
    }

    pub fn of(lines: &[PermissionLine]) -> Self {
        Self(lines.into())
    }

    /// Returns the sets of records to which a permission applies for a caller with these roles. Empty if none of the roles has the
    /// permission.
    pub fn reach(&self, permission: Permission, roles: &[Role]) -> Vec<Reach> {
        let lines = self.0.iter().filter(|line| line.0 == permission && roles.contains(&line.1));
        lines.map(|line| line.2).collect()
    }

    /// Returns the roles that have a permission, to be named in the answer to callers without it.
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
