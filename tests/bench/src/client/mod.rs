//! The client's side of a tunnel.

mod door;
mod handshake;

pub(crate) use self::{
    door::{Door, LOGIN, PATIENCE, Way},
    handshake::address,
};
