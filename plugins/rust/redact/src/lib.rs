//! A stage that blanks out what should not leave the house: addresses, keys, card numbers. With `regex`.

use std::borrow::Cow;
use std::error::Error;

use polyplug::{Caller, Context};
use regex::{Captures, Regex};
use stage_api::{Note, Options, Output, Progress, Stage, StageError};

struct Redact {
    progress: Caller<dyn Progress>,
    rules: Vec<Rule>,
}

impl Redact {
    fn new(context: &Context) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self {
            progress: context.host::<dyn Progress>()?,
            rules: rules()?,
        })
    }
}

#[polyplug::plugin(name = "redact", new = Redact::new, requires(dyn Progress))]
impl Stage for Redact {
    fn position(&self) -> u32 {
        100
    }

    fn describe(&self) -> String {
        "text in, the same text without private data out".to_owned()
    }

    fn run(&self, input: &[u8], _options: &Options) -> Result<Output, StageError> {
        let text = stage_api::text(input)?;
        Ok(redact(text, &self.rules, &self.progress))
    }
}

/// One kind of private data.
#[derive(Debug)]
struct Rule {
    /// What it is called in the notes, and in the text where it was.
    label: &'static str,
    pattern: Regex,
    /// Whether a match is really meant.
    applies: fn(&str) -> bool,
}

impl Rule {
    fn new(
        label: &'static str,
        pattern: &str,
        applies: fn(&str) -> bool,
    ) -> Result<Self, regex::Error> {
        let pattern = Regex::new(pattern)?;
        Ok(Self {
            label,
            pattern,
            applies,
        })
    }
}

const PASSWORD: &str = r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@";
const KEY: &str = r"(?x) \b (?: AKIA[0-9A-Z]{16} | gh[pousr]_[0-9A-Za-z]{36,}
    | sk-[0-9A-Za-z_-]{20,} | xox[abprs]-[0-9A-Za-z-]{10,} )";
const E_MAIL: &str = r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b";
const CARD: &str = r"\b\d(?:[ -]?\d){12,18}\b";
const ADDRESS: &str = r"\b\d{1,3}(?:\.\d{1,3}){3}\b";

/// All of them. Earlier ones win: an address inside of a link with a password is gone with the password.
fn rules() -> Result<Vec<Rule>, regex::Error> {
    Ok(vec![
        Rule::new("password", PASSWORD, |_| true)?,
        Rule::new("key", KEY, |_| true)?,
        Rule::new("e-mail", E_MAIL, |_| true)?,
        Rule::new("card", CARD, is_card)?,
        Rule::new("address", ADDRESS, is_telling_address)?,
    ])
}

/// The text without what the rules name, and how often each was found.
fn redact(text: &str, rules: &[Rule], progress: &impl Progress) -> Output {
    let mut text = Cow::Borrowed(text);
    let mut notes = Vec::new();
    for (done, rule) in (1..).zip(rules) {
        let mut count = 0_u32;
        let replaced = rule.pattern.replace_all(&text, |found: &Captures<'_>| {
            if (rule.applies)(&found[0]) {
                count += 1;
                format!("[{} removed]", rule.label)
            } else {
                found[0].to_owned()
            }
        });
        if count > 0 {
            text = Cow::Owned(replaced.into_owned());
            notes.push(Note::new(rule.label, format!("{count} removed")));
        }
        progress.report(done, rules.len() as u64);
    }
    if notes.is_empty() {
        notes.push(Note::new("private data", "none found"));
    }
    Output {
        bytes: text.into_owned().into_bytes(),
        notes,
    }
}

/// Whether the digits end in the check digit that card numbers have (Luhn).
fn is_card(found: &str) -> bool {
    let digits = found.chars().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(index, digit)| match index % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether it is an IPv4 address, and one that tells something about somebody.
fn is_telling_address(found: &str) -> bool {
    found
        .parse::<std::net::Ipv4Addr>()
        .is_ok_and(|address| !address.is_loopback() && !address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does not listen.
    struct Deaf;

    impl Progress for Deaf {
        fn report(&self, _done: u64, _total: u64) {}
    }

    #[track_caller]
    fn check(text: &str, wanted: &str) {
        let rules = rules().expect("the patterns are right");
        let output = redact(text, &rules, &Deaf);
        assert_eq!(String::from_utf8(output.bytes).expect("text"), wanted);
    }

    #[test]
    fn private_data_goes() {
        check("mail ada@example.org.", "mail [e-mail removed].");
        check("from 203.0.113.7:80", "from [address removed]:80");
        check("pay 4111 1111 1111 1111 now", "pay [card removed] now");
        check("AKIAIOSFODNN7EXAMPLE", "[key removed]");
        check(
            "git clone https://me:secret@host.example/x",
            "git clone [password removed]host.example/x",
        );
    }

    #[test]
    fn what_only_looks_private_stays() {
        for text in [
            "version 1.2.3",
            "listens on 127.0.0.1 and 0.0.0.0",
            "not an address: 300.1.2.3",
            "order 4111 1111 1111 1112",
            "https://docs.rs/polyplug",
            "@polyplug::contract",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn each_kind_is_counted() {
        let rules = rules().expect("the patterns are right");
        let notes = |text| redact(text, &rules, &Deaf).notes;
        assert_eq!(notes("a@b.cd, e@f.gh"), [Note::new("e-mail", "2 removed")]);
        assert_eq!(notes("nothing"), [Note::new("private data", "none found")]);
    }
}
