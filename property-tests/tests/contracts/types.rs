//! The types of a signature, how they are spelled, and what is done with their values on both sides.

/// A type that may stand in a contract.
#[derive(Clone, Debug)]
pub(crate) enum Ty {
    /// A type of one word that is `Copy`, or a path.
    Word(&'static str),
    Data(String),
    Vec(Box<Ty>),
    Array(Box<Ty>, usize),
    Option(Box<Ty>),
    Result(Box<Ty>, Box<Ty>),
    Tuple(Vec<Ty>),
    Boxed(Box<Ty>),
    /// The name of the map.
    Map(&'static str, Box<Ty>, Box<Ty>),
    Set(&'static str, Box<Ty>),
    Cow,
    /// `&str`, `&Path`.
    Unsized(&'static str),
    Slice(Box<Ty>),
    Ref(Box<Ty>),
    Object(Object),
    Closure(Closure),
    Job,
}

/// How an object is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Ref,
    Mut,
    Box,
    Arc,
}

/// `&dyn C`, `Box<dyn C>` and the like.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) held: Held,
    pub(crate) contract: String,
    pub(crate) markers: &'static str,
    /// What makes one that implements it, from `rng`.
    pub(crate) maker: String,
    /// What looks at it, from `object` and `digest`; `object` is a `&dyn`, or a `&mut dyn` of an exclusive contract.
    pub(crate) user: String,
    pub(crate) exclusive: bool,
}

/// `&dyn Fn`, `Box<dyn FnMut>` and the like.
#[derive(Clone, Debug)]
pub(crate) struct Closure {
    pub(crate) held: Held,
    pub(crate) kind: &'static str,
    pub(crate) takes: Vec<Ty>,
    pub(crate) gives: Box<Ty>,
    pub(crate) markers: &'static str,
}

/// A pointer to a `dyn`.
fn pointer(held: Held, object: &str, markers: &str, lifetime: &str) -> String {
    let parenthesised = if markers.is_empty() && !object.contains("->") {
        format!("dyn {object}")
    } else {
        format!("(dyn {object}{markers})")
    };
    match held {
        Held::Ref => format!("&{lifetime}{parenthesised}"),
        Held::Mut => format!("&{lifetime}mut {parenthesised}"),
        Held::Box => format!("Box<dyn {object}{markers}>"),
        Held::Arc => format!("Arc<dyn {object}{markers}>"),
    }
}

impl Closure {
    fn object(&self) -> String {
        let takes: Vec<_> = self.takes.iter().map(|ty| ty.spelled("")).collect();
        format!(
            "{}({}) -> {}",
            self.kind,
            takes.join(", "),
            self.gives.spelled("")
        )
    }

    /// An expression that is the closure itself.
    fn made(&self) -> String {
        let parameters: Vec<_> = self
            .takes
            .iter()
            .enumerate()
            .map(|(index, ty)| format!("p{index}: {}", ty.spelled("")))
            .collect();
        let looks: String = (0..self.takes.len())
            .map(|index| format!(" digest.look(&p{index});"))
            .collect();
        let count = if self.kind == "FnMut" {
            "calls += 1; digest.number(calls);"
        } else {
            ""
        };
        format!(
            "{{ let (seed, mut calls) = (rng.number(), 0_u64); calls += 0; move |{}| -> {} {{ let mut digest = \
             Digest::new(seed);{looks} {count} digest.rng().make() }} }}",
            parameters.join(", "),
            self.gives.spelled(""),
        )
    }

    /// A call of the closure in `name`, whose result is looked at.
    fn called(&self, name: &str) -> String {
        let passed: Vec<_> = self
            .takes
            .iter()
            .map(|ty| ty.lent(&format!("rng.make::<{}>()", ty.owned()), true))
            .collect();
        format!(
            "{{ let result = {name}({}); digest.look(&result); }}",
            passed.join(", ")
        )
    }
}

impl Ty {
    pub(crate) fn boxed(self) -> Box<Self> {
        Box::new(self)
    }

    /// As it stands in a signature; references have this lifetime.
    pub(crate) fn spelled(&self, lifetime: &str) -> String {
        let of = |ty: &Self| ty.spelled(lifetime);
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Data(name) => name.clone(),
            Self::Vec(ty) => format!("Vec<{}>", of(ty)),
            Self::Array(ty, length) => format!("[{}; {length}]", of(ty)),
            Self::Option(ty) => format!("Option<{}>", of(ty)),
            Self::Result(ty, error) => format!("Result<{}, {}>", of(ty), of(error)),
            Self::Tuple(parts) => {
                format!("({},)", parts.iter().map(of).collect::<Vec<_>>().join(", "))
            }
            Self::Boxed(ty) => format!("Box<{}>", of(ty)),
            Self::Map(map, key, value) => format!("{map}<{}, {}>", of(key), of(value)),
            Self::Set(set, ty) => format!("{set}<{}>", of(ty)),
            Self::Cow => format!(
                "Cow<{}, str>",
                if lifetime.is_empty() {
                    "'_"
                } else {
                    lifetime.trim()
                }
            ),
            Self::Unsized(word) => format!("&{lifetime}{word}"),
            Self::Slice(ty) => format!("&{lifetime}[{}]", of(ty)),
            Self::Ref(ty) => format!("&{lifetime}{}", of(ty)),
            Self::Object(object) => {
                pointer(object.held, &object.contract, object.markers, lifetime)
            }
            Self::Closure(closure) => {
                pointer(closure.held, &closure.object(), closure.markers, lifetime)
            }
            Self::Job => "Job".to_owned(),
        }
    }

    /// Whether a reference, an object or a closure is in it: then it is not made in one go.
    pub(crate) fn is_owned(&self) -> bool {
        match self {
            Self::Word(_) | Self::Data(_) => true,
            Self::Vec(ty)
            | Self::Array(ty, _)
            | Self::Option(ty)
            | Self::Boxed(ty)
            | Self::Set(_, ty) => ty.is_owned(),
            Self::Result(ty, other) | Self::Map(_, ty, other) => ty.is_owned() && other.is_owned(),
            Self::Tuple(parts) => parts.iter().all(Self::is_owned),
            _ => false,
        }
    }

    /// Whether an object or a closure is in it.
    pub(crate) fn has_object(&self) -> bool {
        match self {
            Self::Object(_) | Self::Closure(_) | Self::Job => true,
            Self::Word(_) | Self::Data(_) | Self::Cow | Self::Unsized(_) => false,
            Self::Vec(ty)
            | Self::Array(ty, _)
            | Self::Option(ty)
            | Self::Boxed(ty)
            | Self::Set(_, ty)
            | Self::Slice(ty)
            | Self::Ref(ty) => ty.has_object(),
            Self::Result(ty, other) | Self::Map(_, ty, other) => {
                ty.has_object() || other.has_object()
            }
            Self::Tuple(parts) => parts.iter().any(Self::has_object),
        }
    }

    /// What the caller keeps, to lend it.
    pub(crate) fn owned(&self) -> String {
        let of = Self::owned;
        match self {
            Self::Cow | Self::Unsized("str") => "String".to_owned(),
            Self::Unsized(_) => "PathBuf".to_owned(),
            Self::Slice(ty) | Self::Vec(ty) => format!("Vec<{}>", of(ty)),
            Self::Ref(ty) => of(ty),
            Self::Array(ty, length) => format!("[{}; {length}]", of(ty)),
            Self::Option(ty) => format!("Option<{}>", of(ty)),
            Self::Result(ty, error) => format!("Result<{}, {}>", of(ty), of(error)),
            Self::Tuple(parts) => {
                format!("({},)", parts.iter().map(of).collect::<Vec<_>>().join(", "))
            }
            Self::Boxed(ty) => format!("Box<{}>", of(ty)),
            Self::Map(map, key, value) => format!("{map}<{}, {}>", of(key), of(value)),
            Self::Set(set, ty) => format!("{set}<{}>", of(ty)),
            other => other.spelled(""),
        }
    }

    /// An expression that makes the value from `rng`: what the caller keeps, for all but objects and closures.
    pub(crate) fn made(&self) -> String {
        match self {
            _ if !self.has_object() => format!("rng.make::<{}>()", self.owned()),
            Self::Job => "rng.make::<Job>()".to_owned(),
            Self::Object(object) => self.held(object.held, &object.maker),
            Self::Closure(closure) => self.held(closure.held, &closure.made()),
            Self::Option(ty) => format!(
                "if rng.chance(70) {{ Some({}) }} else {{ None }}",
                ty.made()
            ),
            Self::Result(ty, error) => format!(
                "if rng.chance(70) {{ Ok({}) }} else {{ Err({}) }}",
                ty.made(),
                error.made()
            ),
            Self::Vec(ty) => format!(
                "{{ let mut list: Vec<{}> = Vec::new(); for _ in 0..rng.below(3) {{ list.push({}); }} list }}",
                ty.kept(),
                ty.made()
            ),
            Self::Tuple(parts) => {
                format!(
                    "({},)",
                    parts.iter().map(Self::made).collect::<Vec<_>>().join(", ")
                )
            }
            other => unreachable!("no objects stand in {other:?}"),
        }
    }

    /// The type of what [`Ty::made`] makes.
    pub(crate) fn kept(&self) -> String {
        match self {
            _ if !self.has_object() => self.owned(),
            Self::Object(Object {
                held: Held::Ref | Held::Mut,
                ..
            })
            | Self::Closure(Closure {
                held: Held::Ref | Held::Mut,
                ..
            }) => "_".to_owned(),
            Self::Option(ty) => format!("Option<{}>", ty.kept()),
            Self::Vec(ty) => format!("Vec<{}>", ty.kept()),
            Self::Result(ty, error) => format!("Result<{}, {}>", ty.kept(), error.kept()),
            Self::Tuple(parts) => {
                format!(
                    "({},)",
                    parts.iter().map(Self::kept).collect::<Vec<_>>().join(", ")
                )
            }
            other => other.spelled(""),
        }
    }

    fn held(&self, held: Held, made: &str) -> String {
        match held {
            Held::Ref | Held::Mut => made.to_owned(),
            Held::Box => format!("Box::new({made}) as {}", self.spelled("")),
            Held::Arc => format!("Arc::new({made}) as {}", self.spelled("")),
        }
    }

    /// An expression of the value itself, of what the caller keeps in the place `kept`. A place of its own may be moved
    /// from.
    pub(crate) fn lent(&self, kept: &str, own: bool) -> String {
        match self {
            _ if self.is_owned() && own => kept.to_owned(),
            _ if self.is_owned() => format!("{kept}.clone()"),
            Self::Cow => format!("Cow::Borrowed({kept}.as_str())"),
            Self::Unsized("str") => format!("{kept}.as_str()"),
            Self::Unsized(_) => format!("{kept}.as_path()"),
            Self::Slice(ty) if ty.is_owned() => format!("&{kept}[..]"),
            Self::Slice(ty) => {
                format!(
                    "&*{kept}.iter().map(|x| {}).collect::<Vec<_>>().leak()",
                    ty.lent("(*x)", false)
                )
            }
            Self::Ref(ty) if ty.is_owned() => format!("&{kept}"),
            Self::Ref(ty) => format!("&{}", ty.lent(kept, false)),
            Self::Object(object) => match object.held {
                Held::Ref => format!("&{kept} as {}", self.spelled("")),
                Held::Mut => format!("&mut {kept} as {}", self.spelled("")),
                _ => kept.to_owned(),
            },
            Self::Closure(closure) => match closure.held {
                Held::Ref => format!("&{kept} as {}", self.spelled("")),
                Held::Mut => format!("&mut {kept} as {}", self.spelled("")),
                _ => kept.to_owned(),
            },
            Self::Job => kept.to_owned(),
            Self::Option(ty) if ty.has_object() && ty.moves() => kept.to_owned(),
            Self::Option(ty) => format!("{kept}.as_ref().map(|x| {})", ty.lent("(*x)", false)),
            Self::Result(ty, error) => format!(
                "match &{kept} {{ Ok(x) => Ok({}), Err(x) => Err({}) }}",
                ty.lent("(*x)", false),
                error.lent("(*x)", false)
            ),
            Self::Vec(ty) if ty.has_object() && ty.moves() => kept.to_owned(),
            Self::Vec(ty) => {
                format!(
                    "{kept}.iter().map(|x| {}).collect::<Vec<_>>()",
                    ty.lent("(*x)", false)
                )
            }
            Self::Array(ty, _) => format!("{kept}.each_ref().map(|x| {})", ty.lent("(*x)", false)),
            Self::Map(_, key, value) => format!(
                "{kept}.iter().map(|(k, x)| ({}, {})).collect()",
                key.lent("(*k)", false),
                value.lent("(*x)", false)
            ),
            Self::Tuple(_) if self.has_object() && self.moves() => kept.to_owned(),
            Self::Tuple(parts) => {
                let parts = parts.iter().enumerate();
                let parts = parts.map(|(index, ty)| ty.lent(&format!("{kept}.{index}"), false));
                format!("({},)", parts.collect::<Vec<_>>().join(", "))
            }
            other => unreachable!("nothing is lent in {other:?}"),
        }
    }

    /// Whether its objects are given, not lent.
    fn moves(&self) -> bool {
        match self {
            Self::Object(object) => matches!(object.held, Held::Box | Held::Arc),
            Self::Closure(closure) => matches!(closure.held, Held::Box | Held::Arc),
            Self::Option(ty) | Self::Vec(ty) => ty.moves(),
            Self::Tuple(parts) => parts.iter().any(Self::moves),
            Self::Result(ty, error) => ty.moves() || error.moves(),
            Self::Job => true,
            _ => false,
        }
    }

    /// Statements that look at the value in `name`, and use it up when it holds objects. They use `digest` and `rng`.
    pub(crate) fn used(&self, name: &str) -> String {
        match self {
            _ if !self.has_object() => format!("digest.look(&{name});"),
            Self::Job => format!("{name}.spend(&mut digest);"),
            Self::Object(object) => {
                let reference = if object.exclusive { "&mut *" } else { "&*" };
                format!(
                    "{{ let mut held = {name}; let object = {reference}held; {} }}",
                    object.user
                )
            }
            Self::Closure(closure) => {
                let call = closure.called("held");
                let calls = if closure.kind == "FnOnce" {
                    call
                } else {
                    format!("{call} {call}")
                };
                format!("{{ let mut held = {name}; {calls} }}")
            }
            Self::Option(ty) => format!(
                "match {name} {{ None => digest.number(0), Some(inner) => {{ digest.number(1); {} }} }}",
                ty.used("inner")
            ),
            Self::Result(ty, error) => format!(
                "match {name} {{ Err(inner) => {{ digest.number(0); {} }} Ok(inner) => {{ digest.number(1); {} }} }}",
                error.used("inner"),
                ty.used("inner")
            ),
            Self::Vec(ty) => format!(
                "for inner in {name} {{ digest.number(1); {} }}",
                ty.used("inner")
            ),
            Self::Tuple(parts) => {
                let names: Vec<_> = (0..parts.len()).map(|index| format!("t{index}")).collect();
                let uses: String = parts
                    .iter()
                    .zip(&names)
                    .map(|(ty, name)| ty.used(name))
                    .collect();
                format!("{{ let ({},) = {name}; {uses} }}", names.join(", "))
            }
            other => unreachable!("no objects stand in {other:?}"),
        }
    }
}
