//! The many names of crates.io.

/// Hosts that are crates.io, whatever path follows.
const HOSTS: &[&str] = &[
    "crates.io",
    "www.crates.io",
    "index.crates.io",
    "static.crates.io",
];

/// Well-known mirrors: they serve crates.io's packages under crates.io's checksums.
const MIRRORS: &[&str] = &[
    "github.com/rust-lang/crates.io-index",
    "gitlab.com/rust-lang/crates.io-index",
    "rsproxy.cn",
    "mirrors.ustc.edu.cn/crates.io-index",
    "mirrors.tuna.tsinghua.edu.cn/git/crates.io-index",
    "mirrors.tuna.tsinghua.edu.cn/crates.io-index",
    "mirrors.sjtug.sjtu.edu.cn/git/crates.io-index",
    "mirror.sjtu.edu.cn/crates.io-index",
    "mirrors.aliyun.com/crates.io-index",
    "mirrors.bfsu.edu.cn/crates.io-index",
    "mirrors.bfsu.edu.cn/git/crates.io-index",
];

/// Whether the address of a registry is one of crates.io's own, or of a well-known mirror. An empty
/// address names the default registry.
pub fn is_crates_io(url: &str) -> bool {
    let place = place_of(url);
    if place.is_empty() {
        return true;
    }
    let host = place.split('/').next().unwrap_or_default();
    HOSTS.contains(&host) || MIRRORS.iter().any(|mirror| is_below(&place, mirror))
}

/// Whether the address of a registry is below one of the mirrors that the configuration names.
pub fn is_mirror(url: &str, mirrors: &[String]) -> bool {
    let place = place_of(url);
    mirrors
        .iter()
        .map(|mirror| place_of(mirror))
        .any(|mirror| !mirror.is_empty() && is_below(&place, &mirror))
}

fn is_below(place: &str, parent: &str) -> bool {
    place
        .strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Host and path in one spelling: no kind of registry, scheme, user, port, query, `.git` and
/// needless slash, in lower case, as the hosts that matter here compare paths.
fn place_of(url: &str) -> String {
    let mut rest = url.trim();
    while let Some(inner) = ["registry+", "sparse+", "git+"]
        .iter()
        .find_map(|kind| rest.strip_prefix(kind))
    {
        rest = inner;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let rest = rest.split_once("://").map_or(rest, |(_, after)| after);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();

    // git's short form: `git@github.com:rust-lang/crates.io-index`
    let (host, port_or_path) = host.split_once(':').unwrap_or((host, ""));
    let is_port = port_or_path.bytes().all(|byte| byte.is_ascii_digit());
    let path = if is_port || port_or_path.is_empty() {
        path.to_owned()
    } else {
        format!("{port_or_path}/{path}")
    };

    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = segments.join("/").to_ascii_lowercase();
    let path = path.strip_suffix(".git").unwrap_or(&path);
    // The dot behind a host is its full name's.
    let host = host.trim_end_matches('.').to_ascii_lowercase();

    if path.is_empty() {
        host
    } else {
        format!("{host}/{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_crates_io_is_crates_io() {
        for url in [
            "",
            "crates.io",
            "http://crates.io",
            "https://crates.io",
            "https://Crates.io/",
            "https://www.crates.io/",
            "https://static.crates.io/crates",
            "https://crates.io/api/v1/crates",
            "https://index.crates.io",
            "sparse+https://index.crates.io./",
            "registry+https://github.com/Rust-Lang//crates.io-index",
            "sparse+https://index.crates.io/",
            "registry+sparse+https://index.crates.io/",
            "registry+https://index.crates.io/",
            "registry+https://github.com/rust-lang/crates.io-index",
            "registry+https://github.com/rust-lang/crates.io-index/",
            "registry+https://github.com/rust-lang/crates.io-index.git",
            "registry+ssh://git@github.com/rust-lang/crates.io-index",
            "git@github.com:rust-lang/crates.io-index.git",
            "https://github.com:443/rust-lang/crates.io-index",
            "sparse+https://rsproxy.cn/index/",
            "registry+https://rsproxy.cn/crates.io-index",
            "https://mirrors.ustc.edu.cn/crates.io-index/",
        ] {
            assert!(is_crates_io(url), "{url}");
        }

        for url in [
            "https://example.org/crates.io",
            "https://crates.io.example.org",
            "https://notcrates.io",
            "https://github.com/rust-lang/crates.io-index-archive",
            "https://github.com/someone/crates.io-index",
            "https://artifactory.example.org/api/cargo/crates",
        ] {
            assert!(!is_crates_io(url), "{url}");
        }
    }

    #[test]
    fn mirrors_of_the_configuration_hold_for_what_is_below_them() {
        let mirrors = ["https://artifactory.example.org/api/cargo/remote".to_owned()];
        for url in [
            "sparse+https://artifactory.example.org/api/cargo/remote/index/",
            "registry+https://user:pw@artifactory.example.org/api/cargo/remote",
        ] {
            assert!(is_mirror(url, &mirrors), "{url}");
        }
        assert!(!is_mirror(
            "https://artifactory.example.org/api/cargo/remote2",
            &mirrors
        ));
        assert!(!is_mirror("https://artifactory.example.org/", &mirrors));
    }
}
