macro_rules! m {
    () => {};
    ($a:expr, $($b:ident = $c:ty),* $(,)?) => { ... };
    (@inner [$($t:tt)*] $l:lifetime $v:vis $m:meta) => { ... };
}
