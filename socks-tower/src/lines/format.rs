/// How the fields of a line are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A JSON object a line, in ASCII but for the `…` of a value that was cut.
    #[default]
    Json,
    /// `field=value` with blanks between. A value with a blank or `=` in it, or with nothing, is in
    /// quotes. A quote or a backslash of the value's own is `\"` or `\\`, in quotes and without.
    Text,
}
