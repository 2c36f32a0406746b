//! The largest set of features that builds, where all of them together do not.

use std::collections::BTreeSet;

/// How often a set is tried.
const TRIED: usize = 24;

/// Features that do not build together with the others, first come first kept.
///
/// `builds` tells whether a set of features builds. Halves are tried together, so that the number of
/// tries grows with that of the features that are left out. Once there were too many tries, what was
/// not tried is left out as well.
pub(super) fn not_building_together(
    names: &[String],
    builds: &mut dyn FnMut(&BTreeSet<String>) -> bool,
) -> BTreeSet<String> {
    let mut search = Search {
        kept: BTreeSet::new(),
        left_out: BTreeSet::new(),
        tried: 0,
        builds,
    };
    search.add(names);
    search.left_out
}

struct Search<'a> {
    kept: BTreeSet<String>,
    left_out: BTreeSet<String>,
    tried: usize,
    builds: &'a mut dyn FnMut(&BTreeSet<String>) -> bool,
}

impl Search<'_> {
    fn add(&mut self, names: &[String]) {
        if names.is_empty() {
            return;
        }
        if self.tried == TRIED {
            self.left_out.extend(names.iter().cloned());
            return;
        }

        let mut with: BTreeSet<String> = self.kept.clone();
        with.extend(names.iter().cloned());
        self.tried += 1;
        if (self.builds)(&with) {
            self.kept = with;
        } else if let [name] = names {
            self.left_out.insert(name.clone());
        } else {
            let (first, second) = names.split_at(names.len() / 2);
            self.add(first);
            self.add(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(names: &str, builds: impl Fn(&BTreeSet<String>) -> bool) -> (String, usize) {
        let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
        let mut tried = 0;
        let found = not_building_together(&names, &mut |set| {
            tried += 1;
            builds(set)
        });
        (Vec::from_iter(found).join(" "), tried)
    }

    #[test]
    fn as_many_as_build_together_are_kept() {
        let has = |set: &BTreeSet<String>, name: &str| set.contains(name);
        assert_eq!(
            left_out("a b c d", |set| !has(set, "c")),
            ("c".to_owned(), 5)
        );
        // Of two that exclude each other the first is kept.
        assert_eq!(
            left_out("a b c d", |set| !(has(set, "b") && has(set, "d"))).0,
            "d"
        );
        let (all, tried) = left_out("x ".repeat(40).trim_end(), |_| false);
        assert_eq!((all.as_str(), tried), ("x", TRIED));
    }
}
