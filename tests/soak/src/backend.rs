//! Just enough HTTP to count what arrives, and to fail one request in twenty.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const ONE_IN: u64 = 20;

#[derive(Default)]
struct Counts {
    requests: u64,
    faults: BTreeMap<&'static str, u64>,
    /// How often each record arrived that was answered with 200, by route.
    arrived: BTreeMap<String, HashMap<String, u32>>,
}

type Shared = Arc<Mutex<Counts>>;

/// A backend in a process of its own, so that what it remembers is not measured.
pub struct Backend {
    process: Child,
    pub url: String,
}

impl Backend {
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("a path");
        let mut process = Command::new(program).arg("backend").stdout(Stdio::piped()).spawn().expect("a process");
        let mut url = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        io::BufReader::new(stdout).read_line(&mut url).expect("a line");
        Self { process, url: url.trim().to_owned() }
    }

    pub fn counts(&self) -> String {
        let address = self.url.trim_start_matches("http://").trim_end_matches("/v1/");
        let mut stream = std::net::TcpStream::connect(address).expect("it runs");
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it reads");
        stream.shutdown(std::net::Shutdown::Write).expect("it is open");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until the process ends; the first line it prints is its URL. `GET` anything is the counts.
pub async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("http://{}/v1/", listener.local_addr().expect("an address"));
    let counts = Shared::default();
    while let Ok((stream, _)) = listener.accept().await {
        let counts = Arc::clone(&counts);
        tokio::spawn(async move { connection(stream, &counts).await });
    }
}

async fn connection(stream: TcpStream, counts: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let (method, path, body) = request(&mut stream).await?;
        if method == "GET" {
            let text = summary(&counts.lock().expect("no panic"));
            answer(&mut stream, "200 OK", "", &text).await?;
            continue;
        }
        match fault(counts) {
            None => {
                accept(&path, &body, counts);
                answer(&mut stream, "200 OK", "", r#"{"success":true}"#).await?;
            }
            Some("500") => answer(&mut stream, "500 Internal Server Error", "", "").await?,
            Some("503") => answer(&mut stream, "503 Service Unavailable", "", "busy").await?,
            Some("429") => answer(&mut stream, "429 Too Many Requests", "Retry-After: 1\r\n", "").await?,
            Some("hang") => tokio::time::sleep(Duration::from_secs(3_600)).await,
            Some(_) => return Ok(()),
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> io::Result<(String, String, Vec<u8>)> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await?;
        if header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((method, path, body))
}

async fn answer(stream: &mut BufReader<TcpStream>, status: &str, headers: &str, body: &str) -> io::Result<()> {
    let text = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.get_mut().write_all(text.as_bytes()).await
}

/// The same row of faults in every run.
fn fault(counts: &Shared) -> Option<&'static str> {
    const KINDS: [&str; 5] = ["500", "503", "429", "hang", "closed without an answer"];
    let mut counts = counts.lock().expect("no panic");
    counts.requests += 1;
    let mixed = counts.requests.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let kind = mixed.is_multiple_of(ONE_IN).then(|| KINDS[(mixed / ONE_IN % 5) as usize])?;
    *counts.faults.entry(kind).or_default() += 1;
    Some(kind)
}

fn accept(path: &str, body: &[u8], counts: &Shared) {
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let spans = body.pointer("/resourceSpans/0/scopeSpans/0/spans");
    let records = spans.unwrap_or(&body).as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    let mut counts = counts.lock().expect("no panic");
    let arrived = counts.arrived.entry(path.to_owned()).or_default();
    for record in records {
        let id = ["spanId", "event_id", "user_id"].iter().find_map(|key| record[key].as_str()).expect("an id");
        let state = record["is_pending"].as_bool().map(|is_pending| if is_pending { " pending" } else { " final" });
        *arrived.entry(format!("{id}{}", state.unwrap_or_default())).or_default() += 1;
    }
}

fn summary(counts: &Counts) -> String {
    let arrived = counts.arrived.iter().map(|(path, records)| {
        let twice = records.values().filter(|times| **times > 1).count();
        (path.clone(), json!({"records": records.len(), "more_than_once": twice}))
    });
    let arrived: serde_json::Map<_, _> = arrived.collect();
    json!({"requests": counts.requests, "faults": counts.faults, "arrived": arrived}).to_string()
}
