//! Each break by itself: one line of each group compiled alone against both sides.

use release_gate::process::Runner;
use release_gate::{Error, Result};

use super::prepared::Prepared;
use crate::judge::group::Group;
use crate::model::change::Witness;
use crate::prove::{self, Library, Rejected, Rustc};

/// How many findings get a witness compiled alone; more are counted but keep the program's own
/// answer.
const WITNESSES: usize = 1_000;
/// Up to how many findings the old side is asked about each witness once more.
const ASKED_TWICE: usize = 40;
/// How many lines of a group are tried.
const TRIED: usize = 3;

/// What compiles programs against both sides.
pub(super) struct Sides<'a> {
    pub(super) rustc: &'a Rustc<'a>,
    pub(super) runner: &'a Runner,
    pub(super) old: Library,
    pub(super) new: Library,
}

impl<'a> Sides<'a> {
    pub(super) fn of(
        old: &Prepared<'_>,
        new: &Prepared<'_>,
        rustc: &'a Rustc<'a>,
        runner: &'a Runner,
    ) -> Self {
        Self {
            rustc,
            runner,
            old: old.library(Some(new)),
            new: new.library(Some(old)),
        }
    }
}

/// A witness for each group, in their order.
pub(super) fn confirm_groups(
    sides: &Sides<'_>,
    groups: &[Group<'_>],
) -> Result<Vec<Option<Witness>>> {
    let (first, rest) = groups.split_at(groups.len().min(WITNESSES));
    let (left, right) = first.split_at(first.len() / 2);
    let old_too = groups.len() <= ASKED_TWICE;
    let confirm_all = |half: &[Group<'_>]| -> Result<Vec<Option<Witness>>> {
        half.iter()
            .map(|group| confirm_group(sides, group, old_too))
            .collect()
    };
    let (left, right) = std::thread::scope(|scope| {
        let right = scope.spawn(|| confirm_all(right));
        (confirm_all(left), right.join())
    });
    let mut all = left?;
    all.extend(right.map_err(|_| Error::judge("compiling witnesses ended early"))??);
    all.extend(
        rest.iter()
            .map(|group| group.lines.first().map(|line| unproved(sides, line))),
    );
    Ok(all)
}

fn confirm_group(sides: &Sides<'_>, group: &Group<'_>, old_too: bool) -> Result<Option<Witness>> {
    for line in group.lines.iter().take(TRIED) {
        let program = prove::witness_text(&line.line, sides.old.no_std);
        if let Some(rejection) = confirm_line(sides, &program, old_too)? {
            return Ok(Some(Witness {
                program: String::new(),
                text: program,
                proved: true,
                code: rejection.code,
                error: rejection.message,
                rendered: rejection.rendered,
            }));
        }
    }
    Ok(group.lines.first().map(|line| unproved(sides, line)))
}

/// Whether a line alone compiles against the old library and does not against the new one. Without
/// `old_too` the old side is not asked again: it accepted the line in the program, where no line
/// sees another.
fn confirm_line(
    sides: &Sides<'_>,
    program: &str,
    old_too: bool,
) -> Result<Option<prove::Rejection>> {
    let Sides {
        rustc,
        runner,
        old,
        new,
    } = sides;
    if old_too && !rustc.check(old, runner, program)?.accepted {
        return Ok(None);
    }
    let verdict = rustc.check(new, runner, program)?;
    if verdict.accepted {
        return Ok(None);
    }
    let first = verdict.rejections.into_iter().next();
    Ok(first.or(Some(prove::Rejection {
        rendered: verdict.tail,
        ..prove::Rejection::default()
    })))
}

fn unproved(sides: &Sides<'_>, line: &Rejected<'_>) -> Witness {
    Witness {
        program: String::new(),
        text: prove::witness_text(&line.line, sides.old.no_std),
        proved: false,
        code: line.rejection.code.clone(),
        error: line.rejection.message.clone(),
        rendered: line.rejection.rendered.clone(),
    }
}
