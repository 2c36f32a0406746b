//! The maximal user program: every public item, used in every way a user may.
//!
//! Each way is one [`Assertion`] on one line of one generated crate, so that rustc's errors lead
//! back to it. What cannot be written (a type that cannot be named) or does not compile against the
//! library it was written from is a gap of this generator, never a finding.

pub mod assertion;
mod bodies;
mod bound;
mod functions;
mod generics;
mod globs;
mod impls;
mod items;
mod macros;
mod methods;
mod objects;
mod opaque;
mod scope;
mod source_impls;
mod substitutes;
mod traits;
mod types;
mod underscores;
mod unnamed;
mod values;
mod variance;
mod wrapper;
mod writer;

pub use assertion::{Assertion, Unwritten, Use};
pub use impls::UNNAMED;
pub use macros::{macro_inputs, matched_inputs};

use crate::model::names::Names;
use crate::model::surface::Surface;
use writer::Writer;

/// The whole program.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// What it asserts.
    pub assertions: Vec<Assertion>,
    /// Uses that could not be written, because something in them cannot be named.
    pub unwritten: Vec<Unwritten>,
    /// What was not tried because there is too much of it.
    pub capped: Vec<String>,
}

impl Program {
    /// Writes the program of an API.
    pub fn write(names: &Names<'_>) -> Self {
        let mut writer = Writer::new(names);
        items::write_items(&mut writer);
        impls::write_impls(&mut writer);
        unnamed::write_unnamed(&mut writer);
        underscores::write_underscored(&mut writer);
        source_impls::write_source_impls(&mut writer);
        Self {
            assertions: writer.assertions,
            unwritten: writer.unwritten,
            capped: writer.capped.into_inner().into_iter().collect(),
        }
    }

    /// Adds what a glob over another crate brings.
    ///
    /// `module` is the path inside the other crate that the glob names; `extern_name` what programs
    /// call that crate.
    pub fn add_glob(
        &mut self,
        names: &Names<'_>,
        (prefix, module): (&str, &str),
        other: &Surface,
        extern_name: Option<&str>,
    ) {
        self.assertions.extend(globs::brought_by(
            names,
            (prefix, module),
            other,
            extern_name,
        ));
    }
}
