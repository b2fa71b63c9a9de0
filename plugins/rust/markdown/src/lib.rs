//! A stage that turns Markdown into a page of HTML, with `pulldown-cmark`.

use std::iter;

use polyplug::{Caller, Context};
use pulldown_cmark::{Event, Options as Syntax, Parser, Tag, html};
use stage_api::{Note, Options, Output, Progress, Stage, StageError};

/// What is read beside plain CommonMark.
const SYNTAX: Syntax = Syntax::ENABLE_TABLES
    .union(Syntax::ENABLE_FOOTNOTES)
    .union(Syntax::ENABLE_STRIKETHROUGH)
    .union(Syntax::ENABLE_TASKLISTS)
    .union(Syntax::ENABLE_HEADING_ATTRIBUTES)
    .union(Syntax::ENABLE_GFM);

/// Between the title and the body of the page.
const STYLE: &str = "\
<style>
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif }
pre { overflow-x: auto; padding: 1rem; background: #f4f4f4 }
table { border-collapse: collapse } th, td { padding: .3rem .7rem; border: 1px solid #ccc }
</style>
";

struct Markdown {
    progress: Caller<dyn Progress>,
}

impl Markdown {
    fn new(context: &Context) -> polyplug::Result<Self> {
        let progress = context.host::<dyn Progress>()?;
        Ok(Self { progress })
    }
}

#[polyplug::plugin(name = "markdown", new = Markdown::new, requires(dyn Progress))]
impl Stage for Markdown {
    fn position(&self) -> u32 {
        300
    }

    fn describe(&self) -> String {
        "Markdown in, a page of HTML out".to_owned()
    }

    fn run(&self, input: &[u8], options: &Options) -> Result<Output, StageError> {
        Ok(page(
            stage_api::text(input)?,
            &options.title,
            &self.progress,
        ))
    }
}

/// The whole page, and what is on it.
fn page(text: &str, title: &str, progress: &impl Progress) -> Output {
    let total = text.len() as u64;
    let mut seen = Seen::default();
    let events = Parser::new_ext(text, SYNTAX)
        .into_offset_iter()
        .map(|(event, place)| {
            if seen.count(&event) {
                progress.report(place.start as u64, total);
            }
            event
        });

    let mut body = String::with_capacity(text.len() * 2);
    html::push_html(&mut body, events);
    progress.report(total, total);

    let mut page = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>".to_owned();
    html::push_html(&mut page, iter::once(Event::Text(title.into())));
    page.push_str("</title>\n");
    page.push_str(STYLE);
    page.push_str(&body);
    Output {
        bytes: page.into_bytes(),
        notes: seen.notes(),
    }
}

/// How many of each there are.
#[derive(Debug, Default)]
struct Seen {
    headings: usize,
    links: usize,
    images: usize,
    code_blocks: usize,
    tables: usize,
}

impl Seen {
    /// Counts what opens; says whether something did.
    fn count(&mut self, event: &Event<'_>) -> bool {
        let Event::Start(tag) = event else {
            return false;
        };
        match tag {
            Tag::Heading { .. } => self.headings += 1,
            Tag::Link { .. } => self.links += 1,
            Tag::Image { .. } => self.images += 1,
            Tag::CodeBlock(_) => self.code_blocks += 1,
            Tag::Table(_) => self.tables += 1,
            _ => {}
        }
        true
    }

    /// The counts that are not zero.
    fn notes(&self) -> Vec<Note> {
        [
            ("headings", self.headings),
            ("links", self.links),
            ("images", self.images),
            ("code blocks", self.code_blocks),
            ("tables", self.tables),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(label, count)| Note::new(label, count))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Keeps what is reported.
    #[derive(Default)]
    struct Kept(RefCell<Vec<(u64, u64)>>);

    impl Progress for Kept {
        fn report(&self, done: u64, total: u64) {
            self.0.borrow_mut().push((done, total));
        }
    }

    fn page_of(text: &str) -> (String, Vec<Note>) {
        let output = page(text, "R & D", &Kept::default());
        let page = String::from_utf8(output.bytes).expect("HTML is text");
        (page, output.notes)
    }

    #[test]
    fn markdown_becomes_a_page() {
        let (page, notes) = page_of("# Hi\n\n[there](https://example.org)\n\n|a|\n|-|\n|b|\n");
        assert!(page.starts_with("<!doctype html>"), "{page}");
        assert!(page.contains("<title>R &amp; D</title>"), "{page}");
        assert!(page.contains("<h1>Hi</h1>"), "{page}");
        assert!(
            page.contains("<a href=\"https://example.org\">there</a>"),
            "{page}"
        );
        assert!(page.contains("<td>b</td>"), "{page}");
        let wanted = [("headings", 1), ("links", 1), ("tables", 1)];
        assert_eq!(notes, wanted.map(|(label, count)| Note::new(label, count)));
    }

    #[test]
    fn the_progress_never_falls_and_ends_at_the_total() {
        let kept = Kept::default();
        let text = "para *one*\n\n- a\n- b\n\n```\ncode\n```\n";
        page(text, "", &kept);
        let kept = kept.0.into_inner();
        assert!(kept.is_sorted(), "{kept:?}");
        assert_eq!(kept.last(), Some(&(text.len() as u64, text.len() as u64)));
    }
}
