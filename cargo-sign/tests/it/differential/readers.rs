//! The readers that people unpack archives with.

use std::fs::File;
use std::path::Path;

use release_gate::process::{Runner, Step};
use release_gates_tests::required;

use super::{Accepted, Files, files_in};

/// Unpacks each archive into a folder of its own below `out`.
type Unpack = fn(&[Accepted], &Path) -> Vec<Result<Files, String>>;

/// The readers that this machine has for archives with this ending.
pub(super) fn of(ending: &str) -> Vec<(&'static str, Unpack)> {
    let all: [(&str, Unpack); 4] = if ending == ".zip" {
        [
            ("python3", with_python),
            ("unzip", with_unzip),
            ("bsdtar", with_bsdtar),
            ("crate zip", with_zip_crate),
        ]
    } else {
        [
            ("python3", with_python),
            ("tar", with_tar),
            ("bsdtar", with_bsdtar),
            ("crate tar", with_tar_crate),
        ]
    };
    all.into_iter()
        .filter(|(reader, _)| reader.starts_with("crate ") || required(reader))
        .collect()
}

fn with_each(
    archives: &[Accepted],
    out: &Path,
    unpack: impl Fn(&Path, &Path) -> Result<(), String>,
) -> Vec<Result<Files, String>> {
    let one = |(number, archive): (usize, &Accepted)| {
        let folder = out.join(number.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        unpack(&archive.path, &folder)?;
        Ok(files_in(&folder))
    };
    archives.iter().enumerate().map(one).collect()
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let step = Step::new(program)
        .env("LC_ALL", "C.UTF-8")
        .args(arguments.iter().copied());
    let finished = Runner::new().run(step).unwrap();
    if finished.is_success() {
        Ok(())
    } else {
        Err(finished.stderr_text().trim().to_owned())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn with_tar(archives: &[Accepted], out: &Path) -> Vec<Result<Files, String>> {
    with_each(archives, out, |archive, folder| {
        run("tar", &["-xzf", text(archive), "-C", text(folder)])
    })
}

fn with_bsdtar(archives: &[Accepted], out: &Path) -> Vec<Result<Files, String>> {
    with_each(archives, out, |archive, folder| {
        run("bsdtar", &["-xf", text(archive), "-C", text(folder)])
    })
}

fn with_unzip(archives: &[Accepted], out: &Path) -> Vec<Result<Files, String>> {
    with_each(archives, out, |archive, folder| {
        run("unzip", &["-q", "-o", text(archive), "-d", text(folder)])
    })
}

fn with_tar_crate(archives: &[Accepted], out: &Path) -> Vec<Result<Files, String>> {
    with_each(archives, out, |archive, folder| {
        let file = File::open(archive).unwrap();
        tar::Archive::new(flate2::read::MultiGzDecoder::new(file))
            .unpack(folder)
            .map_err(|error| error.to_string())
    })
}

fn with_zip_crate(archives: &[Accepted], out: &Path) -> Vec<Result<Files, String>> {
    with_each(archives, out, |archive, folder| {
        zip::ZipArchive::new(File::open(archive).unwrap())
            .and_then(|mut zip| zip.extract(folder))
            .map_err(|error| error.to_string())
    })
}

/// One process for all: it takes longer to start than to unpack.
const PYTHON: &str = "
import os, sys, tarfile, zipfile
out = sys.argv[1]
for number, path in enumerate(sys.argv[2:]):
    folder = os.path.join(out, str(number))
    os.makedirs(folder)
    try:
        if path.endswith('.zip'):
            zipfile.ZipFile(path).extractall(folder)
        else:
            tarfile.open(path).extractall(folder)
    except Exception as error:
        with open(os.path.join(out, f'{number}.error'), 'w') as file:
            file.write(repr(error))
";

fn with_python(archives: &[Accepted], out: &Path) -> Vec<Result<Files, String>> {
    std::fs::create_dir_all(out).unwrap();
    let mut arguments = vec!["-W", "ignore", "-c", PYTHON, text(out)];
    arguments.extend(archives.iter().map(|archive| text(&archive.path)));
    run("python3", &arguments).unwrap();
    let one = |number: usize| match std::fs::read_to_string(out.join(format!("{number}.error"))) {
        Ok(error) => Err(error),
        Err(_) => Ok(files_in(&out.join(number.to_string()))),
    };
    (0..archives.len()).map(one).collect()
}
