//! In place of the admin address, in a program that was built without the feature `admin`.

use std::{fmt, io, net::SocketAddr};

use socks_acl::Acl;
use socks_tower::BoxError;
use tokio::sync::watch;

use crate::{
    auth::{self, Disabled},
    config::{ConfigError, Source},
    listen::Listening,
    pipeline::Watch,
};

/// A table that cannot be there.
pub type Admin = Disabled<auth::Admin>;

/// Nothing.
#[derive(Debug)]
pub enum Prepared {}

impl Admin {
    pub fn prepare(&self, _: &[Listening], _: &Source) -> Result<Prepared, ConfigError> {
        self.never()
    }
}

impl fmt::Display for Prepared {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

pub struct Bound<'a>(&'a Prepared);

impl<'a> Bound<'a> {
    pub fn new(settings: &'a Prepared) -> Result<Self, BoxError> {
        Ok(Self(settings))
    }

    pub fn addr(&self) -> Option<SocketAddr> {
        match *self.0 {}
    }

    pub fn serve(self, _: Watch, _: watch::Receiver<bool>, _: Option<Acl>) -> io::Result<Serving> {
        match *self.0 {}
    }
}

pub enum Serving {}
