//! `polyplug.toml`: read, checked key by key, and turned into a [`Bundle`]. A mistake is told with its line.

use std::collections::BTreeMap;
use std::env::consts;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Bundle, MANIFEST};
use crate::error::{Error, Result};
use crate::host::order::Wanted;

/// Systems and machines that a key of `[files]` may name: the words of `std::env::consts`.
const SYSTEMS: [&str; 9] = [
    "android",
    "dragonfly",
    "freebsd",
    "illumos",
    "linux",
    "macos",
    "netbsd",
    "openbsd",
    "windows",
];
const MACHINES: [&str; 10] = [
    "aarch64",
    "arm",
    "loongarch64",
    "mips64",
    "powerpc64",
    "riscv64",
    "s390x",
    "sparc64",
    "x86",
    "x86_64",
];

/// Reads the manifest of a folder. The folder is resolved already.
pub(super) fn read(folder: &Path) -> Result<Bundle> {
    let path = folder.join(MANIFEST);
    let text = fs::read_to_string(confined(folder, MANIFEST, &path, "the manifest itself")?)
        .map_err(|source| Error::Unreadable {
            path: path.clone(),
            source,
        })?;
    let manifest = parse(&text).map_err(|Mistake { at, reason }| Error::BundleInvalid {
        path: path.clone(),
        line: 1 + text[..at.min(text.len())].matches('\n').count(),
        reason,
    })?;
    for (platform, file) in &manifest.files {
        if leads_out(file) {
            return Err(Error::BundlePath {
                path,
                what: format!("the file for `{platform}`"),
                file: PathBuf::from(file),
                leads_to: None,
            });
        }
    }
    let platform = platform();
    let Some(file) = manifest.files.get(&platform) else {
        return Err(Error::BundlePlatform {
            path,
            platform,
            available: manifest.files.into_keys().collect(),
        });
    };
    let library = confined(folder, file, &path, &format!("the file for `{platform}`"))?;
    Ok(Bundle {
        folder: folder.to_owned(),
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        library,
        requires: manifest.requires,
        config: manifest.config,
    })
}

/// The key of `[files]` for this program: system and machine.
fn platform() -> String {
    format!("{}-{}", consts::OS, consts::ARCH)
}

/// Whether a path says already that it leaves the folder, on any system.
fn leads_out(file: &str) -> bool {
    file.starts_with('/') || file.contains([':', '\\']) || file.split('/').any(|part| part == "..")
}

/// The resolved path of a file in the folder (D1).
fn confined(folder: &Path, file: &str, manifest: &Path, what: &str) -> Result<PathBuf> {
    let path = folder.join(file);
    let Ok(resolved) = fs::canonicalize(&path) else {
        return Err(Error::FileMissing {
            advice: format!(
                "it is {what} in `{}`; build it, or correct the path",
                manifest.display()
            ),
            path,
            tried: Vec::new(),
        });
    };
    if !resolved.starts_with(folder) {
        return Err(Error::BundlePath {
            path: manifest.to_owned(),
            what: what.to_owned(),
            file: PathBuf::from(file),
            leads_to: Some(resolved),
        });
    }
    if !resolved.is_file() {
        return Err(Error::FileMissing {
            advice: format!("what is there is no file, and it is {what}"),
            path,
            tried: Vec::new(),
        });
    }
    Ok(resolved)
}

/// What is wrong in a manifest, and where: in bytes from its start.
#[derive(Debug)]
struct Mistake {
    at: usize,
    reason: String,
}

#[derive(Debug)]
struct Manifest {
    name: String,
    version: String,
    description: String,
    files: BTreeMap<String, String>,
    requires: Vec<Wanted>,
    config: BTreeMap<String, String>,
}

fn mistake<T>(at: &Range<usize>, reason: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake {
        at: at.start,
        reason: reason.into(),
    })
}

fn parse(text: &str) -> Result<Manifest, Mistake> {
    let document = DeTable::parse(text).map_err(|error| Mistake {
        at: error.span().map_or(0, |span| span.start),
        reason: error.message().replace('\n', ", "),
    })?;
    let top = Table {
        name: "",
        table: document.get_ref(),
        at: 0..0,
    };
    top.only(&[
        "name",
        "version",
        "description",
        "files",
        "requires",
        "config",
    ])?;
    let files = top.table("files")?;
    let Some(files) = files else {
        return mistake(
            &top.at,
            format!(
                "there is no table `[files]`, which names a library for each platform, as `{} = \"{}plugin{}\"`",
                platform(),
                consts::DLL_PREFIX,
                consts::DLL_SUFFIX
            ),
        );
    };
    Ok(Manifest {
        name: top.required("name")?,
        version: top.required("version")?,
        description: top.text("description")?.unwrap_or_default(),
        files: self::files(&files)?,
        requires: match top.table("requires")? {
            Some(requires) => self::requires(&requires)?,
            None => Vec::new(),
        },
        config: match top.table("config")? {
            Some(config) => self::config(&config)?,
            None => BTreeMap::new(),
        },
    })
}

/// A table of the manifest, and where it stands.
struct Table<'d> {
    name: &'d str,
    table: &'d DeTable<'d>,
    at: Range<usize>,
}

impl<'d> Table<'d> {
    /// The whole name of a key.
    fn key(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    /// Refuses other keys than these.
    fn only(&self, allowed: &[&str]) -> Result<(), Mistake> {
        let unknown = self
            .table
            .keys()
            .filter(|key| !allowed.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        let Some(unknown) = unknown else {
            return Ok(());
        };
        let names: Vec<_> = allowed.iter().map(|name| format!("`{name}`")).collect();
        mistake(
            &unknown.span(),
            format!(
                "unknown key `{}`; allowed here are {}",
                self.key(unknown.get_ref()),
                names.join(", ")
            ),
        )
    }

    fn text(&self, key: &str) -> Result<Option<String>, Mistake> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        text(value, &self.key(key)).map(|text| Some(text.to_owned()))
    }

    fn required(&self, key: &str) -> Result<String, Mistake> {
        match self.text(key)? {
            Some(text) => Ok(text),
            None => mistake(
                &self.at,
                format!("the key `{}` is missing: a text", self.key(key)),
            ),
        }
    }

    fn table(&self, key: &'d str) -> Result<Option<Table<'d>>, Mistake> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::Table(table) => Ok(Some(Table {
                name: key,
                table,
                at: value.span(),
            })),
            other => mistake(
                &value.span(),
                format!("`{key}` is a table, not {}", kind(other)),
            ),
        }
    }
}

/// A text with something in it.
fn text<'d>(value: &'d Spanned<DeValue<'_>>, key: &str) -> Result<&'d str, Mistake> {
    match value.get_ref() {
        DeValue::String(text) if !text.is_empty() => Ok(text),
        DeValue::String(_) => mistake(&value.span(), format!("`{key}` is empty")),
        other => mistake(
            &value.span(),
            format!("`{key}` is a text, not {}", kind(other)),
        ),
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// `[files]`: a library for each platform.
fn files(files: &Table<'_>) -> Result<BTreeMap<String, String>, Mistake> {
    let mut found = BTreeMap::new();
    for (key, value) in files.table {
        let platform = key.get_ref();
        let known = platform.split_once('-').is_some_and(|(system, machine)| {
            (SYSTEMS.contains(&system) || system == consts::OS)
                && (MACHINES.contains(&machine) || machine == consts::ARCH)
        });
        if !known {
            return mistake(
                &key.span(),
                format!(
                    "unknown platform `{platform}`; it is a system and a machine, as `{}`: one of {}, then one of {}",
                    self::platform(),
                    SYSTEMS.join(", "),
                    MACHINES.join(", ")
                ),
            );
        }
        let file = text(value, &files.key(platform))?;
        found.insert(platform.to_string(), file.to_owned());
    }
    Ok(found)
}

/// `[requires]`: contracts with their versions, and plugins by name.
fn requires(requires: &Table<'_>) -> Result<Vec<Wanted>, Mistake> {
    requires.only(&["contracts", "plugins"])?;
    let list = |key: &str| -> Result<Vec<(String, Range<usize>)>, Mistake> {
        let Some(value) = requires.table.get(key) else {
            return Ok(Vec::new());
        };
        let key = requires.key(key);
        let DeValue::Array(list) = value.get_ref() else {
            return mistake(
                &value.span(),
                format!("`{key}` is a list of texts, not {}", kind(value.get_ref())),
            );
        };
        list.iter()
            .map(|entry| Ok((text(entry, &key)?.to_owned(), entry.span())))
            .collect()
    };
    let mut all = Vec::new();
    for (contract, at) in list("contracts")? {
        let parts = contract.split_once(' ').and_then(|(id, version)| {
            let (major, minor) = version.split_once('.')?;
            let (major, minor) = (major.parse().ok()?, minor.parse().ok()?);
            Some(Wanted::Contract {
                id: id.to_owned(),
                major,
                minor,
            })
        });
        match parts {
            Some(wanted) => all.push(wanted),
            None => {
                return mistake(
                    &at,
                    format!(
                        "`{contract}` is no contract with its version; write it as `demo.greeter 1.0`"
                    ),
                );
            }
        }
    }
    all.extend(
        list("plugins")?
            .into_iter()
            .map(|(name, _)| Wanted::Plugin { name }),
    );
    Ok(all)
}

/// `[config]`: by plugin, as JSON text.
fn config(config: &Table<'_>) -> Result<BTreeMap<String, String>, Mistake> {
    let mut found = BTreeMap::new();
    for (key, value) in config.table {
        let plugin = key.get_ref();
        if !matches!(value.get_ref(), DeValue::Table(_)) {
            return mistake(
                &key.span(),
                format!(
                    "`{}` is a table, what the plugin `{plugin}` is configured with, not {}; settings stand below `[config.NAME]`, with the plugin's name",
                    config.key(plugin),
                    kind(value.get_ref())
                ),
            );
        }
        let mut text = String::new();
        json(value, &mut text)?;
        found.insert(plugin.to_string(), text);
    }
    Ok(found)
}

/// Writes a value as JSON; a time becomes a text.
fn json(value: &Spanned<DeValue<'_>>, out: &mut String) -> Result<(), Mistake> {
    match value.get_ref() {
        DeValue::String(text) => quoted(text, out),
        DeValue::Datetime(time) => quoted(&time.to_string(), out),
        DeValue::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        DeValue::Integer(integer) => {
            let Ok(number) = i64::from_str_radix(integer.as_str(), integer.radix()) else {
                return mistake(&value.span(), "the integer does not fit into 64 bits");
            };
            let _ = write!(out, "{number}");
        }
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            // The shortest text that is read as the same number.
            Ok(number) if number.is_finite() => {
                let _ = write!(out, "{number:?}");
            }
            _ => return mistake(&value.span(), "the number is not finite"),
        },
        DeValue::Array(values) => {
            out.push('[');
            for (number, value) in values.iter().enumerate() {
                if number != 0 {
                    out.push(',');
                }
                json(value, out)?;
            }
            out.push(']');
        }
        DeValue::Table(table) => {
            out.push('{');
            for (number, (key, value)) in table.iter().enumerate() {
                if number != 0 {
                    out.push(',');
                }
                quoted(key.get_ref(), out);
                out.push(':');
                json(value, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..=' ' if letter != ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_becomes_json() {
        let text = r#"
            name = "a"
            version = "1.0.0"
            [files]
            [config.a]
            text = "say \"\\\" and\n\u0001"
            numbers = [0x1F, -7, 1_000, 1.5, 1e300]
            when = 2024-05-06
            deep = { on = true, off = [] }
        "#;
        let manifest = parse(text).expect("a manifest");
        assert_eq!(
            manifest.config["a"],
            r#"{"deep":{"off":[],"on":true},"numbers":[31,-7,1000,1.5,1e300],"text":"say \"\\\" and\u000a\u0001","when":"2024-05-06"}"#
        );
    }

    #[test]
    fn paths_that_say_that_they_leave_are_seen_on_every_system() {
        for out in ["/a", "../a", "a/../../b", "C:/a", "..\\a", "\\\\a\\b"] {
            assert!(leads_out(out), "{out}");
        }
        for inside in ["a", "a/b.so", "./a", "a..b"] {
            assert!(!leads_out(inside), "{inside}");
        }
    }
}
