use std::{collections::HashMap, fmt, sync::Arc, time::SystemTime};

use super::AccessLogLayer;
use crate::{
    SessionReport,
    lines::{self, Format, Line, LineWriter},
    record::{Record, RecordLayer},
    sessions::Live,
};

/// Where sessions are logged; see the [module](crate::access_log).
///
/// Clones share what they are set to until one of them is changed.
#[derive(Clone)]
pub struct AccessLog(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    format: Format,
    usual: LineWriter,
    /// Where the sessions of a class go, if anywhere.
    classes: HashMap<Arc<str>, Option<LineWriter>>,
}

impl AccessLog {
    /// Logs there.
    pub fn new(format: Format, to: LineWriter) -> Self {
        Self(Arc::new(Settings {
            format,
            usual: to,
            classes: HashMap::new(),
        }))
    }

    /// Logs the sessions of a class somewhere else. The class is what the rule says that let the
    /// session in or refused it ([`Terms::log_class`](socks_core::message::Terms)); one that is not
    /// set here goes where sessions without one go.
    #[must_use]
    pub fn class(self, class: impl Into<Arc<str>>, to: LineWriter) -> Self {
        self.set(class.into(), Some(to))
    }

    /// Does not log the sessions of a class.
    #[must_use]
    pub fn leave_out(self, class: impl Into<Arc<str>>) -> Self {
        self.set(class.into(), None)
    }

    fn set(mut self, class: Arc<str>, to: Option<LineWriter>) -> Self {
        Arc::make_mut(&mut self.0).classes.insert(class, to);
        self
    }

    /// Opens all its files anew ([`LineWriter::reopen`]).
    pub fn reopen(&self) {
        self.0.usual.reopen();
        for writer in self.0.classes.values().flatten() {
            writer.reopen();
        }
    }

    /// Logs the sessions of a service.
    pub fn layer(&self) -> AccessLogLayer {
        RecordLayer::new(self.clone())
    }

    fn writer(&self, report: &SessionReport) -> Option<&LineWriter> {
        let terms = report.terms.as_ref();
        let class = terms.and_then(|terms| terms.log_class.as_ref());
        match class.and_then(|class| self.0.classes.get(class)) {
            Some(writer) => writer.as_ref(),
            None => Some(&self.0.usual),
        }
    }
}

impl Record for AccessLog {
    type Entry = ();

    fn begin(&self, _: &Arc<Live>) {}

    fn end(&self, (): (), report: &SessionReport) {
        if let Some(writer) = self.writer(report) {
            let mut line = Line::new(self.0.format);
            line.time("time", SystemTime::now());
            lines::session(report, &mut line);
            writer.write(line.finish());
        }
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog")
            .field("format", &self.0.format)
            .field("classes", &self.0.classes.keys())
            .finish_non_exhaustive()
    }
}
