//! Modules that are no libraries: found a loader for, opened by it, and held until nobody uses them.
//!
//! What is held: a guest, and the images that its calls go through. Who may touch it: generations, by [`Mapped`].
//!
//! What is always true:
//!
//! * **S1** A guest is released once, on the reaper, when no state and no instance of it is left; its loader's image and
//!   those of its contracts are let go after that.

use core::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use polyplug_abi::{ABI_VERSION, ContractDescriptor, GuestModule, init_options};

use super::load::{self, Opened};
use super::mapped::{self, Mapped};
use super::object_file;
use super::options::{LoadCandidate, Settings};
use super::reaper;
use super::registry::Found;
use super::runtime::Runtime;
use crate::entry;
use crate::error::{Error, Result};
use crate::fault::catch;
use crate::handles::Caller;
use crate::loader::{Known, Loader, Source};

/// A source that a loader opened (S1).
pub(crate) struct GuestHold {
    module: *mut GuestModule,
    images: Vec<*const ()>,
}

// SAFETY: released once, on whatever thread; a guest's functions may be called from any.
unsafe impl Send for GuestHold {}
// SAFETY: as above.
unsafe impl Sync for GuestHold {}

impl Drop for GuestHold {
    fn drop(&mut self) {
        // SAFETY: S1.
        unsafe { ((*self.module).release)(self.module) };
        for &image in &self.images {
            // SAFETY: what was kept for this guest.
            unsafe { mapped::release_image(image) };
        }
    }
}

impl fmt::Debug for GuestHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestHold")
    }
}

/// A file's extension, as loaders name it.
fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().into_owned()
}

impl Runtime {
    /// Opens a module: a library by itself, anything else by its loader.
    pub(crate) fn open_module(
        &self,
        path: &Path,
        options: u32,
        settings: &Settings,
    ) -> Result<Opened> {
        if extension(path) == std::env::consts::DLL_EXTENSION {
            return load::open(path, options, settings);
        }
        match self.loader_of(path) {
            Some((loader, _)) => self.open_source(path, options, settings, &loader),
            None if self.is_source(path) => Err(Error::NoLoader {
                path: path.to_owned(),
                extension: extension(path),
                known: self
                    .loaders()
                    .into_iter()
                    .flat_map(|(_, known)| known)
                    .collect(),
            }),
            None => load::open(path, options, settings),
        }
    }

    /// Whether a file looks like a source in some language: text with an extension.
    fn is_source(&self, path: &Path) -> bool {
        path.extension().is_some()
            && fs::read(path).is_ok_and(|bytes| {
                object_file::check(&bytes).is_err() && core::str::from_utf8(&bytes).is_ok()
            })
    }

    /// The loaders, in load order, with the extensions that they name.
    fn loaders(&self) -> Vec<(Found, Vec<String>)> {
        let mut loaders = Vec::new();
        for found in self.find_all::<dyn Loader>() {
            if let Ok(loader) = self.caller::<dyn Loader>(&found)
                && let Ok(extensions) = catch(|| loader.extensions())
            {
                loaders.push((found, extensions));
            }
        }
        loaders
    }

    /// The first loader that names the extension of a file.
    pub(crate) fn loader_of(&self, path: &Path) -> Option<(Found, Vec<String>)> {
        let wanted = extension(path);
        if wanted.is_empty() {
            return None;
        }
        let mut loaders = self.loaders().into_iter();
        loaders.find(|(_, extensions)| extensions.contains(&wanted))
    }

    fn open_source(
        &self,
        path: &Path,
        options: u32,
        settings: &Settings,
        loader: &Found,
    ) -> Result<Opened> {
        let bytes = fs::read(path).map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        if let Some(verify) = &settings.verify {
            let candidate = LoadCandidate {
                path,
                bytes: &bytes,
            };
            verify.ask(&candidate).map_err(|source| Error::Refused {
                path: path.to_owned(),
                source,
            })?;
        }
        let (known, mut images) = self.known_contracts();
        let inspect = options & init_options::INSPECT != 0;
        let source = Source::new(path.to_owned(), bytes, inspect, known);
        // Held until its image is: it could be unloaded as soon as it has answered.
        let held = Caller::pin(&self.caller::<dyn Loader>(loader)?)?;
        let opened = catch(|| held.open(&source));
        let give_up = |images: Vec<*const ()>| {
            for image in images {
                // SAFETY: kept a few lines above.
                unsafe { mapped::release_image(image) };
            }
        };
        let module = match opened {
            Ok(Ok(opened)) => opened.module(),
            Ok(Err(reason)) => {
                give_up(images);
                return Err(Error::SourceRefused {
                    path: path.to_owned(),
                    loader: loader.plugin.to_owned(),
                    reason,
                });
            }
            Err(source) => {
                give_up(images);
                return Err(Error::LoaderFailed {
                    path: path.to_owned(),
                    loader: loader.plugin.to_owned(),
                    source,
                });
            }
        };
        let malformed = |reason: String| Error::MalformedModule {
            path: path.to_owned(),
            reason,
        };
        if module.is_null() {
            give_up(images);
            return Err(malformed(format!(
                "its loader `{}` opened it as a null pointer",
                loader.plugin
            )));
        }
        // SAFETY: a module that its loader made; every one starts with its size.
        let release = unsafe {
            if ((*module).size as usize) < size_of::<GuestModule>() {
                give_up(images);
                return Err(malformed("a guest module that is too small".to_owned()));
            }
            (*module).release
        };
        // SAFETY: the core's function takes any address.
        images.push(unsafe { mapped::keep_image(release as *const (), core::ptr::null()) });
        drop(held);
        let mapped = Mapped::guest(GuestHold { module, images });
        // SAFETY: the module's registration, which lives while it is held.
        let read = unsafe {
            let registration = (*module).registration;
            if registration.is_null() {
                Err("a guest module without a registration".to_owned())
            } else if (*registration).abi != ABI_VERSION {
                Err(format!(
                    "a guest module of version {} of the binary interface",
                    (*registration).abi
                ))
            } else {
                load::read(&*registration)
            }
        };
        match read {
            Ok(registered) => Ok(Opened {
                registered,
                mapped: Some(mapped),
                loader: Some(Arc::clone(&loader.module)),
            }),
            Err(reason) => {
                reaper::discard(mapped);
                Err(malformed(reason))
            }
        }
    }

    /// The contracts that this program and its modules describe, each id and major once, in its newest version; and what keeps
    /// their images mapped.
    fn known_contracts(&self) -> (Vec<Known>, Vec<*const ()>) {
        let mut known: Vec<(String, u32, u32, *const ContractDescriptor)> = Vec::new();
        let mut images = Vec::new();
        let mut add = |id: &str, major, minor, descriptor: *const ContractDescriptor| match known
            .iter_mut()
            .find(|known| known.0 == id && known.1 == major)
        {
            Some(known) if known.2 >= minor => {}
            Some(known) => (known.2, known.3) = (minor, descriptor),
            None => known.push((id.to_owned(), major, minor, descriptor)),
        };
        for contract in entry::CONTRACTS {
            let descriptor = contract.descriptor();
            // SAFETY: this image's own descriptor: static text.
            add(
                unsafe { descriptor.id.str() },
                descriptor.major,
                descriptor.minor,
                descriptor,
            );
        }
        for module in self.modules() {
            let Some(generation) = module.core.current() else {
                continue;
            };
            for &contract in &generation.described {
                let Some(&descriptor) = generation.origins.get(contract) else {
                    continue;
                };
                // Kept first: who found the generation is not inside it.
                // SAFETY: the core's function takes any address.
                let image = unsafe { mapped::keep_image(descriptor.cast(), core::ptr::null()) };
                if generation.mapped.is_some() && image.is_null() {
                    continue;
                }
                images.push(image);
                let model = &generation.catalog.contracts[contract];
                add(&model.id, model.major, model.minor, descriptor);
            }
        }
        let own = <dyn Loader as crate::Contract>::DESCRIPTOR;
        // SAFETY: this image's own descriptor.
        let own = unsafe { own.id.str() };
        let known = known.into_iter().filter(|(id, ..)| id != own);
        (
            known
                .map(|(.., descriptor)| Known::new(descriptor))
                .collect(),
            images,
        )
    }
}

/// Why a folder passes over a file for which there is no loader.
pub(crate) fn without_loader(path: &Path, found: &str) -> String {
    let extension = extension(path);
    if extension.is_empty() {
        return format!("it is no shared library but {found}");
    }
    format!("it is no shared library but {found}, and no loader for `.{extension}` is loaded")
}
