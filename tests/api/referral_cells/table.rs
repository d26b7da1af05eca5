//! `table.md`, read: what may be done with a referral, in the words of the domain.

use std::sync::LazyLock;

/// Every state that there is.
pub const STATES: [&str; 14] = [
    "received",
    "information_requested",
    "accepted",
    "in_progress",
    "on_hold",
    "handed_over",
    "closed_no_inquiry",
    "declined",
    "duplicate",
    "completed",
    "declined_by_family",
    "not_reached",
    "withdrawn",
    "entered_in_error",
];

/// The states in which somebody still works with it.
const OPEN: usize = 5;

/// The kinds that are no concern reports.
pub const SUPPORT: [&str; 3] = ["support_request", "self_request", "internal"];

/// What may be done, by whom, from where to where.
pub struct Row {
    /// The action, with what is chosen in it: `decide-inquiry do_not_open`.
    pub act: &'static str,
    kinds: Vec<&'static str>,
    from: Vec<&'static str>,
    to: &'static str,
    who: &'static str,
    guards: Vec<&'static str>,
}

/// Somebody who tries.
pub struct Caller {
    pub name: &'static str,
    /// What they act as; nothing for those who are not even heard.
    roles: Vec<&'static str>,
    /// How those are answered, whatever they try.
    pub turned_away: Option<(u16, &'static str)>,
}

/// Where a referral can be, and how it comes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    pub kind: &'static str,
    pub sender: &'static str,
    /// What was done before.
    pub path: Vec<&'static str>,
    pub state: &'static str,
    /// Where it was when it was put on hold.
    pub was: Option<&'static str>,
    /// The guards that do not hold.
    pub lacks: Vec<&'static str>,
    /// Whether this is the first situation of its state and kind.
    pub principal: bool,
}

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is done, and leads there.
    Done(&'static str),
    /// It is refused: the status and the problem.
    Refused(u16, &'static str),
}

pub struct Table {
    pub rows: Vec<Row>,
    pub callers: Vec<Caller>,
    pub situations: Vec<Situation>,
    guards: Vec<(&'static str, &'static str)>,
}

/// The table of `table.md`.
pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("table.md")));

/// The name of an action, without what is chosen in it.
pub fn action(act: &'static str) -> &'static str {
    act.split(' ').next().unwrap()
}

fn cells(line: &'static str) -> Vec<&'static str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

fn list(cell: &'static str) -> Vec<&'static str> {
    cell.split(", ").map(str::trim).filter(|item| !item.is_empty()).collect()
}

fn kinds(cell: &'static str) -> Vec<&'static str> {
    let one = |word: &'static str| match word {
        "CR" => vec!["concern_report"],
        "SR" => SUPPORT.to_vec(),
        kind => vec![kind],
    };
    cell.split(' ').flat_map(one).collect()
}

fn states(cell: &'static str) -> Vec<&'static str> {
    let one = |word: &'static str| match word {
        "open" => STATES[..OPEN].to_vec(),
        state => vec![*STATES.iter().find(|known| **known == state).unwrap_or_else(|| panic!("{state} is no state"))],
    };
    list(cell).into_iter().flat_map(one).collect()
}

fn row(line: &'static str) -> Row {
    let [act, of, from, to, who, guards] = cells(line)[..] else { panic!("{line}") };
    Row { act, kinds: kinds(of), from: states(from), to, who, guards: list(guards) }
}

fn caller(line: &'static str) -> Caller {
    let [name, is] = cells(line)[..] else { panic!("{line}") };
    let words: Vec<&str> = is.split(' ').collect();
    match words[0].parse() {
        Ok(status) => Caller { name, roles: Vec::new(), turned_away: Some((status, words[1])) },
        Err(_) => Caller { name, roles: words, turned_away: None },
    }
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut tables: Vec<Vec<&'static str>> = Vec::new();
        let mut inside = false;
        for line in text.lines() {
            match (line.starts_with('|'), inside) {
                (true, false) => tables.push(vec![line]),
                (true, true) => tables.last_mut().unwrap().push(line),
                (false, _) => {}
            }
            inside = line.starts_with('|');
        }
        // Above the lines of each stand its head and a rule.
        let [rows, guards, callers, situations] = &tables[..] else { panic!("there are four tables") };
        let guard = |line: &&'static str| (cells(line)[0], cells(line)[1]);
        let mut table = Self {
            rows: rows[2..].iter().copied().map(row).collect(),
            guards: guards[2..].iter().map(guard).collect(),
            callers: callers[2..].iter().copied().map(caller).collect(),
            situations: Vec::new(),
        };
        for line in &situations[2..] {
            let [of, sender, path, state, lacks] = cells(line)[..] else { panic!("{line}") };
            for kind in kinds(of) {
                let (path, lacks) = (list(path), list(lacks));
                let (arrived, was) = table.walk(kind, &path);
                assert_eq!(arrived, state, "{line}");
                let principal = !table.situations.iter().any(|known| known.kind == kind && known.state == state);
                table.situations.push(Situation { kind, sender, path, state: arrived, was, lacks, principal });
            }
        }
        table
    }

    /// Where a path leads, and where the referral was when it was last put on hold.
    fn walk(&self, kind: &'static str, path: &[&'static str]) -> (&'static str, Option<&'static str>) {
        path.iter().fold(("received", None), |(state, was), act| {
            let row = self.row(act);
            assert!(row.kinds.contains(&kind) && row.from.contains(&state), "{act} cannot be done in {state}");
            let held = if action(act) == "hold" { Some(state) } else { was };
            (row.leads(state, was), held)
        })
    }

    /// The row of an act; an act may say more than the row does, such as that an attempt reached somebody.
    pub fn row(&self, act: &str) -> &Row {
        let named = |row: &&Row| act == row.act || act.split(' ').next() == Some(row.act);
        self.rows.iter().find(named).unwrap_or_else(|| panic!("{act} is no action"))
    }

    /// The rows of what staff do.
    pub fn staff_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.who != "S")
    }

    /// What becomes of an act, judged in the order that the contract tells.
    pub fn judge(&self, row: &Row, at: &Situation, caller: &Caller) -> Verdict {
        if let Some((status, problem)) = caller.turned_away {
            return Verdict::Refused(status, problem);
        }
        if !caller.roles.contains(&row.who) {
            return Verdict::Refused(403, "action-forbidden");
        }
        self.judge_state(row, at)
    }

    /// The same for somebody who has the role.
    pub fn judge_state(&self, row: &Row, at: &Situation) -> Verdict {
        if !row.kinds.contains(&at.kind) || !row.from.contains(&at.state) {
            return Verdict::Refused(409, "action-not-allowed");
        }
        match row.guards.iter().find(|guard| at.lacks.contains(guard)) {
            Some(guard) => Verdict::Refused(409, self.problem(guard)),
            None => Verdict::Done(row.leads(at.state, at.was)),
        }
    }

    /// The actions that a caller may take, in the order of the table.
    pub fn allowed(&self, at: &Situation, caller: &Caller) -> Vec<&'static str> {
        let may = |row: &&Row| matches!(self.judge(row, at, caller), Verdict::Done(_));
        let mut allowed: Vec<_> = self.staff_rows().filter(may).map(|row| action(row.act)).collect();
        allowed.dedup();
        allowed
    }

    fn problem(&self, guard: &str) -> &'static str {
        self.guards.iter().find(|(name, _)| *name == guard).unwrap_or_else(|| panic!("{guard} is no guard")).1
    }

    /// The states that a kind can come to, by the rows alone.
    fn reachable(&self, kind: &'static str) -> Vec<&'static str> {
        let mut reached = vec!["received"];
        let mut next = 0;
        while let Some(state) = reached.get(next).copied() {
            next += 1;
            for row in self.rows.iter().filter(|row| row.kinds.contains(&kind) && row.from.contains(&state)) {
                // Where it was before a hold has been reached already.
                let to = row.leads(state, Some("received"));
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
        reached
    }
}

impl Row {
    fn leads(&self, from: &'static str, was: Option<&'static str>) -> &'static str {
        match self.to {
            "same" => from,
            "where it was" => was.expect("it is on hold"),
            to => states(to)[0],
        }
    }
}

#[test]
fn the_table_is_whole() {
    let table = &*TABLE;
    let mut actions: Vec<&str> = table.staff_rows().map(|row| action(row.act)).collect();
    actions.dedup();
    assert_eq!(actions.len(), 22);
    for kind in ["concern_report"].into_iter().chain(SUPPORT) {
        let mut reachable = table.reachable(kind);
        let principal = table.situations.iter().filter(|at| at.kind == kind && at.principal);
        let mut tried: Vec<&str> = principal.map(|at| at.state).collect();
        reachable.sort_unstable();
        tried.sort_unstable();
        assert_eq!(tried, reachable, "{kind}: a state that can be reached is not tried");
    }
    for guard in table.rows.iter().flat_map(|row| &row.guards).chain(table.situations.iter().flat_map(|at| &at.lacks)) {
        assert!(!table.problem(guard).is_empty());
    }
}
