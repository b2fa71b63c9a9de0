//! Every type that may stand in a contract, through a plugin in Python: data, closures and objects, both ways.

mod support;

use std::path::{Path, PathBuf};

use every_api::Every;
use guest_suite::Guest;
use polyplug::Pinned;
use support::{file, runtime};

const GUEST: Guest = Guest {
    name: "python",
    error: "RuntimeError: ",
    object: "a dict",
};

fn every(test: impl FnOnce(&Pinned<dyn Every>)) {
    let Some(runtime) = runtime() else { return };
    runtime.load(file("every.py")).expect("it loads");
    let caller = runtime.get::<dyn Every>().expect("a caller");
    test(&polyplug::Caller::pin(&caller).expect("pinned"));
}

#[test]
fn an_empty_path_stays_empty() {
    every(|every| {
        let path = every.path(Path::new(""), PathBuf::new(), vec![]);
        assert_eq!(path, Path::new(""), "not `.`");
        let path = every.path(Path::new(""), PathBuf::from("b"), vec![]);
        assert_eq!(path, Path::new("b"));
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
fn objects_of_python_are_called() {
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
