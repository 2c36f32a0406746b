//! Who a build runs as. In a user namespace anyone who calls can be mapped to any one user and group,
//! and keeps what the files' owner may do.

use release_gate::process::{Runner, Step};

/// A user and group by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Identity {
    /// Who enters a namespace.
    const ROOT: Self = Self { user: 0, group: 0 };
    /// `nobody` and `users`, which have these numbers on nearly every Linux; root could not even
    /// unpack others' archives in a namespace.
    pub(super) const PINNED: Self = Self {
        user: 65_534,
        group: 100,
    };

    /// The caller.
    fn caller() -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let process = std::fs::metadata("/proc/self").ok()?;
            Some(Self {
                user: process.uid(),
                group: process.gid(),
            })
        }
        #[cfg(not(unix))]
        None
    }

    /// Somebody else, with a name on this machine, so that programs that look the name up find one;
    /// never root.
    fn somebody_else(self) -> Self {
        self.other_of(&std::fs::read_to_string("/etc/passwd").unwrap_or_default())
    }

    /// The user and group in a line of `/etc/passwd`.
    fn in_line(line: &str) -> Option<Self> {
        let mut fields = line.split(':').skip(2);
        Some(Self {
            user: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
        })
    }

    /// Whether neither user nor group is root's, nobody's or the other's.
    fn is_stranger_to(self, other: Self) -> bool {
        // Nobody owns what is not mapped.
        const NOBODY: u32 = 65_534;
        ![0, NOBODY, other.user].contains(&self.user)
            && ![0, NOBODY, other.group].contains(&self.group)
    }

    fn other_of(self, passwd: &str) -> Self {
        let found = passwd
            .lines()
            .filter_map(Self::in_line)
            .filter(|one| one.is_stranger_to(self))
            .min_by_key(|one| one.user);

        found.unwrap_or(Self {
            user: self.user.wrapping_add(1_234),
            group: self.group.wrapping_add(4_321),
        })
    }
}

/// Who builds can run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Users {
    caller: Identity,
    /// The caller; of root somebody else: without power over others' files root cannot even unpack
    /// an archive.
    first: Identity,
    /// Somebody else again.
    pub(crate) second: Identity,
}

impl Users {
    fn of(caller: Identity) -> Self {
        let first = if caller.user == 0 {
            caller.somebody_else()
        } else {
            caller
        };
        Self {
            caller,
            first,
            second: first.somebody_else(),
        }
    }
}

/// Whom a namespace inside a namespace can map the caller to.
///
/// # Errors
/// Why it cannot, for the report.
pub(super) fn find(runner: &Runner) -> Result<Users, String> {
    let caller = Identity::caller().ok_or_else(|| "user namespaces need Linux".to_owned())?;
    let users = Users::of(caller);
    let other = users.second;
    let inside = format!(
        "exec {}sh -c 'test $(id -u).$(id -g) = \"$1\"' x \"$1\"",
        words(other)
    );
    let step = Step::new("unshare").args(["--map-root-user", "sh", "-c", &inside, "probe"]);
    match runner.run(step.arg(format!("{}.{}", other.user, other.group))) {
        Ok(finished) if finished.is_success() => Ok(users),
        Ok(_) => Err("the system does not map users".to_owned()),
        Err(_) => Err("the program `unshare` is not here".to_owned()),
    }
}

/// What comes before a command that is to run as somebody; nothing where that is so already.
pub(crate) fn before(
    users: &Result<Users, String>,
    wanted: Option<Identity>,
    inside: bool,
) -> String {
    let Ok(users) = users else {
        return String::new();
    };
    let (wanted, is) = (
        wanted.unwrap_or(users.first),
        if inside { Identity::ROOT } else { users.caller },
    );
    if wanted == is {
        String::new()
    } else {
        words(wanted)
    }
}

fn words(identity: Identity) -> String {
    format!(
        "unshare --user --map-user={} --map-group={} ",
        identity.user, identity.group
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(user: u32, group: u32) -> Identity {
        Identity { user, group }
    }

    #[test]
    fn somebody_else_has_a_name_where_there_is_one() {
        let passwd = "root:x:0:0::/root:/bin/sh\nme:x:1:7::/:/bin/sh\nsync:x:4:65534::/:/bin/sync\nbin:x:3:3::/:\ndaemon:x:2:2::/:\n+::::::\n";
        assert_eq!(identity(1, 7).other_of(passwd), identity(2, 2));
        assert_eq!(identity(1, 2).other_of(passwd), identity(3, 3));
        assert_eq!(
            identity(0, 0).other_of("root:x:0:0::/root:/bin/sh\n"),
            identity(1_234, 4_321)
        );
    }

    #[test]
    fn nothing_is_started_to_be_who_one_is() {
        let users = Users::of(Identity {
            user: 1_000,
            group: 100,
        });
        assert_eq!(before(&Ok(users), None, false), "");
        assert_eq!(
            before(&Ok(users), None, true),
            "unshare --user --map-user=1000 --map-group=100 "
        );
        assert_eq!(before(&Ok(users), Some(Identity::ROOT), true), "");
        let users = Users::of(Identity::ROOT);
        assert!(
            users.first != Identity::ROOT
                && users.second != Identity::ROOT
                && users.first != users.second
        );
        assert_eq!(before(&Err(String::new()), Some(Identity::ROOT), false), "");
    }
}
