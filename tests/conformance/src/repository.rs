use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Catalogue, Error, Reasons, audit, error::read, proofs::Proofs, report, vectors::Vectors,
};

/// All inputs, read from the workspace that this package is in.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    pub(crate) catalogue: Catalogue,
    pub(crate) proofs: Proofs,
    pub(crate) vectors: Vectors,
    pub(crate) reasons: Reasons,
}

impl Repository {
    /// Reads the workspace.
    ///
    /// # Errors
    ///
    /// If an input is missing or not readable.
    pub fn load() -> Result<Self, Error> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        Ok(Self {
            catalogue: Catalogue::load(&root.join("docs/protocol"))?,
            proofs: Proofs::load(&root)?,
            vectors: Vectors::load(&root.join("tests/vectors/vectors.json"))?,
            reasons: Reasons::load(&root.join("docs/conformance.toml"))?,
            root,
        })
    }

    /// What the inputs contradict each other in, or leave open; one line each.
    pub fn problems(&self) -> Vec<String> {
        audit::problems(&self.catalogue, &self.proofs, &self.vectors, &self.reasons)
    }

    /// What `docs/conformance.md` should be.
    pub fn report(&self) -> String {
        report::render(self)
    }

    /// What `docs/conformance.md` is.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn written(&self) -> Result<String, Error> {
        read(&self.path())
    }

    /// Writes `docs/conformance.md`.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self) -> Result<(), Error> {
        let path = self.path();
        fs::write(&path, self.report()).map_err(|error| Error::new(path.display(), error))
    }

    fn path(&self) -> PathBuf {
        self.root.join("docs/conformance.md")
    }
}
