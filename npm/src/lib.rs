//! The wasm module of the npm package.
#![forbid(unsafe_code)]

// Its exports are what `raindrop.js` builds on.
pub use raindrop::Client;

#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
