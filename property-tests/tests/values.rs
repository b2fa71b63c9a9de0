//! Random values of every type, through a really loaded library and back, in both directions.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use fixture_harness::fixture;
use polyplug::{Caller, Fault, Pinned, Runtime};
use proptest::array::{uniform2, uniform3};
use proptest::collection::{btree_map, btree_set, hash_map, hash_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::result::maybe_ok;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use values::{Back, Bits, Colour, Echo, Itself, Key, Mark, Record, Same, Sample, Value};

/// How many values of each type.
const CASES: u32 = 48;
/// How deep values are nested.
const DEPTH: u32 = 6;

fn text() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        Just(String::new()),
        vec(any::<char>(), 0..12).prop_map(|letters| letters.into_iter().collect()),
    ]
}

/// Every pattern of bits: also NaNs that carry something, and both zeros.
fn single() -> impl Strategy<Value = f32> + Clone {
    prop_oneof![
        any::<u32>(),
        Just(0x7FA0_1234),
        Just(0xFFC0_0001),
        Just(0x8000_0000),
    ]
    .prop_map(f32::from_bits)
}

fn double() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![
        any::<u64>(),
        Just(0x7FF4_0000_DEAD_BEEF),
        Just(0xFFF8_0000_0000_0001),
        Just(1 << 63),
    ]
    .prop_map(f64::from_bits)
}

fn colour() -> impl Strategy<Value = Colour> + Clone {
    prop_oneof![Just(Colour::Red), Just(Colour::Green), Just(Colour::Blue)]
}

fn bits() -> impl Strategy<Value = Bits> + Clone {
    any::<u16>().prop_map(Bits)
}

fn sample() -> impl Strategy<Value = Sample> + Clone {
    (any::<i8>(), double(), uniform3(single())).prop_map(|(small, wide, parts)| Sample {
        small,
        wide,
        parts,
    })
}

fn mark() -> impl Strategy<Value = Mark> + Clone {
    (any::<char>(), sample(), any::<bool>()).prop_map(|(letter, sample, set)| Mark {
        letter,
        sample,
        set,
    })
}

fn key() -> impl Strategy<Value = Key> + Clone {
    (
        text(),
        (any::<i16>(), option::of(colour()), any::<[u8; 2]>()),
    )
        .prop_map(|(name, parts)| Key { name, parts })
}

fn duration() -> impl Strategy<Value = Duration> + Clone {
    (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos))
}

fn time() -> impl Strategy<Value = SystemTime> + Clone {
    let span = (any::<u32>(), 0..1_000_000_000_u32, any::<bool>());
    span.prop_map(|(secs, nanos, before)| {
        let span = Duration::new(u64::from(secs), nanos);
        let time = if before {
            SystemTime::UNIX_EPOCH.checked_sub(span)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(span)
        };
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    })
}

/// On Unix any bytes, which need not be text.
fn path() -> impl Strategy<Value = PathBuf> + Clone {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        vec(any::<u8>(), 0..12).prop_map(|bytes| std::ffi::OsString::from_vec(bytes).into())
    }
    #[cfg(not(unix))]
    {
        text().prop_map(PathBuf::from)
    }
}

fn fault() -> impl Strategy<Value = Fault> + Clone {
    text().prop_map(Fault::new)
}

/// The values that hold no others.
fn leaf() -> impl Strategy<Value = Value> {
    let numbers = prop_oneof![
        Just(Value::Nothing),
        Just(Value::Unit(())),
        any::<bool>().prop_map(Value::Bool),
        any::<char>().prop_map(Value::Char),
        any::<(i8, i16, i32, i64, isize)>()
            .prop_map(|(a, b, c, d, e)| Value::Signed(a, b, c, d, e)),
        any::<(u8, u16, u32, u64, usize)>()
            .prop_map(|(a, b, c, d, e)| Value::Unsigned(a, b, c, d, e)),
        any::<(u8, u128, i128)>().prop_map(|(a, b, c)| Value::Wide(a, b, c)),
        (single(), double()).prop_map(|(single, double)| Value::Floats { single, double }),
        colour().prop_map(Value::Colour),
        bits().prop_map(Value::Bits),
        sample().prop_map(Value::Sample),
    ];
    let lists = prop_oneof![
        text().prop_map(Value::Text),
        vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        vec(mark(), 0..4).prop_map(Value::Marks),
        vec(vec(single(), 0..4), 0..4).prop_map(Value::Rows),
        (btree_set(key(), 0..4), hash_set(any::<char>(), 0..4))
            .prop_map(|(tree, hash)| Value::Sets(tree, hash)),
    ];
    let others = prop_oneof![
        duration().prop_map(Value::Duration),
        time().prop_map(Value::Time),
        path().prop_map(Value::Path),
        fault().prop_map(Value::Fault),
        (
            option::of(option::of(any::<bool>())),
            option::of(any::<u8>().prop_map(Box::new)),
            option::of(any::<char>()),
        )
            .prop_map(|(a, b, c)| Value::Niche(a, b, c)),
    ];
    prop_oneof![numbers, lists, others]
}

/// Every value.
fn value() -> impl Strategy<Value = Value> + Clone {
    leaf().prop_recursive(DEPTH, 60, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new).boxed();
        prop_oneof![
            boxed.clone().prop_map(Value::Boxed),
            option::of(boxed.clone()).prop_map(Value::Option),
            maybe_ok(boxed.clone(), text()).prop_map(Value::Result),
            (
                any::<u8>(),
                boxed.clone(),
                option::of(text()),
                boxed.clone()
            )
                .prop_map(Value::Tuple),
            vec(inner.clone(), 0..4).prop_map(Value::List),
            uniform2(boxed).prop_map(Value::Array),
            hash_map(text(), inner.clone(), 0..4).prop_map(Value::Hash),
            btree_map(key(), inner.clone(), 0..4).prop_map(Value::Tree),
            record(inner.boxed()).prop_map(Value::Record),
        ]
    })
}

/// A record that holds such values.
fn record(value: BoxedStrategy<Value>) -> impl Strategy<Value = Record> + Clone {
    let leaf = (text(), value).prop_map(|(name, value)| Record {
        name,
        next: None,
        parts: Vec::new(),
        value: Box::new(value),
    });
    leaf.prop_recursive(3, 8, 2, |inner| {
        let next = option::of(inner.clone().prop_map(Box::new));
        (inner.clone(), next, vec(inner, 0..3)).prop_map(|(record, next, parts)| Record {
            next,
            parts,
            ..record
        })
    })
}

/// Both plugins, and what the second one asks.
struct World {
    itself: Pinned<dyn Echo>,
    through: Pinned<dyn Echo>,
    back: Pinned<dyn Back>,
}

impl World {
    /// The library, loaded; the plugin that asks is sent to a struct of the host's, which is no plugin's.
    fn new() -> Self {
        let runtime = Runtime::new();
        runtime.load(fixture("values")).expect("loaded");
        let echo = |name: &str| {
            let caller = runtime.get_from::<dyn Echo>(name).expect("offered");
            Caller::pin(&caller).expect("there")
        };
        let back = Caller::pin(&runtime.get::<dyn Back>().expect("offered")).expect("there");
        assert!(back.send_to(Some(Arc::new(Itself))).is_none());
        Self {
            itself: echo("itself"),
            through: echo("through"),
            back,
        }
    }
}

/// Runs a property for many values. Failures are printed shrunk, with the seed; nothing is written to disk.
fn for_all<S: Strategy>(values: &S, test: impl Fn(S::Value) -> TestCaseResult)
where
    S::Value: Debug,
{
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    if let Err(error) = TestRunner::new(config).run(values, test) {
        panic!("{error}");
    }
}

/// Calls the three methods of a type, on a plugin that answers itself and on one that asks the host.
macro_rules! echoed {
    ($($name:ident $list:ident $sink:ident: $values:expr;)*) => {$(
        #[test]
        fn $list() {
            let world = World::new();
            for_all(&vec($values, 1..4), |values| {
                for (who, echo) in [("itself", &world.itself), ("through", &world.through)] {
                    let value = echo.$name(values[0].clone());
                    prop_assert!(value.same(&values[0]), "{who}, by value: {value:?}");
                    let list = echo.$list(&values);
                    prop_assert!(list.same(&values), "{who}, by reference: {list:?}");
                    let mut sink = values.clone();
                    prop_assert_eq!(echo.$sink(&mut sink), values.len());
                    sink.rotate_left(1);
                    prop_assert!(sink.same(&values), "{who}, by `&mut`: {sink:?}");
                }
                Ok(())
            });
        }
    )*};
}

echoed! {
    value values values_sink: value();
    record records records_sink: record(value().boxed());
    unit units units_sink: Just(());
    flag flags flags_sink: any::<bool>();
    letter letters letters_sink: any::<char>();
    byte bytes bytes_sink: any::<u8>();
    short shorts shorts_sink: any::<i16>();
    word words words_sink: any::<i32>();
    long longs longs_sink: any::<u64>();
    size sizes sizes_sink: any::<usize>();
    wide wides wides_sink: any::<u128>();
    wide_signed wide_signeds wide_signeds_sink: any::<i128>();
    single singles singles_sink: single();
    double doubles doubles_sink: double();
    text texts texts_sink: text();
    colour colours colours_sink: colour();
    bits bitses bits_sink: bits();
    sample samples samples_sink: sample();
    mark marks marks_sink: mark();
    key keys keys_sink: key();
    duration durations durations_sink: duration();
    time times times_sink: time();
    path paths paths_sink: path();
    fault faults faults_sink: fault();
    boxed boxes boxes_sink: value().prop_map(Box::new);
    deep deeps deeps_sink: vec(option::of(maybe_ok(
        (any::<u8>(), uniform3(vec(any::<u16>(), 0..4))),
        option::of(text()).prop_map(Box::new),
    )), 0..4);
    table tables tables_sink:
        hash_map(text(), btree_map(any::<i64>(), vec(option::of(double()), 0..3), 0..3), 0..3);
    outcome outcomes outcomes_sink: maybe_ok(
        vec((any::<u8>(), uniform2(option::of(text()))), 0..4),
        (option::of(record(value().boxed()).prop_map(Box::new)), bits()),
    );
    eight eights eights_sink: (
        any::<u8>(), any::<u128>(), any::<bool>(), single(), any::<char>(), any::<i64>(), text(), option::of(mark()),
    );
    six sixes sixes_sink:
        option::of(option::of(option::of(option::of(option::of(option::of(any::<u8>()))))));
    arrays arrayses arrays_sink: uniform3(uniform2(uniform2(option::of(any::<u16>()))));
    maps mapses maps_sink: btree_map(
        (colour(), option::of(text())),
        hash_map(any::<[u8; 2]>(), btree_set(key(), 0..3), 0..3),
        0..3,
    );
    sets setses sets_sink: (
        hash_set(bits(), 0..4),
        btree_set(option::of(any::<char>()), 0..4),
        hash_set(maybe_ok(any::<i8>(), text()), 0..4),
    );
}

/// The other direction: the plugin hands values to objects and closures of the host.
#[test]
fn into_the_host() {
    let World { back, .. } = World::new();
    for_all(&vec(value(), 1..4), |values| {
        let value = &values[0];
        prop_assert!(back.object(&Itself, value.clone()).same(value));
        let seen = Mutex::new(None);
        let given = back.closure(
            &|value| {
                *seen.lock().unwrap() = Some(value.clone());
                value
            },
            value.clone(),
        );
        prop_assert!(given.same(value));
        prop_assert!(seen.into_inner().unwrap().same(&Some(value.clone())));
        let mut shown = Vec::new();
        let mut look = |value: &Value, all: &[Value]| {
            shown.push(value.clone());
            all.same(&values)
        };
        prop_assert_eq!(back.shown(&mut look, &values) as usize, values.len());
        prop_assert!(shown.same(&values));
        let once = back.once(Box::new(Ok), value.clone());
        prop_assert!(once.same(&Ok(value.clone())));
        let fault = Fault::new("refused");
        let refused = fault.clone();
        let once = back.once(Box::new(|_| Err(refused)), value.clone());
        prop_assert!(once.same(&Err(fault)));
        let mut kept = Vec::new();
        let mut home = back.kept(Box::new(move |value, shown| {
            kept.extend([value, shown.clone()]);
            kept.clone()
        }));
        for value in &values {
            home(value.clone(), value);
        }
        let kept = home(value.clone(), value);
        let twice = values
            .iter()
            .chain([value])
            .flat_map(|value| [value.clone(), value.clone()]);
        prop_assert!(kept.same(&twice.collect::<Vec<_>>()));
        Ok(())
    });
}
