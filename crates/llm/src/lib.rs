//! The local language model: GGUF, tokenizer, chat template, forward pass, sampling.
