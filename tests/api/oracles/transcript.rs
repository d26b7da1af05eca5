//! All that a caller is told, written down so that two worlds can be compared: what is made at random is replaced by the order in
//! which it was seen.

use std::collections::BTreeMap;

use crate::support::Answer;

/// The headers that are another one at each call.
const RANDOM: [&str; 3] = ["date", "traceparent", "content-length"];

/// The answers of one world, in their order.
#[derive(Default)]
pub struct Transcript {
    lines: Vec<String>,
    names: BTreeMap<String, String>,
}

impl Transcript {
    /// Writes down an answer: its status, its headers and its body.
    pub fn saw(&mut self, what: &str, answer: &Answer) {
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| !RANDOM.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        headers.sort();
        let body = answer.text();
        let host = answer.header("location").map(host_of).unwrap_or_default();
        let text = format!("{what}: {} {} {body}", answer.status, headers.join("; "));
        let text = if host.is_empty() { text } else { text.replace(&host, "host") };
        let line = self.plain(&text);
        self.lines.push(line);
    }

    /// Writes down something else that is to be the same.
    pub fn noted(&mut self, text: &str) {
        let line = self.plain(text);
        self.lines.push(line);
    }

    pub fn lines(self) -> Vec<String> {
        self.lines
    }

    /// The text with a name in the place of each identifier, reference, cursor, port, hash and trace.
    fn plain(&mut self, text: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let (mut plain, mut word) = (String::new(), String::new());
        for c in text.chars().chain(['\n']) {
            if is_part(c) {
                word.push(c);
                continue;
            }
            plain.push_str(&self.named(&std::mem::take(&mut word)));
            plain.push(c);
        }
        plain
    }

    fn named(&mut self, word: &str) -> String {
        let kind = if is_uuid(word) {
            "id"
        } else if word.len() == 11 && word.starts_with("R-") {
            "reference"
        } else if let Some((version, hash)) = word.split_once('-').filter(|(_, hash)| is_hash(hash)) {
            // The version of an entity tag is told; the rest is a hash of what was told.
            let _hash = hash;
            return format!("{version}-hash");
        } else if word.len() > 60 || is_hash(word) || is_trace(word) {
            "random"
        } else if word.len() == 5 && word.parse::<u32>().is_ok_and(|port| port > 30_000) {
            "port"
        } else {
            return word.to_owned();
        };
        let next = self.names.len();
        self.names.entry(word.to_owned()).or_insert_with(|| format!("{kind}{next}")).clone()
    }
}

fn host_of(location: &str) -> String {
    location.split("/nara/").next().unwrap_or_default().to_owned()
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_hash(word: &str) -> bool {
    word.len() == 16 && is_hexadecimal(word)
}

/// Whether a word names the trace of a call. A problem has one, and so has each problem of an item in a batch.
fn is_trace(word: &str) -> bool {
    word.len() == 32 && is_hexadecimal(word)
}

fn is_hexadecimal(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit())
}
