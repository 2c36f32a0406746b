//! Every rule this tool can report.

use release_gate::rules;

/// An anchor of Cargo's chapter on SemVer.
macro_rules! chapter {
    ($anchor:literal) => {
        concat!(
            "https://doc.rust-lang.org/cargo/reference/semver.html#",
            $anchor
        )
    };
}

rules! {
    REMOVED = "item-removed", Deny, "a public item is gone",
        "Programs that name it by this path no longer compile. Keep it, re-export it under the old path, or deprecate it until the next major release.", chapter!("item-remove");
    SIGNATURE = "signature-changed", Deny, "a function can no longer be called as before",
        "A wrapper with the old signature and bounds no longer compiles around it. Keep the old function and add a new one.", chapter!("fn-change-arity");
    GENERICS = "generics-changed", Deny, "a type or function takes other generic parameters",
        "Programs that write its generic arguments no longer compile. Give new parameters of types a default, or add them in a major release.", chapter!("generic-new-default");
    FIELD = "field-changed", Deny, "a public field can no longer be used as before",
        "Reading, writing or matching it no longer compiles.", chapter!("struct-private-fields-with-private");
    CONSTRUCTION = "construction-changed", Deny, "a value can no longer be built or matched as before",
        "A literal or an exhaustive pattern with the old fields or variants no longer compiles. Mark types that will grow `#[non_exhaustive]` from the start.", chapter!("struct-add-public-field-when-no-private");
    TRAIT_USE = "trait-use-changed", Deny, "a trait can no longer be used as before",
        "Calling its methods, naming its items or using it as a bound or object no longer compiles.", chapter!("trait-item-signature");
    TRAIT_IMPL = "trait-impl-changed", Deny, "a trait can no longer be implemented as before",
        "An implementation written for the old trait no longer compiles. Give new items a default, or seal traits that are not to be implemented.", chapter!("trait-new-item-no-default");
    IMPL_REMOVED = "impl-removed", Deny, "a type no longer implements a trait",
        "Programs that rely on the implementation (auto traits such as `Send` included) no longer compile.", chapter!("item-remove");
    VARIANCE = "variance-changed", Deny, "a type is no longer covariant",
        "A longer lifetime can no longer stand for a shorter one.", "https://doc.rust-lang.org/reference/subtyping.html";
    COPY = "copy-added", Deny, "a type became `Copy`",
        "A closure that is not `move` borrows a `Copy` value that it took over before, and so can no longer outlive it.", "https://doc.rust-lang.org/reference/types/closure.html#capture-modes";
    VALUE = "constant-changed", Deny, "a constant or static can no longer be used as before",
        "Its type changed, or it can no longer stand where it did (in a pattern, in a constant).", chapter!("item-remove");
    DISCRIMINANT = "discriminant-changed", Deny, "a variant's numeric value changed",
        "Casts give another number now.", "https://doc.rust-lang.org/reference/items/enumerations.html#discriminants";
    MACRO = "macro-changed", Deny, "a macro no longer takes what it took",
        "A call that matched an arm before no longer compiles.", chapter!("item-remove");
    HIDDEN = "item-hidden", Deny, "a public item left the documented API",
        "`#[doc(hidden)]` items are not covered by SemVer: hiding one is as good as removing it, though programs still compile.", chapter!("item-remove");
    REPR = "repr-changed", Deny, "a type's guaranteed layout changed",
        "Foreign code and `unsafe` code may rely on `repr(C)`, `repr(transparent)`, an integer representation or an alignment.", chapter!("repr-c-remove");
    SYMBOL = "symbol-removed", Deny, "an exported symbol is gone",
        "Programs that link against it no longer do.", "https://doc.rust-lang.org/reference/abi.html#the-no_mangle-attribute";
    SYMBOL_SIGNATURE = "symbol-signature-changed", Deny, "an exported function is called differently",
        "Its calling convention or types changed: programs that link against it pass arguments it does not expect.", "https://doc.rust-lang.org/reference/items/functions.html#extern-function-qualifier";
    TARGET_FEATURE = "target-feature-required", Deny, "a function requires more of the processor",
        "Callers without the target feature have undefined behaviour, or no longer compile.", "https://doc.rust-lang.org/reference/attributes/codegen.html#the-target_feature-attribute";
    FEATURE_NARROWED = "feature-narrowed", Deny, "a Cargo feature no longer turns on another one",
        "Programs that relied on it miss what the other feature gave them.", chapter!("cargo-feature-remove-another");
    FEATURE_REMOVED = "feature-removed", Deny, "a Cargo feature is gone",
        "A manifest that asks for it no longer resolves.", chapter!("cargo-feature-remove");
    FEATURE_DEFAULT = "feature-not-default", Deny, "a feature is no longer on by default",
        "Programs that used what it enables without asking for it no longer compile.", chapter!("cargo-feature-remove-another");
    PUBLIC_DEPENDENCY = "public-dependency-bumped", Deny, "a dependency that shows in the public API has an incompatible version",
        "Types of two versions do not unify, though their names are the same.", chapter!("cargo-change-dep-feature");
    DEPENDENCY_NOT_ALLOWED = "public-dependency-not-allowed", Deny, "a dependency shows in the public API and is not on the list",
        "Its incompatible releases are those of this crate as well. `public-dependencies` of `[compat]` names those that may show.", chapter!("cargo-change-dep-feature");
    LIB_RENAMED = "library-renamed", Deny, "the library has another name",
        "Every `use` of it has to change.", chapter!("item-remove");
    BEHAVIOUR = "behaviour-changed", Deny, "what passed with the old library fails with the new one",
        "A test, documented example or user program that the old release came with shows other behaviour. Where the old behaviour was the defect, waive it with that reason.", "https://doc.rust-lang.org/cargo/reference/semver.html";
    DEPENDENT = "dependent-broken", Deny, "a dependent compiles with the old library and not with the new one",
        "It was named with --dependents or in `dependents` of `[compat]`, and what its authors wrote no longer compiles. Undo the change, or help them and waive it with that reason.", "https://doc.rust-lang.org/cargo/reference/semver.html";
    NOT_ADDITIVE = "feature-not-additive", Deny, "a feature takes away what programs without it use",
        "Cargo builds a crate once, with every feature that anybody in the graph asks for. What was written without a feature has to compile with it, too. Let features add, and never change or remove.", "https://doc.rust-lang.org/cargo/reference/features.html#feature-unification";
    SET_BROKEN = "feature-set-broken", Warn, "a set of features no longer builds",
        "Features should add to each other; users who turn on several get this set sooner or later.", "https://doc.rust-lang.org/cargo/reference/features.html#feature-unification";
    MSRV = "rust-version-raised", Warn, "the minimum Rust version was raised",
        "By custom a minor change. Users on older toolchains stay on the old release.", chapter!("env-new-rust");
    HAZARD = "possible-break", Note, "some programs may no longer compile, which is called minor",
        "Cargo's SemVer chapter counts it as minor, or few users can be meant. The witness shows a program that breaks.", chapter!("trait-new-default-item");
    ADDED = "item-added", Note, "a public item was added",
        "A minor change: old programs compile, and new ones may use it.", chapter!("item-new");
    EXTENDED = "item-extended", Note, "a public item can be used in new ways",
        "A minor change: programs written for the new version may not compile with the old one.", chapter!("item-new");
    ORDER = "order-changed", Deny, "an order that something is derived from changed",
        "A derived `PartialOrd` compares fields and variants in their order, and `repr(C)` lays fields out in it.", chapter!("repr-c-shuffle");
    DEPRECATED = "item-deprecated", Note, "an item was deprecated",
        "A minor change: programs compile, with a warning.", chapter!("new-lints");
    MUST_USE = "must-use-added", Note, "`#[must_use]` was added",
        "A minor change: programs compile, some with a new warning.", chapter!("new-lints");
    UNPROVED = "changed-unproved", Deny, "an item changed, and no program could be written to judge it",
        "What declares it differs, and no use of it could be compiled, so nothing shows that users are not broken. Look at both declarations; where the change is harmless, waive it with that reason.", "https://doc.rust-lang.org/cargo/reference/semver.html";
    WITNESS = "witness-breaks", Deny, "a saved program no longer compiles",
        "It was asked for with --witness, and shows the break it was saved for.", "https://doc.rust-lang.org/cargo/reference/semver.html";
    MINOR_MISSING = "minor-bump-missing", Warn, "the version promises a patch, and the API grew",
        "Semantic versioning asks for a minor version where something was added. Nobody's build breaks by it, so this warns; a project that promises more turns the rule to `deny`.", chapter!("item-new");
    BUMP = "bump-too-small", Deny, "the version bump is too small for the changes",
        "The declared version promises users that they can update. Raise it as said, or undo the changes.", "https://doc.rust-lang.org/cargo/reference/semver.html";
    WAIVER_UNUSED = "waiver-unused", Warn, "a waiver matches nothing",
        "What it waived is no longer found. Take it out, so that it does not hide the next break.";
    WAIVER_REASON = "waiver-without-reason", Deny, "a waiver gives no reason",
        "Somebody will want to know why. Give one.";
    NO_BASELINE = "no-baseline", Note, "there is nothing to compare with",
        "No release tag below this version was found, and no published version could be used. Tag a release, or name a baseline with --against.";
    NO_LIBRARY = "no-library", Note, "there is no library",
        "A program has no public API for other crates; nothing is judged.";
    GAPS = "uses-not-compiled", Warn, "many uses of the old API could not be compiled",
        "What no program uses, no program can show to be broken.";
    ENVIRONMENT = "environment-used", Note, "builds got variables of the caller",
        "Flags and variables may decide what is compiled, and with it the API. The report names those that were handed on.";
    LOCK_COPIED = "lock-not-used", Note, "Cargo.lock is missing or out of date, so a copy was built",
        "Nothing is written into the work tree. Which dependencies were chosen is not written down anywhere either.";
    ADVISORY = "advisory-baseline", Warn, "the baseline is a rustdoc JSON file, so nothing can be proved",
        "Without the old sources no program can be compiled against them. Findings are structural only. Name a revision or version with --against for proofs.";
    NOT_JUDGED_USE = "not-judged-use", Note, "a use of an item could not be compiled with the old library",
        "No program shows whether it still compiles. What declares the item reads the same on both sides; had it changed, this would be a `changed-unproved`.";
    NOT_JUDGED_MACRO = "not-judged-macro", Note, "no call of a macro's arm could be written",
        "The inputs that the generator knows do not fit it. Whether it still takes what users write is not known.";
    NOT_JUDGED_FEATURES = "not-judged-features", Warn, "a set of features was not compared",
        "Users who build with it may be broken unseen. Name the set with --features to judge it by itself.";
    NOT_JUDGED_DEPENDENT = "not-judged-dependent", Warn, "a dependent shows nothing",
        "It does not compile with the old library either, or does not use this crate in the version that is judged. Name another version of it, or take it out of the list.";
    NOT_JUDGED_TARGET = "not-judged-target", Note, "targets other than those compiled for were not judged",
        "What is behind `cfg` for another target was not seen. Name targets with --target.";
    NOT_JUDGED_PART = "not-judged-part", Note, "members of other parts of the workspace were not judged",
        "A member whose items show in this one's API may need a major bump, which would be one here, too.";
    NOT_JUDGED_GLOB = "not-judged-glob", Note, "what a glob over another crate brings is not known",
        "The other crate could not be described, so nothing says which names come from it.";
}
