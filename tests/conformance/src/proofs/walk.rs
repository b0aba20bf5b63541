use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::Error;

/// The Rust files of a package, sorted: not those of packages inside it, nor what was built.
pub(super) fn rust_files(package: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in sorted(package)? {
        if path.is_dir() {
            let foreign = path.join("Cargo.toml").exists();
            if !foreign && !is_skipped(&path) {
                files.extend(rust_files(&path)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// The directory's entries, sorted.
pub(super) fn sorted(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = || -> io::Result<Vec<PathBuf>> {
        let mut paths = fs::read_dir(directory)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    entries().map_err(|error| Error::new(directory.display(), error))
}

/// Build output and hidden folders.
pub(super) fn is_skipped(directory: &Path) -> bool {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    name == "target" || name.starts_with('.')
}
