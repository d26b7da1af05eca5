//! What is linked into Nära has a permissive licence: `deny.toml` says which, and this holds the locked dependencies to it.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_locked_dependency_may_be_used_under_a_permissive_licence() {
    // What other platforms would need is not on this machine, and `cargo deny` looks at it.
    let about = String::from_utf8(Command::new("rustc").arg("-vV").output().unwrap().stdout).unwrap();
    let platform = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", platform])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let allowed = allowed();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "cargo metadata named {} packages", packages.len());
    for package in packages {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(may_be_used(licence, &allowed), "{} {} is under '{licence}'", package["name"], package["version"]);
    }
}

/// The list of deny.toml, so that there is one.
fn allowed() -> Vec<String> {
    let deny = include_str!("../../deny.toml");
    let list = deny.split("allow = [").nth(1).unwrap().split(']').next().unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// An SPDX expression of OR, AND and parentheses, as far as crates use them: one choice of each part must be allowed.
fn may_be_used(expression: &str, allowed: &[String]) -> bool {
    let parts = expression.split(" AND ");
    let mut parts = parts.map(|part| part.replace(['(', ')'], "").replace('/', " OR "));
    !expression.is_empty()
        && parts.all(|part| part.split(" OR ").any(|choice| allowed.iter().any(|known| known == choice.trim())))
}

#[test]
fn a_copyleft_licence_alone_is_refused() {
    let allowed = allowed();
    assert!(
        !may_be_used("GPL-3.0", &allowed) && !may_be_used("MIT AND AGPL-3.0", &allowed) && !may_be_used("", &allowed)
    );
    assert!(may_be_used("MIT OR GPL-3.0", &allowed) && may_be_used("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed));
}
