#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod address;
mod command;
mod domain;
mod error;
mod escape;
mod first_octet;
mod method;
mod name_error;
mod progress;
mod reply_code;
mod secret;
mod user_id;
mod user_name;
mod wire;

pub mod chap;
pub mod client;
pub mod gssapi;
pub mod ident;
pub mod message;
pub mod server;
pub mod subnegotiation;
pub mod tor;
pub mod udp;
pub mod username_password;
pub mod v4;
pub mod v5;

pub use self::{
    address::Address,
    command::Command,
    domain::{Domain, Host},
    error::{DecodeError, LengthError},
    escape::Escaped,
    first_octet::FirstOctet,
    method::Method,
    name_error::NameError,
    progress::Progress,
    reply_code::ReplyCode,
    secret::Secret,
    user_id::UserId,
    user_name::UserName,
};
