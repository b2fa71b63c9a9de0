//! A host of version 2.0 of a contract that grows, and plugins of all versions.

#[allow(unreachable_pub, dead_code, reason = "it is a plugin's as well")]
#[path = "../../plugins/fixtures/matrix-2-0/src/contract.rs"]
mod contract;
#[path = "matrix/host.rs"]
mod host;

use host::Outcome::{Refused, Works};

#[test]
fn c12_plugins_of_all_versions() {
    host::check(&[
        (
            "matrix-1-0",
            Refused(&[
                "plugin `matrix-1-0` needs the host contract `matrix.desk 1.0`: nobody provides it (there is `matrix.desk 2.0`); call `runtime.provide` with an implementation before loading it",
            ]),
        ),
        (
            "matrix-1-1",
            Refused(&[
                "plugin `matrix-1-1` needs the host contract `matrix.desk 1.1`: nobody provides it (there is `matrix.desk 2.0`); call `runtime.provide` with an implementation before loading it",
            ]),
        ),
        (
            "matrix-1-2",
            Refused(&[
                "plugin `matrix-1-2` needs the host contract `matrix.desk 1.2`: nobody provides it (there is `matrix.desk 2.0`); call `runtime.provide` with an implementation before loading it",
            ]),
        ),
        (
            "matrix-2-0",
            Works(&[
                "plan 2.0",
                r#"Style { width: 1, name: "s" }"#,
                r#"desk 2.0; Style { width: 20, name: "s" }"#,
            ]),
        ),
        (
            "matrix-bad",
            Refused(&[
                "plugin `matrix-bad` needs the host contract `matrix.desk 1.1`: nobody provides it (there is `matrix.desk 2.0`); call `runtime.provide` with an implementation before loading it",
            ]),
        ),
        (
            "matrix-bad-desk",
            Refused(&[
                "plugin `matrix-bad-desk` needs the host contract `matrix.desk 1.3`: nobody provides it (there is `matrix.desk 2.0`); call `runtime.provide` with an implementation before loading it",
            ]),
        ),
    ]);
}
