//! How the data of the contracts is written in `cases.json`.

use anyhow::{Context, Result, bail};
use conformance_api::{
    Colour, Everything, Id, Mark, Options, Point, Problem, Shape, Step, Style, Tree,
};
use serde_json::{Value as Json, json};

use crate::golden::{Golden, Written, exactly};

/// Structs with names: an object with the fields.
macro_rules! structs {
    ($($name:ident { $($field:ident)* })*) => {$(
        impl Written for $name {
            fn write(&self) -> Json {
                let fields = [$((stringify!($field).to_owned(), self.$field.write())),*];
                Json::Object(fields.into_iter().collect())
            }
        }
        impl Golden for $name {
            fn read(json: &Json) -> Result<Self> {
                Ok(Self { $($field: field(json, stringify!($field))?),* })
            }
        }
    )*};
}

fn field<T: Golden>(json: &Json, name: &str) -> Result<T> {
    let value = json
        .get(name)
        .with_context(|| format!("no field `{name}` in {json}"))?;
    T::read(value).with_context(|| format!("in field `{name}`"))
}

structs! {
    Point { x y }
    Mark { at set }
    Tree { title mark children next shapes }
    Options { name width depth }
    Everything {
        yes letter int8 int16 int32 int64 int128 uint8 uint16 uint32 uint64 uint128 float32 float64 text bytes texts maybe outcome
        pair array boxed hash_map tree_map hash_set tree_set length time path mark id colour shape style tree
    }
}

impl Written for Id {
    fn write(&self) -> Json {
        json!([self.0, self.1])
    }
}

impl Golden for Id {
    fn read(json: &Json) -> Result<Self> {
        let (one, other) = Golden::read(json)?;
        Ok(Self(one, other))
    }
}

impl Written for Style {
    fn write(&self) -> Json {
        json!(self.0)
    }
}

impl Golden for Style {
    fn read(json: &Json) -> Result<Self> {
        Golden::read(json).map(Self)
    }
}

/// The name of a variant, and its fields.
fn variant(json: &Json) -> (&str, &Json) {
    (
        json["variant"].as_str().unwrap_or_default(),
        &json["fields"],
    )
}

impl Written for Colour {
    fn write(&self) -> Json {
        json!({ "variant": format!("{self:?}") })
    }
}

impl Golden for Colour {
    fn read(json: &Json) -> Result<Self> {
        Ok(match variant(json).0 {
            "Red" => Self::Red,
            "Green" => Self::Green,
            "Blue" => Self::Blue,
            _ => bail!("{json} is no colour"),
        })
    }
}

impl Written for Shape {
    fn write(&self) -> Json {
        match self {
            Self::Empty => json!({ "variant": "Empty" }),
            Self::Circle(centre, radius) => {
                json!({ "variant": "Circle", "fields": [centre.write(), radius.write()] })
            }
            Self::Label { text, size, weight } => json!({
                "variant": "Label",
                "fields": { "text": text, "size": size, "weight": weight.write() },
            }),
        }
    }
}

impl Golden for Shape {
    fn read(json: &Json) -> Result<Self> {
        Ok(match variant(json) {
            ("Empty", _) => Self::Empty,
            ("Circle", fields) => {
                let (centre, radius) = Golden::read(fields)?;
                Self::Circle(centre, radius)
            }
            ("Label", fields) => Self::Label {
                text: field(fields, "text")?,
                size: field(fields, "size")?,
                weight: field(fields, "weight")?,
            },
            _ => bail!("{json} is no shape"),
        })
    }
}

impl Written for Step {
    fn write(&self) -> Json {
        match self {
            Self::Rest => json!({ "variant": "Rest" }),
            Self::Walk(far) => json!({ "variant": "Walk", "fields": [far] }),
            Self::Say { words } => json!({ "variant": "Say", "fields": { "words": words } }),
        }
    }
}

impl Golden for Step {
    fn read(json: &Json) -> Result<Self> {
        Ok(match variant(json) {
            ("Rest", _) => Self::Rest,
            ("Walk", fields) => Self::Walk(u32::read(&exactly(fields, 1)?[0])?),
            ("Say", fields) => Self::Say {
                words: field(fields, "words")?,
            },
            _ => bail!("{json} is no step"),
        })
    }
}

impl Written for Problem {
    fn write(&self) -> Json {
        match self {
            Self::Fault(fault) => json!({ "variant": "Fault", "fields": [fault.write()] }),
            Self::Refused { reason, code } => json!({
                "variant": "Refused",
                "fields": { "reason": reason, "code": code },
            }),
        }
    }
}

impl Golden for Problem {
    fn read(json: &Json) -> Result<Self> {
        Ok(match variant(json) {
            ("Fault", fields) => Self::Fault(Golden::read(&exactly(fields, 1)?[0])?),
            ("Refused", fields) => Self::Refused {
                reason: field(fields, "reason")?,
                code: field(fields, "code")?,
            },
            _ => bail!("{json} is no problem"),
        })
    }
}
