//! Every shared struct with its size, alignment and fields, compared with the published table. `BLESS=1` writes the
//! table anew; whoever does that has made a new version of the binary interface, or added at an end. What follows on the page,
//! the layouts of values, is held by a test of `polyplug`.

use std::fmt::Write as _;
use std::path::Path;

use polyplug_abi::*;

macro_rules! layouts {
    ($text:ident: $($type:ty { $($field:ident),* $(,)? })*) => {$(
        let name = stringify!($type).split('<').next().expect("a name").trim();
        writeln!(
            $text, "\n## `{name}`\n\n{} bytes, aligned to {}\n\n| offset | field |\n| ---: | --- |",
            size_of::<$type>(), align_of::<$type>()
        ).expect("a string");
        $(
            writeln!($text, "| {} | `{}` |", core::mem::offset_of!($type, $field), stringify!($field)).expect("a string");
        )*
    )*};
}

/// What begins the other part of the page.
const VALUES: &str = "\n# Layouts of values\n";

#[test]
fn the_layouts_are_the_published_ones() {
    if cfg!(not(target_pointer_width = "64")) {
        eprintln!("SKIPPED: the table is for 64-bit targets");
        return;
    }
    let mut text = format!(
        "# Layouts of ABI {ABI_VERSION}\n\nOn 64-bit targets, in bytes. Written from the types by a test of `polyplug-abi`, which fails when one moves.\n"
    );
    layouts! { text:
        Slice { ptr, len }
        List<u8> { ptr, len }
        Buffer { ptr, len, capacity, release }
        Object { interface, state, retain, release }
        Sink { input, output }
        Grown { ptr, release }
        GrownVariant { tag, payload }
        Receiver { state, fault, call }
        Call { size, flags }
        FaultRecord { size, kind, table, message, file, line, column, trace, plugin, contract, method }
        FaultTable { size, flags, retain, release }
        FaultParts { size, kind, message, file, line, column, trace, plugin, contract, method }
        Host {
            size, abi, fault_new, fault_unhandled, report, adapt, thread, enter, pin, cast, keep_image, release_image,
            threads, log, send_image, take_image, default_body,
        }
        ThreadTable { size, flags, spawn, at_exit, started_by }
        LogTable {
            size, flags, attach, site, enabled, event, new_span, record, follows, enter, exit, retain, release, current,
        }
        LogSite { size, interest, level, line, target }
        LogSiteParts { size, kind, level, line, name, target, module, file, fields, field_count }
        LogRecord { size, parent_kind, site, image, plugin, parent, tag, values, value_count }
        LogValue { field, kind, bits, text }
        InterfaceHeader { size, method_count, flags, reserved, order, contract, invoke }
        Implementor { interface, state, plugin }
        Guest { size, flags, invoke }
        ThreadRecord { entries, barrier, reserved }
        Cell { generation }
        Generation { stamp, ways }
        Way { interface, state, hold }
        Link { cell, stamp, index, plugin, keeper }
        Hold { size, flags, table, interface, state, plugin }
        HoldTable { size, flags, retain, release, is_current, cast, migrate }
        ContextRecord { size, flags, table, plugin }
        ContextTable { size, flags, retain, release, find, config, previous_version }
        Registration { size, abi, options, flags, offers, contracts, expected_offers, name, image }
        Offer { size, flags, plugin, interface, written, written_count }
        PluginDescriptor {
            size, flags, name, version, description, authors, license, repository, requires, construct, destroy, wants,
            save, restore, data,
        }
        ContractDescriptor { size, flags, major, minor, id, name, docs, order, methods, bridge, defaults }
        MethodDescriptor { size, flags, name, docs, arguments, result, frame_size, frame_align }
        ArgumentDescriptor { size, passing, name, ty, frame_offset }
        TypeDescriptor {
            size, kind, flags, reserved, name, docs, lent_size, lent_align, owned_size, owned_align, length,
            elements, element_count, fields, variants, contract,
        }
        FieldDescriptor { size, flags, name, docs, ty, lent_offset, owned_offset }
        VariantDescriptor { size, tag, name, docs, fields }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/layouts.md");
    let page = std::fs::read_to_string(&golden).expect("the published table");
    let (published, values) = page.split_at(page.find(VALUES).unwrap_or(page.len()));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, text + values).expect("the table can be written");
        return;
    }
    assert_eq!(
        text, published,
        "a shared struct moved: that is a new version of the binary interface"
    );
}
