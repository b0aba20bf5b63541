use std::{
    error::Error,
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

/// The file and its text, which say where something is wrong.
// Not `Debug`: it would show passwords.
pub struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError {
            place: path.display().to_string(),
            what: error.to_string(),
        })?;
        Ok(Self::new(path, text))
    }

    pub fn new(path: &Path, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is wrong with `key`, whose value is at `span`.
    pub fn error(&self, span: Range<usize>, key: &str, what: impl fmt::Display) -> ConfigError {
        ConfigError {
            place: self.place(span),
            what: format!("{key}: {what}"),
        }
    }

    /// What is wrong with the file as a whole.
    pub fn whole(&self, what: impl fmt::Display) -> ConfigError {
        ConfigError {
            place: self.path.display().to_string(),
            what: what.to_string(),
        }
    }

    /// The message of `toml` quotes the line and the value, which may be a password, so it is put
    /// together anew.
    pub fn parse_error(&self, mut error: toml::de::Error) -> ConfigError {
        let place = match error.span() {
            Some(span) => self.place(span),
            None => self.path.display().to_string(),
        };
        let quotes = |message: &str| {
            ["invalid type: ", "invalid value: "]
                .iter()
                .any(|start| message.starts_with(start))
        };
        let message = match error.message() {
            message if quotes(message) => match message.rsplit_once(", expected ") {
                Some((_, expected)) => format!("wrong value, expected {expected}"),
                None => "wrong value".to_owned(),
            },
            message => message.to_owned(),
        };
        // Without the text at hand it tells the key instead.
        error.set_input(None);
        let told = error.to_string();
        let key = told
            .rsplit_once("in `")
            .and_then(|(_, key)| key.trim_end().strip_suffix('`'));
        let what = match key {
            Some(key) => format!("{key}: {message}"),
            None => message,
        };
        ConfigError { place, what }
    }

    fn place(&self, span: Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .chars()
            .rev()
            .take_while(|char| *char != '\n')
            .count()
            + 1;
        format!("{}:{line}:{column}", self.path.display())
    }
}

/// `FILE:LINE:COLUMN: KEY: what was expected`.
#[derive(Debug)]
pub struct ConfigError {
    place: String,
    what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl Error for ConfigError {}
