//! Cargo's arguments as reports have them.

/// Arguments without `--target` and its values: which targets are built is up to each machine.
pub(crate) fn without_targets(args: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = args.iter();

    while let Some(word) = words.next() {
        if word == "--target" {
            words.next();
        } else {
            kept.push(word.clone());
        }
    }
    kept
}
