//! Addresses of a project at its forge.
//!
//! Must never: make an address nobody can open. A forge whose addresses are not known gets those of
//! GitHub, which most others understand.

/// How a forge spells its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forge {
    /// GitHub, Gitea, Forgejo and Codeberg.
    GitHub,
    /// GitLab, gitlab.com or a host of one's own.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// sourcehut.
    Sourcehut,
}

/// Where links of a project lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    base: String,
    forge: Forge,
}

impl Links {
    /// Links to a project at an address, or `None` where it is none that may be linked to. A
    /// folder in the address (`…/tree/main/crates/x`) is not part of the project's.
    pub fn to(address: &str) -> Option<Self> {
        let url = address.trim_end_matches('/');
        if !url.starts_with("https://") || !url.chars().all(is_plain) {
            return None;
        }
        let folder = ["/-/tree/", "/tree/", "/-/blob/", "/blob/", "/src/branch/"]
            .iter()
            .filter_map(|mark| url.find(mark))
            .min();

        let base = &url[..folder.unwrap_or(url.len())];
        let base = base.trim_end_matches('/').trim_end_matches(".git");
        let host = base["https://".len()..]
            .split('/')
            .next()
            .unwrap_or_default();

        let forge = match host {
            "bitbucket.org" => Forge::Bitbucket,
            "git.sr.ht" => Forge::Sourcehut,
            host if host.split('.').any(|part| part.starts_with("gitlab")) => Forge::GitLab,
            "framagit.org" | "salsa.debian.org" | "invent.kde.org" | "code.videolan.org" => {
                Forge::GitLab
            }
            _ => Forge::GitHub,
        };

        Some(Self {
            base: base.to_owned(),
            forge,
        })
    }

    /// The address of the project itself.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The mark before the number of a pull request.
    pub fn pull_mark(&self) -> char {
        match self.forge {
            Forge::GitLab => '!',
            _ => '#',
        }
    }

    /// A pull request. GitHub and its like lead from an issue's address to the pull request of that
    /// number; others keep two lists of numbers.
    pub fn pull(&self, number: u64) -> Option<String> {
        let base = &self.base;
        match self.forge {
            Forge::GitHub => Some(format!("{base}/issues/{number}")),
            Forge::GitLab => Some(format!("{base}/-/merge_requests/{number}")),
            Forge::Bitbucket => Some(format!("{base}/pull-requests/{number}")),
            Forge::Sourcehut => None,
        }
    }

    /// An issue.
    pub fn issue(&self, number: u64) -> Option<String> {
        let base = &self.base;
        match self.forge {
            Forge::GitHub | Forge::Bitbucket => Some(format!("{base}/issues/{number}")),
            Forge::GitLab => Some(format!("{base}/-/issues/{number}")),
            Forge::Sourcehut => None,
        }
    }

    /// A commit.
    pub fn commit(&self, id: &str) -> String {
        let base = &self.base;
        match self.forge {
            Forge::GitHub | Forge::Sourcehut => format!("{base}/commit/{id}"),
            Forge::GitLab => format!("{base}/-/commit/{id}"),
            Forge::Bitbucket => format!("{base}/commits/{id}"),
        }
    }

    /// The changes between two tags, where the forge shows such a thing.
    pub fn compare(&self, from: &str, to: &str) -> Option<String> {
        let base = &self.base;
        if !is_plain_tag(from) || !is_plain_tag(to) {
            return None;
        }
        match self.forge {
            Forge::GitHub => Some(format!("{base}/compare/{from}...{to}")),
            Forge::GitLab => Some(format!("{base}/-/compare/{from}...{to}")),
            Forge::Bitbucket => Some(format!("{base}/branches/compare/{to}%0D{from}")),
            Forge::Sourcehut => None,
        }
    }

    /// The release of a tag.
    pub fn release(&self, tag: &str) -> String {
        let base = &self.base;
        match self.forge {
            Forge::GitHub => format!("{base}/releases/tag/{tag}"),
            Forge::GitLab => format!("{base}/-/releases/{tag}"),
            Forge::Bitbucket => format!("{base}/src/{tag}"),
            Forge::Sourcehut => format!("{base}/refs/{tag}"),
        }
    }

    /// The forge.
    pub fn host(&self) -> &str {
        let path = self.base.trim_start_matches("https://");
        path.split('/').next().unwrap_or_default()
    }

    /// The page of a person, by login.
    pub fn profile(&self, login: &str) -> Option<String> {
        let is_login = !login.is_empty()
            && login
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let host = self.host();
        let mark = match self.forge {
            Forge::GitHub | Forge::GitLab | Forge::Bitbucket => "",
            Forge::Sourcehut => "~",
        };
        is_login.then(|| format!("https://{host}/{mark}{login}"))
    }

    /// The folder of what is downloaded for a tag, where the forge has one.
    pub fn downloads(&self, tag: &str) -> Option<String> {
        (self.forge == Forge::GitHub).then(|| format!("{}/releases/download/{tag}", self.base))
    }
}

/// Characters that mean nothing to Markdown and nothing to a shell.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~/:".contains(c)
}

/// Whether a tag can stand in an address as it is.
fn is_plain_tag(tag: &str) -> bool {
    tag.chars()
        .all(|c| c.is_ascii_alphanumeric() || "._+-/@".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forge_has_its_addresses() {
        let links = Links::to("https://gitlab.com/g/p.git").unwrap();
        assert_eq!(
            links.pull(12).as_deref(),
            Some("https://gitlab.com/g/p/-/merge_requests/12")
        );

        let links = Links::to("https://github.com/me/x/tree/main/crates/y/").unwrap();
        assert_eq!(links.base(), "https://github.com/me/x");
        assert_eq!(
            links.compare("v1.0.0", "v1.1.0").as_deref(),
            Some("https://github.com/me/x/compare/v1.0.0...v1.1.0")
        );

        let links = Links::to("https://gitlab.example.org/a/b/c/-/tree/main/x").unwrap();
        assert_eq!(
            links.commit("abc"),
            "https://gitlab.example.org/a/b/c/-/commit/abc"
        );

        let links = Links::to("https://bitbucket.org/me/x").unwrap();
        assert_eq!(
            links.pull(3).as_deref(),
            Some("https://bitbucket.org/me/x/pull-requests/3")
        );

        assert!(
            Links::to("https://git.sr.ht/~me/x")
                .unwrap()
                .pull(1)
                .is_none()
        );

        assert!(Links::to("http://x.y/z").is_none() && Links::to("https://x.y/a b").is_none());
    }
}
