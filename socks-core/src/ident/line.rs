//! Lines and white space, as queries and responses share them (RFC 1413, formal syntax).

use super::MAX_LINE;
use crate::{
    DecodeError,
    wire::{Fault, Reader},
};

/// Which octets end a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// CR LF (`ID-8`).
    CrLf,
    /// CR LF, or LF alone (`ID-9`).
    CrLfOrLf,
}

pub(super) const CRLF: &[u8] = b"\r\n";

/// Reads a line without its end. NUL and CR belong into no line (`ID-14`).
pub(super) fn read<'a>(reader: &mut Reader<'a>, end: End) -> Result<&'a [u8], Fault> {
    let octets = reader.line(MAX_LINE)?;
    let line = match octets.strip_suffix(b"\r") {
        Some(line) => line,
        None if end == End::CrLfOrLf => octets,
        None => return Err(DecodeError::BadLine.into()),
    };
    if line.iter().any(|octet| matches!(octet, 0 | b'\r')) {
        return Err(DecodeError::BadLine.into());
    }
    Ok(line)
}

/// Splits at the first `separator`, which must be there.
pub(super) fn split(field: &[u8], separator: u8) -> Result<(&[u8], &[u8]), DecodeError> {
    let mut parts = field.splitn(2, |octet| *octet == separator);
    match (parts.next(), parts.next()) {
        (Some(before), Some(after)) => Ok((before, after)),
        _ => Err(DecodeError::BadLine),
    }
}

/// Drops the spaces and tabs that may surround a token (`ID-7`).
pub(super) fn trim(mut field: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = field {
        field = rest;
    }
    field
}
