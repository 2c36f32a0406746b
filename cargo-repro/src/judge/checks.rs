//! Which test or lint failed, from what a check printed. Pure.

/// How many are named.
const NAMED: usize = 3;

/// What failed: tests by name, else the first errors with their place.
pub(crate) fn failed_parts(stdout: &str, stderr: &str) -> Vec<String> {
    let mut parts: Vec<String> = failed_tests(stdout)
        .chain(failed_tests(stderr))
        .map(|name| format!("the test `{name}`"))
        .collect();
    if parts.is_empty() {
        parts = errors(stderr);
    }
    parts.dedup();
    if parts.len() > NAMED {
        let more = parts.len() - NAMED;
        parts.truncate(NAMED);
        parts.push(format!("{more} more"));
    }
    parts
}

/// `test NAME ... FAILED` of libtest, and `FAIL [ 0.1s] CRATE NAME` of nextest.
fn failed_tests(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("test ") {
            return rest.strip_suffix(" ... FAILED");
        }
        let rest = line.strip_prefix("FAIL [")?;
        let (_, named) = rest.split_once("] ")?;
        named.rsplit(' ').next()
    })
}

/// Errors and denied lints of the compiler, each with the place below it.
fn errors(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_error = line.starts_with("error:") || line.starts_with("error[");
        let is_summary = line.contains("could not compile") || line.contains("aborting due to");
        if !is_error || is_summary {
            continue;
        }
        let place = lines
            .get(at + 1)
            .and_then(|next| next.trim().strip_prefix("--> "));
        found.push(match place {
            Some(place) => format!("{place}: {line}"),
            None => (*line).to_owned(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failing_test_is_named() {
        let out = "running 2 tests\ntest fine ... ok\ntest my_important_test ... FAILED\n\nfailures:\n    my_important_test\n";
        assert_eq!(
            failed_parts(out, "error: test failed, to rerun pass `--test t`\n"),
            ["the test `my_important_test`"]
        );
        let nextest = "        FAIL [   0.003s] demo::t my_important_test\n";
        assert_eq!(failed_parts("", nextest), ["the test `my_important_test`"]);
    }

    #[test]
    fn the_failing_lint_is_named_with_its_place() {
        let err = "error: unused variable: `x`\n --> src/main.rs:1:17\n  |\n\nerror: could not compile `demo` (bin \"demo\") due to 1 previous error\n";
        assert_eq!(
            failed_parts("", err),
            ["src/main.rs:1:17: error: unused variable: `x`"]
        );
        assert!(failed_parts("", "no such command\n").is_empty());
    }
}
