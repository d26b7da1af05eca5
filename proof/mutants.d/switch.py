"""Writes mutants into a source tree, each behind a switch that is asked at run time: so that one build holds all of them.

    switch.py TREE MUTANTS PLACES UNVIABLE

MUTANTS is what `cargo mutants --list --json` tells, PLACES what `nara-mutants` tells of the same files, and UNVIABLE has the names of those
that do not compile. What was written where stands in TREE/switches.json.
"""

import json
import pathlib
import sys

SWITCH = '''
/// Which mutant is on, and which were come by.
#[expect(missing_docs, unused, clippy::all, reason = "It is no part of the product.")]
pub mod switched {
    use std::{env, fs::{self, File}, io::Write, os::unix::process::parent_id, sync::LazyLock, sync::atomic::{AtomicBool, Ordering}};

    /// What a variable says here, or in the test that has started this program with an environment of its own.
    fn said(name: &str) -> Option<String> {
        let of_parent = || {
            let environment = fs::read(format!("/proc/{}/environ", parent_id())).ok()?;
            let mut variables = environment.split(|byte| *byte == 0).filter_map(|variable| str::from_utf8(variable).ok());
            variables.find_map(|variable| Some(variable.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
        };
        env::var(name).ok().or_else(of_parent)
    }

    pub fn on(mutant: u32) -> bool {
        static CHOSEN: LazyLock<u32> = LazyLock::new(|| said("NARA_MUTANT").and_then(|chosen| chosen.parse().ok()).unwrap_or(0));
        static TOLD: LazyLock<Option<File>> =
            LazyLock::new(|| said("NARA_REACHED").map(|path| File::options().create(true).append(true).open(path).unwrap()));
        static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
        if let Some(mut told) = TOLD.as_ref() && !REACHED[mutant as usize].swap(true, Ordering::Relaxed) {
            told.write_all(format!("{mutant}\\n").as_bytes()).unwrap();
        }
        *CHOSEN == mutant
    }
}
'''


class Source:
    """One file, with its mutants at their places."""

    def __init__(self, path, places):
        self.bytes = path.read_bytes()
        self.lines = [0]
        for line in self.bytes.split(b"\n"):
            self.lines.append(self.lines[-1] + len(line) + 1)
        self.places = places
        self.edits = {}

    def at(self, position):
        start = self.lines[position["line"] - 1]
        line = self.bytes[start:].split(b"\n", 1)[0].decode()
        return start + len(line[: position["column"] - 1].encode())

    def add(self, mutant):
        """Notes a mutant at what it changes; False where there is no such place."""
        start, end = self.at(mutant["span"]["start"]), self.at(mutant["span"]["end"])
        genre = mutant["genre"]
        for place in self.places:
            kind = place["kind"]
            if genre == "FnValue" and kind == "block" and place["body"] == start:
                return self.note((place["start"], place["start"]), place, mutant)
            if genre == "BinaryOperator" and kind == "binary" and place["op"] == [start, end] and not place["binds"]:
                return self.note(place["whole"], place, mutant)
            if genre == "UnaryOperator" and kind == "unary" and place["whole"][0] == start:
                return self.note(place["whole"], place, mutant)
            if genre == "MatchArmGuard" and kind == "arm" and place["guard"] == [start, end]:
                return self.note(place["guard"], {"kind": "guard", "whole": place["guard"]}, mutant)
            if genre == "MatchArm" and kind == "arm" and place["whole"][0] == start:
                return self.note((place["arrow"], place["arrow"]), place, mutant)
            field = [field for field in place.get("fields", []) if field[0] == start]
            if genre == "StructField" and field:
                return self.note(place["whole"], place, {**mutant, "field": field[0]})
        return False

    def note(self, where, place, mutant):
        # A guard stands around what it is made of, which may begin and end where it does.
        where = (*where, 0 if place["kind"] == "guard" else 1)
        self.edits.setdefault(where, (place, []))[1].append(mutant)
        return True

    def text(self, start, end):
        return self.bytes[start:end].decode()

    def render(self, start, end, but=None):
        """The text from one place to another with all mutants in it, but for those of `but` itself."""
        around = lambda where: but and where[:2] == but[:2] and where[2] <= but[2]
        inside = [where for where in self.edits if start <= where[0] and where[1] <= end and not around(where)]
        inside.sort(key=lambda where: (where[0], -where[1], where[2]))
        written, at = [], start
        for where in inside:
            if where[0] < at:
                continue
            written.append(self.text(at, where[0]))
            written.append(self.switched(where))
            at = where[1]
        written.append(self.text(at, end))
        return "".join(written)

    def switched(self, where):
        place, mutants = self.edits[where]
        kind = place["kind"]
        on = lambda mutant: f"crate::switched::on({mutant['id']})"
        if kind == "block":
            return "".join(f" if {on(m)} {{ return {m['replacement']}; }} " for m in mutants)
        if kind == "guard":
            always = [on(m) for m in mutants if m["replacement"] == "true"]
            never = [f"!{on(m)}" for m in mutants if m["replacement"] == "false"]
            within = " && ".join(never + [f"({self.render(*where[:2], but=where)})"])
            return " || ".join(always + [f"({within})"])
        if kind == "arm":
            gone = " && ".join(f"!{on(m)}" for m in mutants)
            return f"&& {gone} " if place["guard"] else f"if {gone} "
        if kind == "binary":
            left, right = self.render(*place["left"]), self.render(*place["right"])
            shapes = [(on(m), f"({left}) {m['replacement']} ({right})") for m in mutants]
            # An assignment changes its left side, which in parentheses would be a value.
            plain = f"{left} {self.text(*place['op'])} {right}"
            shapes = [(o, f"{left} {m['replacement']} {right}" if m["replacement"].endswith("=") and self.text(*place["op"]) in ("+=", "-=", "*=", "/=") else s) for (o, s), m in zip(shapes, mutants)]
        elif kind == "unary":
            plain = self.render(*where[:2], but=where)
            shapes = [(on(m), self.render(*place["inner"])) for m in mutants]
        else:
            plain = self.render(*where[:2], but=where)
            shapes = [(on(m), self.without(where, m["field"])) for m in mutants]
        branches = "".join(f"if {o} {{ {shape} }} else " for o, shape in shapes)
        return f"({branches}{{ {plain} }})"

    def without(self, where, field):
        end = field[1]
        while self.bytes[end : end + 1] in (b" ", b"\n"):
            end += 1
        end += self.bytes[end : end + 1] == b","
        return self.text(where[0], field[0]) + self.text(end, where[1])


def main(tree, mutants, places, unviable):
    tree = pathlib.Path(tree)
    mutants = json.loads(pathlib.Path(mutants).read_text())
    found = [json.loads(line) for line in pathlib.Path(places).read_text().splitlines()]
    places = {one["file"]: one["places"] for one in found}
    dead = set(pathlib.Path(unviable).read_text().splitlines())
    sources = {name: Source(tree / name, places[name]) for name in places}
    written = []
    for number, mutant in enumerate(mutants, 1):
        mutant["id"] = number
        if mutant["name"] in dead:
            continue
        if sources[mutant["file"]].add(mutant):
            written.append({"id": number, "name": mutant["name"], "file": mutant["file"]})
        else:
            print(f"no place for {mutant['name']}", file=sys.stderr)
    for name, source in sources.items():
        (tree / name).write_text(source.render(0, len(source.bytes)))
    library = tree / "src/lib.rs"
    library.write_text(library.read_text() + SWITCH.replace("COUNT", str(len(mutants) + 1)))
    (tree / "switches.json").write_text(json.dumps(written, indent=1))
    print(f"{len(written)} of {len(mutants)} mutants written")


main(*sys.argv[1:])
