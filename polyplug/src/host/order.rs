//! In which order the modules of a folder are loaded: those that others need come first, and names decide otherwise.

use std::collections::BTreeSet;

/// A module that is to be loaded.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its plugins, for messages.
    pub(crate) name: String,
    /// Its plugins, one by one.
    pub(crate) plugins: Vec<String>,
    /// Contracts by id and major.
    pub(crate) offers: Vec<(String, u32)>,
    /// What its plugins cannot do without, of plugins of other modules.
    pub(crate) requires: Vec<Want>,
    /// What its plugins would like to find.
    pub(crate) wants: Vec<Want>,
}

/// What somebody wants of another module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Want {
    /// Whose wish it is.
    pub(crate) plugin: String,
    pub(crate) what: Wanted,
    /// A manifest says so, not the library.
    pub(crate) of_bundle: bool,
}

/// What can be wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A contract of another plugin.
    Contract { id: String, major: u32, minor: u32 },
    /// A plugin, by its name.
    #[cfg_attr(
        not(any(feature = "bundle", test)),
        expect(dead_code, reason = "only manifests want plugins by name")
    )]
    Plugin { name: String },
}

impl Wanted {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Contract { id, major, minor } => format!("{id} {major}.{minor}"),
            Self::Plugin { name } => name.clone(),
        }
    }
}

impl Want {
    pub(crate) fn name(&self) -> String {
        self.what.name()
    }
}

/// The contract of loaders.
const LOADER: &str = "polyplug.loader";

impl Node {
    pub(crate) fn offers(&self, want: &Want) -> bool {
        match &want.what {
            Wanted::Contract { id, major, .. } => {
                let mut offers = self.offers.iter();
                offers.any(|(offered, version)| offered == id && version == major)
            }
            Wanted::Plugin { name } => self.plugins.contains(name),
        }
    }

    /// Whether it opens sources in other languages.
    pub(crate) fn offers_loader(&self) -> bool {
        self.offers.iter().any(|(id, _)| id == LOADER)
    }
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Load this one.
    Admit(usize),
    /// This one requires itself, through others: spelled out.
    Cycle(usize, String),
}

/// The steps, one after the other, because what comes next depends on what could be loaded.
pub(crate) fn steps(nodes: &[Node]) -> Steps<'_> {
    Steps {
        nodes,
        pending: (0..nodes.len()).collect(),
        cycle: Vec::new(),
    }
}

#[derive(Debug)]
pub(crate) struct Steps<'n> {
    nodes: &'n [Node],
    pending: BTreeSet<usize>,
    cycle: Vec<(usize, String)>,
}

impl Steps<'_> {
    /// The next step; `there` says what is loaded by now.
    pub(crate) fn next(&mut self, there: impl Fn(&Want) -> bool) -> Option<Step> {
        if let Some((index, cycle)) = self.cycle.pop() {
            return Some(Step::Cycle(index, cycle));
        }
        let waits = |index: usize, wants: &[Want]| {
            wants.iter().any(|want| {
                let mut others = self.pending.iter().filter(|&&other| other != index);
                others.any(|&other| self.nodes[other].offers(want))
            })
        };
        let lacks = |index: usize| {
            let node = &self.nodes[index];
            let open: Vec<_> = node
                .requires
                .iter()
                .filter(|want| !there(want))
                .cloned()
                .collect();
            waits(index, &open)
        };
        // First those for which everybody who could be of use was tried; then wishes give way; then it is enough that
        // somebody is there.
        let ready = [
            self.pending.iter().find(|&&index| {
                let node = &self.nodes[index];
                !waits(index, &node.requires) && !waits(index, &node.wants)
            }),
            self.pending
                .iter()
                .find(|&&index| !waits(index, &self.nodes[index].requires)),
            self.pending.iter().find(|&&index| !lacks(index)),
        ];
        let ready = ready.into_iter().flatten().next().copied();
        if let Some(index) = ready {
            self.pending.remove(&index);
            return Some(Step::Admit(index));
        }
        let first = *self.pending.first()?;
        let members = self.cycle_from(first, &there);
        for (at, &(member, _)) in members.iter().enumerate() {
            let mut turned = members.clone();
            turned.rotate_left(at);
            let texts: Vec<_> = (0..turned.len())
                .map(|step| {
                    let want = &turned[step].1;
                    let next = turned[(step + 1) % turned.len()].0;
                    format!(
                        "`{}` requires `{}` of {}",
                        want.plugin,
                        want.name(),
                        self.nodes[next].name
                    )
                })
                .collect();
            self.cycle.push((member, texts.join(", ")));
            self.pending.remove(&member);
        }
        self.cycle
            .sort_by_key(|(member, _)| core::cmp::Reverse(*member));
        self.next(there)
    }

    /// Whoever is asked has a requirement that only waits for others: follow them until one comes again.
    fn cycle_from(&self, first: usize, there: &impl Fn(&Want) -> bool) -> Vec<(usize, Want)> {
        let mut path: Vec<(usize, Want)> = Vec::new();
        let mut at = first;
        loop {
            if let Some(start) = path.iter().position(|(known, _)| *known == at) {
                return path.split_off(start);
            }
            let next = self.nodes[at].requires.iter().find_map(|want| {
                if there(want) {
                    return None;
                }
                let mut others = self.pending.iter().filter(|&&other| other != at);
                let next = others.find(|&&other| self.nodes[other].offers(want))?;
                Some((*next, want.clone()))
            });
            let Some((next, want)) = next else {
                // Not reached: it would have been ready.
                return path;
            };
            path.push((at, want));
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, offers: &str, requires: &str, wants: &str) -> Node {
        let words = |text: &str| -> Vec<Want> {
            text.split_whitespace()
                .map(|id| Want {
                    plugin: name.to_owned(),
                    what: Wanted::Contract {
                        id: id.to_owned(),
                        major: 1,
                        minor: 0,
                    },
                    of_bundle: false,
                })
                .collect()
        };
        Node {
            name: format!("`{name}`"),
            plugins: vec![name.to_owned()],
            offers: offers
                .split_whitespace()
                .map(|id| (id.to_owned(), 1))
                .collect(),
            requires: words(requires),
            wants: words(wants),
        }
    }

    /// What is loaded in which order, with the cycles that were met.
    fn order(nodes: &[Node]) -> (String, Vec<String>) {
        let mut loaded: Vec<usize> = Vec::new();
        let mut cycles = Vec::new();
        let mut steps = steps(nodes);
        while let Some(step) =
            steps.next(|want| loaded.iter().any(|&index| nodes[index].offers(want)))
        {
            match step {
                Step::Admit(index) => loaded.push(index),
                Step::Cycle(_, cycle) => cycles.push(cycle),
            }
        }
        let names = loaded
            .iter()
            .map(|&index| nodes[index].name.trim_matches('`'));
        (names.collect::<Vec<_>>().join(" "), cycles)
    }

    #[test]
    fn names_decide_between_strangers() {
        let nodes = [
            node("a", "x", "", ""),
            node("b", "y", "", ""),
            node("c", "x", "", ""),
        ];
        assert_eq!(order(&nodes), ("a b c".to_owned(), vec![]));
    }

    #[test]
    fn providers_come_first() {
        let nodes = [
            node("a", "", "y", "z"),
            node("b", "y", "x", ""),
            node("c", "x", "", ""),
            node("d", "z", "", ""),
        ];
        assert_eq!(order(&nodes), ("c b d a".to_owned(), vec![]));
    }

    #[test]
    fn a_plugin_can_be_wanted_by_its_name() {
        let mut first = node("a", "", "", "");
        first.requires.push(Want {
            plugin: "a".to_owned(),
            what: Wanted::Plugin {
                name: "b".to_owned(),
            },
            of_bundle: true,
        });
        let nodes = [first, node("b", "", "", "")];
        assert_eq!(order(&nodes), ("b a".to_owned(), vec![]));
    }

    #[test]
    fn wishes_give_way() {
        let nodes = [
            node("a", "x", "", "y"),
            node("b", "y", "", "x"),
            node("c", "", "", "nobody has it"),
        ];
        assert_eq!(order(&nodes), ("c a b".to_owned(), vec![]));
        let nodes = [node("a", "x", "y", ""), node("b", "y", "", "x")];
        assert_eq!(order(&nodes), ("b a".to_owned(), vec![]));
    }

    #[test]
    fn cycles_are_spelled_out_for_their_members() {
        let nodes = [
            node("a", "", "x", ""),
            node("b", "x", "y", ""),
            node("c", "y", "x", ""),
            node("d", "z", "", ""),
        ];
        let (loaded, cycles) = order(&nodes);
        // `a` only needs a member; it is tried at the end, and fails for want of it.
        assert_eq!(loaded, "d a");
        assert_eq!(
            cycles,
            [
                "`b` requires `y 1.0` of `c`, `c` requires `x 1.0` of `b`",
                "`c` requires `x 1.0` of `b`, `b` requires `y 1.0` of `c`",
            ]
        );
    }

    #[test]
    fn a_cycle_that_somebody_else_opens_is_none() {
        let nodes = [
            node("a", "x", "y", ""),
            node("b", "y", "x", ""),
            node("c", "x", "", ""),
        ];
        assert_eq!(order(&nodes), ("c b a".to_owned(), vec![]));
    }
}
