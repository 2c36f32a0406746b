//! What a program asserts, and the table of everything users may do with an item.
//!
//! To add a use: one line in the table, and the place that writes it. A use stands in the table
//! beside the others of its rule; the order of rules there is the order in which they explain a
//! change, the most telling first.

use release_gate::Rule;
use rustdoc_types::Id;

use crate::rules;

/// Whether something is missing when a use cannot be compiled with its own library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Every item of its sort has this use: one that does not compile is a gap.
    Expected,
    /// Not every item has it: not every type is covariant, not every trait can be implemented.
    Possible,
}

macro_rules! uses {
    ($($name:ident = $rule:ident, $need:ident, $phrase:literal;)*) => {
        /// One way users may use an item.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Use {
            $(#[doc = concat!("Users ", $phrase, ".")] $name,)*
        }

        impl Use {
            /// Every use, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The rule that a failure falls under.
            pub fn rule(self) -> &'static Rule {
                match self {
                    $(Self::$name => &rules::$rule,)*
                }
            }

            /// What is done with the item, for people.
            pub fn phrase(self) -> &'static str {
                match self {
                    $(Self::$name => $phrase,)*
                }
            }

            /// Whether a macro is expanded by it, in which errors may have no place.
            pub fn expands_macro(self) -> bool {
                self.rule().id == rules::MACRO.id
            }

            /// Whether it says more of an item than that it is there.
            pub fn judges(self) -> bool {
                !matches!(self, Self::Import | Self::ReachByEveryPath | Self::ImportVariant)
            }

            /// Whether every item of its sort has it.
            pub fn need(self) -> Need {
                match self {
                    $(Self::$name => Need::$need,)*
                }
            }
        }
    };
}

uses! {
    Import = REMOVED, Expected, "import";
    MatchVariant = REMOVED, Expected, "match";
    ImportVariant = REMOVED, Possible, "import";
    DeriveByPath = REMOVED, Possible, "derive by this path";
    CallByGlob = REMOVED, Possible, "call a method of a trait that a glob brings";
    ReachByEveryPath = REMOVED, Possible, "be the same item by every path";

    NameWithArguments = GENERICS, Expected, "name with its arguments";
    BoundBy = GENERICS, Expected, "use as a bound";
    PassByValue = GENERICS, Possible, "pass by value";
    NameWithoutDefaults = GENERICS, Expected, "name without defaulted arguments";
    RelyOnDefaults = GENERICS, Possible, "rely on its default arguments";
    StandForTarget = GENERICS, Expected, "be the type it stands for";

    Call = SIGNATURE, Expected, "call";
    CallWith = SIGNATURE, Possible, "call with each type that fits";
    CallOnUnnamed = SIGNATURE, Possible, "call on a value of a type without a name";
    CallInConstant = SIGNATURE, Expected, "call in constants";
    SendResult = SIGNATURE, Possible, "move the result to another thread";
    OutliveArguments = SIGNATURE, Possible, "use the result after what it was called with is gone";
    BorrowResult = SIGNATURE, Possible, "borrow the result in a constant";
    CallByPlainPath = SIGNATURE, Possible, "call by the type's path without arguments";
    PointTo = SIGNATURE, Possible, "use it as a function pointer for every lifetime";
    PointToAbi = SIGNATURE, Expected, "use it as a function pointer of its ABI";
    CallAsMethod = SIGNATURE, Possible, "call as a method";

    CallOfSupertrait = TRAIT_USE, Possible, "call a method of a supertrait without a name";
    RelyOnSupertrait = TRAIT_USE, Possible, "rely on its supertraits";
    NameAssociated = TRAIT_USE, Expected, "name";
    PassAssociated = TRAIT_USE, Possible, "pass by value";
    RelyOnBound = TRAIT_USE, Possible, "rely on its bounds";
    CallTraitMethod = TRAIT_USE, Expected, "call";
    ReadAssociated = TRAIT_USE, Expected, "read";
    UseAsObject = TRAIT_USE, Expected, "use as an object";
    UseObjectImpl = TRAIT_USE, Possible, "use an implementation of its objects";

    ImplementRequired = TRAIT_IMPL, Expected, "implement with its required items";
    ImplementAll = TRAIT_IMPL, Possible, "implement with all its items";
    ImplementWith = TRAIT_IMPL, Possible, "implement with a type whose bounds have no name";

    MatchStruct = CONSTRUCTION, Expected, "match as a struct";
    Build = CONSTRUCTION, Expected, "build";
    BuildByCall = CONSTRUCTION, Expected, "build by calling";
    TakeApart = CONSTRUCTION, Expected, "take apart";
    MatchPublicFields = CONSTRUCTION, Expected, "match its public fields";
    MatchUnitVariant = CONSTRUCTION, Expected, "match";
    MatchEveryVariant = CONSTRUCTION, Expected, "match all variants";

    ReadField = FIELD, Expected, "read";
    ReadOnUnnamed = FIELD, Possible, "read on a value of a type without a name";
    WriteField = FIELD, Expected, "write";
    MoveOutField = FIELD, Possible, "move out";

    UseInConstant = VALUE, Expected, "use in constants";
    BorrowConstant = VALUE, Possible, "borrow for the whole program";
    DropInConstant = VALUE, Possible, "be made and dropped in constants";
    MatchConstant = VALUE, Possible, "match";
    ReadStatic = VALUE, Expected, "read";

    CallMacro = MACRO, Possible, "call";
    CallProcMacro = MACRO, Possible, "call";
    Derive = MACRO, Possible, "derive";
    DeriveWithHelper = MACRO, Possible, "derive with its helper attributes";
    ApplyAttribute = MACRO, Possible, "apply";

    CastToNumber = DISCRIMINANT, Possible, "cast to a number";
    HaveNumber = DISCRIMINANT, Possible, "have its number";

    ShortenLifetime = VARIANCE, Possible, "use a longer lifetime for a shorter one";
    LengthenLifetime = VARIANCE, Possible, "use a shorter lifetime for a longer one";
    DropAfterBorrowed = VARIANCE, Possible, "be dropped after what it borrows";
    LeaveOutLifetime = VARIANCE, Possible, "leave out the lifetime of an object in its arguments";

    MoveIntoClosure = COPY, Possible, "be taken over by a closure";

    RelyOnImpl = IMPL_REMOVED, Expected, "rely on the implementation";
    RelyOnImplWith = IMPL_REMOVED, Possible, "rely on the implementation for each type that fits";
    RelyOnUnnamed = IMPL_REMOVED, Possible, "rely on an implementation of a type without a name";
}

/// One use of one item.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// The item, by its path below the crate's root (`Type::method`), or an implementation's
    /// header.
    pub item: String,
    /// The item in the description the program was written from.
    pub id: Id,
    /// What is done with it.
    pub done: Use,
    /// Ways to write it, best first: the first that compiles is used.
    pub ways: Vec<String>,
}

/// A use that could not be written.
#[derive(Debug, Clone)]
pub struct Unwritten {
    /// The item.
    pub item: String,
    /// The item in the description.
    pub id: Id,
    /// What was to be done with it.
    pub done: Use,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_of_one_rule_stand_together() {
        let mut rules: Vec<&str> = Use::ALL.iter().map(|done| done.rule().id).collect();
        rules.dedup();
        let mut once = rules.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(rules.len(), once.len(), "{rules:?}");
    }
}
