//! A registry on loopback, with one package.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use release_gate::digest::sha256_bytes;

/// A sparse registry (RFC 2789) that serves one version of one package, for as long as the test runs.
#[derive(Debug)]
pub struct Registry {
    address: String,
    package: Arc<Mutex<Package>>,
}

/// What is served at the moment.
#[derive(Debug)]
struct Package {
    name: String,
    version: String,
    file: Vec<u8>,
    yanked: bool,
}

impl Registry {
    /// Serves a `.crate`. The index gives it no dependencies: cargo only downloads it.
    ///
    /// # Panics
    /// The machine has no loopback.
    pub fn serving(name: &str, version: &str, file: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let address = format!("http://{address}");
        let package = Arc::new(Mutex::new(Package {
            name: name.to_owned(),
            version: version.to_owned(),
            file,
            yanked: false,
        }));

        let (shared, base) = (Arc::clone(&package), address.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that hangs up early has what it wanted.
                let _ = answer(stream, &base, &locked(&shared));
            }
        });
        Self { address, package }
    }

    /// Serves other bytes under the same name and version, with their own checksum.
    pub fn serve(&self, file: Vec<u8>) {
        locked(&self.package).file = file;
    }

    /// Withdraws the version, or takes that back.
    pub fn set_yanked(&self, yanked: bool) {
        locked(&self.package).yanked = yanked;
    }

    /// A new CARGO_HOME whose cargo takes packages from here.
    ///
    /// # Panics
    /// The folder cannot be made.
    pub fn cargo_home(&self) -> tempfile::TempDir {
        let home = tempfile::tempdir().expect("a temporary folder");
        let config = format!(
            "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nregistry = \"sparse+{0}/index/\"\n\
             [registries.here]\nindex = \"sparse+{0}/index/\"\n",
            self.address
        );
        std::fs::write(home.path().join("config.toml"), config).expect("a new folder is writable");
        home
    }
}

fn locked(package: &Mutex<Package>) -> MutexGuard<'_, Package> {
    package.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(mut stream: TcpStream, base: &str, package: &Package) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for header in lines {
        if header?.is_empty() {
            break;
        }
    }

    let path = request.split(' ').nth(1).unwrap_or_default();
    let Some(body) = body(path, base, package) else {
        return stream.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

fn body(path: &str, base: &str, package: &Package) -> Option<Vec<u8>> {
    let Package {
        name,
        version,
        file,
        yanked,
    } = package;
    let index = Path::new("/index").join(index_path(name));
    let download = format!("/files/{name}/{version}/download");

    if path == "/index/config.json" {
        return Some(format!(r#"{{"dl":"{base}/files"}}"#).into_bytes());
    }
    if Path::new(path) == index {
        let checksum = sha256_bytes(file);
        let line = format!(
            "{{\"name\":\"{name}\",\"vers\":\"{version}\",\"deps\":[],\"cksum\":\"{checksum}\",\"features\":{{}},\"yanked\":{yanked}}}\n"
        );
        return Some(line.into_bytes());
    }
    (path == download).then(|| file.clone())
}

/// Where an index has a package: `de/mo/demo`. Shorter names have folders of their own, which no test
/// needs.
fn index_path(name: &str) -> String {
    assert!(
        name.len() >= 4,
        "{name}: folders of short names are not served"
    );
    format!("{}/{}/{name}", &name[..2], &name[2..4])
}
