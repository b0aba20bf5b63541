/// What is done about a client's ident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentPolicy {
    /// Its host is not asked.
    Skip,
    /// Its host is asked, and the answer is a hint. Nobody is rejected for it (`ID-21`).
    Optional,
    /// Its host must answer, and must not name another user than a SOCKS4 request does (`ID-19`,
    /// `ID-20`). A client whose host cannot be asked is rejected too.
    Required,
}
