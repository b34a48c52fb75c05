//! `raindrop-ingest [--port N] [--workshop]`: the stand-in as a program.
//!
//! Prints one line of JSON, `{"origin":"http://127.0.0.1:PORT"}`, when it is ready, and serves
//! until its standard input closes, so that it never outlives the test that started it.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use raindrop_ingest::IngestServer;
use serde_json::json;
use tokio::sync::oneshot;

const USAGE: &str = "usage: raindrop-ingest [--port N] [--workshop]";

#[derive(Default)]
struct Options {
    port: u16,
    workshop: bool,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options::default();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--workshop" => options.workshop = true,
                "--port" => {
                    let port = args.next().ok_or("--port wants a number")?;
                    options.port =
                        port.parse().map_err(|_| format!("{port:?} is not a port, a number from 0 to 65535"))?;
                }
                _ => return Err(format!("{arg:?} is not an option")),
            }
        }
        Ok(options)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("raindrop-ingest: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("raindrop-ingest: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> io::Result<()> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let server = match options.workshop {
        true => IngestServer::bind_workshop(addr).await,
        false => IngestServer::bind(addr).await,
    };
    let server = server.map_err(|error| io::Error::other(format!("{addr}: {error}")))?;
    let closed = stdin_closed();
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", json!({"origin": server.origin()}))?;
    stdout.flush()?;
    closed.await.map_err(io::Error::other)?
}

/// Reads on a thread of its own: a blocked read must not hold up the server or its end.
fn stdin_closed() -> oneshot::Receiver<io::Result<()>> {
    let (tell, closed) = oneshot::channel();
    std::thread::spawn(move || {
        let read = io::copy(&mut io::stdin(), &mut io::sink()).map(|_| ());
        // Nobody listens when the server has ended first.
        let _ = tell.send(read);
    });
    closed
}
