//! The text of an anchor's file: a line that says whose anchor it is, and one line for each note.
//!
//! ```text
//! nara-audit-anchor 1 0193… 0193… 5f0c… 77de…        the anchor, the database, its place, and the code
//! 2026-11-23T09:00:00Z made 91ab…
//! 2026-11-23T09:00:31Z head 17:4f0c… caught-up 0b2e…
//! 2026-11-23T09:12:02Z break seals_removed c3d4…
//! 2026-11-23T11:40:55Z accepted investigated e5f6…
//! ```
//!
//! Each line ends with a keyed code of the line and of the code before it. So nobody without the key can write, change or move a
//! line, or take one out of the middle.

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq;

use crate::audit::anchor::key::AnchorKey;
use crate::audit::breaks::{AuditBreak, BreakAcceptance};
use crate::audit::chain::Head;
use crate::hex;
use crate::id::{AnchorId, DatabaseId};
use crate::time::Timestamp;

/// The first line of an anchor: which anchor it is, and of which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorHeader {
    pub id: AnchorId,
    pub database: DatabaseId,
    /// A keyed code of the path of an embedded database; zeros for another one.
    pub place: [u8; 32],
}

/// A note of an anchor, with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorLine {
    pub at: Timestamp,
    pub note: AnchorNote,
}

/// One thing that a server notes in its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorNote {
    /// The anchor was made.
    Made,
    /// The head of the chain at that time, and whether no record was waiting for its seal.
    Head { head: Head, is_caught_up: bool },
    /// The server found a break.
    Break(AuditBreak),
    /// An operator accepted what was found before this line.
    Accepted(BreakAcceptance),
}

/// The content of an anchor's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorContent {
    pub header: AnchorHeader,
    pub lines: Vec<AnchorLine>,
    /// The code of the last line, on which the next one rests.
    pub(super) last_code: [u8; 32],
    /// The number of bytes of the whole lines. After them may lie the beginning of a line whose writing was interrupted.
    pub(super) length: usize,
}

const MARK: &str = "nara-audit-anchor 1";
const NOTHING_BEFORE: [u8; 32] = [0; 32];

impl AnchorContent {
    /// Makes the content of a new anchor, without any line yet.
    pub fn new(header: AnchorHeader) -> Self {
        Self { header, lines: Vec::new(), last_code: NOTHING_BEFORE, length: 0 }
    }

    /// Parses the text of a file. Fails with the number of the first line that was not written with this key.
    pub fn parse(text: &str, key: &AnchorKey) -> Result<Self, usize> {
        // A line without its end was not written to its end.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let mut lines = whole.lines();
        let first = lines.next().ok_or(1_usize)?;
        let (header, mut last_code) = checked(first, key, &NOTHING_BEFORE).ok_or(1_usize)?;
        let header = header.parse().map_err(|()| 1_usize)?;
        let mut parsed = Vec::new();
        for (number, line) in lines.enumerate() {
            let (text, code) = checked(line, key, &last_code).ok_or(number + 2)?;
            parsed.push(text.parse().map_err(|()| number + 2)?);
            last_code = code;
        }
        Ok(Self { header, lines: parsed, last_code, length: whole.len() })
    }

    /// Writes the whole text, with the codes of all lines computed again.
    pub fn text(&mut self, key: &AnchorKey) -> String {
        self.last_code = NOTHING_BEFORE;
        let mut text = self.coded(&self.header.to_string(), key);
        for line in self.lines.clone() {
            text.push_str(&self.coded(&line.to_string(), key));
        }
        self.length = text.len();
        text
    }

    /// Adds a line, and returns its text.
    pub fn add(&mut self, line: AnchorLine, key: &AnchorKey) -> String {
        let text = self.coded(&line.to_string(), key);
        self.length += text.len();
        self.lines.push(line);
        text
    }

    fn coded(&mut self, text: &str, key: &AnchorKey) -> String {
        self.last_code = code_of(text, key, &self.last_code);
        format!("{text} {}\n", hex::encode(&self.last_code))
    }
}

fn code_of(text: &str, key: &AnchorKey, before: &[u8; 32]) -> [u8; 32] {
    key.code(&[b"line", before, text.as_bytes()])
}

/// Splits a line into its text and its code. `None` if the code is wrong.
fn checked<'a>(line: &'a str, key: &AnchorKey, before: &[u8; 32]) -> Option<(&'a str, [u8; 32])> {
    let (text, claimed) = line.rsplit_once(' ')?;
    let claimed: [u8; 32] = hex::decode(claimed)?;
    let is_right: bool = code_of(text, key, before).ct_eq(&claimed).into();
    is_right.then_some((text, claimed))
}

impl fmt::Display for AnchorHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK} {} {} {}", self.id, self.database, hex::encode(&self.place))
    }
}

impl FromStr for AnchorHeader {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.strip_prefix(MARK).ok_or(())?.split_whitespace();
        let mut word = || words.next().ok_or(());
        let id = word()?.parse().map_err(|_| ())?;
        let database = word()?.parse().map_err(|_| ())?;
        let place = hex::decode(word()?).ok_or(())?;
        Ok(Self { id, database, place })
    }
}

const CAUGHT_UP: &str = "caught-up";
const BEHIND: &str = "behind";

impl fmt::Display for AnchorLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.at)?;
        match self.note {
            AnchorNote::Made => f.write_str("made"),
            AnchorNote::Head { head, is_caught_up } => {
                write!(f, "head {head} {}", if is_caught_up { CAUGHT_UP } else { BEHIND })
            }
            AnchorNote::Break(found) => write!(f, "break {}", found.as_ref()),
            AnchorNote::Accepted(reason) => write!(f, "accepted {}", reason.as_ref()),
        }
    }
}

impl FromStr for AnchorLine {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let words: Vec<&str> = text.split(' ').collect();
        let note = match words.get(1..) {
            Some(["made"]) => AnchorNote::Made,
            Some(["head", head, word]) if [CAUGHT_UP, BEHIND].contains(word) => {
                AnchorNote::Head { head: head.parse().map_err(|_| ())?, is_caught_up: *word == CAUGHT_UP }
            }
            Some(["break", found]) => AnchorNote::Break(found.parse().map_err(|_| ())?),
            Some(["accepted", reason]) => AnchorNote::Accepted(reason.parse().map_err(|_| ())?),
            _ => return Err(()),
        };
        Ok(Self { at: words.first().ok_or(())?.parse().map_err(|_| ())?, note })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> AnchorKey {
        AnchorKey::new([7; 32])
    }

    fn some_lines() -> (AnchorContent, String) {
        let id = uuid::Uuid::from_u128(7);
        let (id, database) = (AnchorId::from_uuid(id), DatabaseId::from_uuid(uuid::Uuid::from_u128(8)));
        let mut content = AnchorContent::new(AnchorHeader { id, database, place: [9; 32] });
        let mut text = content.text(&key());
        let head = Head { seq: 17, hash: [0xab; 32] };
        for (number, note) in [
            AnchorNote::Made,
            AnchorNote::Head { head, is_caught_up: true },
            AnchorNote::Head { head, is_caught_up: false },
            AnchorNote::Break(AuditBreak::SealsRemoved),
            AnchorNote::Accepted(BreakAcceptance::Investigated),
        ]
        .into_iter()
        .enumerate()
        {
            let seconds = i64::try_from(number).unwrap();
            let at = Timestamp::from_micros(1_764_000_000_000_000 + seconds * 1_000_000).unwrap();
            text.push_str(&content.add(AnchorLine { at, note }, &key()));
        }
        (content, text)
    }

    #[test]
    fn an_anchor_is_read_as_it_was_written() {
        let (mut content, text) = some_lines();
        assert_eq!(AnchorContent::parse(&text, &key()), Ok(content.clone()));
        assert_eq!(content.text(&key()), text);
        // The power failed while a line was written.
        let torn = format!("{text}2026-11-23T09:00");
        assert_eq!(AnchorContent::parse(&torn, &key()), Ok(content));
    }

    #[test]
    fn no_line_can_be_changed_moved_left_out_or_written_without_the_key() {
        let (_, text) = some_lines();
        assert_eq!(AnchorContent::parse(&text, &AnchorKey::new([8; 32])), Err(1));
        assert_eq!(AnchorContent::parse("", &key()), Err(1));
        let lines: Vec<&str> = text.lines().collect();
        let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        for at in 1..lines.len() - 1 {
            let mut fewer = lines.clone();
            fewer.remove(at);
            assert_eq!(AnchorContent::parse(&joined(&fewer), &key()), Err(at + 1));
            let mut swapped = lines.clone();
            swapped.swap(at, at + 1);
            assert_eq!(AnchorContent::parse(&joined(&swapped), &key()), Err(at + 1));
            let mut changed = lines.clone();
            let other = changed[at].replacen("2025", "2024", 1);
            changed[at] = &other;
            assert_eq!(AnchorContent::parse(&joined(&changed), &key()), Err(at + 1), "{other}");
        }
    }
}
