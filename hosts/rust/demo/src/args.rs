//! The command line, and what can be said about it before anything runs.

use std::fs;
use std::path::PathBuf;

use clap::Parser;

use crate::failure::Failure;

/// Loads every plugin in a folder, tells what each offers, and runs a text file through those that are stages of the
/// example pipeline.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// The folder with the plugins: shared libraries, and sources in the languages whose loaders are in it
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: PathBuf,

    /// The text to run through the pipeline
    #[arg(long, value_name = "FILE", default_value = "README.md")]
    pub(crate) input: PathBuf,

    /// Run only this stage; give it again, or a list with commas, for more than one
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// Keep the result of the last stage in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// List a plugin as missing that could not be put into the folder
    #[arg(long, value_name = "NAME=WHY", value_parser = missing)]
    pub(crate) missing: Vec<(String, String)>,

    /// Ask the stages to break half-way (`words` panics, those in other languages throw), and go on without those that did
    #[arg(long)]
    pub(crate) sabotage: bool,
}

impl Args {
    /// The bytes of the input.
    pub(crate) fn read_input(&self) -> Result<Vec<u8>, Failure> {
        fs::read(&self.input).map_err(|error| {
            Failure::Usage(format!(
                "cannot read the input `{}`: {error}",
                self.input.display()
            ))
        })
    }

    /// The plugins that could not be put into the folder, and why.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (String, String)> {
        self.missing.iter().cloned()
    }

    /// What the stages call the text.
    pub(crate) fn title(&self) -> String {
        let name = self.input.file_name().unwrap_or(self.input.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

/// Reads `name=why`.
fn missing(text: &str) -> Result<(String, String), String> {
    let (name, why) = text
        .split_once('=')
        .ok_or("expected the name of a plugin, `=`, and why it is missing")?;
    Ok((name.to_owned(), why.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_stage_can_be_named_in_every_way() {
        let line = "demo-host --plugins here --only a,b --only c --only=d";
        let args = Args::parse_from(line.split(' '));
        assert_eq!(args.only, ["a", "b", "c", "d"]);
    }
}
