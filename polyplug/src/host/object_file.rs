//! Is this file a shared library for this machine? Asked before the system's loader maps it, because a truncated file
//! that is mapped ends the process with SIGBUS, and because the loader's own words are for experts.
//!
//! Only the fixed heads of the formats are read: a parser of whole object files would be a dependency larger than the
//! crate that uses it.

/// Why a file cannot be loaded here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// No shared library: what it is instead.
    NotALibrary(String),
    /// A shared library for another kind of machine.
    Foreign(String),
}

const ELF_HEADER: usize = 64;
const SHARED_OBJECT: u16 = 3;

pub(crate) const CUT_OFF: &str =
    "only the beginning of one, cut off while it was written or copied";

/// What this program runs on.
pub(crate) fn expected() -> String {
    format!("{} ({})", std::env::consts::ARCH, std::env::consts::OS)
}

/// Looks at the head of a file.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Unfit> {
    if bytes.is_empty() {
        return Err(Unfit::NotALibrary("an empty file".to_owned()));
    }
    if bytes.starts_with(b"!<arch>\n") {
        let archive = "an archive of object files: a static library, or Rust's own `rlib`";
        return Err(Unfit::NotALibrary(archive.to_owned()));
    }
    let format = if bytes.starts_with(b"\x7fELF") {
        "ELF"
    } else if bytes.starts_with(b"MZ") {
        "Windows"
    } else if bytes.len() >= 4
        && matches!(
            bytes[..4],
            [0xCF, 0xFA, 0xED, 0xFE] | [0xCA, 0xFE, 0xBA, 0xBE]
        )
    {
        "macOS"
    } else {
        let head = &bytes[..bytes.len().min(1024)];
        let text = head
            .utf8_chunks()
            .all(|chunk| chunk.invalid().len() < 4 && !chunk.valid().contains('\0'))
            && String::from_utf8_lossy(head)
                .chars()
                .filter(|&letter| letter == char::REPLACEMENT_CHARACTER)
                .count()
                <= 1;
        return Err(Unfit::NotALibrary(
            if text {
                "a text file"
            } else {
                "a file of unknown format"
            }
            .to_owned(),
        ));
    };
    let ours = if cfg!(windows) {
        "Windows"
    } else if cfg!(target_vendor = "apple") {
        "macOS"
    } else {
        "ELF"
    };
    if format != ours {
        return Err(Unfit::Foreign(format!("a {format} system")));
    }
    if format == "ELF" { elf(bytes) } else { Ok(()) }
}

/// The head of an ELF file; field offsets from the System V ABI, chapter 4.
fn elf(bytes: &[u8]) -> Result<(), Unfit> {
    let truncated = || Unfit::NotALibrary(CUT_OFF.to_owned());
    if bytes.len() < ELF_HEADER {
        return Err(truncated());
    }
    let (class, data) = (bytes[4], bytes[5]);
    let machine = u16::from_le_bytes([bytes[18], bytes[19]]);
    let machine = if data == 2 {
        machine.swap_bytes()
    } else {
        machine
    };
    let name = match machine {
        3 => "x86".to_owned(),
        21 => "powerpc64".to_owned(),
        22 => "s390x".to_owned(),
        40 => "arm".to_owned(),
        62 => "x86_64".to_owned(),
        183 => "aarch64".to_owned(),
        243 => "riscv64".to_owned(),
        258 => "loongarch64".to_owned(),
        other => format!("machine number {other}"),
    };
    let known = [
        "x86",
        "powerpc64",
        "s390x",
        "arm",
        "x86_64",
        "aarch64",
        "riscv64",
        "loongarch64",
    ];
    if known.contains(&std::env::consts::ARCH) && name != std::env::consts::ARCH {
        return Err(Unfit::Foreign(name));
    }
    if class != 2 || data != 1 {
        // 32-bit or big-endian, and the right machine: the system's loader is the better judge.
        return Ok(());
    }
    let kind = u16::from_le_bytes([bytes[16], bytes[17]]);
    if kind != SHARED_OBJECT {
        let found = match kind {
            1 => "an object file that was not linked",
            2 => "an executable",
            4 => "a core dump",
            _ => "an ELF file of another kind",
        };
        return Err(Unfit::NotALibrary(found.to_owned()));
    }
    let word = |at: usize| -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    };
    let half = |at: usize| u64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let (table, entry, count) = (word(32).ok_or_else(truncated)?, half(54), half(56));
    for index in 0..count {
        let start = table
            .checked_add(index * entry)
            .and_then(|start| usize::try_from(start).ok())
            .ok_or_else(truncated)?;
        let offset = start.checked_add(8).and_then(word).ok_or_else(truncated)?;
        let length = start.checked_add(32).and_then(word).ok_or_else(truncated)?;
        let end = offset.checked_add(length).ok_or_else(truncated)?;
        if end > bytes.len() as u64 {
            return Err(truncated());
        }
    }
    // The section table usually lies at the very end: what it misses was cut off.
    let sections = word(40)
        .ok_or_else(truncated)?
        .checked_add(half(58) * half(60))
        .ok_or_else(truncated)?;
    if sections > bytes.len() as u64 {
        Err(truncated())
    } else {
        Ok(())
    }
}

/// What a 64-bit little-endian ELF file exports and imports. The bytes are those of a whole file that [`check`] found fit.
pub(crate) struct DynamicTables<'b> {
    symbols: &'b [u8],
    names: &'b [u8],
}

impl<'b> DynamicTables<'b> {
    /// `None` of other formats, and of a library without a section table, which does not show them.
    pub(crate) fn of(bytes: &'b [u8]) -> Option<Self> {
        const DYNAMIC_SYMBOLS: u32 = 11;

        if !bytes.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let part = |start: u64, length: u64| {
            let end = usize::try_from(start.checked_add(length)?).ok()?;
            bytes.get(usize::try_from(start).ok()?..end)
        };
        let long = |at: u64| Some(u64::from_le_bytes(part(at, 8)?.try_into().ok()?));
        let word = |at: u64| Some(u32::from_le_bytes(part(at, 4)?.try_into().ok()?));
        let half = |at: u64| Some(u16::from_le_bytes(part(at, 2)?.try_into().ok()?));
        let (table, entry, count) = (long(40)?, u64::from(half(58)?), u64::from(half(60)?));
        let section = |index: u64| table.checked_add(index.checked_mul(entry)?);
        let content = |section: u64| {
            let (start, length) = (section.checked_add(24)?, section.checked_add(32)?);
            part(long(start)?, long(length)?)
        };
        for index in 0..count {
            let at = section(index)?;
            if word(at.checked_add(4)?)? == DYNAMIC_SYMBOLS {
                let names = section(u64::from(word(at.checked_add(40)?)?))?;
                return Some(Self {
                    symbols: content(at)?,
                    names: content(names)?,
                });
            }
        }
        None
    }

    /// All names that the system's loader is told, one after the other with a zero after each: symbols, libraries, and
    /// the folders to look for them.
    pub(crate) fn names(&self) -> &'b [u8] {
        self.names
    }

    /// The first symbol that the system shares between all libraries that have one of that name, be they versions or
    /// copies of one module: `STB_GNU_UNIQUE` of the symbol table, which C++ compilers use for the statics of inline
    /// functions and templates (A4).
    pub(crate) fn shared_symbol(&self) -> Option<String> {
        const UNIQUE: u8 = 10;
        const SYMBOL: usize = 24;

        let shared = self.symbols.chunks_exact(SYMBOL).find(|symbol| {
            let defined = u16::from_le_bytes([symbol[6], symbol[7]]) != 0;
            symbol[4] >> 4 == UNIQUE && defined
        })?;
        let at = u32::from_le_bytes([shared[0], shared[1], shared[2], shared[3]]);
        let name = self.names.get(usize::try_from(at).ok()?..)?;
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
        Some(String::from_utf8_lossy(name).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_library_is_named() {
        let what = |bytes: &[u8]| match check(bytes) {
            Err(Unfit::NotALibrary(what)) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(b""), "an empty file");
        assert_eq!(what("fn main() {} // größer".as_bytes()), "a text file");
        assert_eq!(what(&[1, 2, 0, 255, 254, 0, 9]), "a file of unknown format");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_can_be_cut_anywhere() {
        let path = std::env::current_exe().expect("the path of this test");
        let bytes = std::fs::read(path).expect("this test");
        assert_eq!(check(&bytes), Ok(()));
        for cut in [5, 63, 64, 100, bytes.len() / 2] {
            let truncated = Unfit::NotALibrary(CUT_OFF.to_owned());
            assert_eq!(check(&bytes[..cut]), Err(truncated), "cut at {cut}");
        }
        let tables = DynamicTables::of(&bytes).expect("a section table");
        assert_eq!(tables.shared_symbol(), None);
        let has = |name: &[u8]| tables.names().windows(name.len()).any(|part| part == name);
        assert!(has(b"libc.so"));
        for cut in [0, 63, 64, bytes.len() / 2] {
            assert!(DynamicTables::of(&bytes[..cut]).is_none(), "cut at {cut}");
        }
        let mut foreign = bytes;
        foreign[18] = 8;
        foreign[19] = 0;
        assert_eq!(
            check(&foreign),
            Err(Unfit::Foreign("machine number 8".to_owned()))
        );
    }
}
