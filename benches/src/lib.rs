//! What is measured: the same pieces of work, recorded by this SDK and by what people would use instead.
//!
//! Everything that an app would make for each call (texts, ids, numbers) is made anew in each call, as owned strings.

pub mod counting;
pub mod ours;
pub mod sample;

#[cfg(feature = "peers")]
pub mod peers;

#[cfg(target_arch = "wasm32")]
mod wasm;
