//! Bundles: a folder with a manifest, loaded as one module. Which file of it is meant on this machine, whether what it
//! requires is there, and whether the manifest tells the truth about the library.
//!
//! What is always true:
//!
//! * **D1** Nothing outside of the folder is read: every path is resolved, symbolic links included, and compared with the
//!   resolved folder, before the file is opened.
#![cfg_attr(
    not(feature = "bundle"),
    allow(
        dead_code,
        reason = "without the feature there is the type, and never a value of it"
    )
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::info::PluginInfo;
use super::module::Need;
use super::order::{Want, Wanted};
use super::registry::{Registry, similar};
use crate::error::{Error, Result};

#[cfg(feature = "bundle")]
mod manifest;

/// The file that makes a folder a bundle.
pub(crate) const MANIFEST: &str = "polyplug.toml";

/// What is said of a bundle that cannot be loaded, because this program does not know what that is.
pub(crate) const LEFT_OUT: &str = "it is the folder of a bundle, which this program is built without: enable the feature `bundle` of `polyplug` in the host, or name the library inside it";

/// What the manifest of a bundle says: a folder with a `polyplug.toml`, which is loaded as one module. Needs the feature
/// `bundle`.
#[derive(Clone, Debug)]
pub struct Bundle {
    folder: PathBuf,
    name: String,
    version: String,
    description: String,
    library: PathBuf,
    requires: Vec<Wanted>,
    /// By plugin, as JSON text.
    config: BTreeMap<String, String>,
}

impl Bundle {
    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name: that of a plugin, or of the bundle as a whole.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version that belongs to the name.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// One line about it, or nothing.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The library for this platform.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// What must be loaded before it: contracts as `id major.minor`, then names of plugins.
    #[must_use]
    pub fn requires(&self) -> Vec<String> {
        self.requires.iter().map(Wanted::name).collect()
    }

    /// What the manifest configures a plugin with, as JSON text.
    pub(crate) fn config(&self, plugin: &str) -> Option<&str> {
        self.config.get(plugin).map(String::as_str)
    }

    /// What it requires, for the order of a folder.
    pub(crate) fn wants(&self) -> impl Iterator<Item = Want> {
        self.requires.iter().map(|what| Want {
            plugin: self.name.clone(),
            what: what.clone(),
            of_bundle: true,
        })
    }

    /// Whether everything that it requires is loaded, in other modules than the one with this stamp.
    pub(crate) fn check(&self, registry: &Registry, stamp: Option<u64>) -> Result<Vec<Need>> {
        let mut needs = Vec::new();
        for wanted in &self.requires {
            let provider = provider(registry, wanted, stamp)
                .map_err(|reason| self.lacks(wanted.name(), reason))?;
            needs.push(Need {
                plugin: self.name.clone(),
                provider,
            });
        }
        Ok(needs)
    }

    /// Something that it requires is not there.
    pub(crate) fn lacks(&self, wanted: String, reason: String) -> Error {
        Error::BundleRequires {
            bundle: self.name.clone(),
            path: self.folder.join(MANIFEST),
            wanted,
            reason,
        }
    }

    /// Whether the manifest and the library agree.
    pub(crate) fn agree(&self, plugins: &[PluginInfo]) -> Result<()> {
        let lies = |reason: String| {
            Err(Error::BundleMismatch {
                path: self.folder.join(MANIFEST),
                library: self.library.clone(),
                reason,
            })
        };
        let (name, version) = (&self.name, &self.version);
        let named = plugins.iter().find(|plugin| plugin.name == *name);
        match (named, plugins) {
            (Some(plugin), _) if plugin.version != *version => {
                return lies(format!(
                    "it says `version = \"{version}\"`, and the plugin `{name}` has version {}",
                    plugin.version
                ));
            }
            (None, [only]) => {
                return lies(format!(
                    "it says `name = \"{name}\"`, and the only plugin of the library is `{}`",
                    only.name
                ));
            }
            _ => {}
        }
        for configured in self.config.keys() {
            if !plugins.iter().any(|plugin| plugin.name == *configured) {
                let names: Vec<_> = plugins
                    .iter()
                    .map(|plugin| format!("`{}`", plugin.name))
                    .collect();
                return lies(format!(
                    "it configures a plugin `{configured}`, and those of the library are {}",
                    names.join(", ")
                ));
            }
        }
        Ok(())
    }
}

/// Who provides what a bundle requires, or why nobody does.
fn provider(
    registry: &Registry,
    wanted: &Wanted,
    stamp: Option<u64>,
) -> Result<Arc<super::module::ModuleCore>, String> {
    match wanted {
        Wanted::Contract { id, major, minor } => {
            let mut older = None;
            for found in registry.offers(id, *major) {
                if Some(found.module.stamp) == stamp {
                    continue;
                }
                let info = found.module.info();
                let offered = info
                    .iter()
                    .filter(|plugin| plugin.name == found.plugin)
                    .flat_map(PluginInfo::contracts)
                    .find(|offered| offered.id() == id && offered.version().major == *major);
                match offered {
                    Some(offered) if offered.version().minor >= *minor => {
                        return Ok(Arc::clone(&found.module));
                    }
                    Some(offered) => {
                        older.get_or_insert(format!(
                            "`{}` offers only the older `{offered}`",
                            found.plugin
                        ));
                    }
                    None => {}
                }
            }
            let name = wanted.name();
            Err(older.unwrap_or_else(|| {
                let near = similar(&name, &registry.offered()).filter(|near| *near != name);
                with_near("nothing that is loaded offers it", near)
            }))
        }
        Wanted::Plugin { name } => {
            let mut names = Vec::new();
            for module in registry.modules() {
                if Some(module.stamp) == stamp {
                    continue;
                }
                for plugin in module.info() {
                    if plugin.name == *name {
                        return Ok(Arc::clone(module));
                    }
                    names.push(plugin.name);
                }
            }
            let near = similar(name, &names);
            Err(with_near("no plugin of that name is loaded", near))
        }
    }
}

fn with_near(nobody: &str, near: Option<String>) -> String {
    match near {
        Some(near) => format!("{nobody} (there is `{near}`)"),
        None => nobody.to_owned(),
    }
}

/// Whether a path leads to a bundle.
pub(crate) fn is_bundle(path: &Path) -> bool {
    // A link that leads nowhere is a mistake to be told, not the absence of a manifest.
    path.is_dir() && path.join(MANIFEST).symlink_metadata().is_ok()
}

/// What a path stands for.
pub(crate) struct Chosen {
    pub(crate) library: PathBuf,
    pub(crate) bundle: Option<Arc<Bundle>>,
    /// The files, as they were before they were read.
    #[cfg(feature = "watch")]
    pub(crate) print: super::print::Print,
}

/// The library that a path stands for, and the bundle that it is in, if it is a bundle's folder.
pub(crate) fn chosen(path: &Path) -> Result<Chosen> {
    #[cfg(feature = "watch")]
    let print = super::print::Print::of(path);
    #[cfg(feature = "bundle")]
    let bundle = if path.is_dir() {
        Some(Arc::new(manifest::read(path)?))
    } else {
        None
    };
    #[cfg(not(feature = "bundle"))]
    let bundle: Option<Arc<Bundle>> = None;
    let library = match &bundle {
        Some(bundle) => bundle.library.clone(),
        None => path.to_owned(),
    };
    Ok(Chosen {
        library,
        bundle,
        #[cfg(feature = "watch")]
        print,
    })
}
