use std::path::{Path, PathBuf};

use super::walk::{is_skipped, sorted};
use crate::{Error, error::read};

/// A package of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    /// With underscores, as paths in Rust have it.
    pub(super) name: String,
    /// The folder of its manifest.
    pub(super) root: PathBuf,
}

/// All packages below `directory`, in the order of their paths. Fuzz targets are one too.
pub(super) fn packages(directory: &Path) -> Result<Vec<Package>, Error> {
    let mut found = Vec::new();
    let manifest = directory.join("Cargo.toml");
    if manifest.exists() {
        let text = read(&manifest)?;
        let name = name(&text).map_err(|error| Error::new(manifest.display(), error))?;
        found.extend(name.map(|name| Package {
            name,
            root: directory.to_owned(),
        }));
    }
    for path in sorted(directory)? {
        if path.is_dir() && !is_skipped(&path) {
            found.extend(packages(&path)?);
        }
    }
    Ok(found)
}

/// `None` for a manifest that only holds a workspace.
fn name(manifest: &str) -> Result<Option<String>, toml::de::Error> {
    let manifest: toml::Table = manifest.parse()?;
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"));
    Ok(name
        .and_then(toml::Value::as_str)
        .map(|name| name.replace('-', "_")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests() {
        let package = "[package]\nname = \"socks-core\"\nversion.workspace = true";
        assert_eq!(name(package).unwrap().as_deref(), Some("socks_core"));
        assert_eq!(name("[workspace]\nmembers = []").unwrap(), None);
        assert!(name("[").is_err());
    }
}
