//! What can go wrong with a language model, and how it is told to a person.

use jarvis_core::Error;
use std::path::PathBuf;

/// `Result` with [`LlmError`].
pub(crate) type Result<T, E = LlmError> = std::result::Result<T, E>;

/// A failure of this crate, told apart for tests; [`Error`] at the seam.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The file can't be opened or read.
    #[error("The model file {path} can't be read: {source}.")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not GGUF, or breaks the format's rules.
    #[error("The model file is not a sound GGUF file: {0}.")]
    Malformed(String),
    /// The file is GGUF, but of a kind that this crate can't run.
    #[error("This model can't be run: {0}.")]
    Unsupported(String),
    /// The file's chat template fails.
    #[error("The model's chat template fails: {0}.")]
    Template(String),
    /// The newest message (with the system message) fills the context by itself.
    #[error("That is too long for the language model: {tokens} tokens, and it reads at most {limit} at once.")]
    TooLong {
        /// Tokens of the shortest prompt that could be made.
        tokens: usize,
        /// Tokens that a prompt may have.
        limit: usize,
    },
    /// An option outside its range.
    #[error("{name} is {value}, but has to be {range}.")]
    BadOption {
        /// Its name in `GenerateOptions` or `LoadOptions`.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed, in words.
        range: &'static str,
    },
    /// An answer's form that can't be used.
    #[error("Answers can't be given this form: {0}.")]
    BadConstraint(String),
    /// There is no graphics processor that can be used.
    #[error("There is no graphics processor to compute on: {0}.")]
    Graphics(String),
    /// What computes failed, which is no processor of this machine: a graphics processor.
    #[error("The graphics processor failed: {0}.")]
    Device(String),
    /// The engine underneath failed.
    #[error("The language model failed: {0}.")]
    Engine(String),
}

impl LlmError {
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::Malformed(detail.into())
    }

    pub(crate) fn unsupported(detail: impl Into<String>) -> Self {
        Self::Unsupported(detail.into())
    }

    pub(crate) fn device(error: impl std::fmt::Display) -> Self {
        Self::Device(error.to_string())
    }

    pub(crate) fn engine(error: impl std::fmt::Display) -> Self {
        Self::Engine(error.to_string())
    }
}

impl From<LlmError> for Error {
    fn from(error: LlmError) -> Self {
        let (code, hint) = match &error {
            LlmError::Io { .. } => {
                ("llm.unreadable_model", "Check the path, or install the model with `jarvis models pull`.")
            }
            LlmError::Malformed(_) => {
                ("llm.bad_model", "The file may be incomplete: install the model again with `jarvis models pull`.")
            }
            LlmError::Unsupported(_) => {
                ("llm.unsupported_model", "Choose a GGUF file of the Llama family, such as `smollm2-135m-instruct`.")
            }
            LlmError::Template(_) => ("llm.bad_template", "Choose another model, or give the prompt raw."),
            LlmError::TooLong { .. } => ("llm.prompt_too_long", "Say it in fewer words."),
            LlmError::BadOption { .. } => ("llm.bad_option", "Give a value in that range."),
            LlmError::BadConstraint(_) => {
                ("llm.bad_constraint", "docs/structured-output.md says what is understood of schemas and expressions.")
            }
            LlmError::Graphics(_) => ("llm.gpu", "docs/gpu.md says what it needs."),
            LlmError::Device(_) => (
                "llm.device",
                "`jarvis config set performance.gpu_enabled false` has it compute on the processor; docs/gpu.md says more.",
            ),
            LlmError::Engine(_) => ("llm.failed", "Try again; if it happens again, install the model again."),
        };
        Error::new(code, error.to_string(), hint)
    }
}
