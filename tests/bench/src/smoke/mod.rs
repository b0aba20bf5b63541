//! Every load in miniature, through a proxy in this process that can be told what to do wrong: what
//! is measured is only worth something if loss and damage are found.

mod datagrams;
mod figures;
mod no_proxy;
mod proxy;
mod streams;
