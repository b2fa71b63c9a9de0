//! Registration: several plugins in a library, several contracts of one plugin with one state, contract modules, and
//! inspection, which constructs nothing.

#[path = "support/mod.rs"]
mod support;

use fixture_harness::fixture;
use growth_api::Growth;
use polyplug::{FaultKind, ModuleInfo, PluginInfo, Runtime, inspect};
use support::pinned;
use tally_api::{Reader, Tally};

#[test]
fn a_library_offers_several_plugins() {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("duo")).expect("loaded");
    let names: Vec<_> = module
        .plugins()
        .iter()
        .map(|plugin| plugin.name().to_owned())
        .collect();
    // In every profile, whatever the linker's order is.
    assert_eq!(names, ["duo", "north"]);
    let north = runtime.get_from::<dyn Tally>("north").expect("a caller");
    let plain = runtime.get_from::<dyn Tally>("duo").expect("a caller");
    assert_eq!((north.add(1), plain.add(1)), (1001, 1));
    assert_eq!(north.words("pears"), "1001 pears");
    assert_eq!(plain.words("pears"), "exactly 1 pears");
}

#[test]
fn contracts_of_one_plugin_share_one_state() {
    let runtime = Runtime::new();
    runtime.load(fixture("duo")).expect("loaded");
    let tally = runtime.get_from::<dyn Tally>("north").expect("a caller");
    let reader = runtime.get::<dyn Reader>().expect("a caller");
    assert_eq!(reader.total(), 1000);
    assert_eq!(tally.add(5), 1005);
    assert_eq!(reader.total(), 1005);
    let own = runtime
        .create_from::<dyn Tally>("north")
        .expect("an instance");
    assert_eq!(own.add(7), 1007);
    assert_eq!(reader.total(), 1005);
}

#[test]
fn options_on_one_impl_hold_for_all_of_the_type() {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("duo")).expect("loaded");
    let plugins = module.plugins();
    let named = |name: &str| -> PluginInfo {
        let plugin = plugins.iter().find(|plugin| plugin.name() == name);
        plugin.expect("that plugin").clone()
    };
    let contracts = |plugin: &PluginInfo| -> Vec<String> {
        plugin.contracts().iter().map(ToString::to_string).collect()
    };
    let north = named("north");
    assert_eq!(north.version(), "7.8.9");
    assert_eq!(
        contracts(&north),
        ["fixture.reader 2.1", "fixture.tally 1.0"]
    );
    let plain = named("duo");
    assert_eq!(plain.version(), env!("CARGO_PKG_VERSION"));
    assert_eq!(contracts(&plain), ["fixture.tally 1.0"]);
    let reader = &runtime.providers::<dyn Reader>()[0];
    assert_eq!((reader.plugin(), reader.version()), ("north", "7.8.9"));
    // Its constructor is the one that the other impl names.
    assert_eq!(reader.get().expect("a caller").total(), 1000);
}

#[test]
fn a_panic_in_one_contract_leaves_the_state_usable() {
    let runtime = Runtime::new();
    runtime.load(fixture("duo")).expect("loaded");
    let north = runtime.get_from::<dyn Tally>("north").expect("a caller");
    let fault = north.fail().expect_err("it panics");
    assert_eq!(fault.kind(), FaultKind::Panicked);
    assert_eq!(fault.message(), "north has failed");
    assert_eq!(north.add(1), 1001);
    // This plugin left the method to its default body, which panics in the host.
    let plain = runtime.get_from::<dyn Tally>("duo").expect("a caller");
    let outcome = polyplug::catch(|| plain.fail());
    assert!(!matches!(outcome, Ok(Ok(_))), "{outcome:?}");
    assert_eq!(plain.add(1), 1);
}

/// All that can be read in a module.
fn described(info: &ModuleInfo) -> String {
    let mut lines = vec![format!(
        "file {}",
        info.path().file_name().unwrap_or_default().display()
    )];
    for plugin in info.plugins() {
        lines.push(format!(
            "plugin {} {}: {}; {:?}, {}",
            plugin.name(),
            plugin.version(),
            plugin.description(),
            plugin.authors(),
            plugin.license()
        ));
        for contract in plugin.contracts() {
            lines.push(format!("  offers {contract}"));
        }
        for contract in plugin.requires() {
            lines.push(format!("  requires {contract}"));
        }
    }
    for contract in info.contracts() {
        let host = if contract.is_host_contract() {
            ", of the host"
        } else {
            ""
        };
        lines.push(format!(
            "contract {contract}, trait {}{host}: {:?}",
            contract.name(),
            contract.docs()
        ));
        for method in contract.methods() {
            let default = if method.has_default() {
                " by default"
            } else {
                ""
            };
            lines.push(format!("  {method}{default}: {:?}", method.docs()));
        }
    }
    lines.join("\n")
}

#[test]
fn inspecting_constructs_nothing() {
    // Its constructor ends the process, and the host contract that it requires is nowhere.
    let info = inspect(fixture("trap")).expect("inspected");
    pinned("inspect_trap", &described(&info), &[]);
}

#[test]
fn a_contract_crate_alone_is_a_contract_module() {
    let path = fixture("growth-api");
    let info = inspect(&path).expect("inspected");
    assert!(info.plugins().is_empty());
    pinned("inspect_contract_module", &described(&info), &[]);

    let runtime = Runtime::new();
    let module = runtime.load(&path).expect("a contract module loads");
    assert!(module.plugins().is_empty());
    assert_eq!(runtime.contracts()[0].to_string(), "fixture.growth 1.2");
    let error = runtime.get::<dyn Growth>().expect_err("nobody offers it");
    assert_eq!(error.code(), "no-provider");
    runtime.load(fixture("growth-new")).expect("a plugin");
    assert_eq!(
        runtime.get::<dyn Growth>().expect("a caller").first(),
        "new"
    );
}

#[test]
fn inspecting_a_bad_file_fails_like_loading_it() {
    let loaded = Runtime::new().load("nowhere/libhello.so").unwrap_err();
    let inspected = inspect("nowhere/libhello.so").unwrap_err();
    assert_eq!(format!("{loaded:#}"), format!("{inspected:#}"));
}

#[test]
fn a_file_can_be_inspected_before_and_after_it_is_loaded() {
    let path = fixture("duo");
    let runtime = Runtime::new();
    let before = described(&inspect(&path).expect("inspected"));
    runtime.load(&path).expect("loaded");
    assert_eq!(described(&inspect(&path).expect("inspected")), before);
    assert_eq!(runtime.get::<dyn Reader>().expect("a caller").total(), 1000);
}
