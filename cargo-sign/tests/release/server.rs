//! A TLS server on loopback that stores what is put to it, or does what a bad day brings.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use release_gate::digest::{Sha256Digest, sha256_bytes};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What happens to one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// It is stored.
    Store,
    /// It is refused with this status; the answer repeats the request's own address, as S3's may.
    Refuse(u16),
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// It is stored, and the answer names another MD5.
    OtherTag,
    /// It is stored, and the answer names another SHA-256.
    OtherSum,
    /// It is sent elsewhere.
    Redirect,
    /// What comes back is not HTTP.
    Nonsense,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) target: String,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    pub(crate) stored: bool,
}

impl Received {
    pub(crate) fn sha256(&self) -> Sha256Digest {
        sha256_bytes(&self.body)
    }
}

/// The server; it answers until the test ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Its authority's certificate.
    pub(crate) authority: String,
    acts: Arc<Mutex<VecDeque<Act>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(false)
    }

    /// One whose certificate is the authority's own.
    pub(crate) fn self_signed() -> Self {
        Self::with(true)
    }

    fn with(itself: bool) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        let own = KeyPair::generate().unwrap();
        let own_der = own.serialize_der();
        let authority = CertifiedIssuer::self_signed(authority, own).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();

        let (leaf, key) = if itself {
            (authority.as_ref().der().clone(), own_der)
        } else {
            (leaf.der().clone(), key.serialize_der())
        };

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)
            .unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            authority: authority.pem(),
            acts: Arc::default(),
            received: Arc::default(),
        };

        let (config, acts, received) = (
            Arc::new(config),
            Arc::clone(&server.acts),
            Arc::clone(&server.received),
        );

        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that goes away, or does not trust us, ends only its own connection.
                let _ = serve(StreamOwned::new(connection, stream), &acts, &received);
            }
        });

        server
    }

    /// What happens to the next requests; those after are stored.
    pub(crate) fn then(&self, acts: &[Act]) {
        self.acts.lock().unwrap().extend(acts);
    }

    /// What came in since it was last asked.
    pub(crate) fn received(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    pub(crate) fn url(&self, path: &str, query: &str) -> String {
        format!("https://{}/bucket/{path}?{query}", self.address)
    }
}

fn serve(
    mut stream: StreamOwned<ServerConnection, TcpStream>,
    acts: &Mutex<VecDeque<Act>>,
    received: &Mutex<Vec<Received>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }

    let headers = String::from_utf8(head).unwrap().to_lowercase();
    let target = headers.split(' ').nth(1).unwrap().to_owned();
    let length: usize = headers
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim().parse().unwrap());

    let act = acts.lock().unwrap().pop_front().unwrap_or(Act::Store);
    let asks = headers.contains("expect: 100-continue");
    let refused = matches!(act, Act::Refuse(_) | Act::Redirect | Act::Nonsense);
    if asks && !refused {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let wanted = match act {
        Act::Cut(length) => length,
        // Anyone who asks first is told before the body.
        _ if asks && refused => 0,
        _ => length,
    };

    let mut body = vec![0; wanted];
    stream.read_exact(&mut body)?;
    let stored = matches!(act, Act::Store | Act::OtherTag | Act::OtherSum);
    let tag: String = <md5::Md5 as md5::Digest>::digest(&body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();

    received.lock().unwrap().push(Received {
        target: target.clone(),
        headers,
        body,
        stored,
    });

    let answer = match act {
        Act::Store => format!("200 OK\r\netag: \"{tag}\"\r\ncontent-length: 0\r\n\r\n"),
        Act::OtherTag => format!(
            "200 OK\r\netag: \"{}\"\r\ncontent-length: 0\r\n\r\n",
            "0".repeat(32)
        ),
        Act::OtherSum => format!(
            "200 OK\r\netag: \"{tag}\"\r\nx-amz-checksum-sha256: {}=\r\ncontent-length: 0\r\n\r\n",
            "A".repeat(43)
        ),
        Act::Refuse(status) => {
            let text =
                format!("<Error><Code>AccessDenied</Code><Request>{target}</Request></Error>");
            format!(
                "{status} Because {target}\r\ncontent-length: {}\r\n\r\n{text}",
                text.len()
            )
        }
        Act::Redirect => {
            "307 Elsewhere\r\nlocation: https://127.0.0.1:9/else\r\ncontent-length: 0\r\n\r\n"
                .to_owned()
        }
        Act::Nonsense => "\0\0\0\r\n\r\n".to_owned(),
        Act::Cut(_) => {
            let _ = stream.sock.shutdown(std::net::Shutdown::Both);
            return Ok(());
        }
    };

    stream.write_all(format!("HTTP/1.1 {answer}").as_bytes())?;
    stream.conn.send_close_notify();

    stream.flush()
}
