//! The language in which a caller reads problems, chosen by `Accept-Language` (RFC 9110, 12.5.4).

use actix_web::http::header::HeaderValue;

use crate::error::Text;

/// A language in which problems are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, also for callers who prefer neither English nor Swedish.
    English,
    /// Swedish, for callers who prefer `sv` or a variant such as `sv-SE` to English.
    Swedish,
}

impl Language {
    /// Returns the language that an `Accept-Language` header prefers: Swedish if it has more weight than English, and else English.
    pub fn accepted(header: Option<&HeaderValue>) -> Self {
        let ranges = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let weight_of = |wanted: &str| {
            let weights = ranges.split(',').filter_map(|range| {
                let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
                let primary = tag.trim().split('-').next()?;
                let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse().ok())?;
                (primary.eq_ignore_ascii_case(wanted) && (0.0..=1.0).contains(&weight)).then_some(weight)
            });
            weights.fold(0.0_f32, f32::max)
        };
        if weight_of("sv") > weight_of("en") { Self::Swedish } else { Self::English }
    }

    /// Returns the version of `text` in this language.
    pub fn of(self, text: &Text) -> &str {
        self.choose((&text.en, &text.sv))
    }

    /// Returns one part of a pair of an English and a Swedish value: the part in this language.
    pub fn choose<T>(self, (english, swedish): (T, T)) -> T {
        match self {
            Self::English => english,
            Self::Swedish => swedish,
        }
    }

    /// The language's tag for the header `Content-Language`: `en` or `sv`.
    pub fn tag(self) -> &'static str {
        self.choose(("en", "sv"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_of_the_two_languages_wins() {
        let cases = [
            ("sv", Language::Swedish),
            ("sv-SE, en;q=0.8", Language::Swedish),
            ("en, sv;q=0.9", Language::English),
            ("de, sv;q=0.3", Language::Swedish),
            ("sv;q=0", Language::English),
            ("", Language::English),
            ("sv;q=rubbish", Language::English),
            ("en, sv;q=inf", Language::English),
            ("en, sv;q=2", Language::English),
        ];
        for (header, language) in cases {
            assert_eq!(Language::accepted(Some(&HeaderValue::from_static(header))), language, "{header}");
        }
    }
}
