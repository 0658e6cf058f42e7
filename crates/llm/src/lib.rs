//! The local language model: GGUF files, tokenizer, chat template, forward pass, sampling.
//!
//! ```text
//! gguf ──► tokenizer, template, llama ──► model (prompt ─► tokens ─► scores ─► sampling ─► stream ─► text)
//!                     kernels, team ──┘                                    constraint ─┘
//! ```
//!
//! [`GgufModel`] is the way in: it implements [`jarvis_core::LanguageModel`]. The forward pass is our own, on kernels that
//! are chosen for the machine at run time, or in candle's operations on a graphics processor; keys and values of what was read are kept, so that a prompt that begins like
//! the last one costs only what is new. A model file is hostile until it has been checked. Never opens a device, a
//! network connection or any file but the one it is given. [`bench`] is what all this is measured with.

mod ahead;
pub mod bench;
mod constraint;
mod end_of_turn;
mod error;
mod gguf;
mod kernels;
mod llama;
mod model;
mod of_user;
mod pointer;
mod sampling;
mod stream;
mod team;
mod template;
#[cfg(test)]
mod testing;
mod tokenizer;

pub use error::LlmError;
pub use model::{Compute, GgufModel, LoadOptions};
pub use of_user::unlearned_after;
pub use pointer::unpointed_after;

/// Small sound model files, one a family, for the fuzzer to begin with.
#[cfg(fuzzing)]
pub fn seeds() -> Vec<Vec<u8>> {
    let families = ["llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"];
    families.map(|family| gguf::testing::small_family(family, gguf::TensorType::Q8_0).bytes()).to_vec()
}
