//! A stage that compresses with gzip, with `flate2`.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use polyplug::{Caller, Context};
use stage_api::{Note, Options, Output, Progress, Stage, StageError};

/// How much is compressed between two reports.
const CHUNK: usize = 16 * 1024;

struct Gzip {
    progress: Caller<dyn Progress>,
}

impl Gzip {
    fn new(context: &Context) -> polyplug::Result<Self> {
        let progress = context.host::<dyn Progress>()?;
        Ok(Self { progress })
    }
}

#[polyplug::plugin(name = "gzip", new = Gzip::new, requires(dyn Progress))]
impl Stage for Gzip {
    fn position(&self) -> u32 {
        400
    }

    fn describe(&self) -> String {
        "anything in, a gzip file out".to_owned()
    }

    fn run(&self, input: &[u8], options: &Options) -> Result<Output, StageError> {
        let bytes = compress(input, &options.title, &self.progress).map_err(|error| {
            StageError::Failed {
                reason: format!("cannot compress: {error}"),
            }
        })?;
        let notes = notes(input.len(), bytes.len());
        Ok(Output { bytes, notes })
    }
}

/// A gzip file. Its only metadata is `name`, so that the same input gives the same bytes on every day and machine.
fn compress(input: &[u8], name: &str, progress: &impl Progress) -> io::Result<Vec<u8>> {
    let total = input.len() as u64;
    let mut file = GzBuilder::new()
        // The header ends its name at the first zero byte, so there is none in it.
        .filename(name.replace('\0', ""))
        .operating_system(255) // unknown
        .write(Vec::with_capacity(input.len() / 2), Compression::best());
    let mut done = 0;
    for chunk in input.chunks(CHUNK) {
        file.write_all(chunk)?;
        done += chunk.len() as u64;
        progress.report(done, total);
    }
    file.finish()
}

/// What was gained.
fn notes(before: usize, after: usize) -> Vec<Note> {
    if before == 0 {
        return Vec::new();
    }
    let percent = 100.0 * after as f64 / before as f64;
    vec![
        Note::new("ratio", format!("{percent:.1} %")),
        Note::new("level", Compression::best().level()),
    ]
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    /// Keeps what is reported.
    #[derive(Default)]
    struct Kept(RefCell<Vec<(u64, u64)>>);

    impl Progress for Kept {
        fn report(&self, done: u64, total: u64) {
            self.0.borrow_mut().push((done, total));
        }
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let input = b"to be or not to be, ".repeat(3000);
        let kept = Kept::default();
        let file = compress(&input, "ha\0mlet", &kept).expect("memory takes everything");
        assert!(file.len() < input.len() / 10);

        let mut reader = GzDecoder::new(file.as_slice());
        let mut back = Vec::new();
        reader.read_to_end(&mut back).expect("a gzip file");
        assert_eq!(back, input);
        let header = reader.header().expect("a header");
        assert_eq!(header.filename(), Some(b"hamlet".as_slice()));

        let kept = kept.0.into_inner();
        assert_eq!(kept.len(), input.len().div_ceil(CHUNK));
        assert_eq!(kept.last(), Some(&(input.len() as u64, input.len() as u64)));
    }

    #[test]
    fn nothing_becomes_a_small_file_without_a_ratio() {
        let file = compress(b"", "", &Kept::default()).expect("memory takes everything");
        assert!(!file.is_empty() && notes(0, file.len()).is_empty());
    }
}
