//! The C header of the binary interface, written from the sources of this crate. It is checked in: a test fails when it is not what
//! the sources say, and `BLESS=1` writes it anew. Compilers of C and C++ compare it with the published layouts.
//!
//! Before `cbindgen` reads the sources they are put into the words of C: names get a prefix, constants the name of their module,
//! lists the name of what they list, and what only Rust reads is left out.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use fixture_harness::Folder;
use quote::{ToTokens, format_ident, quote};
use syn::visit_mut::{self, VisitMut};

/// The files of this crate that the header is made of, in the order in which it is read.
const SOURCES: [&str; 13] = [
    "lib",
    "sequence",
    "grown",
    "receiver",
    "fault",
    "interface",
    "descriptor",
    "guest",
    "link",
    "context",
    "entry",
    "thread",
    "log",
];

/// The table of services stands last: it names everything else.
const LAST: &str = "host";

const HEAD: &str = "\
// The binary interface of polyplug, ABI 1: every type and constant that both sides of a plugin boundary read.
//
// Written from the crate `polyplug-abi` by its test `header`; do not edit. C11 and C++17.
//
// * Signatures hold only scalars and pointers, never a struct by value.
// * Every struct that can grow starts with its own size in bytes, and grows only at its end: write `sizeof` the struct into
//   `size`, and read only fields that lie below the `size` that the other side wrote.
// * Arrays of such structs are arrays of pointers, so that both sides may know a different size.";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The items of the sources that the header is made of.
fn items() -> Vec<syn::Item> {
    let files = SOURCES.iter().chain([&LAST]);
    let files = files.map(|name| {
        let path = root().join(format!("polyplug-abi/src/{name}.rs"));
        let text = fs::read_to_string(&path).expect("a source of this crate");
        syn::parse_file(&text)
            .expect("a source that compiles")
            .items
    });
    files.flatten().collect()
}

/// Puts an item into the words of C.
struct Translation {
    /// The types of this crate.
    types: BTreeSet<String>,
    /// The types that stand in lists.
    listed: BTreeSet<String>,
}

impl Translation {
    /// The one type between the brackets of a generic type.
    fn argument(segment: &syn::PathSegment) -> Option<&syn::Type> {
        let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            syn::GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
    }
}

impl VisitMut for Translation {
    fn visit_type_mut(&mut self, ty: &mut syn::Type) {
        if let syn::Type::Path(path) = ty {
            let segment = path
                .path
                .segments
                .last()
                .expect("a path has a segment")
                .clone();
            let inner = Self::argument(&segment).cloned();
            match (segment.ident.to_string().as_str(), inner) {
                ("AtomicPtr", Some(inner)) => *ty = syn::parse_quote!(*mut #inner),
                ("AtomicU32", None) => *ty = syn::parse_quote!(u32),
                ("List", Some(inner)) => {
                    let name = inner.to_token_stream().to_string();
                    let list = format_ident!("{name}List");
                    self.listed.insert(name);
                    *ty = syn::parse_quote!(#list);
                    self.types.insert(list.to_string());
                }
                // Every pointer to a function may be null in C.
                ("Option", Some(syn::Type::Path(inner))) => *ty = syn::Type::Path(inner),
                _ => {}
            }
        }
        visit_mut::visit_type_mut(self, ty);
    }

    fn visit_field_mut(&mut self, field: &mut syn::Field) {
        if field.ty.to_token_stream().to_string().contains("Atomic") {
            field
                .attrs
                .push(syn::parse_quote!(#[doc = " Atomic: other threads change it."]));
        }
        // A word of C++20.
        if field.ident.as_ref().is_some_and(|name| name == "requires") {
            field.ident = Some(format_ident!("requires_"));
        }
        visit_mut::visit_field_mut(self, field);
    }

    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        let last = path.segments.last().expect("a path has a segment");
        if self.types.contains(&last.ident.to_string()) {
            let name = format_ident!("Polyplug{}", last.ident);
            *path = syn::parse_quote!(#name);
        } else if last.ident == "HAZARDS" {
            *path = syn::parse_quote!(POLYPLUG_HAZARDS);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_expr_mut(&mut self, expression: &mut syn::Expr) {
        let text = expression.to_token_stream().to_string();
        let number: Option<u64> = match text.as_str() {
            "u32 :: MAX" => Some(u32::MAX.into()),
            "u64 :: MAX" => Some(u64::MAX),
            "u64 :: MAX - 1" => Some(u64::MAX - 1),
            _ => None,
        };
        if let Some(number) = number {
            let number = proc_macro2::Literal::u64_unsuffixed(number);
            *expression = syn::parse_quote!(#number);
        }
        visit_mut::visit_expr_mut(self, expression);
    }

    fn visit_attribute_mut(&mut self, attribute: &mut syn::Attribute) {
        let syn::Meta::NameValue(pair) = &mut attribute.meta else {
            return;
        };
        if let syn::Expr::Lit(literal) = &mut pair.value
            && let syn::Lit::Str(text) = &mut literal.lit
        {
            *text = syn::LitStr::new(&plain(&text.value()), text.span());
        }
    }
}

/// A line of documentation without links: what stood in brackets stays.
fn plain(line: &str) -> String {
    let mut rest = line;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((word, behind)) = after.split_once("`]") else {
            break;
        };
        out.push_str(before);
        write!(out, "`{word}`").expect("a string");
        rest = match behind
            .strip_prefix('(')
            .and_then(|link| link.split_once(')'))
        {
            Some((_, behind)) => behind,
            None => behind,
        };
    }
    out + rest
}

fn docs(attributes: &[syn::Attribute]) -> impl Iterator<Item = &syn::Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
}

/// A constant under its name in C; `module` is the one that it stands in.
fn constant(constant: &syn::ItemConst, module: Option<&syn::Ident>) -> syn::Item {
    let module = module.map(|module| format!("{}_", module.to_string().to_uppercase()));
    let name = format_ident!("POLYPLUG_{}{}", module.unwrap_or_default(), constant.ident);
    let (docs, ty, value) = (docs(&constant.attrs), &constant.ty, &constant.expr);
    syn::parse_quote!(#(#docs)* pub const #name: #ty = #value;)
}

/// A type of functions without arguments: it stands before the structs, which name it and are named by it.
fn yields(item: &syn::ItemType) -> Option<String> {
    let syn::Type::FnPtr(function) = &*item.ty else {
        return None;
    };
    let syn::ReturnType::Type(_, result) = &function.output else {
        return None;
    };
    let syn::Type::Ptr(pointer) = &**result else {
        return None;
    };
    let (result, name) = (pointer.elem.to_token_stream(), &item.ident);
    let yields = function.inputs.is_empty();
    yields.then(|| format!("typedef const Polyplug{result} *(*Polyplug{name})(void);\n"))
}

/// The sources in the words of C.
struct Translated {
    /// Names that stand before everything else, in C.
    before: String,
    /// The rest, still written in Rust.
    source: String,
}

fn translated() -> Translated {
    let items = items();
    let types = items.iter().filter_map(|item| match item {
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Type(item) => Some(item.ident.to_string()),
        _ => None,
    });
    let mut translation = Translation {
        types: types.collect(),
        listed: BTreeSet::new(),
    };
    let mut out = Vec::new();
    let mut functions = String::new();
    for item in items {
        match item {
            syn::Item::Struct(mut item) if item.generics.params.is_empty() => {
                item.ident = format_ident!("Polyplug{}", item.ident);
                out.push(syn::Item::Struct(item));
            }
            syn::Item::Type(mut item) => {
                if let Some(function) = yields(&item) {
                    for line in docs(&item.attrs) {
                        if let syn::Meta::NameValue(pair) = &line.meta
                            && let syn::Expr::Lit(literal) = &pair.value
                            && let syn::Lit::Str(text) = &literal.lit
                        {
                            writeln!(functions, "///{}", plain(&text.value())).expect("a string");
                        }
                    }
                    functions += &function;
                    continue;
                }
                item.ident = format_ident!("Polyplug{}", item.ident);
                out.push(syn::Item::Type(item));
            }
            syn::Item::Const(item) if matches!(*item.ty, syn::Type::Path(_)) => {
                out.push(constant(&item, None));
            }
            syn::Item::Mod(module) => {
                for item in module.content.iter().flat_map(|(_, items)| items) {
                    if let syn::Item::Const(item) = item {
                        out.push(constant(item, Some(&module.ident)));
                    }
                }
            }
            _ => {}
        }
    }
    for item in &mut out {
        translation.visit_item_mut(item);
    }
    for name in &translation.listed {
        let (list, listed) = (
            format_ident!("Polyplug{name}List"),
            format_ident!("Polyplug{name}"),
        );
        let docs = format!(" A run of pointers to `{listed}`.");
        out.push(syn::parse_quote! {
            #[doc = #docs]
            #[repr(C)]
            pub struct #list {
                /// First pointer; may be null when `len` is 0.
                pub ptr: *const *const #listed,
                /// Number of pointers.
                pub len: usize,
            }
        });
    }
    let structs = out.iter().filter_map(|item| match item {
        syn::Item::Struct(item) => Some(format!("typedef struct {0} {0};\n", item.ident)),
        _ => None,
    });
    let before = structs.collect::<String>() + "\n" + &functions;
    let source = quote!(#(#out)*).to_string();
    Translated { before, source }
}

fn header() -> String {
    let folder = Folder::new("header");
    let translated = translated();
    let source = folder.file("abi.rs", translated.source.as_bytes());
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        header: Some(HEAD.to_owned()),
        include_guard: Some("POLYPLUG_H".to_owned()),
        no_includes: true,
        sys_includes: vec!["stddef.h".to_owned(), "stdint.h".to_owned()],
        after_includes: Some(format!(
            "\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n{}",
            translated.before.trim_end()
        )),
        style: cbindgen::Style::Tag,
        usize_is_size_t: true,
        line_length: 120,
        tab_width: 4,
        documentation_style: cbindgen::DocumentationStyle::Cxx,
        ..cbindgen::Config::default()
    };
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(&source);
    // Every type is wanted, whether a function names it or not.
    let words = translated.source.split_whitespace();
    let names = words.filter(|word| word.starts_with("Polyplug"));
    let bindings = names.fold(bindings, |bindings, name| bindings.include_item(name));
    let mut text = Vec::new();
    bindings
        .generate()
        .expect("cbindgen reads the sources")
        .write(&mut text);
    let text = String::from_utf8(text).expect("a header is text");
    // Every struct has a name of one word, declared before.
    let text = text.replace("struct Polyplug", "Polyplug");
    let lines = text.lines().map(|line| {
        let defined = line.starts_with("Polyplug") && line.ends_with(" {");
        let declared = line.replace("typedef Polyplug", "typedef struct Polyplug");
        match line {
            _ if defined => format!("struct {line}\n"),
            _ if line.starts_with("typedef Polyplug") && !line.contains('(') => declared + "\n",
            _ => format!("{line}\n"),
        }
    });
    let text: String = lines.collect();
    let (text, guard) = text.rsplit_once("#endif").expect("an include guard");
    format!("{text}#ifdef __cplusplus\n}}  // extern \"C\"\n#endif\n\n#endif{guard}")
}

#[test]
fn the_header_says_what_the_sources_say() {
    let file = root().join("plugins/c/include/polyplug.h");
    let now = header();
    if env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&file, now).expect("the header can be written");
        return;
    }
    let published = fs::read_to_string(&file).expect("the header is checked in");
    assert!(
        published == now,
        "`{}` is not what the sources of `polyplug-abi` say: run this test with BLESS=1",
        file.display()
    );
}

/// What the published table says, as assertions for a compiler.
fn assertions() -> String {
    let page = fs::read_to_string(root().join("docs/src/layouts.md")).expect("the published table");
    let table = page
        .split("\n# Layouts of values\n")
        .next()
        .expect("a first part");
    let mut text = "#include \"polyplug.h\"\n#include \"polyplug.h\"\n#ifdef __cplusplus\n#define _Static_assert static_assert\n#define _Alignof alignof\n#endif\n".to_owned();
    for section in table.split("\n## `").skip(1) {
        let (name, rest) = section.split_once('`').expect("a name in backquotes");
        // A list has a name for each type that it lists; they are all alike.
        let name = if name == "List" { "OfferList" } else { name };
        let mut lines = rest.lines().filter(|line| !line.is_empty());
        let (size, align) = lines
            .next()
            .and_then(|line| line.split_once(" bytes, aligned to "))
            .expect("a size");
        writeln!(
            text,
            "_Static_assert(sizeof(Polyplug{name}) == {size} && _Alignof(Polyplug{name}) == {align}, \"{name}\");"
        )
        .expect("a string");
        for line in lines.skip(2) {
            let mut cells = line.trim_matches(['|', ' ']).split(" | ");
            let (Some(offset), Some(field)) = (cells.next(), cells.next()) else {
                panic!("a row of two cells: {line}");
            };
            let field = match field.trim_matches('`') {
                "requires" => "requires_",
                field => field,
            };
            writeln!(
                text,
                "_Static_assert(offsetof(Polyplug{name}, {field}) == {offset}, \"{name}.{field}\");"
            )
            .expect("a string");
        }
    }
    text
}

#[test]
#[cfg(target_pointer_width = "64")]
fn compilers_of_c_and_cpp_see_the_published_layouts() {
    let folder = Folder::new("header-layouts");
    let text = assertions();
    assert!(text.matches("sizeof").count() > 35, "{text}");
    for (variable, compiler, standard, file) in [
        ("CC", "cc", "-std=c11", "layouts.c"),
        ("CXX", "c++", "-std=c++17", "layouts.cpp"),
        ("CXX", "c++", "-std=c++20", "layouts.cpp"),
    ] {
        let source = folder.file(file, text.as_bytes());
        let compiler = env::var(variable).unwrap_or_else(|_| compiler.to_owned());
        let output = Command::new(&compiler)
            .args([
                standard,
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
                "-fsyntax-only",
            ])
            .arg("-I")
            .arg(root().join("plugins/c/include"))
            .arg(source)
            .output();
        let output = output.unwrap_or_else(|error| {
            panic!("this test needs `{compiler}` ({error}): install one, or name it in the variable {variable}")
        });
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
