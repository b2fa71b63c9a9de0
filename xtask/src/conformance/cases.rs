//! The file of the cases, as far as the suite must know it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
pub(crate) struct Cases {
    /// In the order in which they are run.
    pub(crate) cases: Vec<Case>,
    /// What languages cannot do.
    pub(crate) cannot: Vec<Cannot>,
}

/// A case. What it does is the runners' business.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    /// Unique.
    pub(crate) name: String,
    /// The row of the table that it belongs to.
    pub(crate) feature: String,
}

/// A row of what a language cannot do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cannot {
    /// Whose.
    pub(crate) language: String,
    /// As what.
    pub(crate) role: Role,
    /// The case, if it is one.
    pub(crate) case: Option<String>,
    /// The feature, if it is all of it.
    pub(crate) feature: Option<String>,
    /// The languages on the other side with which it cannot; with all, when there are none here.
    #[serde(default)]
    pub(crate) with: Vec<String>,
    /// For the page.
    pub(crate) why: String,
}

/// The side that a language is on.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// It is loaded.
    Guest,
    /// It loads.
    Host,
}

impl Cases {
    /// Reads it.
    ///
    /// # Errors
    /// When a name is there twice, or a row of what cannot be done is about nothing.
    pub(crate) fn read(file: &Path, languages: &[&str]) -> Result<Self> {
        let text = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let cases: Self = serde_json::from_slice(&text)
            .with_context(|| format!("cannot understand `{}`", file.display()))?;
        cases.check(languages)?;
        Ok(cases)
    }

    fn check(&self, languages: &[&str]) -> Result<()> {
        let mut names = BTreeSet::new();
        for case in &self.cases {
            if !names.insert(case.name.as_str()) {
                bail!("there are two cases `{}`", case.name);
            }
        }
        for row in &self.cannot {
            for language in row.with.iter().chain([&row.language]) {
                if !languages.contains(&language.as_str()) {
                    bail!("`cannot` has a row of an unknown language `{language}`");
                }
            }
            if row.why.is_empty() {
                bail!("`cannot` has a row of {} without a reason", row.language);
            }
            if row.case.is_some() == row.feature.is_some() {
                bail!("a row of {} needs a case or a feature", row.language);
            }
            if !self.cases.iter().any(|case| row.is_about(case)) {
                bail!(
                    "`cannot` has a row of {} about nothing: {row:?}",
                    row.language
                );
            }
        }
        Ok(())
    }

    /// The rows that are about a case of a pair of languages.
    pub(crate) fn listed<'a>(
        &'a self,
        case: &'a Case,
        host: &'a str,
        guest: &'a str,
    ) -> impl Iterator<Item = &'a Cannot> {
        self.cannot.iter().filter(move |row| {
            let (language, other) = match row.role {
                Role::Guest => (guest, host),
                Role::Host => (host, guest),
            };
            let with = row.with.is_empty() || row.with.iter().any(|with| with == other);
            row.language == language && with && row.is_about(case)
        })
    }

    /// The features, in the order of their first cases.
    pub(crate) fn features(&self) -> Vec<&str> {
        let mut features = Vec::new();
        for case in &self.cases {
            if !features.contains(&case.feature.as_str()) {
                features.push(&case.feature);
            }
        }
        features
    }
}

impl Cannot {
    /// Whether it is about that case.
    pub(crate) fn is_about(&self, case: &Case) -> bool {
        self.case.as_ref() == Some(&case.name) || self.feature.as_ref() == Some(&case.feature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<()> {
        let cases: Cases = serde_json::from_str(text)?;
        cases.check(&["rust"])
    }

    #[test]
    fn a_file_that_contradicts_itself_is_refused() {
        let case = r#"{"name": "a", "feature": "f"}"#;
        let row = |rest: &str| {
            format!(r#"{{"cases": [{case}], "cannot": [{{"role": "guest", {rest}}}]}}"#)
        };
        assert!(checked(&row(r#""language": "rust", "case": "a", "why": "so""#)).is_ok());
        assert!(checked(&row(r#""language": "rust", "feature": "f", "why": "so""#)).is_ok());
        for (text, reason) in [
            (
                format!(r#"{{"cases": [{case}, {case}], "cannot": []}}"#),
                "two cases",
            ),
            (
                row(r#""language": "latin", "case": "a", "why": "so""#),
                "unknown language",
            ),
            (
                row(r#""language": "rust", "case": "b", "why": "so""#),
                "about nothing",
            ),
            (
                row(r#""language": "rust", "why": "so""#),
                "a case or a feature",
            ),
            (
                row(r#""language": "rust", "case": "a", "why": """#),
                "without a reason",
            ),
        ] {
            let error = checked(&text).expect_err(reason);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
