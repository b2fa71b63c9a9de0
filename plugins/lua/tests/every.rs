//! Every type that may stand in a contract, through a plugin in Lua: data, closures and objects, both ways.

mod support;

use every_api::Every;
use guest_suite::Guest;
use polyplug::Pinned;
use support::{file, runtime};

const GUEST: Guest = Guest {
    name: "lua",
    error: "",
    object: "the table",
};

fn every(test: impl FnOnce(&Pinned<dyn Every>)) {
    let runtime = runtime();
    runtime.load(file("every.lua")).expect("it loads");
    let caller = runtime.get::<dyn Every>().expect("a caller");
    test(&polyplug::Caller::pin(&caller).expect("pinned"));
}

#[test]
fn integers_are_numbers_as_long_as_they_are_exact() {
    every(|every| {
        for (a, b, seen) in [
            (1 << 64, -(1 << 64), "string string"),
            (u128::from(u64::MAX), i128::from(i64::MIN), "cdata cdata"),
            ((1 << 53) + 1, -(1 << 53) - 1, "cdata cdata"),
            (1 << 53, -(1 << 53), "number number"),
            (0, i128::from(u64::MAX), "number cdata"),
        ] {
            assert_eq!(every.wide(a, b), (a, b));
            assert_eq!(every.optional_text(Some("seen")).as_deref(), Some(seen));
        }
    });
}

#[test]
fn values_go_there_and_back() {
    every(guest_suite::values_go_there_and_back);
}

#[test]
fn maps_and_sets_go_there_and_back() {
    every(guest_suite::maps_and_sets_go_there_and_back);
}

#[test]
fn times_and_paths_go_there_and_back() {
    every(guest_suite::times_and_paths_go_there_and_back);
}

#[test]
fn what_may_be_changed_is_changed() {
    every(|every| guest_suite::what_may_be_changed_is_changed(every, GUEST));
}

#[test]
fn a_text_may_be_a_part_of_an_argument() {
    every(guest_suite::a_text_may_be_a_part_of_an_argument);
}

#[test]
fn closures_go_both_ways() {
    every(|every| guest_suite::closures_go_both_ways(every, GUEST));
}

#[test]
fn closures_are_kept_and_dropped() {
    every(guest_suite::closures_are_kept_and_dropped);
}

#[test]
fn objects_of_the_host_are_called() {
    every(guest_suite::objects_of_the_host_are_called);
}

#[test]
fn objects_of_lua_are_called() {
    every(|every| guest_suite::objects_of_the_guest_are_called(every, GUEST));
}

#[test]
fn c16_an_arc_that_comes_home_is_the_same() {
    every(guest_suite::c16_an_arc_that_comes_home_is_the_same);
}

#[test]
fn exclusive_objects_are_read_and_lent() {
    every(guest_suite::exclusive_objects_are_read_and_lent);
}

#[test]
fn c07_objects_inside_data_are_dropped_once() {
    every(|every| guest_suite::c07_objects_inside_data_are_dropped_once(every, GUEST));
}
