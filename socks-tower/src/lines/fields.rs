use std::time::Duration;

use super::Line;
use crate::{SessionEnd, SessionReport, error::Chain, sessions::EndReason, udp::DropReason};

/// Groups of a user that are shown at most.
const MAX_GROUPS: usize = 16;

/// What a report knows, in the order of the table in the README: the same in each kind of line.
pub(crate) fn session(report: &SessionReport, line: &mut Line) {
    line.number("session", report.id.0);
    line.words("listener", report.listener.as_ref());
    line.text("peer", Some(&report.peer));
    line.text("local", Some(&report.local));
    line.text("version", report.version);
    if let Some(identity) = &report.identity {
        line.text("method", Some(identity.method));
        line.text("user", identity.user.as_ref());
        let groups = identity.groups.iter().take(MAX_GROUPS);
        line.list("groups", groups.map(|group| &**group));
        line.text("claimed", identity.claimed.as_ref());
        line.text("ident", identity.ident.as_ref());
    }
    line.text("command", report.command);
    line.text("destination", report.destination.as_ref());
    line.text("remote", report.remote);
    line.text("bound", report.bound);
    if let Some(terms) = &report.terms {
        line.words("rule", Some(&terms.rule));
        line.words("class", terms.log_class.as_ref());
    }
    line.words("limit", report.limit.as_ref());
    numbers(report, line);
    end(&report.end, line);
}

fn numbers(report: &SessionReport, line: &mut Line) {
    line.number("sent", report.sent);
    line.number("received", report.received);
    if let Some(datagrams) = &report.datagrams {
        let dropped = DropReason::ALL.iter();
        let dropped = dropped.map(|reason| datagrams.dropped(*reason)).sum();
        line.number("datagrams_sent", datagrams.sent());
        line.number("datagrams_received", datagrams.received());
        line.number("datagrams_dropped", dropped);
    }
    line.number("milliseconds", milliseconds(report.duration));
    if let Some(dial) = report.dial {
        line.number("dial_milliseconds", milliseconds(dial));
    }
}

fn end(end: &SessionEnd, line: &mut Line) {
    if let SessionEnd::Running = end {
        return;
    }
    line.text("end", Some(end.name()));
    line.words("reason", reason(end));
    let code = end.code().map(|code| code.0);
    line.text("code", code.map(|code| format!("{code:02x}")));
    line.words("error", end.error().map(|error| Chain(error).to_string()));
}

fn reason(end: &SessionEnd) -> Option<String> {
    match end {
        SessionEnd::Cut(reason) => Some((*reason).to_owned()),
        end => end.reason().map(EndReason::to_string),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
