//! `raindrop-soak backend`: a backend that fails one request in twenty, and counts what arrives.
//! `raindrop-soak deliver`: a million events from eight threads to such a backend.
//! `raindrop-soak down`: a minute of recording at full speed with nothing to deliver to.

mod backend;
mod load;
mod memory;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["backend"] => backend::serve().await,
        ["deliver"] => load::deliver().await,
        ["down"] => load::down().await,
        _ => panic!("usage: raindrop-soak backend | deliver | down"),
    }
}
