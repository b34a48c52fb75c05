//! Networks that fail before a request has begun: so often, and then no more.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;

/// How many more connections fail.
#[derive(Clone, Default)]
pub struct Failures(Arc<AtomicUsize>);

impl Failures {
    pub fn set(&self, times: usize) {
        self.0.store(times, Ordering::Relaxed);
    }

    /// Whether this connection fails.
    fn take(&self) -> bool {
        let less = |left: usize| match left {
            0 => None,
            usize::MAX => Some(left),
            _ => Some(left - 1),
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// Leads every name to this machine; while it fails, to an address of it where the ingestion server does not listen.
struct Names(Failures);

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let ip = if self.0.take() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let addrs: Addrs = Box::new([SocketAddr::new(ip, 0)].into_iter());
        Box::pin(std::future::ready(Ok(addrs)))
    }
}

/// A client that is refused so often.
pub fn refused(failures: &Failures) -> reqwest::Client {
    let names = Arc::new(Names(failures.clone()));
    reqwest::Client::builder().redirect(redirect::Policy::none()).dns_resolver(names).build().unwrap()
}

#[cfg(feature = "rustls-tls")]
pub mod tls {
    //! A server that speaks TLS, or does not.

    use std::sync::Arc;

    use raindrop_ingest::IngestServer;
    use tokio::io::{AsyncWriteExt, copy_bidirectional};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;

    use super::Failures;

    /// Stands before an ingestion server. Returns the base URL to send to, and a client that trusts it.
    pub async fn front(server: &IngestServer, failures: &Failures) -> (String, reqwest::Client) {
        let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
        let certificate = issued.cert.der().clone();
        let trusted = reqwest::Certificate::from_der(&certificate).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/v1/", listener.local_addr().unwrap());
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), server.origin(), failures.clone()));
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(redirects).tls_certs_only([trusted]).build().unwrap();
        (url, client)
    }

    async fn accept(listener: TcpListener, tls: TlsAcceptor, origin: String, failures: Failures) {
        while let Ok((mut stream, _)) = listener.accept().await {
            if failures.take() {
                let _ = stream.write_all(b"HTTP/1.1 400 this is no TLS\r\n\r\n").await;
                continue;
            }
            let (tls, address) = (tls.clone(), origin.trim_start_matches("http://").to_owned());
            tokio::spawn(async move {
                let Ok(mut stream) = tls.accept(stream).await else { return };
                let Ok(mut server) = TcpStream::connect(address).await else { return };
                // Paused time does not wait for a packet that the kernel holds back.
                if server.set_nodelay(true).is_ok() && stream.get_ref().0.set_nodelay(true).is_ok() {
                    let _ = copy_bidirectional(&mut stream, &mut server).await;
                }
            });
        }
    }
}
