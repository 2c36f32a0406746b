//! One HTTPS PUT: streamed from the handle that was verified, over TLS only, to where the URL says
//! and nowhere else.
//!
//! No error here holds any part of a URL but host and path, and nothing a server says is repeated
//! but a status and an error code.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use release_gate::digest::Sha256Digest;
use sha2::{Digest as _, Sha256};
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, SendBody};

use crate::model::presigned::Presigned;

/// Larger files wait for the server to agree before they are sent.
const ASK_FIRST: u64 = 1 << 20;
/// What is read of an answer.
const ANSWER: u64 = 64 * 1024;

/// Why a file was not uploaded.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The server said no.
    #[error("the server answered {status}{}", .code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Status {
        /// HTTP status.
        status: u16,
        /// `Code` of S3's error document.
        code: Option<String>,
    },
    /// The server wanted it elsewhere.
    #[error("the server answered {0}, a redirect, which is not followed")]
    Redirect(u16),
    /// The connection failed.
    #[error("{0}")]
    Connection(String),
    /// The server's certificate does not hold.
    #[error("the connection is not secure: {0}")]
    Tls(String),
    /// The file on disk is not the one that was verified.
    #[error("the file changed while it was sent")]
    Changed,
    /// The server stored something else.
    #[error("the server stored something else: its {0} differs")]
    Checksum(&'static str),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl TransferError {
    /// Whether another try may end otherwise.
    pub fn transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
            }
            Self::Connection(_) | Self::Checksum(_) => true,
            Self::Redirect(_) | Self::Tls(_) | Self::Changed | Self::Interrupted => false,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Status {
                status: 401 | 403, ..
            } => "presigned URLs expire, and are for one method and object: make a new one for PUT",
            Self::Redirect(_) => "presign the URL for the region and host that hold the bucket",
            Self::Tls(_) => {
                "where the server has a certificate of an own authority, name it with --cacert"
            }
            Self::Changed => {
                "delete what was uploaded, and find out what writes to the release while it is uploaded"
            }
            _ => "try again: what was uploaded is not uploaded twice",
        }
    }
}

/// What to send.
#[derive(Debug)]
pub struct Put<'a> {
    /// Where to.
    pub url: &'a Presigned,
    /// The verified file.
    pub file: &'a mut File,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: Sha256Digest,
}

/// Makes the client; `authorities` are PEM certificates trusted instead of the usual ones.
///
/// # Errors
/// They are no certificates.
pub fn client(authorities: Option<&[u8]>) -> Result<Agent, TransferError> {
    let mut tls = TlsConfig::builder();
    if let Some(pem) = authorities {
        let certificates: Vec<Certificate<'static>> = parse_pem(pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err(TransferError::Tls(
                "the file of --cacert holds no certificate".to_owned(),
            ));
        }
        tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
    }

    let config = Agent::config_builder()
        .tls_config(tls.build())
        .https_only(true)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .user_agent(concat!("cargo-sign/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_per_write(Some(Duration::from_secs(60)))
        .timeout_await_100(Some(Duration::from_secs(5)))
        .timeout_recv_response(Some(Duration::from_secs(120)))
        .timeout_recv_body(Some(Duration::from_secs(30)))
        .build();

    Ok(Agent::new_with_config(config))
}

/// Sends the file once.
///
/// # Errors
/// It did not arrive, or not as it is.
pub fn put(
    client: &Agent,
    what: &mut Put<'_>,
    seen: &mut dyn FnMut(u64),
) -> Result<(), TransferError> {
    let unreadable =
        |error: io::Error| TransferError::Connection(format!("the file cannot be read: {error}"));
    what.file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let sha256 = STANDARD.encode(what.sha256.as_bytes());
    let mut request = client
        .put(what.url.secret())
        .header("content-length", what.size.to_string());
    if what.url.signs("x-amz-checksum-sha256") {
        request = request.header("x-amz-checksum-sha256", &sha256);
    }
    if what.size > ASK_FIRST {
        request = request.header("expect", "100-continue");
    }
    let mut body = Hashing {
        inner: Read::take(&mut *what.file, what.size),
        sha: Sha256::new(),
        md5: Md5::new(),
        sent: 0,
        size: what.size,
        short: false,
        seen,
    };

    let answer = request.send(SendBody::from_reader(&mut body));
    if release_gate::interrupt::check().is_err() {
        return Err(TransferError::Interrupted);
    }
    if body.short {
        return Err(TransferError::Changed);
    }
    let mut answer = answer.map_err(|error| failed(&error))?;
    let status = answer.status().as_u16();
    if (300..400).contains(&status) {
        return Err(TransferError::Redirect(status));
    }
    if !(200..300).contains(&status) {
        return Err(TransferError::Status {
            status,
            code: error_code(&mut answer),
        });
    }

    let (sent, md5) = (body.sent, body.md5.finalize());
    if sent != what.size || <[u8; 32]>::from(body.sha.finalize()) != *what.sha256.as_bytes() {
        return Err(TransferError::Changed);
    }

    stored(answer.headers(), &sha256, &md5)
}

/// What the server says it has stored, where it says so.
fn stored(headers: &HeaderMap, sha256: &str, md5: &[u8]) -> Result<(), TransferError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-amz-checksum-sha256").is_some_and(|stored| stored != sha256) {
        return Err(TransferError::Checksum("SHA-256"));
    }
    // S3's entity tag is the MD5 of what was put, but for parts (which have a dash) and server-side
    // keys.
    let own_key = header("x-amz-server-side-encryption")
        .is_some_and(|kind| kind.starts_with("aws:kms"))
        || header("x-amz-server-side-encryption-customer-algorithm").is_some();
    let tag = header("etag").map(|tag| tag.trim_matches('"'));
    let is_md5 = |tag: &&str| tag.len() == 32 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hex: String = md5.iter().map(|byte| format!("{byte:02x}")).collect();
    if !own_key
        && tag
            .filter(is_md5)
            .is_some_and(|tag| !tag.eq_ignore_ascii_case(&hex))
    {
        return Err(TransferError::Checksum("entity tag"));
    }
    Ok(())
}

/// `<Code>` of an error document: one word. The rest may repeat the URL's signature.
fn error_code(answer: &mut Response<Body>) -> Option<String> {
    let mut text = String::new();
    answer
        .body_mut()
        .as_reader()
        .take(ANSWER)
        .read_to_string(&mut text)
        .ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let plain =
        (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    plain.then(|| code.to_owned())
}

/// The client's errors, without those parts that could quote a URL.
fn failed(error: &ureq::Error) -> TransferError {
    match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            TransferError::Tls(readable(&error.to_string()))
        }
        ureq::Error::Io(error) => {
            TransferError::Connection(format!("the connection failed: {}", error.kind()))
        }
        ureq::Error::Timeout(_) => {
            TransferError::Connection("the server did not answer in time".to_owned())
        }
        ureq::Error::HostNotFound => TransferError::Connection("the host is not known".to_owned()),
        ureq::Error::ConnectionFailed => {
            TransferError::Connection("there is no connection to the host".to_owned())
        }
        ureq::Error::Rustls(error) => TransferError::Tls(readable(&error.to_string())),
        ureq::Error::Tls(why) => TransferError::Tls((*why).to_owned()),
        ureq::Error::Protocol(_) => {
            TransferError::Connection("the server's answer is not HTTP".to_owned())
        }
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            TransferError::Connection("the proxy refused the connection".to_owned())
        }
        _ => TransferError::Connection("the request failed".to_owned()),
    }
}

/// What the library has no words for.
fn readable(text: &str) -> String {
    if text.contains("CaUsedAsEndEntity") {
        return "the server's certificate is that of an authority, which signed itself, and not a server's"
            .to_owned();
    }
    text.to_owned()
}

/// Hashes what goes out, and stops when the user does.
struct Hashing<'a, R> {
    inner: R,
    sha: Sha256,
    md5: Md5,
    sent: u64,
    size: u64,
    short: bool,
    seen: &'a mut dyn FnMut(u64),
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        release_gate::interrupt::check().map_err(|_| io::Error::other("interrupted"))?;
        let read = self.inner.read(buffer)?;
        // The client would wait for the rest forever.
        self.short = read == 0 && !buffer.is_empty() && self.sent < self.size;
        if self.short {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.sha.update(&buffer[..read]);
        self.md5.update(&buffer[..read]);
        self.sent += read as u64;
        (self.seen)(self.sent);
        Ok(read)
    }
}
