use socks_core::{
    Address, Command,
    client::{Authenticated, Granted, Negotiating, Negotiation, Socks5},
    v5,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{ClientError, wire::Wire};

/// What to ask for, and what to send without waiting.
pub(super) struct Request<'a> {
    command: Command,
    destination: Address,
    payload: &'a [u8],
    ahead: bool,
}

impl<'a> Request<'a> {
    pub(super) fn new(command: Command, destination: Address) -> Self {
        Self {
            command,
            destination,
            payload: &[],
            ahead: false,
        }
    }

    pub(super) fn ahead(mut self, payload: &'a [u8]) -> Self {
        self.payload = payload;
        self.ahead = true;
        self
    }

    pub(super) fn payload_len(&self) -> usize {
        self.payload.len()
    }

    /// Goes through the whole handshake, up to the reply.
    pub(super) async fn send<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        offer: Socks5,
        mut wire: Wire<S>,
    ) -> Result<(Wire<S>, Granted), ClientError> {
        let Request {
            command,
            destination,
            payload,
            ahead,
        } = self;
        let mut greeted = offer.greet(wire.output());
        let ahead = ahead && greeted.send_ahead(wire.output());
        if ahead {
            let destination = destination.clone();
            v5::Request {
                command,
                destination,
            }
            .encode(wire.output());
            wire.output().extend_from_slice(payload);
        }
        let negotiating = wire
            .run(greeted, |state, input, _| state.receive(input), unchanged)
            .await?;
        let mut authenticated = negotiate(&mut wire, negotiating).await?;
        if let Some(protection) = authenticated.take_protection() {
            if ahead {
                return Err(ClientError::invalid("a method that protects sent ahead"));
            }
            wire.protect(protection).await?;
        }
        let awaiting = match ahead {
            // It is out already; the state only has to hear that.
            true => authenticated.request(command, destination, &mut Vec::new()),
            false => {
                let awaiting = authenticated.request(command, destination, wire.output());
                wire.output().extend_from_slice(payload);
                awaiting
            }
        };
        let granted = wire.reply(awaiting).await?;
        Ok((wire, granted))
    }
}

async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    mut negotiating: Negotiating,
) -> Result<Authenticated, ClientError> {
    loop {
        let step = wire.step(|input, output| negotiating.step(input, output));
        negotiating = match step.await? {
            Negotiation::Done(authenticated) => return Ok(authenticated),
            Negotiation::Blocking(blocking) => wire.block(|| blocking.block()).await?,
            Negotiation::NeedInput(same) => {
                wire.receive().await?;
                same
            }
        };
    }
}

fn unchanged<A>(_: A, _: &[u8], error: ClientError) -> ClientError {
    error
}
