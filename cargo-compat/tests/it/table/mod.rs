//! The pairs, first round; the second is in [`traps`]. Types carry their pair's name (`<name>T`,
//! underscores left out), so that implementations can be told apart; macros are
//! called `<name>_macro`.

mod kinds;
mod traps;
mod unnamed;

pub(crate) use kinds::KINDS;
pub(crate) use traps::TRAPS;
pub(crate) use unnamed::UNNAMED;

/// What rustc says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// The user's program no longer compiles.
    Breaking,
    /// It still does.
    Harmless,
}

/// Two sides of an API and a user's program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    pub(crate) truth: Truth,
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
    pub(crate) user: &'static str,
}

macro_rules! pairs {
    ($all:ident; $($truth:ident $name:ident: $old:literal => $new:literal, $user:literal;)*) => {
        pub(crate) const $all: &[Pair] = &[$(Pair { name: stringify!($name), truth: Truth::$truth, old: $old, new: $new, user: $user }),*];
    };
}
pub(super) use pairs;

pairs! {
    PAIRS;
    // Functions: parameters, returns, headers.
    Breaking fn_removed: "pub fn f() {} pub fn g() {}" => "pub fn g() {}", "fn u() { k::f() }";
    Breaking fn_renamed: "pub fn f() {}" => "pub fn f2() {}", "fn u() { k::f() }";
    Breaking fn_private: "pub fn f() {}" => "fn f() {}", "fn u() { k::f() }";
    Breaking fn_param_type: "pub fn f(x: u32) {}" => "pub fn f(x: u64) {}", "fn u(x: u32) { k::f(x) }";
    Breaking fn_param_added: "pub fn f(x: u32) {}" => "pub fn f(x: u32, y: u32) {}", "fn u() { k::f(1) }";
    Breaking fn_param_removed: "pub fn f(x: u32, y: u32) {}" => "pub fn f(x: u32) {}", "fn u() { k::f(1, 2) }";
    Breaking fn_params_swapped: "pub fn f(x: u32, y: &str) {}" => "pub fn f(y: &str, x: u32) {}", "fn u() { k::f(1, \"\") }";
    Breaking fn_return_type: "pub fn f() -> u32 { 1 }" => "pub fn f() -> u64 { 1 }", "fn u() -> u32 { k::f() }";
    Breaking fn_return_option: "pub fn f() -> u32 { 1 }" => "pub fn f() -> Option<u32> { None }", "fn u() -> u32 { k::f() }";
    Breaking fn_error_type: "pub fn f() -> Result<(), String> { Ok(()) }" => "pub fn f() -> Result<(), std::fmt::Error> { Ok(()) }", "fn u() -> Result<(), String> { k::f() }";
    Breaking fn_ref_to_owned: "pub fn f(x: &str) {}" => "pub fn f(x: String) {}", "fn u() { k::f(\"\") }";
    Breaking fn_ref_mut: "pub fn f(x: &Vec<u8>) {}" => "pub fn f(x: &mut Vec<u8>) {}", "fn u(x: &Vec<u8>) { k::f(x) }";
    Breaking fn_unsafe: "pub fn f() {}" => "pub unsafe fn f() {}", "fn u() { k::f() }";
    Breaking fn_async: "pub fn f() -> u8 { 1 }" => "pub async fn f() -> u8 { 1 }", "fn u() -> u8 { k::f() }";
    Breaking fn_no_longer_const: "pub const fn f() -> u8 { 1 }" => "pub fn f() -> u8 { 1 }", "const U: u8 = k::f();";
    Breaking fn_abi: "pub extern \"C\" fn f() {}" => "pub fn f() {}", "fn u() { let _: extern \"C\" fn() = k::f; }";
    Breaking fn_lifetime_static: "pub fn f(x: &str) {}" => "pub fn f(x: &'static str) {}", "fn u(x: &str) { k::f(x) }";
    Breaking fn_lifetime_return: "pub fn f<'a>(x: &'a str, y: &str) -> &'a str { x }" => "pub fn f<'a>(x: &'a str, y: &'a str) -> &'a str { x }", "fn u<'a>(x: &'a str) -> &'a str { let y = String::new(); k::f(x, &y) }";
    Breaking fn_bound_added: "pub fn f<T>(x: T) {}" => "pub fn f<T: Clone>(x: T) {}", "struct N; fn u() { k::f(N) }";
    Breaking fn_sized_added: "pub fn f<T: ?Sized>(x: &T) {}" => "pub fn f<T>(x: &T) {}", "fn u() { k::f::<str>(\"\") }";
    Breaking fn_generic_added: "pub fn f<T>(x: T) {}" => "pub fn f<T, U: Default>(x: T) {}", "fn u() { k::f::<u8>(1) }";
    Breaking fn_turbofish: "pub fn f<T>(x: T) {}" => "pub fn f(x: impl Sized) {}", "fn u() { k::f::<u8>(1) }";
    Breaking fn_generics_swapped: "pub fn f<A, B>(a: A, b: B) {}" => "pub fn f<B, A>(a: A, b: B) {}", "fn u() { k::f::<u8, &str>(1, \"\") }";
    Breaking fn_rpit_bound: "pub fn f() -> impl Iterator<Item = u8> + Clone { [1u8].into_iter() }" => "pub fn f() -> impl Iterator<Item = u8> { [1u8].into_iter() }", "fn u() { k::f().clone(); }";
    Breaking fn_rpit_item: "pub fn f() -> impl Iterator<Item = u8> { [1u8].into_iter() }" => "pub fn f() -> impl Iterator<Item = u16> { [1u16].into_iter() }", "fn u() -> Option<u8> { k::f().next() }";
    Breaking fn_rpit_capture: "pub fn f<'a>(x: &'a str) -> impl Sized { 1 }" => "pub fn f<'a>(x: &'a str) -> impl Sized + use<'a> { 1 }", "fn u() -> impl Sized { let s = String::new(); let r = k::f(&s); r }";
    Breaking fn_rpit_send: "pub fn f() -> impl Sized { 1 }" => "pub fn f() -> impl Sized { std::rc::Rc::new(1) }", "fn s<T: Send>(_: T) {} fn u() { s(k::f()) }";
    Breaking fn_future_send: "pub async fn f() {}" => "pub async fn f() { let r = std::rc::Rc::new(1); g().await; drop(r); } async fn g() {}", "fn s<T: Send>(_: T) {} fn u() { s(k::f()) }";
    Breaking fn_concrete_to_rpit: "pub fn f() -> Vec<u8> { vec![] }" => "pub fn f() -> impl Iterator<Item = u8> { vec![].into_iter() }", "fn u() -> Vec<u8> { k::f() }";
    Breaking fn_closure_bound: "pub fn f(x: impl FnMut(u8)) {}" => "pub fn f(x: impl Fn(u8)) {}", "fn u() { let mut n = 0; k::f(|x| n += x) }";
    Breaking fn_const_generic: "pub fn f<const N: usize>(x: [u8; N]) {}" => "pub fn f(x: [u8; 4]) {}", "fn u() { k::f([1, 2]) }";
    Breaking fn_slice_array: "pub fn f(x: &[u8]) {}" => "pub fn f(x: &[u8; 2]) {}", "fn u(x: &[u8]) { k::f(x) }";
    Breaking fn_box_dyn_send: "pub fn f(x: Box<dyn Fn()>) {}" => "pub fn f(x: Box<dyn Fn() + Send>) {}", "fn u(x: Box<dyn Fn()>) { k::f(x) }";
    Breaking fn_dyn_return_send: "pub fn f() -> Box<dyn Fn() + Send> { Box::new(|| ()) }" => "pub fn f() -> Box<dyn Fn()> { Box::new(|| ()) }", "fn u() -> Box<dyn Fn() + Send> { k::f() }";
    Breaking fn_pointer_arg: "pub fn f(x: fn(u8) -> u8) {}" => "pub fn f(x: fn(u16) -> u8) {}", "fn g(x: u8) -> u8 { x } fn u() { k::f(g) }";
    Breaking fn_tuple: "pub fn f() -> (u8, u8) { (1, 2) }" => "pub fn f() -> (u8, u8, u8) { (1, 2, 3) }", "fn u() { let (a, b) = k::f(); }";
    Breaking fn_module: "pub mod m { pub fn f() {} }" => "pub mod n { pub fn f() {} }", "fn u() { k::m::f() }";
    Harmless fn_param_renamed: "pub fn f(x: u32) {}" => "pub fn f(value: u32) {}", "fn u() { k::f(1) }";
    Harmless fn_generic_renamed: "pub fn f<T: Clone>(x: T) {}" => "pub fn f<Item: Clone>(x: Item) {}", "fn u() { k::f::<u8>(1) }";
    Harmless fn_where_moved: "pub fn f<T: Clone>(x: T) {}" => "pub fn f<T>(x: T) where T: Clone {}", "fn u() { k::f::<u8>(1) }";
    Harmless fn_lifetime_named: "pub fn f(x: &str) -> &str { x }" => "pub fn f<'x>(x: &'x str) -> &'x str { x }", "fn u(x: &str) -> &str { k::f(x) }";
    Harmless fn_lifetime_elided: "pub fn f<'x>(x: &'x str) -> &'x str { x }" => "pub fn f(x: &str) -> &str { x }", "fn u(x: &str) -> &str { k::f(x) }";
    Harmless fn_bound_relaxed: "pub fn f<T: Clone + Copy>(x: T) {}" => "pub fn f<T: Clone>(x: T) {}", "fn u() { k::f::<u8>(1) }";
    Harmless fn_sized_relaxed: "pub fn f<T>(x: &T) {}" => "pub fn f<T: ?Sized>(x: &T) {}", "fn u() { k::f::<u8>(&1) }";
    Harmless fn_const_now: "pub fn f() -> u8 { 1 }" => "pub const fn f() -> u8 { 1 }", "fn u() -> u8 { k::f() }";
    Harmless fn_safe_now: "pub unsafe fn f() {}" => "pub fn f() {}", "fn u() { unsafe { k::f() } }";
    Harmless fn_generalized: "pub fn f(x: String) {}" => "pub fn f(x: impl Into<String>) {}", "fn u(x: String) { k::f(x) }";
    Harmless fn_generalized_ref: "pub fn f(x: &str) {}" => "pub fn f<S: AsRef<str> + ?Sized>(x: &S) {}", "fn u(x: &str) { k::f(x) }";
    Harmless fn_async_desugared: "pub async fn f(x: u8) -> u8 { x }" => "pub fn f(x: u8) -> impl std::future::Future<Output = u8> { async move { x } }", "async fn u() -> u8 { k::f(1).await }";
    Harmless fn_rpit_more: "pub fn f() -> impl Iterator<Item = u8> { [1u8].into_iter() }" => "pub fn f() -> impl Iterator<Item = u8> + Clone { [1u8].into_iter() }", "fn u() -> Option<u8> { k::f().next() }";
    Harmless fn_rpit_concrete: "pub fn f() -> impl Iterator<Item = u8> { vec![1u8].into_iter() }" => "pub fn f() -> std::vec::IntoIter<u8> { vec![1u8].into_iter() }", "fn u() -> Option<u8> { k::f().next() }";
    Harmless fn_alias_expanded: "pub type A = Vec<u8>; pub fn f() -> A { vec![] }" => "pub type A = Vec<u8>; pub fn f() -> Vec<u8> { vec![] }", "fn u() -> Vec<u8> { k::f() }";
    Harmless fn_path_spelled: "pub fn f() -> Result<(), std::fmt::Error> { Ok(()) }" => "pub fn f() -> std::fmt::Result { Ok(()) }", "fn u() -> std::fmt::Result { k::f() }";
    Harmless fn_lifetime_longer: "pub fn f<'a>(x: &'a str) -> &'a str { x }" => "pub fn f<'a>(x: &'a str) -> &'static str { \"\" }", "fn u(x: &str) -> &str { k::f(x) }";
    Harmless fn_param_shorter: "pub fn f(x: &'static str) {}" => "pub fn f(x: &str) {}", "fn u() { k::f(\"\") }";
    Harmless fn_impl_to_generic: "pub fn f(x: impl Clone) {}" => "pub fn f<T: Clone>(x: T) {}", "fn u() { k::f(1) }";
    Harmless fn_inline_added: "pub fn f() {}" => "#[inline] #[doc = \"x\"] pub fn f() {}", "fn u() { k::f() }";
    Harmless fn_bound_order: "pub fn f<T: Clone + Send>(x: T) {}" => "pub fn f<T: Send + Clone>(x: T) {}", "fn u() { k::f(1) }";
    Harmless fn_bound_implied: "pub fn f<T: Copy + Clone>(x: T) {}" => "pub fn f<T: Copy>(x: T) {}", "fn u() { k::f(1) }";
    // Structs.
    Breaking st_removed: "pub struct StRemovedT;" => "", "fn u(_: k::StRemovedT) {}";
    Breaking st_field_removed: "pub struct StFieldRemovedT { pub a: u8, pub b: u8 }" => "pub struct StFieldRemovedT { pub a: u8 }", "fn u(x: k::StFieldRemovedT) -> u8 { x.b }";
    Breaking st_field_type: "pub struct StFieldTypeT { pub a: u8, x: u8 }" => "pub struct StFieldTypeT { pub a: u16, x: u8 }", "fn u(x: &k::StFieldTypeT) -> u8 { x.a }";
    Breaking st_field_private: "pub struct StFieldPrivateT { pub a: u8, x: u8 }" => "pub struct StFieldPrivateT { a: u8, x: u8 }", "fn u(x: &k::StFieldPrivateT) -> u8 { x.a }";
    Breaking st_field_added: "pub struct StFieldAddedT { pub a: u8 }" => "pub struct StFieldAddedT { pub a: u8, pub b: u8 }", "fn u() -> k::StFieldAddedT { k::StFieldAddedT { a: 1 } }";
    Breaking st_private_field_added: "pub struct StPrivateFieldAddedT { pub a: u8 }" => "pub struct StPrivateFieldAddedT { pub a: u8, b: u8 }", "fn u() -> k::StPrivateFieldAddedT { k::StPrivateFieldAddedT { a: 1 } }";
    Breaking st_non_exhaustive: "pub struct StNonExhaustiveT { pub a: u8 }" => "#[non_exhaustive] pub struct StNonExhaustiveT { pub a: u8 }", "fn u(x: k::StNonExhaustiveT) { let k::StNonExhaustiveT { a } = x; }";
    Breaking st_tuple_to_named: "pub struct StTupleToNamedT(pub u8);" => "pub struct StTupleToNamedT { pub x: u8 }", "fn u() { k::StTupleToNamedT(1); }";
    Breaking st_unit_to_empty: "pub struct StUnitToEmptyT;" => "pub struct StUnitToEmptyT {}", "fn u() { k::StUnitToEmptyT; }";
    Breaking st_generic_added: "pub struct StGenericAddedT<T>(pub T);" => "pub struct StGenericAddedT<T, U>(pub T, pub U);", "fn u(_: k::StGenericAddedT<u8>) {}";
    Breaking st_bound_added: "pub struct StBoundAddedT<T>(pub T);" => "pub struct StBoundAddedT<T: Clone>(pub T);", "struct N; fn u(_: k::StBoundAddedT<N>) {}";
    Breaking st_default_removed: "pub struct StDefaultRemovedT<T = u8>(pub T);" => "pub struct StDefaultRemovedT<T>(pub T);", "fn u(_: k::StDefaultRemovedT) {}";
    Breaking st_lifetime_added: "pub struct StLifetimeAddedT(u8);" => "pub struct StLifetimeAddedT<'a>(&'a u8);", "struct H { x: k::StLifetimeAddedT }";
    Breaking st_not_send: "pub struct StNotSendT(u8);" => "pub struct StNotSendT(std::rc::Rc<u8>);", "fn s<T: Send>() {} fn u() { s::<k::StNotSendT>() }";
    Breaking st_not_sync: "pub struct StNotSyncT(u8);" => "pub struct StNotSyncT(std::cell::Cell<u8>);", "fn s<T: Sync>() {} fn u() { s::<k::StNotSyncT>() }";
    Breaking st_not_unpin: "pub struct StNotUnpinT(u8);" => "pub struct StNotUnpinT(std::marker::PhantomPinned);", "fn s<T: Unpin>() {} fn u() { s::<k::StNotUnpinT>() }";
    Breaking st_not_unwind_safe: "pub struct StNotUnwindSafeT(u8);" => "pub struct StNotUnwindSafeT(Box<dyn Fn() + Send + Sync>);", "fn s<T: std::panic::UnwindSafe>() {} fn u() { s::<k::StNotUnwindSafeT>() }";
    Breaking st_invariant: "pub struct StInvariantT<'a>(&'a u8);" => "pub struct StInvariantT<'a>(std::marker::PhantomData<fn(&'a u8) -> &'a u8>);", "fn u<'a: 'b, 'b>(x: k::StInvariantT<'a>) -> k::StInvariantT<'b> { x }";
    Breaking st_invariant_type: "pub struct StInvariantTypeT<T>(Option<T>);" => "pub struct StInvariantTypeT<T>(std::marker::PhantomData<fn(T) -> T>);", "fn u<'b>(x: k::StInvariantTypeT<&'static u8>) -> k::StInvariantTypeT<&'b u8> { x }";
    Breaking st_drop_added: "pub struct StDropAddedT { pub a: String }" => "pub struct StDropAddedT { pub a: String } impl Drop for StDropAddedT { fn drop(&mut self) {} }", "fn u(x: k::StDropAddedT) -> String { x.a }";
    Breaking st_drop_borrow: "pub struct StDropBorrowT<'a>(pub Option<&'a u8>);" => "pub struct StDropBorrowT<'a>(pub Option<&'a u8>); impl Drop for StDropBorrowT<'_> { fn drop(&mut self) {} }", "fn u() { let v; let d = 1u8; v = k::StDropBorrowT(Some(&d)); }";
    Breaking st_copy_removed: "#[derive(Clone, Copy)] pub struct StCopyRemovedT(u8);" => "#[derive(Clone)] pub struct StCopyRemovedT(u8);", "fn u(x: k::StCopyRemovedT) { let a = x; let b = x; }";
    Breaking st_debug_removed: "#[derive(Debug)] pub struct StDebugRemovedT(u8);" => "pub struct StDebugRemovedT(u8);", "fn u(x: k::StDebugRemovedT) { format!(\"{x:?}\"); }";
    Breaking st_impl_narrowed: "pub struct StImplNarrowedT<T>(T); impl<T> Clone for StImplNarrowedT<T> { fn clone(&self) -> Self { loop {} } }" => "pub struct StImplNarrowedT<T>(T); impl<T: Copy> Clone for StImplNarrowedT<T> { fn clone(&self) -> Self { loop {} } }", "fn u(x: k::StImplNarrowedT<String>) { x.clone(); }";
    Breaking st_deref_target: "pub struct StDerefTargetT(Vec<u8>); impl std::ops::Deref for StDerefTargetT { type Target = Vec<u8>; fn deref(&self) -> &Vec<u8> { &self.0 } }" => "pub struct StDerefTargetT(Vec<u8>); impl std::ops::Deref for StDerefTargetT { type Target = [u8]; fn deref(&self) -> &[u8] { &self.0 } }", "fn u(x: &k::StDerefTargetT) -> &Vec<u8> { x }";
    Breaking st_from_removed: "pub struct StFromRemovedT; impl From<u8> for StFromRemovedT { fn from(_: u8) -> Self { StFromRemovedT } }" => "pub struct StFromRemovedT;", "fn u() -> k::StFromRemovedT { 1u8.into() }";
    Breaking st_foreign_impl: "pub struct StForeignImplT; impl From<StForeignImplT> for String { fn from(_: StForeignImplT) -> String { String::new() } }" => "pub struct StForeignImplT;", "fn u(x: k::StForeignImplT) -> String { x.into() }";
    Breaking st_to_enum: "pub struct StToEnumT { pub x: u8 }" => "pub enum StToEnumT { X { x: u8 } }", "fn u(x: k::StToEnumT) -> u8 { x.x }";
    Breaking st_unsized: "pub struct StUnsizedT<T: ?Sized>(pub Box<T>);" => "pub struct StUnsizedT<T>(pub Box<T>);", "fn u(_: k::StUnsizedT<str>) {}";
    Breaking st_union_field: "pub union StUnionFieldT { pub a: u8, pub b: i8 }" => "pub union StUnionFieldT { pub a: u8 }", "fn u(x: k::StUnionFieldT) -> i8 { unsafe { x.b } }";
    Harmless st_private_field: "pub struct StPrivateFieldT { pub a: u8, x: u8 }" => "pub struct StPrivateFieldT { pub a: u8, x: u8, y: u8 }", "fn u(x: &k::StPrivateFieldT) -> u8 { x.a }";
    Harmless st_private_renamed: "pub struct StPrivateRenamedT { x: u8 }" => "pub struct StPrivateRenamedT { y: u16 }", "fn u(_: &k::StPrivateRenamedT) {}";
    Harmless st_fields_reordered: "pub struct StFieldsReorderedT { pub a: u8, pub b: u16 }" => "pub struct StFieldsReorderedT { pub b: u16, pub a: u8 }", "fn u() -> k::StFieldsReorderedT { k::StFieldsReorderedT { a: 1, b: 2 } }";
    Harmless st_default_added: "pub struct StDefaultAddedT<T>(pub T);" => "pub struct StDefaultAddedT<T = u8>(pub T);", "fn u(_: k::StDefaultAddedT<u16>) {}";
    Harmless st_defaulted_param: "pub struct StDefaultedParamT<T>(pub T);" => "pub struct StDefaultedParamT<T, const N: usize = 1>(pub T);", "fn u(_: k::StDefaultedParamT<u16>) {}";
    Harmless st_derive_to_manual: "#[derive(Clone)] pub struct StDeriveToManualT(u8);" => "pub struct StDeriveToManualT(u8); impl Clone for StDeriveToManualT { fn clone(&self) -> Self { StDeriveToManualT(self.0) } }", "fn u(x: &k::StDeriveToManualT) { x.clone(); }";
    Harmless st_impl_added: "pub struct StImplAddedT(u8);" => "#[derive(Debug, Clone, PartialEq)] pub struct StImplAddedT(u8);", "fn u(_: &k::StImplAddedT) {}";
    Harmless st_bound_relaxed: "pub struct StBoundRelaxedT<T: Clone>(pub T);" => "pub struct StBoundRelaxedT<T>(pub T);", "fn u(_: k::StBoundRelaxedT<u8>) {}";
    Harmless st_generic_renamed: "pub struct StGenericRenamedT<'a, T>(pub &'a T);" => "pub struct StGenericRenamedT<'x, Item>(pub &'x Item);", "fn u(_: k::StGenericRenamedT<'_, u8>) {}";
    Harmless st_self_spelled: "pub struct StSelfSpelledT; impl StSelfSpelledT { pub fn new() -> StSelfSpelledT { StSelfSpelledT } }" => "pub struct StSelfSpelledT; impl StSelfSpelledT { pub fn new() -> Self { Self } }", "fn u() -> k::StSelfSpelledT { k::StSelfSpelledT::new() }";
    Breaking st_blanket_impl: "pub trait StBlanketImplT {} #[derive(Clone)] pub struct StBlanketImplS; impl StBlanketImplT for StBlanketImplS {}" => "pub trait StBlanketImplT {} #[derive(Clone)] pub struct StBlanketImplS; impl<T: Clone> StBlanketImplT for T {}", "#[derive(Clone)] struct I; impl k::StBlanketImplT for I {}";
    Breaking st_blanket_for_all: "pub trait StBlanketForAllT {} pub struct StBlanketForAllS; impl StBlanketForAllT for StBlanketForAllS {}" => "pub trait StBlanketForAllT {} pub struct StBlanketForAllS; impl<T> StBlanketForAllT for T {}", "struct I; impl k::StBlanketForAllT for I {}";
    Harmless st_impl_widened: "pub struct StImplWidenedT<T>(T); impl<T: Copy> Clone for StImplWidenedT<T> { fn clone(&self) -> Self { loop {} } }" => "pub struct StImplWidenedT<T>(T); impl<T> Clone for StImplWidenedT<T> { fn clone(&self) -> Self { loop {} } }", "fn u(x: k::StImplWidenedT<u8>) { x.clone(); }";
    Harmless st_impl_generics_order: "pub struct StImplGenericsOrderT<A, B>(A, B); impl<A, B> StImplGenericsOrderT<A, B> { pub fn f(&self) {} }" => "pub struct StImplGenericsOrderT<A, B>(A, B); impl<B, A> StImplGenericsOrderT<A, B> { pub fn f(&self) {} }", "fn u(x: k::StImplGenericsOrderT<u8, u16>) { x.f() }";
    // Methods and associated items.
    Breaking me_removed: "pub struct MeRemovedT; impl MeRemovedT { pub fn f(&self) {} }" => "pub struct MeRemovedT; impl MeRemovedT {}", "fn u(x: k::MeRemovedT) { x.f() }";
    Breaking me_receiver: "pub struct MeReceiverT; impl MeReceiverT { pub fn f(&self) {} }" => "pub struct MeReceiverT; impl MeReceiverT { pub fn f(&mut self) {} }", "fn u(x: &k::MeReceiverT) { x.f() }";
    Breaking me_consumes: "pub struct MeConsumesT; impl MeConsumesT { pub fn f(&self) {} }" => "pub struct MeConsumesT; impl MeConsumesT { pub fn f(self) {} }", "fn u(x: &k::MeConsumesT) { x.f() }";
    Breaking me_elision: "pub struct MeElisionT(String); impl MeElisionT { pub fn f<'a>(&'a self, x: &str) -> &'a str { &self.0 } }" => "pub struct MeElisionT(String); impl MeElisionT { pub fn f<'a>(&'a self, x: &'a str) -> &'a str { &self.0 } }", "fn u(x: &k::MeElisionT) -> &str { let s = String::new(); x.f(&s) }";
    Breaking me_bound: "pub struct MeBoundT<T>(T); impl<T> MeBoundT<T> { pub fn f(&self) {} }" => "pub struct MeBoundT<T>(T); impl<T: Clone> MeBoundT<T> { pub fn f(&self) {} }", "struct N; fn u(x: k::MeBoundT<N>) { x.f() }";
    Breaking me_where: "pub struct MeWhereT<T>(T); impl<T> MeWhereT<T> { pub fn f(&self) {} }" => "pub struct MeWhereT<T>(T); impl<T> MeWhereT<T> { pub fn f(&self) where T: Copy {} }", "fn u(x: k::MeWhereT<String>) { x.f() }";
    Breaking me_const_type: "pub struct MeConstTypeT; impl MeConstTypeT { pub const N: u8 = 1; }" => "pub struct MeConstTypeT; impl MeConstTypeT { pub const N: u16 = 1; }", "fn u() -> u8 { k::MeConstTypeT::N }";
    Breaking me_const_removed: "pub struct MeConstRemovedT; impl MeConstRemovedT { pub const N: u8 = 1; }" => "pub struct MeConstRemovedT;", "fn u() -> u8 { k::MeConstRemovedT::N }";
    Breaking me_builder: "pub struct MeBuilderT; impl MeBuilderT { pub fn f(self) -> Self { self } }" => "pub struct MeBuilderT; impl MeBuilderT { pub fn f(&mut self) -> &mut Self { self } }", "fn u(x: k::MeBuilderT) -> k::MeBuilderT { x.f() }";
    Breaking me_iter_item: "pub struct MeIterItemT(Vec<u8>); impl MeIterItemT { pub fn iter(&self) -> std::slice::Iter<'_, u8> { self.0.iter() } }" => "pub struct MeIterItemT(Vec<u8>); impl MeIterItemT { pub fn iter(&self) -> impl Iterator<Item = &u8> { self.0.iter() } }", "fn u(x: &k::MeIterItemT) -> usize { x.iter().len() }";
    Harmless me_added: "pub struct MeAddedT; impl MeAddedT { pub fn f(&self) {} }" => "pub struct MeAddedT; impl MeAddedT { pub fn f(&self) {} pub fn g(&self) {} }", "fn u(x: k::MeAddedT) { x.f() }";
    Harmless me_blocks_merged: "pub struct MeBlocksMergedT; impl MeBlocksMergedT { pub fn f(&self) {} } impl MeBlocksMergedT { pub fn g(&self) {} }" => "pub struct MeBlocksMergedT; impl MeBlocksMergedT { pub fn g(&self) {} pub fn f(&self) {} }", "fn u(x: k::MeBlocksMergedT) { x.f(); x.g() }";
    Harmless me_hidden_lifetime: "pub struct MeHiddenLifetimeT(Vec<u8>); pub struct MeHiddenLifetimeIterT<'a>(std::slice::Iter<'a, u8>); impl MeHiddenLifetimeT { pub fn iter(&self) -> MeHiddenLifetimeIterT { MeHiddenLifetimeIterT(self.0.iter()) } }" => "pub struct MeHiddenLifetimeT(Vec<u8>); pub struct MeHiddenLifetimeIterT<'a>(std::slice::Iter<'a, u8>); impl MeHiddenLifetimeT { pub fn iter(&self) -> MeHiddenLifetimeIterT<'_> { MeHiddenLifetimeIterT(self.0.iter()) } }", "fn u(x: &k::MeHiddenLifetimeT) -> k::MeHiddenLifetimeIterT<'_> { x.iter() }";
    // Enums.
    Breaking en_variant_removed: "pub enum EnVariantRemovedT { A, B }" => "pub enum EnVariantRemovedT { A }", "fn u() { k::EnVariantRemovedT::B; }";
    Breaking en_variant_added: "pub enum EnVariantAddedT { A, B }" => "pub enum EnVariantAddedT { A, B, C }", "fn u(x: k::EnVariantAddedT) { match x { k::EnVariantAddedT::A => {}, k::EnVariantAddedT::B => {} } }";
    Breaking en_non_exhaustive: "pub enum EnNonExhaustiveT { A }" => "#[non_exhaustive] pub enum EnNonExhaustiveT { A }", "fn u(x: k::EnNonExhaustiveT) { match x { k::EnNonExhaustiveT::A => {} } }";
    Breaking en_variant_field: "pub enum EnVariantFieldT { A { x: u8 } }" => "pub enum EnVariantFieldT { A { x: u8, y: u8 } }", "fn u() { k::EnVariantFieldT::A { x: 1 }; }";
    Breaking en_variant_kind: "pub enum EnVariantKindT { A }" => "pub enum EnVariantKindT { A(u8) }", "fn u() -> k::EnVariantKindT { k::EnVariantKindT::A }";
    Breaking en_variant_type: "pub enum EnVariantTypeT { A(u8) }" => "pub enum EnVariantTypeT { A(u16) }", "fn u(x: u8) { k::EnVariantTypeT::A(x); }";
    Breaking en_discriminant: "pub enum EnDiscriminantT { A = 1, B = 2 }" => "pub enum EnDiscriminantT { A = 1, B = 3 }", "const _: () = assert!(k::EnDiscriminantT::B as u8 == 2);";
    Breaking en_cast: "pub enum EnCastT { A, B }" => "pub enum EnCastT { A, B(u8) }", "fn u(x: k::EnCastT) -> u8 { x as u8 }";
    Breaking en_variant_non_exhaustive: "pub enum EnVariantNonExhaustiveT { A { x: u8 } }" => "pub enum EnVariantNonExhaustiveT { #[non_exhaustive] A { x: u8 } }", "fn u() { k::EnVariantNonExhaustiveT::A { x: 1 }; }";
    Harmless en_added_open: "#[non_exhaustive] pub enum EnAddedOpenT { A }" => "#[non_exhaustive] pub enum EnAddedOpenT { A, B }", "fn u(x: k::EnAddedOpenT) { match x { k::EnAddedOpenT::A => {}, _ => {} } }";
    Harmless en_exhaustive_now: "#[non_exhaustive] pub enum EnExhaustiveNowT { A }" => "pub enum EnExhaustiveNowT { A }", "fn u(x: k::EnExhaustiveNowT) { match x { k::EnExhaustiveNowT::A => {}, _ => {} } }";
    Harmless en_data_reordered: "pub enum EnDataReorderedT { A(u8), B(u16) }" => "pub enum EnDataReorderedT { B(u16), A(u8) }", "fn u(x: k::EnDataReorderedT) { match x { k::EnDataReorderedT::A(_) => {}, k::EnDataReorderedT::B(_) => {} } }";
    // Traits.
    Breaking tr_removed: "pub trait TrRemovedT {}" => "", "fn u<T: k::TrRemovedT>() {}";
    Breaking tr_method_removed: "pub trait TrMethodRemovedT { fn f(&self) {} }" => "pub trait TrMethodRemovedT {}", "fn u<T: k::TrMethodRemovedT>(x: T) { x.f() }";
    Breaking tr_required_added: "pub trait TrRequiredAddedT { fn f(&self); }" => "pub trait TrRequiredAddedT { fn f(&self); fn g(&self); }", "struct I; impl k::TrRequiredAddedT for I { fn f(&self) {} }";
    Breaking tr_default_removed: "pub trait TrDefaultRemovedT { fn f(&self) {} }" => "pub trait TrDefaultRemovedT { fn f(&self); }", "struct I; impl k::TrDefaultRemovedT for I {}";
    Breaking tr_method_signature: "pub trait TrMethodSignatureT { fn f(&self, x: u8); }" => "pub trait TrMethodSignatureT { fn f(&self, x: u16); }", "fn u<T: k::TrMethodSignatureT>(t: T, x: u8) { t.f(x) }";
    Breaking tr_supertrait: "pub trait TrSupertraitT { }" => "pub trait TrSupertraitT: Clone { }", "struct I; impl k::TrSupertraitT for I {}";
    Breaking tr_supertrait_removed: "pub trait TrSupertraitRemovedT: Clone { }" => "pub trait TrSupertraitRemovedT { }", "fn u<T: k::TrSupertraitRemovedT>(x: &T) -> T { x.clone() }";
    Breaking tr_assoc_type: "pub trait TrAssocTypeT { type A; }" => "pub trait TrAssocTypeT { type B; }", "fn u<T: k::TrAssocTypeT>(_: T::A) {}";
    Breaking tr_assoc_bound: "pub trait TrAssocBoundT { type A; }" => "pub trait TrAssocBoundT { type A: Clone; }", "struct N; struct I; impl k::TrAssocBoundT for I { type A = N; }";
    Breaking tr_assoc_bound_removed: "pub trait TrAssocBoundRemovedT { type A: Clone; }" => "pub trait TrAssocBoundRemovedT { type A; }", "fn u<T: k::TrAssocBoundRemovedT>(x: &T::A) -> T::A { x.clone() }";
    Breaking tr_assoc_const: "pub trait TrAssocConstT { const N: u8; }" => "pub trait TrAssocConstT { const N: u16; }", "fn u<T: k::TrAssocConstT>() -> u8 { T::N }";
    Breaking tr_object: "pub trait TrObjectT { fn f(&self); }" => "pub trait TrObjectT { fn f(&self); fn g() where Self: Sized {} fn h<T>(&self, x: T) {} }", "fn u(_: &dyn k::TrObjectT) {}";
    Breaking tr_unsafe: "pub trait TrUnsafeT {}" => "pub unsafe trait TrUnsafeT {}", "struct I; impl k::TrUnsafeT for I {}";
    Breaking tr_sealed: "pub trait TrSealedT {}" => "mod p { pub trait S {} } pub trait TrSealedT: p::S {}", "struct I; impl k::TrSealedT for I {}";
    Breaking tr_generic_added: "pub trait TrGenericAddedT {}" => "pub trait TrGenericAddedT<T> {}", "fn u<T: k::TrGenericAddedT>() {}";
    Breaking tr_method_generic: "pub trait TrMethodGenericT { fn f<T>(&self, x: T); }" => "pub trait TrMethodGenericT { fn f<T: Clone>(&self, x: T); }", "struct N; fn u<X: k::TrMethodGenericT>(x: X) { x.f(N) }";
    Breaking tr_impl_for_vec: "pub trait TrImplForVecT {} impl<T> TrImplForVecT for Vec<T> {}" => "pub trait TrImplForVecT {}", "fn s<T: k::TrImplForVecT>() {} fn u() { s::<Vec<u8>>() }";
    Breaking tr_rpitit: "pub trait TrRpititT { fn f(&self) -> impl Iterator<Item = u8> + Send; }" => "pub trait TrRpititT { fn f(&self) -> impl Iterator<Item = u8>; }", "fn s<T: Send>(_: T) {} fn u<X: k::TrRpititT>(x: X) { s(x.f()) }";
    Breaking tr_sized_method: "pub trait TrSizedMethodT { fn f(&self) {} }" => "pub trait TrSizedMethodT { fn f(&self) where Self: Sized {} }", "fn u(x: &dyn k::TrSizedMethodT) { x.f() }";
    Harmless tr_provided_added: "pub trait TrProvidedAddedT { fn f(&self); }" => "pub trait TrProvidedAddedT { fn f(&self); fn g(&self) {} }", "struct I; impl k::TrProvidedAddedT for I { fn f(&self) {} }";
    Harmless tr_default_now: "pub trait TrDefaultNowT { fn f(&self); }" => "pub trait TrDefaultNowT { fn f(&self) {} }", "struct I; impl k::TrDefaultNowT for I { fn f(&self) {} }";
    Harmless tr_sealed_added: "mod p { pub trait S {} } pub trait TrSealedAddedT: p::S { fn f(&self); }" => "mod p { pub trait S {} } pub trait TrSealedAddedT: p::S { fn f(&self); fn g(&self); }", "fn u<T: k::TrSealedAddedT>(x: T) { x.f() }";
    Harmless tr_method_param_name: "pub trait TrMethodParamNameT { fn f(&self, a: u8); }" => "pub trait TrMethodParamNameT { fn f(&self, b: u8); }", "struct I; impl k::TrMethodParamNameT for I { fn f(&self, x: u8) {} }";
    Harmless tr_items_reordered: "pub trait TrItemsReorderedT { fn f(&self); fn g(&self); }" => "pub trait TrItemsReorderedT { fn g(&self); fn f(&self); }", "struct I; impl k::TrItemsReorderedT for I { fn f(&self) {} fn g(&self) {} }";
    Harmless tr_default_generic: "pub trait TrDefaultGenericT {}" => "pub trait TrDefaultGenericT<T = u8> {}", "struct I; impl k::TrDefaultGenericT for I {} fn u<T: k::TrDefaultGenericT>() {}";
    Harmless tr_impl_added: "pub trait TrImplAddedT {}" => "pub trait TrImplAddedT {} impl TrImplAddedT for u8 {}", "struct I; impl k::TrImplAddedT for I {}";
    // Aliases, constants, statics, re-exports, modules.
    Breaking al_target: "pub type AlTargetT = Vec<u8>;" => "pub type AlTargetT = Vec<u16>;", "fn u() -> k::AlTargetT { vec![1u8] }";
    Breaking al_generic: "pub type AlGenericT<T> = Vec<T>;" => "pub type AlGenericT = Vec<u8>;", "fn u() -> k::AlGenericT<u8> { vec![] }";
    Breaking co_type: "pub const C: u8 = 1;" => "pub const C: u16 = 1;", "fn u() -> u8 { k::C }";
    Breaking co_removed: "pub const C: u8 = 1;" => "", "fn u() -> u8 { k::C }";
    Breaking co_static: "pub const C: u8 = 1;" => "pub static C: u8 = 1;", "fn u(x: u8) -> bool { matches!(x, k::C) }";
    Breaking co_static_mut: "pub static C: u8 = 1;" => "pub static mut C: u8 = 1;", "fn u() -> u8 { k::C }";
    Breaking re_removed: "mod m { pub struct ReRemovedT; } pub use m::ReRemovedT;" => "mod m { pub struct ReRemovedT; }", "fn u(_: k::ReRemovedT) {}";
    Breaking re_renamed: "mod m { pub fn f() {} } pub use m::f as g;" => "mod m { pub fn f() {} } pub use m::f as h;", "fn u() { k::g() }";
    Breaking re_glob: "mod m { pub fn f() {} pub fn g() {} } pub use m::*;" => "mod m { pub fn f() {} fn g() {} } pub use m::*;", "fn u() { k::g() }";
    Breaking re_foreign: "pub use std::collections::HashMap;" => "pub use std::collections::BTreeMap as HashMap;", "fn u() { let _: k::HashMap<f32, u8> = std::collections::HashMap::<f32, u8>::new(); }";
    Breaking re_one_path: "pub mod m { pub struct ReOnePathT; } pub use m::ReOnePathT;" => "pub mod m { pub struct ReOnePathT; } pub struct ReOnePathT;", "fn u(x: k::m::ReOnePathT) -> k::ReOnePathT { x }";
    Harmless re_moved: "pub struct ReMovedT; impl ReMovedT { pub fn f(&self) {} }" => "mod m { pub struct ReMovedT; impl ReMovedT { pub fn f(&self) {} } } pub use m::ReMovedT;", "fn u(x: k::ReMovedT) { x.f() }";
    Harmless re_glob_to_named: "mod m { pub fn f() {} } pub use m::*;" => "mod m { pub fn f() {} } pub use m::f;", "fn u() { k::f() }";
    Harmless re_alias: "pub struct ReAliasT { pub x: u8 }" => "mod m { pub struct Other { pub x: u8 } } pub use m::Other as ReAliasT;", "fn u() -> k::ReAliasT { k::ReAliasT { x: 1 } }";
    Harmless re_second_path: "pub mod m { pub fn f() {} }" => "pub mod m { pub fn f() {} } pub use m::f;", "fn u() { k::m::f() }";
    Harmless co_value: "pub const C: u8 = 1;" => "pub const C: u8 = 2;", "fn u() -> u8 { k::C }";
    Harmless co_spelled: "pub const C: &'static str = \"\";" => "pub const C: &str = \"\";", "fn u() -> &'static str { k::C }";
    // Macros.
    Breaking ma_removed: "#[macro_export] macro_rules! ma_removed_macro { () => {}; }" => "", "pairs::ma_removed_macro!();";
    Breaking ma_arm: "#[macro_export] macro_rules! ma_arm_macro { ($a:expr) => { $a }; ($a:expr, $b:expr) => { ($a, $b) }; }" => "#[macro_export] macro_rules! ma_arm_macro { ($a:expr) => { $a }; }", "fn u() { pairs::ma_arm_macro!(1, 2); }";
    Breaking ma_separator: "#[macro_export] macro_rules! ma_separator_macro { ($($a:expr),*) => { [$($a),*] }; }" => "#[macro_export] macro_rules! ma_separator_macro { ($($a:expr);*) => { [$($a),*] }; }", "fn u() { let _: [u8; 2] = pairs::ma_separator_macro!(1, 2); }";
    Breaking ma_fragment: "#[macro_export] macro_rules! ma_fragment_macro { ($a:expr) => { $a }; }" => "#[macro_export] macro_rules! ma_fragment_macro { ($a:ident) => { $a }; }", "fn u() { pairs::ma_fragment_macro!(1 + 2); }";
    Breaking ma_keyword: "#[macro_export] macro_rules! ma_keyword_macro { (let $a:ident) => { let $a = 1; }; }" => "#[macro_export] macro_rules! ma_keyword_macro { (var $a:ident) => { let $a = 1; }; }", "fn u() { pairs::ma_keyword_macro!(let x); }";
    Harmless ma_arm_added: "#[macro_export] macro_rules! ma_arm_added_macro { ($a:expr) => { $a }; }" => "#[macro_export] macro_rules! ma_arm_added_macro { ($a:expr) => { $a }; ($a:expr, $b:expr) => { ($a, $b) }; }", "fn u() { pairs::ma_arm_added_macro!(1); }";
    Harmless ma_trailing: "#[macro_export] macro_rules! ma_trailing_macro { ($($a:expr),*) => { [$($a),*] }; }" => "#[macro_export] macro_rules! ma_trailing_macro { ($($a:expr),* $(,)?) => { [$($a),*] }; }", "fn u() { let _: [u8; 2] = pairs::ma_trailing_macro!(1, 2); }";
    Harmless ma_renamed_fragment: "#[macro_export] macro_rules! ma_renamed_fragment_macro { ($a:ty) => { <$a>::default() }; }" => "#[macro_export] macro_rules! ma_renamed_fragment_macro { ($of:ty) => { <$of>::default() }; }", "fn u() -> u8 { pairs::ma_renamed_fragment_macro!(u8) }";
}
