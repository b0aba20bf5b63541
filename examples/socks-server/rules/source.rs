use std::{
    fmt,
    path::{Path, PathBuf},
};

use socks_acl::{Condition, Point, Rule, RuleError, RuleFile, Rules, SafeDefault};
use socks_core::Command;
use toml::Spanned;

use super::{Names, RefusedSessions, RulesTable};
use crate::{
    bind::Bind,
    config::{Config, ConfigError, Source},
};

/// Rules that were read once and are sound; they are read again whenever they are loaded.
#[derive(Clone, Debug)]
pub struct Prepared {
    origin: Origin,
    trial: Option<PathBuf>,
    pub refused: RefusedSessions,
    names: Names,
    /// How many there are, and what may not be meant as it stands.
    summary: Vec<String>,
}

/// Where they are.
#[derive(Clone, Debug)]
enum Origin {
    /// In a file of their own.
    File(PathBuf),
    /// In the configuration file.
    Config(PathBuf),
}

/// Rules, and the files that they come from.
pub struct Loaded {
    pub rules: Rules,
    pub files: Vec<PathBuf>,
}

impl Prepared {
    /// Reads them for the first time, so that `--check` finds what is wrong.
    pub fn new(
        table: &Spanned<RulesTable>,
        trial: Option<&Spanned<PathBuf>>,
        refused: Option<RefusedSessions>,
        names: Names,
        source: &Source,
    ) -> Result<Self, ConfigError> {
        let safe_default = SafeDefault::new();
        let (origin, loaded) = match table.get_ref() {
            RulesTable::File(path) => {
                let loaded = Loaded::open(path, safe_default.clone());
                let loaded = loaded.map_err(|error| source.error(table.span(), "rules", error))?;
                (Origin::File(path.clone()), loaded)
            }
            RulesTable::Inline(file) => {
                let loaded = Loaded::inline(file, safe_default.clone(), source)?;
                (Origin::Config(source.path().to_owned()), loaded)
            }
        };
        if let Some(trial) = trial {
            Loaded::open(trial.get_ref(), safe_default)
                .map_err(|error| source.error(trial.span(), "trial_rules", error))?;
        }
        names
            .check(&loaded.rules)
            .map_err(|error| source.error(table.span(), "rules", error))?;
        let mut summary = vec![format!("{} rules", loaded.rules.len())];
        summary.extend(loaded.rules.warnings().iter().map(ToString::to_string));
        Ok(Self {
            origin,
            trial: trial.map(|trial| trial.get_ref().clone()),
            refused: refused.unwrap_or_default(),
            names,
            summary,
        })
    }

    /// Reads them now. What is wrong with them is said in one line.
    pub fn load(&self, safe_default: SafeDefault) -> Result<Loaded, String> {
        let mut loaded = match &self.origin {
            Origin::File(path) => {
                Loaded::open(path, safe_default).map_err(|error| error.to_string())
            }
            Origin::Config(path) => {
                Self::load_config(path, safe_default).map_err(|error| error.to_string())
            }
        }?;
        self.names.check(&loaded.rules)?;
        loaded.files.push(match &self.origin {
            Origin::File(path) | Origin::Config(path) => path.clone(),
        });
        Ok(loaded)
    }

    /// Of the configuration only the rules are looked at.
    fn load_config(path: &Path, safe_default: SafeDefault) -> Result<Loaded, ConfigError> {
        let source = Source::read(path)?;
        let config = Config::parse(&source)?;
        match config.rules.as_ref().map(Spanned::get_ref) {
            Some(RulesTable::Inline(file)) => Loaded::inline(file, safe_default, &source),
            _ => Err(source.whole("rules: they were in this file when the server was started")),
        }
    }

    /// The rules that are tried out, if there are any.
    pub fn load_trial(&self, safe_default: SafeDefault) -> Option<Result<Loaded, String>> {
        let path = self.trial.as_ref()?;
        Some(match Loaded::open(path, safe_default) {
            Ok(mut loaded) => {
                loaded.files.push(path.clone());
                Ok(loaded)
            }
            Err(error) => Err(error.to_string()),
        })
    }

    pub fn trial(&self) -> Option<&PathBuf> {
        self.trial.as_ref()
    }
}

/// What the server does without rules, as rules.
pub fn without_any(safe_default: SafeDefault, bind: Option<&Bind>) -> Result<Rules, RuleError> {
    let mut builder = Rules::builder()
        .safe_default(safe_default)
        .rule(Point::Request, Rule::allow("the rest"));
    if let Some(bind) = bind {
        let command = Condition::Command([Command::Bind].into());
        let mut rule = Rule::allow("bind").when(command);
        if bind.any_peer {
            rule = rule.any_peer();
        }
        builder = builder.rule(Point::Request, rule);
    }
    builder.build()
}

impl Loaded {
    fn open(path: &Path, safe_default: SafeDefault) -> Result<Self, RuleError> {
        let file = RuleFile::open(path)?.safe_default(safe_default);
        Ok(Self {
            rules: file.rules()?,
            files: file.files(),
        })
    }

    /// Files of entries are where the server is started, as all files of the configuration.
    fn inline(
        file: &RuleFile,
        safe_default: SafeDefault,
        source: &Source,
    ) -> Result<Self, ConfigError> {
        let file = file.clone().base("").safe_default(safe_default);
        let rules = file.rules().map_err(|error| {
            let key = match error.key() {
                Some(key) => format!("rules.{key}"),
                None => "rules".to_owned(),
            };
            match error.span() {
                Some(span) => source.error(span, &key, error.what()),
                None => source.whole(format_args!("{key}: {}", error.what())),
            }
        })?;
        Ok(Self {
            rules,
            files: file.files(),
        })
    }
}

/// For `--check`.
impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Origin::File(path) | Origin::Config(path)) = &self.origin;
        write!(f, "{} of {}", self.summary.join("; "), path.display())?;
        match &self.trial {
            Some(trial) => write!(f, ", on trial {}", trial.display()),
            None => Ok(()),
        }
    }
}
