//! A host of version 1.1 of a contract that grows, and plugins of all versions.

#[allow(unreachable_pub, dead_code, reason = "it is a plugin's as well")]
#[path = "../../plugins/fixtures/matrix-1-1/src/contract.rs"]
mod contract;
#[path = "matrix/host.rs"]
mod host;

use host::Outcome::{Another, Refused, Works};

#[test]
fn c12_plugins_of_all_versions() {
    host::check(&[
        (
            "matrix-1-0",
            Works(&[
                "plan 1.0",
                r#"Style { name: "Style { name: s, width: 1 } [Unknown(2), Plain]", width: 1, depth: 3 }"#,
                r#"[None, Some(Plain), Some(Line("l")), Some(Line("m"))]"#,
                "matrix-1-0, matrix.plan.switch: variant 2 is unknown, `Switch` has 2 here",
                "twice 16",
                r#"desk 1.1; Style { name: "s", width: 11 }; Line("m")"#,
            ]),
        ),
        (
            "matrix-1-1",
            Works(&[
                "plan 1.1",
                r#"Style { name: "Style { name: s, width: 1, depth: 2 } [Dots([1, 2]), Plain]", width: 1, depth: 2 }"#,
                r#"[None, Some(Plain), Some(Line("l")), Some(Dots([1, 2]))]"#,
                "Dim",
                "twice 16",
                r#"desk 1.1; Style { name: "s", width: 11, depth: 2 }; Dots([1, 2]); size 11"#,
            ]),
        ),
        (
            "matrix-1-2",
            Works(&[
                "plan 1.2",
                r#"Style { name: "Style { name: s, width: 1, depth: 2, tags: [] } [Dots([1, 2]), Plain]", width: 1, depth: 2 }"#,
                r#"[None, Some(Plain), Some(Line("l")), Some(Unknown(3))]"#,
                "Dim",
                "twice 1000",
                r#"desk 1.1; Style { name: "s", width: 11, depth: 2, tags: [] }; Dots([1, 2]); size 11; title of 11"#,
            ]),
        ),
        (
            "matrix-2-0",
            Another(
                "nobody offers the contract `matrix.plan 1.1`; did you mean `matrix.plan 2.0`? there is `matrix.desk 1.1`, `matrix.plan 2.0`",
            ),
        ),
        (
            "matrix-bad",
            Refused(&[
                "plugin `matrix-bad` in `[FILE]` was built against another shape of contract `matrix.plan 1.1` than this host (5 differences); build both against the same contract crate, or give the changed contract a new major version",
                "method `restyle`, argument `style`, fields of `Style`, field `width`: the plugin has `u16`, the host has `u8`",
                "method `restyle`, argument `marks`, variants of `Mark`: the plugin has `Plain | Dots | Line`, the host has `Plain | Line | Dots`; variants can only be added at the end: keep those that were there, in their order, or give the contract a new major version",
                "method `marks`, result: the plugin has `Mark`, the host has `Option<Mark>`",
                "method `switch`, argument `switch`, type `Switch`: the plugin has one that does not grow, the host has one that grows (`non_exhaustive`); data that begins or ceases to grow is another type: give it another name, in a new method or a new major version",
                "method `desk`: the host has `desk() -> String`, the plugin has no such method; give it a default body, so that older plugins can do without it",
            ]),
        ),
        (
            "matrix-bad-desk",
            Refused(&[
                "plugin `matrix-bad-desk` in `[FILE]` was built against another shape of contract `matrix.desk 1.3` than this host (2 differences); build both against the same contract crate, or give the changed contract a new major version",
                "method `paint`: the host has `paint(style: &Style) -> Style`, the plugin has `paint(style: &Style, width: u8) -> Style`",
                "method `colour`: the plugin has `colour(mark: Mark) -> u32`, the host has no such method; give it a default body, so that older hosts can do without it",
            ]),
        ),
    ]);
}
