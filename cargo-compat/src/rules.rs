//! Every rule this tool can report.

use release_gate::{Level, Rule};

const CHAPTER: &str = "https://doc.rust-lang.org/cargo/reference/semver.html";

macro_rules! rules {
    ($($name:ident = $id:literal, $level:ident, $summary:literal, $why:literal;)*) => {
        $(pub(crate) const $name: Rule = Rule { id: $id, level: Level::$level, summary: $summary, why: $why, link: CHAPTER };)*
        /// The catalogue.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    REMOVED = "item-removed", Deny, "a public item is gone", "Programs that name it by this path no longer compile. Keep it, re-export it under the old path, or deprecate it until the next major release.";
    SIGNATURE = "signature-changed", Deny, "a function can no longer be called as before", "A wrapper with the old signature and bounds no longer compiles around it. Keep the old function and add a new one.";
    GENERICS = "generics-changed", Deny, "a type or function takes other generic parameters", "Programs that write its generic arguments no longer compile. Give new parameters of types a default, or add them in a major release.";
    FIELD = "field-changed", Deny, "a public field can no longer be used as before", "Reading, writing or matching it no longer compiles.";
    CONSTRUCTION = "construction-changed", Deny, "a value can no longer be built or matched as before", "A literal or an exhaustive pattern with the old fields or variants no longer compiles. Mark types that will grow `#[non_exhaustive]` from the start.";
    TRAIT_USE = "trait-use-changed", Deny, "a trait can no longer be used as before", "Calling its methods, naming its items or using it as a bound or object no longer compiles.";
    TRAIT_IMPL = "trait-impl-changed", Deny, "a trait can no longer be implemented as before", "An implementation written for the old trait no longer compiles. Give new items a default, or seal traits that are not to be implemented.";
    IMPL_REMOVED = "impl-removed", Deny, "a type no longer implements a trait", "Programs that rely on the implementation (auto traits such as `Send` included) no longer compile.";
    VARIANCE = "variance-changed", Deny, "a type is no longer covariant", "A longer lifetime can no longer stand for a shorter one.";
    COPY = "copy-added", Deny, "a type became `Copy`", "A closure that is not `move` borrows a `Copy` value that it took over before, and so can no longer outlive it.";
    VALUE = "constant-changed", Deny, "a constant or static can no longer be used as before", "Its type changed, or it can no longer stand where it did (in a pattern, in a constant).";
    DISCRIMINANT = "discriminant-changed", Deny, "a variant's numeric value changed", "Casts give another number now.";
    MACRO = "macro-changed", Deny, "a macro no longer takes what it took", "A call that matched an arm before no longer compiles.";
    HIDDEN = "item-hidden", Deny, "a public item left the documented API", "`#[doc(hidden)]` items are not covered by SemVer: hiding one is as good as removing it, though programs still compile.";
    REPR = "repr-changed", Deny, "a type's guaranteed layout changed", "Foreign code and `unsafe` code may rely on `repr(C)`, `repr(transparent)`, an integer representation or an alignment.";
    SYMBOL = "symbol-removed", Deny, "an exported symbol is gone", "Programs that link against it no longer do.";
    SYMBOL_SIGNATURE = "symbol-signature-changed", Deny, "an exported function is called differently", "Its calling convention or types changed: programs that link against it pass arguments it does not expect.";
    TARGET_FEATURE = "target-feature-required", Deny, "a function requires more of the processor", "Callers without the target feature have undefined behaviour, or no longer compile.";
    FEATURE_NARROWED = "feature-narrowed", Deny, "a Cargo feature no longer turns on another one", "Programs that relied on it miss what the other feature gave them.";
    FEATURE_REMOVED = "feature-removed", Deny, "a Cargo feature is gone", "A manifest that asks for it no longer resolves.";
    FEATURE_DEFAULT = "feature-not-default", Deny, "a feature is no longer on by default", "Programs that used what it enables without asking for it no longer compile.";
    PUBLIC_DEPENDENCY = "public-dependency-bumped", Deny, "a dependency that shows in the public API has an incompatible version", "Types of two versions do not unify, though their names are the same.";
    LIB_RENAMED = "library-renamed", Deny, "the library has another name", "Every `use` of it has to change.";
    BEHAVIOUR = "behaviour-changed", Deny, "what passed with the old library fails with the new one", "A test, documented example or user program that the old release came with shows other behaviour. Where the old behaviour was the defect, waive it with that reason.";
    SET_BROKEN = "feature-set-broken", Warn, "a set of features no longer builds", "Features should add to each other; users who turn on several get this set sooner or later.";
    MSRV = "rust-version-raised", Warn, "the minimum Rust version was raised", "By custom a minor change. Users on older toolchains stay on the old release.";
    ADDED = "item-added", Note, "a public item was added", "A minor change: old programs compile, and new ones may use it.";
    EXTENDED = "item-extended", Note, "a public item can be used in new ways", "A minor change: programs written for the new version may not compile with the old one.";
    ORDER = "order-changed", Deny, "an order that something is derived from changed", "A derived `PartialOrd` compares fields and variants in their order, and `repr(C)` lays fields out in it.";
    DEPRECATED = "item-deprecated", Note, "an item was deprecated", "A minor change: programs compile, with a warning.";
    MUST_USE = "must-use-added", Note, "`#[must_use]` was added", "A minor change: programs compile, some with a new warning.";
    UNPROVED = "changed-unproved", Note, "an item changed, and no program shows that it breaks", "The text of its declaration differs, and everything that could be compiled still does. It is shown so that a person can look.";
    WITNESS = "witness-breaks", Deny, "a saved program no longer compiles", "It was asked for with --witness, and shows the break it was saved for.";
    MINOR_MISSING = "minor-bump-missing", Deny, "the version promises a patch, and the API grew", "Semantic versioning asks for a minor version where something was added. Nobody's build breaks by it: a project that publishes additions as patches can turn this rule to `warn`.";
    BUMP = "bump-too-small", Deny, "the version bump is too small for the changes", "The declared version promises users that they can update. Raise it as said, or undo the changes.";
    WAIVER_UNUSED = "waiver-unused", Warn, "a waiver matches nothing", "What it waived is no longer found. Take it out, so that it does not hide the next break.";
    WAIVER_REASON = "waiver-without-reason", Deny, "a waiver gives no reason", "Somebody will want to know why. Give one.";
    NO_BASELINE = "no-baseline", Note, "there is nothing to compare with", "No release tag below this version was found, and no published version could be used. Tag a release, or name a baseline with --against.";
    NO_LIBRARY = "no-library", Note, "there is no library", "A program has no public API for other crates; nothing is judged.";
    GAPS = "uses-not-compiled", Warn, "many uses of the old API could not be compiled", "What no program uses, no program can show to be broken.";
    ADVISORY = "advisory-baseline", Warn, "the baseline is a rustdoc JSON file, so nothing can be proved", "Without the old sources no program can be compiled against them. Findings are structural only. Name a revision or version with --against for proofs.";
}
