//! No circle of files: which file imports from which, read off the source.
//!
//! A file imports from the file that defines what it names, whichever module hands it on. A module that only declares another one
//! imports nothing from it; one that hands a name on does.

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::{Source, sources};

/// The segments of a path, such as `crate`, `offices`, `Office`.
type Segments = Vec<String>;

/// One file as a module.
#[derive(Default)]
struct Module {
    /// The names that it defines itself.
    defined: BTreeSet<String>,
    /// The names that it imports, each with the path that it imports it by.
    imported: BTreeMap<String, Segments>,
    /// All paths in it, those of its imports included.
    paths: Vec<Segments>,
}

/// All modules by their paths below the crate, such as `offices::store`.
struct Modules {
    modules: BTreeMap<String, Module>,
    /// The macros that stand at the top of the crate, each with the module that defines it.
    macros: BTreeMap<String, String>,
}

/// The place that a path leads to: a module, and what it names there; nothing where the module itself is named.
type Place = (String, Option<String>);

impl Modules {
    fn read(sources: &[Source]) -> Self {
        let mut all = Self { modules: BTreeMap::new(), macros: BTreeMap::new() };
        for source in sources.iter().filter(|source| !source.is_test() && source.path != "lib.rs") {
            let name = source.path.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
            for exported in source.code.split("#[macro_export]\nmacro_rules! ").skip(1) {
                all.macros.insert(words(exported).swap_remove(0), name.clone());
            }
            all.modules.insert(name, Module::read(&source.code));
        }
        all
    }

    /// The place that a path leads to from a module; nothing for another crate's.
    fn place(&self, from: &str, path: &[String], steps: u8) -> Option<Place> {
        let module = self.modules.get(from)?;
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            _ if steps == 0 => None,
            "crate" => self.below("", rest, steps),
            "self" => self.below(from, rest, steps),
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                let mut above = from.split("::").collect::<Vec<_>>();
                above.truncate(above.len() - ups);
                self.below(&above.join("::"), &path[ups..], steps)
            }
            _ if !rest.is_empty() && self.modules.contains_key(&joined(from, first)) => self.below(from, path, steps),
            _ if module.defined.contains(first) => Some((from.to_owned(), Some(first.clone()))),
            _ => {
                let (place, name) = self.place(from, module.imported.get(first)?, steps - 1)?;
                if name.is_some() { Some((place, name)) } else { self.below(&place, rest, steps) }
            }
        }
    }

    /// The place that a path leads to below a module.
    fn below(&self, module: &str, path: &[String], steps: u8) -> Option<Place> {
        let Some((first, rest)) = path.split_first() else { return Some((module.to_owned(), None)) };
        let child = joined(module, first);
        if self.modules.contains_key(&child) {
            return self.below(&child, rest, steps);
        }
        let Some(there) = self.modules.get(module) else {
            return Some((self.macros.get(first)?.clone(), Some(first.clone())));
        };
        let handed_on = there.imported.get(first).filter(|_| !there.defined.contains(first));
        match handed_on.and_then(|path| self.place(module, path, steps - 1)) {
            Some((place, None)) => self.below(&place, rest, steps),
            Some(found) => Some(found),
            // What a macro of the module makes is the module's.
            None => Some((module.to_owned(), Some(first.clone()))),
        }
    }

    /// The modules that a module imports from, each with a name that it takes from there.
    fn imports(&self, from: &str) -> BTreeMap<String, String> {
        let places = self.modules[from].paths.iter().filter_map(|path| self.place(from, path, 20));
        places.filter(|(place, _)| place != from).filter_map(|(place, name)| Some((place, name?))).collect()
    }
}

impl Module {
    fn read(code: &str) -> Self {
        let mut module = Self { defined: code.lines().filter_map(defined).collect(), ..Self::default() };
        let words = words(code);
        let mut at = 0;
        while at < words.len() {
            let begins_a_path = is_name(&words[at]) && (at == 0 || words[at - 1] != "::");
            if words[at] == "use" && words.get(at + 1).is_some_and(|next| next == "{" || is_name(next)) {
                at = module.read_use(&words, at + 1, &Vec::new());
            } else if begins_a_path && words.get(at + 1).is_some_and(|next| next == "::") {
                let mut path = vec![words[at].clone()];
                while words[at + 1] == "::" && is_name(&words[at + 2]) {
                    path.push(words[at + 2].clone());
                    at += 2;
                }
                module.paths.push(path);
                at += 1;
            } else {
                at += 1;
            }
        }
        module
    }

    /// Reads what stands after `use`, or one part of a list in it, and says where it ends.
    fn read_use(&mut self, words: &[String], mut at: usize, before: &Segments) -> usize {
        let mut path = before.clone();
        loop {
            match words[at].as_str() {
                "{" => {
                    at += 1;
                    while words[at] != "}" {
                        at = self.read_use(words, at, &path);
                        at += usize::from(words[at] == ",");
                    }
                    return at + 1;
                }
                "*" => return at + 1,
                "self" if !path.is_empty() => {}
                segment => path.push(segment.to_owned()),
            }
            at += 1;
            if words[at] == "::" {
                at += 1;
                continue;
            }
            let renamed = words[at] == "as";
            let name = if renamed { words[at + 1].clone() } else { path[path.len() - 1].clone() };
            self.paths.push(path.clone());
            self.imported.insert(name, path);
            return at + if renamed { 2 } else { 0 };
        }
    }
}

/// The name that a line at the outermost level defines.
fn defined(line: &str) -> Option<String> {
    let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "macro_rules"];
    let words = words(line.strip_prefix(|first: char| first.is_ascii_lowercase()).map(|_| line)?);
    let kind = words.iter().rposition(|word| kinds.contains(&word.as_str()))?;
    let declares_a_module = words[kind] == "mod" && words.last().is_some_and(|last| last == ";");
    let name = words[kind + 1..].iter().find(|word| is_name(word))?;
    (words[0] != "impl" && !declares_a_module).then(|| name.clone())
}

fn joined(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// Names, double colons, and every other character by itself. The `$` of a macro's `$crate` is left out.
fn words(code: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut goes_on, mut colons) = (false, 0);
    for c in code.chars() {
        let in_name = c.is_ascii_alphanumeric() || c == '_';
        colons = if c == ':' { colons + 1 } else { 0 };
        match words.last_mut() {
            Some(last) if in_name && goes_on => last.push(c),
            Some(last) if colons == 2 => {
                last.push(c);
                colons = 0;
            }
            _ if c.is_whitespace() || c == '$' => {}
            _ => words.push(c.to_string()),
        }
        goes_on = in_name;
    }
    words
}

/// A circle among these modules, if there is one.
fn circle(imports: &BTreeMap<String, BTreeMap<String, String>>) -> Option<Vec<String>> {
    let mut left: BTreeSet<&String> = imports.keys().collect();
    // Whoever imports from nobody who is left is in no circle.
    while let Some(free) = left.iter().copied().find(|file| !imports[*file].keys().any(|other| left.contains(other))) {
        left.remove(free);
    }
    let mut walked = vec![*left.first()?];
    loop {
        let next = imports[walked[walked.len() - 1]].keys().find(|other| left.contains(other))?;
        if let Some(begun) = walked.iter().position(|file| *file == next) {
            let round = walked[begun..].iter().copied().chain([next]).collect::<Vec<_>>();
            let step = |pair: &[&String]| format!("{} imports {} from {}", pair[0], imports[pair[0]][pair[1]], pair[1]);
            return Some(round.windows(2).map(step).collect());
        }
        walked.push(next);
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let modules = Modules::read(&sources());
    let imports: BTreeMap<_, _> = modules.modules.keys().map(|name| (name.clone(), modules.imports(name))).collect();
    let found: usize = imports.values().map(BTreeMap::len).sum();
    assert!(found > 1000, "only {found} imports were read");
    let circle = circle(&imports);
    assert!(circle.is_none(), "{:#?}", circle.unwrap_or_default());
}

#[test]
fn imports_lead_to_where_a_name_is_defined() {
    let source = |path: &str, code: &str| Source { path: path.to_owned(), text: String::new(), code: code.to_owned() };
    let modules = Modules::read(&[
        source("a/mod.rs", "mod b;\nmod c;\npub use b::{B, Other as Renamed};\npub(super) fn f() { c::g() }\n"),
        source("a/b.rs", "use std::fmt;\npub struct B;\npub struct Other;\n"),
        source("a/c.rs", "use super::Renamed;\nuse crate::{a, m};\npub fn g() { a::f(); crate::a::made::X }\n"),
        source("d.rs", "#[macro_export]\nmacro_rules! m {\n    () => { $crate::a::B };\n}\n"),
    ]);
    let imports = |module: &str| modules.imports(module).into_keys().collect::<Vec<_>>();
    assert_eq!(imports("a"), ["a::b", "a::c"]);
    assert!(imports("a::b").is_empty());
    assert_eq!(imports("a::c"), ["a", "a::b", "d"]);
    assert_eq!(imports("d"), ["a::b"]);
    let imports = modules.modules.keys().map(|name| (name.clone(), modules.imports(name))).collect();
    assert_eq!(circle(&imports).unwrap(), ["a imports g from a::c", "a::c imports made from a"]);
}
