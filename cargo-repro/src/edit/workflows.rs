//! Makes continuous integration fetch the whole history, or set SOURCE_DATE_EPOCH to the commit's
//! time, and leaves everything else as people wrote it. Pure: text in, text out.

/// Why a file was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {says}")]
pub(crate) struct Taken {
    line: usize,
    says: &'static str,
}

const DEPTH: &str = "asks for another depth";
const SHAPE: &str = "has a shape that is left to people";

/// A GitHub workflow whose checkouts fetch everything; `None` if they do already, or there are
/// none.
///
/// # Errors
/// One asks for another depth: that is people's own decision.
pub(crate) fn github(text: &str) -> Result<Option<String>, Taken> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut changed = false;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        out.push(line.to_owned());
        at += 1;
        let Some(column) = checkout(line) else {
            continue;
        };
        let pad = " ".repeat(column);
        // The step's other keys stand in the same column; a line further left ends it.
        let end = (at..lines.len())
            .find(|&next| !lines[next].trim().is_empty() && column_of(lines[next]) < column)
            .unwrap_or(lines.len());
        let with = (at..end).find(|&next| {
            column_of(lines[next]) == column && lines[next].trim().starts_with("with:")
        });
        let depth = (at..end).find(|&next| lines[next].trim_start().starts_with("fetch-depth:"));
        match (depth, with) {
            (Some(depth), _) => {
                let value = lines[depth].split_once(':').map_or("", |(_, value)| value);
                let value = value
                    .split('#')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .trim_matches(['"', '\'']);
                if value != "0" {
                    return Err(Taken {
                        line: depth + 1,
                        says: DEPTH,
                    });
                }
            }
            (None, Some(with)) if lines[with].trim() == "with:" => {
                out.extend(lines[at..=with].iter().map(|line| (*line).to_owned()));
                let inner = lines[with + 1..end]
                    .iter()
                    .find(|line| !line.trim().is_empty());
                let inner = inner.map_or(column + 2, |line| column_of(line));
                out.push(format!("{}fetch-depth: 0", " ".repeat(inner)));
                at = with + 1;
                changed = true;
            }
            // `with: { … }` on one line is left to people.
            (None, Some(with)) => {
                return Err(Taken {
                    line: with + 1,
                    says: SHAPE,
                });
            }
            (None, None) => {
                out.push(format!("{pad}with:"));
                out.push(format!("{pad}  fetch-depth: 0"));
                changed = true;
            }
        }
    }

    Ok(changed.then(|| out.join("\n") + if text.ends_with('\n') { "\n" } else { "" }))
}

/// The column of the keys of a step that uses `actions/checkout`.
fn checkout(line: &str) -> Option<usize> {
    let rest = line.trim_start_matches([' ', '-']);
    let value = rest
        .strip_prefix("uses:")?
        .trim()
        .trim_start_matches(['"', '\'']);
    value
        .starts_with("actions/checkout@")
        .then(|| line.len() - rest.len())
}

fn column_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A `.gitlab-ci.yml` whose jobs fetch everything; `None` if the depth is set already.
///
/// # Errors
/// It is set to something else, or the variables are not one to a line.
pub(crate) fn gitlab(text: &str) -> Result<Option<String>, Taken> {
    if let Some(line) = text
        .lines()
        .position(|line| line.trim_start().starts_with("GIT_DEPTH:"))
    {
        let value = text
            .lines()
            .nth(line)
            .and_then(|line| line.split_once(':'))
            .map_or("", |(_, value)| value);
        let value = value
            .split('#')
            .next()
            .unwrap_or_default()
            .trim()
            .trim_matches(['"', '\'']);
        return if value == "0" {
            Ok(None)
        } else {
            Err(Taken {
                line: line + 1,
                says: DEPTH,
            })
        };
    }

    match text.lines().position(|line| line.starts_with("variables:")) {
        Some(line)
            if text
                .lines()
                .nth(line)
                .is_some_and(|line| line.trim_end() == "variables:") =>
        {
            let mut lines: Vec<&str> = text.lines().collect();
            let inner = lines.get(line + 1).map_or(2, |next| column_of(next)).max(1);
            let added = format!("{}GIT_DEPTH: \"0\"", " ".repeat(inner));
            lines.insert(line + 1, &added);
            Ok(Some(lines.join("\n") + "\n"))
        }
        Some(line) => Err(Taken {
            line: line + 1,
            says: SHAPE,
        }),
        None => Ok(Some(format!("variables:\n  GIT_DEPTH: \"0\"\n\n{text}"))),
    }
}

/// The commit's time, which a step that fails does not set to nothing.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// A GitHub workflow whose jobs have SOURCE_DATE_EPOCH after each checkout; `None` if it is set
/// somewhere, or nothing is checked out.
///
/// # Errors
/// A checkout is written in a way that nothing can be put behind.
pub(crate) fn github_epoch(text: &str) -> Result<Option<String>, Taken> {
    if text.contains(EPOCH) {
        return Ok(None);
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for (at, line) in lines.iter().enumerate().rev() {
        let Some(column) = checkout(line) else {
            continue;
        };
        let taken = Taken {
            line: at + 1,
            says: SHAPE,
        };
        // Where the step begins: its dash stands further left than its keys.
        let dash = (0..=at)
            .rev()
            .find(|&before| lines[before].trim_start().starts_with('-'))
            .ok_or(taken)?;
        let dash = column_of(lines[dash]);
        let end = (at + 1..lines.len())
            .find(|&next| !lines[next].trim().is_empty() && column_of(lines[next]) < column)
            .unwrap_or(lines.len());
        let last = (at..end)
            .rev()
            .find(|&line| !lines[line].trim().is_empty())
            .unwrap_or(at);
        let pad = " ".repeat(dash);
        out.splice(
            last + 1..last + 1,
            [
                format!("{pad}- run: epoch=$(git log -1 --format=%ct) && echo \"{EPOCH}=$epoch\" >> \"$GITHUB_ENV\""),
                format!("{pad}  shell: bash"),
            ],
        );
    }

    Ok((out.len() != lines.len())
        .then(|| out.join("\n") + if text.ends_with('\n') { "\n" } else { "" }))
}

/// Whether a line of a `.gitlab-ci.yml` gives jobs something to do before.
fn gives_jobs_a_beginning(line: &str) -> bool {
    line.starts_with("default:") || line.trim_start().starts_with("before_script:")
}

/// A `.gitlab-ci.yml` whose jobs have SOURCE_DATE_EPOCH; `None` if it is set somewhere.
///
/// # Errors
/// Jobs have something else to do before: which of the two comes first is for people to say.
pub(crate) fn gitlab_epoch(text: &str) -> Result<Option<String>, Taken> {
    if text.contains(EPOCH) {
        return Ok(None);
    }

    match text.lines().position(gives_jobs_a_beginning) {
        Some(line) => Err(Taken {
            line: line + 1,
            says: SHAPE,
        }),
        None => Ok(Some(format!(
            "default:\n  before_script:\n    - {EPOCH}=$(git log -1 --format=%ct)\n    - export {EPOCH}\n\n{text}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = "on: push\njobs:\n  a:\n    steps:\n      # ours\n      - uses: actions/checkout@v4\n      - run: cargo build\n  \
                            b:\n    steps:\n      - name: get it\n        uses: \"actions/checkout@v4\" # pinned\n        with:\n          submodules: true\n";

    #[test]
    fn every_checkout_fetches_everything_and_the_rest_stays() {
        let new = github(WORKFLOW).unwrap().unwrap();
        let expected = WORKFLOW
            .replace(
                "checkout@v4\n",
                "checkout@v4\n        with:\n          fetch-depth: 0\n",
            )
            .replace(
                "with:\n          submodules",
                "with:\n          fetch-depth: 0\n          submodules",
            );
        assert_eq!(new, expected);
        assert_eq!(github(&new), Ok(None));
        assert_eq!(github("jobs: {}\n"), Ok(None));
        assert_eq!(
            github(&new.replacen("fetch-depth: 0", "fetch-depth: 50", 1)),
            Err(Taken {
                line: 8,
                says: DEPTH
            })
        );
    }

    #[test]
    fn the_commits_time_is_set_after_each_checkout() {
        let new = github_epoch(WORKFLOW).unwrap().unwrap();
        let step = "      - run: epoch=$(git log -1 --format=%ct) && echo \"SOURCE_DATE_EPOCH=$epoch\" >> \"$GITHUB_ENV\"\n        shell: bash\n";
        let expected = WORKFLOW.replace("checkout@v4\n", &format!("checkout@v4\n{step}")) + step;
        assert_eq!(new, expected);
        assert_eq!(github_epoch(&new), Ok(None));
        assert_eq!(github_epoch("jobs: {}\n"), Ok(None));
        let both = github_epoch(&github(WORKFLOW).unwrap().unwrap())
            .unwrap()
            .unwrap();
        assert_eq!(both.matches("fetch-depth: 0\n").count(), 2);
        assert_eq!(both.matches(step).count(), 2);

        let new = gitlab_epoch("build:\n  script: x\n").unwrap().unwrap();
        assert!(
            new.ends_with("    - export SOURCE_DATE_EPOCH\n\nbuild:\n  script: x\n"),
            "{new}"
        );
        assert_eq!(gitlab_epoch(&new), Ok(None));
        assert!(gitlab_epoch("build:\n  before_script: [x]\n").is_err());
        assert!(gitlab_epoch("default:\n  image: rust\n").is_err());
    }

    #[test]
    fn gitlab_has_one_variable_for_all_jobs() {
        assert_eq!(
            gitlab("build:\n  script: x\n").unwrap().unwrap(),
            "variables:\n  GIT_DEPTH: \"0\"\n\nbuild:\n  script: x\n"
        );
        let new = gitlab("variables:\n    A: b\n").unwrap().unwrap();
        assert_eq!(new, "variables:\n    GIT_DEPTH: \"0\"\n    A: b\n");
        assert_eq!(gitlab(&new), Ok(None));
        assert!(
            gitlab("variables:\n  GIT_DEPTH: 20\n").is_err()
                && gitlab("variables: {A: b}\n").is_err()
        );
    }
}
