#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod address;
mod command;
mod domain;
mod error;
mod escape;
mod method;
mod name_error;
mod reply_code;
mod secret;
mod user_id;
mod user_name;
mod wire;

pub mod username_password;
pub mod v4;
pub mod v5;

pub use self::{
    address::Address,
    command::Command,
    domain::{Domain, Host},
    error::{DecodeError, LengthError},
    escape::Escaped,
    method::Method,
    name_error::NameError,
    reply_code::ReplyCode,
    secret::Secret,
    user_id::UserId,
    user_name::UserName,
};
