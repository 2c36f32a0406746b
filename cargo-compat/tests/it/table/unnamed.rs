//! Third round: what no program could name, or no program was written for.

use super::{Pair, Truth, pairs};

pairs! {
    UNNAMED;
    // Types and traits without a name.
    Breaking un_bound_narrowed:
        "mod p { pub trait UnBoundNarrowedT {} impl UnBoundNarrowedT for u8 {} impl UnBoundNarrowedT for u16 {} }
         pub fn f(x: impl p::UnBoundNarrowedT) { drop(x) }"
        => "mod p { pub trait UnBoundNarrowedT {} impl UnBoundNarrowedT for u8 {} }
            pub fn f(x: impl p::UnBoundNarrowedT) { drop(x) }",
        "fn u() { k::f(1u16) }";
    Breaking un_result_method:
        "mod p { pub struct UnResultMethodT; impl UnResultMethodT { pub fn n(&self) -> u8 { 1 } } }
         pub fn f() -> p::UnResultMethodT { p::UnResultMethodT }"
        => "mod p { pub struct UnResultMethodT; impl UnResultMethodT { pub fn n(&self) -> u16 { 1 } } }
            pub fn f() -> p::UnResultMethodT { p::UnResultMethodT }",
        "fn u() -> u8 { k::f().n() }";
    Breaking un_nested_impl:
        "mod p { #[derive(Clone)] pub struct UnNestedImplT(pub u8); }
         pub fn f() -> Option<p::UnNestedImplT> { None }"
        => "mod p { pub struct UnNestedImplT(pub u8); }
            pub fn f() -> Option<p::UnNestedImplT> { None }",
        "fn u() { let _ = k::f().unwrap().clone(); }";
    Breaking un_field_send:
        "mod p { pub struct UnFieldSendT(pub u8); } pub struct UnFieldSendOwnerT { pub x: p::UnFieldSendT }"
        => "mod p { pub struct UnFieldSendT(pub std::rc::Rc<u8>); } pub struct UnFieldSendOwnerT { pub x: p::UnFieldSendT }",
        "fn s<T: Send>(_: T) {} fn u(o: k::UnFieldSendOwnerT) { s(o.x) }";
    Breaking un_supertrait_method:
        "mod p { pub trait UnSupertraitMethodBaseT { fn base(&self) -> u8 { 1 } } }
         pub trait UnSupertraitMethodT: p::UnSupertraitMethodBaseT {}"
        => "mod p { pub trait UnSupertraitMethodBaseT { fn base(&self) -> u16 { 1 } } }
            pub trait UnSupertraitMethodT: p::UnSupertraitMethodBaseT {}",
        "fn u<T: k::UnSupertraitMethodT>(x: &T) -> u8 { x.base() }";
    Harmless un_same:
        "mod p { pub struct UnSameT; impl UnSameT { pub fn n(&self) -> u8 { 1 } } } pub fn f() -> p::UnSameT { p::UnSameT }"
        => "mod p { pub struct UnSameT; impl UnSameT { pub fn n(&self) -> u8 { 2 } pub fn m(&self) {} } } pub fn f() -> p::UnSameT { p::UnSameT }",
        "fn u() -> u8 { k::f().n() }";
    // Opaque results.
    Breaking un_async_impl_param:
        "pub async fn f(x: impl Into<String>) -> usize { let x = x.into(); g().await; x.len() } async fn g() {}"
        => "pub async fn f(x: impl Into<String>) -> usize { let x = std::rc::Rc::new(x.into()); g().await; x.len() } async fn g() {}",
        "fn s<T: Send>(_: T) {} fn u() { s(k::f(\"x\")) }";
    Breaking un_nested_capture:
        "pub fn f<'a>(x: &'a str) -> Option<impl Sized + use<>> { let _ = x; Some(1u8) }"
        => "pub fn f<'a>(x: &'a str) -> Option<impl Sized + use<'a>> { let _ = x; Some(1u8) }",
        "fn u() { let r; { let s = String::new(); r = k::f(&s); } let _ = &r; }";
    // Traits that take work to implement.
    Breaking un_opaque_required:
        "pub trait UnOpaqueRequiredT { fn f(&self) -> impl std::future::Future<Output = u8> + Send; }"
        => "pub trait UnOpaqueRequiredT { fn f(&self) -> impl std::future::Future<Output = u8> + Send; fn g(&self); }",
        "struct I; impl k::UnOpaqueRequiredT for I { async fn f(&self) -> u8 { 1 } }";
    Breaking un_bounded_family:
        "pub trait UnBoundedFamilyT { type A<'a>: Iterator<Item = &'a u8> where Self: 'a; fn f<'a>(&'a self) -> Self::A<'a>; }"
        => "pub trait UnBoundedFamilyT { type A<'a>: Iterator<Item = &'a u8> where Self: 'a; fn f<'a>(&'a self) -> Self::A<'a>; fn g(&self); }",
        "struct I(Vec<u8>); impl k::UnBoundedFamilyT for I { type A<'a> = std::slice::Iter<'a, u8>; fn f<'a>(&'a self) -> Self::A<'a> { self.0.iter() } }";
    Breaking un_object_inherits:
        "pub trait UnObjectInheritsT: Iterator { fn f(&self) {} }"
        => "pub trait UnObjectInheritsT: Iterator { fn f(&self) {} fn g<X>(&self, _: X) {} }",
        "fn u(_: &dyn k::UnObjectInheritsT<Item = u8>) {}";
    Breaking un_object_own_impl:
        "pub trait UnObjectOwnImplT {} impl PartialEq<u8> for dyn UnObjectOwnImplT { fn eq(&self, _: &u8) -> bool { true } }"
        => "pub trait UnObjectOwnImplT {}",
        "fn u(x: &(dyn k::UnObjectOwnImplT + 'static)) -> bool { *x == 1u8 }";
    Breaking un_provided_receiver:
        "pub trait UnProvidedReceiverT { fn f(&mut self) {} }" => "pub trait UnProvidedReceiverT { fn f(&self) {} }",
        "struct I; impl k::UnProvidedReceiverT for I { fn f(&mut self) {} }";
    Harmless un_sealed_by_hidden:
        "#[doc(hidden)] pub trait UnSealedByHiddenBaseT {} pub trait UnSealedByHiddenT: UnSealedByHiddenBaseT { fn f(&self) {} }"
        => "#[doc(hidden)] pub trait UnSealedByHiddenBaseT {} pub trait UnSealedByHiddenT: UnSealedByHiddenBaseT { fn f(&self) {} fn g(&self); }",
        "fn u<T: k::UnSealedByHiddenT>(x: T) { x.f() }";
    // Values, calls and imports.
    Breaking un_variadic: "unsafe extern \"C\" { pub fn un_variadic(a: i32, ...) -> i32; }"
        => "unsafe extern \"C\" { pub fn un_variadic(a: i32) -> i32; }", "fn u() -> i32 { unsafe { k::un_variadic(0, 1i32) } }";
    Breaking un_early_bound: "pub struct UnEarlyBoundT; impl UnEarlyBoundT { pub fn f<'a>(x: &'a str) -> &'a str { x } }"
        => "pub struct UnEarlyBoundT; impl UnEarlyBoundT { pub fn f<'a: 'a>(x: &'a str) -> &'a str { x } }",
        "fn u() { let _: for<'x> fn(&'x str) -> &'x str = k::UnEarlyBoundT::f; }";
    Breaking un_default_inferred: "pub struct UnDefaultInferredT(u8); impl UnDefaultInferredT { pub fn new() -> Self { Self(1) } }"
        => "pub struct UnDefaultInferredT<A = u8>(A); impl<A: Default> UnDefaultInferredT<A> { pub fn new() -> Self { Self(A::default()) } }",
        "fn u() { let _ = k::UnDefaultInferredT::new(); }";
    Breaking un_constant_drop:
        "pub struct UnConstantDropT(u8); impl UnConstantDropT { pub const fn new() -> Self { Self(1) } pub const fn n(&self) -> u8 { self.0 } }"
        => "pub struct UnConstantDropT(u8); impl UnConstantDropT { pub const fn new() -> Self { Self(1) } pub const fn n(&self) -> u8 { self.0 } } impl Drop for UnConstantDropT { fn drop(&mut self) {} }",
        "const N: u8 = k::UnConstantDropT::new().n();";
    Breaking un_variant_import: "pub enum UnVariantImportT { A }" => "pub enum UnVariantImportOtherT { A } pub type UnVariantImportT = UnVariantImportOtherT;",
        "fn u() -> k::UnVariantImportT { use k::UnVariantImportT::A; A }";
    Breaking un_copy_of_some: "#[derive(Clone)] pub struct UnCopyOfSomeT<T>(pub T);" => "#[derive(Clone, Copy)] pub struct UnCopyOfSomeT<T>(pub T);",
        "fn u(x: k::UnCopyOfSomeT<u8>) -> impl FnOnce() { || { let _y = x; } }";
    // Macros.
    Breaking un_macro_gives: "#[macro_export] macro_rules! un_macro_gives_macro { ($e:expr) => { ::std::vec![$e] } }"
        => "#[macro_export] macro_rules! un_macro_gives_macro { ($e:expr) => { ::std::boxed::Box::new([$e]) } }",
        "fn u() -> Vec<u8> { pairs::un_macro_gives_macro!(1u8) }";
    Harmless un_macro_forwards:
        "#[doc(hidden)] #[macro_export] macro_rules! un_macro_forwards_base_macro { ($a:expr, $b:expr) => { ($a, $b) } }
         #[macro_export] macro_rules! un_macro_forwards_macro { ($($arg:tt)*) => { $crate::un_macro_forwards_base_macro!(1, $($arg)*) } }"
        => "#[doc(hidden)] #[macro_export] macro_rules! un_macro_forwards_base_macro { ($a:expr, $b:expr) => { ($a, $b) } }
            #[macro_export] macro_rules! un_macro_forwards_macro { ($($arg:tt)*) => { $crate::un_macro_forwards_base_macro!(1, $($arg)*) } }",
        "fn u() { let _ = pairs::un_macro_forwards_macro!(2); }";
    Harmless un_macro_recurses:
        "#[macro_export] macro_rules! un_macro_recurses_macro { (@go fn $n:ident) => { pub fn $n() {} }; ($($t:tt)*) => { $crate::un_macro_recurses_macro! { @go $($t)* } } }"
        => "#[macro_export] macro_rules! un_macro_recurses_macro { (@go fn $n:ident) => { pub fn $n() {} }; ($($t:tt)*) => { $crate::un_macro_recurses_macro! { @go $($t)* } } }",
        "pairs::un_macro_recurses_macro! { fn name }";
}
