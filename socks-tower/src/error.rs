use std::{error::Error, fmt};

/// What a phase fails with: any error, kept with its [`source`](std::error::Error::source) chain,
/// from which the reply code is read.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An error and its sources on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
