/// What a phase fails with: any error, kept with its [`source`](std::error::Error::source) chain,
/// from which the reply code is read.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
