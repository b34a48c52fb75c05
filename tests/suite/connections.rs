//! What becomes of a connection between flushes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::support::ai_event;
use raindrop::Client;
use tokio::runtime::Builder;

/// A server that closes a connection when it is told to, and says when it has.
fn start() -> (String, Sender<()>, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (close, closes) = channel();
    let (closed, is_closed) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = answered(stream.unwrap());
            if closes.recv().is_err() {
                break;
            }
            drop(stream);
            closed.send(()).unwrap();
        }
    });
    (origin, close, is_closed)
}

/// Reads a request, and answers as if another one might follow.
fn answered(mut stream: TcpStream) -> TcpStream {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
            return stream;
        }
    }
}

#[test]
fn one_that_the_server_closed_while_nothing_ran_costs_no_attempt() {
    let (origin, close, is_closed) = start();
    let settings = Client::builder().write_key("rk_test").endpoint(origin).disable_local_workshop();
    let client = settings.max_attempts(1).build().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    for round in 0..30 {
        let flush = async {
            client.track_ai(ai_event(round.to_string())).await?;
            client.flush().await
        };
        let delivered = runtime.block_on(flush).map(|report| report.delivered());
        assert_eq!(delivered.map_err(|error| format!("{round}: {error}")), Ok(1));
        close.send(()).unwrap();
        is_closed.recv().unwrap();
    }
}
