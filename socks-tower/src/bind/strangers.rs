/// What becomes of a BIND when a host connects that is not the expected peer.
///
/// Either way the stranger's connection is reset, and nothing it sent is read (`SE-57`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strangers {
    /// The wait goes on, until the deadline (`BI-13`): a port scan does not end a transfer.
    #[default]
    Ignore,
    /// The wait is over: the second reply is `02` and names the stranger, in SOCKS4 it is `5B`
    /// (`BI-12`, `S4-17`). The rule of the SOCKS4 memo, which Dante follows too.
    Refuse,
}
