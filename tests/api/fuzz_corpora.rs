//! What fuzzing has found interesting, and what once broke something, in `fuzz/corpus`: each property holds of each of its files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::properties;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_property_holds_of_what_is_kept_of_its_target() {
    let mut broken = Vec::new();
    for (name, property) in properties::ALL {
        let kept = files(&format!("corpus/{name}"));
        assert!((1..=40).contains(&kept.len()), "{name} keeps {} files", kept.len());
        for file in kept {
            let data = fs::read(&file).unwrap();
            assert!(data.len() <= 8192, "{} is too long to be read", file.display());
            if std::panic::catch_unwind(|| property(&data)).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn every_property_has_its_target_and_every_target_its_property() {
    let properties: BTreeSet<String> = properties::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stem = |file: &PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
    assert_eq!(files("targets").iter().map(stem).collect::<BTreeSet<String>>(), properties);
    assert_eq!(files("corpus").iter().map(stem).collect::<BTreeSet<String>>(), properties);
}
