use super::{Account, Event};
use crate::lines::{self, Format, Line, LineWriter};

/// Writes an object of JSON a line for each event: `instance`, `sequence`, `event` (`start`,
/// `interim` or `stop`), `time` and `started` (RFC 3339, UTC), and the fields of the [access
/// log](crate::lines#fields), of which `end` and what follows it stand in a stop only.
#[derive(Clone, Debug)]
pub struct FileAccount(LineWriter);

impl FileAccount {
    /// Writes there; [`Durability::Batch`](lines::Durability::Batch) is for accounts that must
    /// survive a machine that stops.
    pub const fn new(lines: LineWriter) -> Self {
        Self(lines)
    }
}

impl Account for FileAccount {
    fn account(&self, event: Event) {
        let mut line = Line::new(Format::Json);
        line.words("instance", Some(&event.instance));
        line.number("sequence", event.sequence);
        line.text("event", Some(event.kind.name()));
        line.time("time", event.time);
        line.time("started", event.started);
        lines::session(&event.report, &mut line);
        self.0.write(line.finish());
    }
}
