//! A newer libcurl than Debian's, which goes through a SOCKS5 proxy by GSSAPI (service `rcmd`).
//!
//! `gssapi-curl HOST:PORT URL`: the page goes to standard output.

use std::io::Write;

use curl::easy::Easy;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [proxy, url] = args.as_slice() else {
        return Err("HOST:PORT URL".into());
    };
    let mut easy = Easy::new();
    easy.proxy(&format!("socks5h://{proxy}"))?;
    easy.noproxy("")?;
    easy.url(url)?;
    easy.verbose(true)?;
    easy.timeout(std::time::Duration::from_secs(15))?;
    easy.write_function(|data| {
        let written = std::io::stdout().write_all(data);
        Ok(if written.is_ok() { data.len() } else { 0 })
    })?;
    Ok(easy.perform()?)
}
