//! The server's handle, its accept loop, and one connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, Socket};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::received::{Received, Request};
use crate::routes::Route;
use crate::state::{Kind, State};
use crate::{control, ingest};

/// A running server.
///
/// Clones are handles to the same server, which stops when the last of them is dropped.
#[derive(Clone)]
pub struct IngestServer {
    running: Arc<Running>,
}

struct Running {
    state: Arc<State>,
    addr: SocketAddr,
    accepting: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl IngestServer {
    /// Starts on a free port of 127.0.0.1, served by a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start() -> io::Result<IngestServer> {
        IngestServer::bind(free_port()).await
    }

    /// Starts on this address.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn bind(addr: SocketAddr) -> io::Result<IngestServer> {
        IngestServer::serve(addr, Kind::Cloud).await
    }

    /// Starts a stand-in for the Workshop debugger on a free port of 127.0.0.1.
    ///
    /// It needs no write key (whether one was sent is in [`Request::headers`]), takes `live`
    /// messages, and its CORS rules allow only `Content-Type` and `Authorization`.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn workshop() -> io::Result<IngestServer> {
        IngestServer::bind_workshop(free_port()).await
    }

    /// Starts a stand-in for the Workshop debugger on this address.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn bind_workshop(addr: SocketAddr) -> io::Result<IngestServer> {
        IngestServer::serve(addr, Kind::Workshop).await
    }

    async fn serve(addr: SocketAddr, kind: Kind) -> io::Result<IngestServer> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State::new(kind));
        let accepting = tokio::spawn(accept(listener, state.clone())).abort_handle();
        Ok(IngestServer { running: Arc::new(Running { state, addr, accepting }) })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.running.addr)
    }

    /// The origin and `/v1/`: the base URL to give to a client.
    pub fn endpoint(&self) -> String {
        format!("{}/v1/", self.origin())
    }

    /// Every ingestion request whose body was read, in the order in which the bodies came in,
    /// whatever was answered.
    pub fn requests(&self) -> Vec<Request> {
        self.running.state.requests()
    }

    /// The requests of one route, which is named without its prefix: `events/track`, `traces`.
    ///
    /// # Panics
    ///
    /// When there is no such route.
    pub fn requests_to(&self, route: &str) -> Vec<Request> {
        match Route::named(route) {
            Ok(route) => self.running.state.requests_to(route.name()),
            Err(error) => panic!("{error}"),
        }
    }

    /// How many connections were accepted since the start.
    pub fn connections(&self) -> usize {
        self.running.state.connections()
    }

    /// What was accepted so far.
    pub fn received(&self) -> Received {
        self.running.state.received()
    }

    /// Lets the next `times` requests of a route fail; `"*"` is any route, `usize::MAX` is for
    /// ever.
    ///
    /// Faults queue up: a second one of the same route begins when the first is used up.
    ///
    /// # Panics
    ///
    /// When there is no such route, or the fault asks for a status or header that HTTP does not
    /// have.
    pub fn fail(&self, route: &str, times: usize, fault: Fault) {
        let queued = self.running.state.faults().push(route, times, fault);
        if let Err(error) = queued {
            panic!("{error}");
        }
    }

    /// Forgets the faults that are still to come.
    pub fn clear_faults(&self) {
        self.running.state.faults().clear();
    }

    /// Forgets requests, what was received, and faults.
    pub fn clear(&self) {
        self.running.state.clear();
    }

    /// Waits until there are at least so many [`requests`](IngestServer::requests).
    pub async fn wait_for(&self, count: usize) {
        self.running.state.wait_for(count).await;
    }
}

fn free_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Owns the connections' tasks: they end with it.
async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    state.connected();
                    connections.spawn(serve_connection(stream, state.clone()));
                }
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// What a request's handler needs to know of its connection.
pub(crate) struct Connection {
    pub(crate) state: Arc<State>,
    /// A second handle to the socket, for options that hyper gives no way to.
    socket: Socket,
}

/// Ends a connection without an answer.
#[derive(Debug)]
pub(crate) struct Abandoned;

impl std::fmt::Display for Abandoned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is given up")
    }
}

impl std::error::Error for Abandoned {}

/// How often [`Connection::say`] says it.
#[derive(Clone, Copy)]
pub(crate) enum Repeat {
    Once,
    /// Until the client is gone.
    Always,
    /// The same, with a pause after each.
    Every(Duration),
}

impl Connection {
    /// Writes to the client past hyper.
    pub(crate) async fn say(&self, bytes: &[u8], repeat: Repeat) -> Abandoned {
        let stream = self.socket.try_clone().and_then(|socket| TcpStream::from_std(socket.into()));
        if let Ok(mut stream) = stream {
            while stream.write_all(bytes).await.is_ok() {
                match repeat {
                    Repeat::Once => break,
                    Repeat::Always => {}
                    Repeat::Every(pause) => tokio::time::sleep(pause).await,
                }
            }
        }
        Abandoned
    }

    /// Makes the socket's closing, which follows on the error, a reset instead of an orderly end.
    pub(crate) fn reset(&self) -> Abandoned {
        if let Err(error) = self.socket.set_linger(Some(Duration::ZERO)) {
            eprintln!("raindrop-ingest: this connection ends without a reset: {error}");
        }
        Abandoned
    }
}

async fn serve_connection(stream: TcpStream, state: Arc<State>) {
    let socket = SockRef::from(&stream);
    let (Ok(()), Ok(socket)) = (socket.set_tcp_nodelay(true), socket.try_clone()) else {
        return;
    };
    let connection = Arc::new(Connection { state, socket });
    let service = service_fn(|request| handle(connection.clone(), request));
    // hyper asks for a timer as soon as it is to time anything out.
    let served = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service).await;
    // A client that goes away and a reset that was asked for both end here; what came of them is in
    // the log.
    drop(served);
}

async fn handle(connection: Arc<Connection>, request: hyper::Request<Incoming>) -> Result<Answer, Abandoned> {
    let path = request.uri().path().to_owned();
    let mut answer = if request.method() == Method::OPTIONS {
        answer::preflight(connection.state.kind)
    } else if let Some(command) = path.strip_prefix("/_/") {
        control::answer(&connection.state, command, request).await
    } else {
        match Route::of_path(&path) {
            None => answer::error(StatusCode::NOT_FOUND, &format!("there is no {path} here")),
            Some(_) if request.method() != Method::POST => {
                let error = format!("{path} takes POST, not {}", request.method());
                let mut answer = answer::error(StatusCode::METHOD_NOT_ALLOWED, &error);
                answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
                answer
            }
            Some(route) => ingest::answer(&connection, route, request).await?,
        }
    };
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(answer)
}

/// Handles cross threads: a benchmark drives the server from several.
const _: fn() = || {
    fn assert_shareable<T: Send + Sync + 'static>() {}
    assert_shareable::<IngestServer>();
};
