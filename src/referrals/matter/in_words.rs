//! The whole content of a referral as plain text in Swedish, for a message to the office.
//!
//! The text is made from the same fields that are stored, so a field that is added later cannot be forgotten: without a label it
//! appears under its own name.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::people::ProtectedIdentity;
use crate::referrals::matter::NewReferral;
use crate::vault::ConfidentialProse;

/// The labels of the fields, in the order in which the text shows them.
const LABELS: [(&str, &str); 49] = [
    ("description", "Beskrivning"),
    ("urgency", "Angelägenhet"),
    ("acuteDanger", "Akut fara"),
    ("suspectedViolence", "Misstänkt våld"),
    ("considerBeforeContact", "Att tänka på före kontakt"),
    ("protectiveFactors", "Det som fungerar väl"),
    ("existingSupport", "Stöd som redan finns"),
    ("needs", "Behov"),
    ("child", "Barnet"),
    ("guardians", "Vårdnadshavare"),
    ("siblings", "Syskon"),
    ("guardiansInformed", "Vårdnadshavarna om anmälan"),
    ("reporter", "Anmälare"),
    ("senderReference", "Avsändarens referens"),
    ("feedbackRequested", "Vill ha återkoppling"),
    ("willingToMeet", "Kan delta i möte"),
    ("kind", "Slag"),
    ("consent", "Samtycke"),
    ("requestedServiceIds", "Önskade insatser"),
    ("name", "namn"),
    ("givenName", "förnamn"),
    ("familyName", "efternamn"),
    ("personalIdentityNumber", "personnummer"),
    ("birthDate", "födelsedatum"),
    ("birthYear", "födelseår"),
    ("gender", "kön"),
    ("protectedIdentity", "skyddad identitet"),
    ("whereNow", "var barnet är nu"),
    ("school", "skola"),
    ("street", "gatuadress"),
    ("postalCode", "postnummer"),
    ("locality", "ort"),
    ("placeName", "plats"),
    ("districtId", "distrikt"),
    ("interpreterLanguage", "tolkspråk"),
    ("knowsOfReport", "vet om anmälan"),
    ("title", "titel"),
    ("phone", "telefon"),
    ("email", "e-post"),
    ("relation", "relation"),
    ("alsoConcerned", "oron gäller även syskonet"),
    ("informed", "informerade"),
    ("reason", "skäl"),
    ("basis", "grund"),
    ("givenBy", "av"),
    ("givenOn", "den"),
    ("scopes", "omfattning"),
    ("withdrawnAt", "återtaget"),
    ("personId", "person"),
];

/// The most characters of a part, so that its heading and it fit into one message.
const LONGEST_PART: usize = 9_900;

impl NewReferral {
    /// Returns everything that the referral says, as one text or, if it is long, as several in their order.
    pub fn in_words(&self) -> Result<Vec<ConfidentialProse>> {
        let mut lines = Vec::new();
        tell("", &serde_json::to_value(self).map_err(Error::internal)?, &mut lines);
        let parts = parts_of(&lines.join("\n"));
        let count = parts.len();
        let headed = |(index, part): (usize, String)| {
            let heading = match count {
                1 => "Ny anmälan om samma barn, mottagen som komplettering".to_owned(),
                _ => format!("Ny anmälan om samma barn, mottagen som komplettering, del {} av {count}", index + 1),
            };
            let text = format!("{heading}\n\n{part}").parse();
            text.map(ConfidentialProse::new)
                .map_err(|_| Error::internal("the words of a report break the rules for texts"))
        };
        parts.into_iter().enumerate().map(headed).collect()
    }

    /// Returns what the referral says about the child's whereabouts: the facts that must not be stored about somebody with a
    /// protected registration.
    pub fn whereabouts_in_words(&self) -> Result<String> {
        let without = self.child.clone().without_whereabouts(ProtectedIdentity::ProtectedRegistration);
        let mut child = serde_json::to_value(&self.child).map_err(Error::internal)?;
        let without = serde_json::to_value(without).map_err(Error::internal)?;
        if let Some(fields) = child.as_object_mut() {
            fields.retain(|name, value| without.get(name) != Some(value));
        }
        let mut lines = Vec::new();
        tell("Barnet", &child, &mut lines);
        Ok(lines.join("\n"))
    }
}

/// Adds a line for each value below `value` to `lines`. `label` is the label of the value itself.
fn tell(label: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let place = |name: &str| LABELS.iter().position(|(known, _)| *known == name).unwrap_or(LABELS.len());
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| place(name));
            for (name, value) in fields {
                let own = LABELS.get(place(name)).map_or(name.as_str(), |(_, label)| label);
                let label = if label.is_empty() { own.to_owned() } else { format!("{label}, {own}") };
                tell(&label, value, lines);
            }
        }
        Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            lines.extend((!items.is_empty()).then(|| format!("{label}: {}", items.join(", "))));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                tell(&format!("{label} {}", index + 1), item, lines);
            }
        }
        other => lines.push(format!("{label}: {}", shown(other))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => "ja".to_owned(),
        Value::Bool(false) => "nej".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Splits a text into parts of at most [`LONGEST_PART`] characters, where possible at the end of a line. Parts without a word are
/// left out.
fn parts_of(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        let line: Vec<char> = line.chars().collect();
        for piece in line.chunks(LONGEST_PART) {
            if length + piece.len() > LONGEST_PART {
                parts.push(String::new());
                length = 0;
            }
            length += piece.len();
            if let Some(part) = parts.last_mut() {
                part.extend(piece);
            }
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn referral(description: &str) -> NewReferral {
        serde_json::from_value(json!({
            "kind": "concern_report", "urgency": "immediate", "senderReference": "2026-117",
            "reporter": { "name": "Karin Påhittad", "title": "Kurator", "phone": "013-20 00 00", "email": "k@nara.example", "relation": "Mentor" },
            "child": {
                "givenName": "Alva", "familyName": "Påhittad", "birthDate": "2013-04-05", "gender": "female", "placeName": "Skäggetorp",
                "postalCode": "58644", "street": "Påhittade gatan 1", "locality": "Linköping", "school": "Skolan", "whereNow": "I skolan",
                "protectedIdentity": "marked", "interpreterLanguage": "so", "knowsOfReport": true,
            },
            "guardians": [{ "givenName": "Anna", "knowsOfReport": false }, { "familyName": "Öberg", "phone": "013-20 00 01" }],
            "siblings": [{ "name": "Saga", "birthYear": 2016, "alsoConcerned": true }],
            "needs": ["school_absence", "parenting"], "description": description,
            "acuteDanger": true, "suspectedViolence": false, "protectiveFactors": "Mormor.", "existingSupport": "Fritids.",
            "considerBeforeContact": "Ring inte hem.", "guardiansInformed": { "informed": "no", "reason": "Det kan vara farligt." },
            "feedbackRequested": true, "willingToMeet": true,
        }))
        .unwrap()
    }

    /// The texts and numbers in a JSON value, as the words should have them.
    fn leaves(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.values().for_each(|field| leaves(field, all)),
            Value::Array(items) => items.iter().for_each(|item| leaves(item, all)),
            other => all.push(shown(other)),
        }
    }

    #[test]
    fn the_words_say_everything_under_a_swedish_label() {
        let new = referral("Borta i tre veckor.\n\nBlåmärken.");
        let words = new.in_words().unwrap();
        let text = words[0].reveal().as_ref();
        let mut all = Vec::new();
        leaves(&serde_json::to_value(&new).unwrap(), &mut all);
        assert!(all.len() > 35, "{all:?}");
        assert!(words.len() == 1 && all.iter().all(|leaf| text.contains(leaf.as_str())), "{text}");
        assert!(
            text.contains("Barnet, förnamn: Alva\n") && text.contains("Vårdnadshavare 2, efternamn: Öberg"),
            "{text}"
        );
        let labels = text.lines().filter_map(|line| line.split_once(": ")).flat_map(|(labels, _)| labels.split(", "));
        let names: Vec<&str> = labels.filter(|label| label.chars().skip(1).any(char::is_uppercase)).collect();
        assert_eq!(names, [] as [&str; 0], "fields without a Swedish label");
    }

    #[test]
    fn long_words_become_several_texts_and_nothing_is_lost() {
        let description: String =
            (0..2_500).map(|number| format!("{number:03} ")).collect::<String>()[..9_999].to_owned() + "x";
        let new = referral(&description);
        let words = new.in_words().unwrap();
        assert_eq!(words.len(), 2);
        assert!(words.iter().all(|part| part.reveal().as_ref().chars().count() <= 10_000));
        let bodies: String = words.iter().map(|part| part.reveal().as_ref().split_once("\n\n").unwrap().1).collect();
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        assert!(squeezed(&bodies).contains(&squeezed(&description)), "{bodies}");
        assert!(bodies.contains("Saga") && words[1].reveal().as_ref().contains("del 2 av 2"));
    }
}
