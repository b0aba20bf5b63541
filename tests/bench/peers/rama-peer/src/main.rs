//! CONNECT by rama, as its own example serves it, the runtime with a thread a core. It listens on a
//! free port of loopback and says which.

#[path = "../../arguments.rs"]
mod arguments;

use rama::{
    error::BoxError, net::user::credentials::Basic, proxy::socks5::Socks5Acceptor,
    tcp::server::TcpListener,
};

use arguments::Arguments;

fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse();
    let runtime = arguments.runtime()?;
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("listening on {}", listener.local_addr()?);
    let acceptor = Socks5Acceptor::default();
    match arguments.login {
        None => listener.serve(acceptor).await,
        Some((user, password)) => {
            let user = Basic::new(user.try_into()?, password.try_into()?);
            listener
                .serve(acceptor.with_authorizer(user.into_authorizer()))
                .await
        }
    }
    Ok(())
}
