/x/demo.d: src/lib.rs a\ b.rs

src/lib.rs:
a\ b.rs:

# env-dep:CARGO_PKG_NAME=demo
