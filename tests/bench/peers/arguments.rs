//! What the small servers here can be told: `--login USER PASSWORD`, `--workers N`.

use std::{env, io};

use tokio::runtime::{Builder, Runtime};

#[derive(Default)]
pub struct Arguments {
    pub login: Option<(String, String)>,
    workers: Option<usize>,
}

impl Arguments {
    /// # Panics
    ///
    /// With words that it does not know.
    pub fn parse() -> Self {
        let (mut arguments, mut words) = (Self::default(), env::args().skip(1));
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("a value");
            match word.as_str() {
                "--login" => arguments.login = Some((value(), value())),
                "--workers" => arguments.workers = Some(value().parse().expect("a number")),
                other => panic!("unknown: {other}"),
            }
        }
        arguments
    }

    /// A thread a core, unless it was told how many.
    pub fn runtime(&self) -> io::Result<Runtime> {
        let mut runtime = Builder::new_multi_thread();
        if let Some(workers) = self.workers {
            runtime.worker_threads(workers);
        }
        runtime.enable_all().build()
    }
}
