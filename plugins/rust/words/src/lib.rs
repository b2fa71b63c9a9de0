//! A stage that counts words, sentences and characters by the rules of Unicode, with `unicode-segmentation`.
//!
//! It is also the one that panics on demand.

use std::cmp::Reverse;
use std::collections::HashMap;

use polyplug::{Caller, Context};
use stage_api::{Note, Options, Output, Progress, Stage, StageError};
use unicode_segmentation::UnicodeSegmentation;

/// Words between two reports.
const STRIDE: usize = 64;

/// How many words a minute a grown-up reads.
const READING_SPEED: usize = 238;

/// Shorter words are too frequent to be worth a note.
const SHORTEST_NOTABLE: usize = 5;

/// How many frequent words are noted.
const NOTABLE: usize = 3;

struct Words {
    progress: Caller<dyn Progress>,
}

impl Words {
    fn new(context: &Context) -> polyplug::Result<Self> {
        let progress = context.host::<dyn Progress>()?;
        Ok(Self { progress })
    }
}

#[polyplug::plugin(name = "words", new = Words::new, requires(dyn Progress))]
impl Stage for Words {
    fn position(&self) -> u32 {
        200
    }

    fn describe(&self) -> String {
        "text in, the same text out, and its numbers beside it".to_owned()
    }

    fn run(&self, input: &[u8], options: &Options) -> Result<Output, StageError> {
        let text = stage_api::text(input)?;
        let notes = statistics(text, options.sabotage, &self.progress);
        Ok(Output {
            bytes: input.to_vec(),
            notes,
        })
    }
}

/// The numbers of `text`.
fn statistics(text: &str, sabotage: bool, progress: &impl Progress) -> Vec<Note> {
    let total = text.len() as u64;
    let mut words = 0_usize;
    let mut frequency = HashMap::<String, usize>::new();
    for (offset, word) in text.unicode_word_indices() {
        words += 1;
        if word.chars().count() >= SHORTEST_NOTABLE {
            *frequency.entry(word.to_lowercase()).or_default() += 1;
        }
        if words.is_multiple_of(STRIDE) {
            progress.report(offset as u64, total);
        }
        assert!(
            !sabotage || offset * 2 < text.len(),
            "asked to panic half-way: {words} words in, at `{word}`"
        );
    }
    progress.report(total, total);

    let mut notes = vec![
        Note::new("words", words),
        Note::new("sentences", text.unicode_sentences().count()),
        Note::new("characters", text.graphemes(true).count()),
        Note::new(
            "reading time",
            format!("{} min", words.div_ceil(READING_SPEED)),
        ),
    ];
    if !frequency.is_empty() {
        notes.push(Note::new("frequent", most_frequent(frequency).join(", ")));
    }
    notes
}

/// The most frequent words; of equally frequent ones, the first in the alphabet.
fn most_frequent(frequency: HashMap<String, usize>) -> Vec<String> {
    let mut words: Vec<_> = frequency.into_iter().collect();
    words.sort_unstable_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
    words.truncate(NOTABLE);
    words.into_iter().map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use std::panic;

    use super::*;

    /// Does not listen.
    struct Deaf;

    impl Progress for Deaf {
        fn report(&self, _done: u64, _total: u64) {}
    }

    fn numbers(text: &str) -> Vec<(String, String)> {
        let notes = statistics(text, false, &Deaf);
        notes
            .into_iter()
            .map(|note| (note.label, note.value))
            .collect()
    }

    #[test]
    fn words_are_those_of_unicode() {
        let text = "Il était une fois. Une FOIS\u{301} e\u{301}tait? Plugins, plugins!";
        let wanted = [
            ("words", "9"),
            ("sentences", "3"),
            ("characters", "52"),
            ("reading time", "1 min"),
            ("frequent", "plugins, e\u{301}tait, fois\u{301}"),
        ];
        let wanted = wanted.map(|(label, value)| (label.to_owned(), value.to_owned()));
        assert_eq!(numbers(text), wanted);
    }

    #[test]
    fn an_empty_text_has_no_frequent_words() {
        assert!(numbers("").iter().all(|(label, _)| label != "frequent"));
    }

    #[test]
    fn sabotage_is_a_panic_half_way() {
        let panic = panic::catch_unwind(|| statistics("one two three four", true, &Deaf));
        let payload = panic.expect_err("asked to panic");
        let message = payload.downcast::<String>().expect("a message");
        assert_eq!(*message, "asked to panic half-way: 4 words in, at `four`");
    }
}
