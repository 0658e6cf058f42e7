//! Conversions at install: weights as they are published become weights as Jarvis reads them.
//!
//! Streams: memory does not depend on the size of the weights. Never fetches and never gives anything its final name.

mod ctranslate2;
mod safetensors;
mod whisper;

#[cfg(test)]
mod tests;

use crate::Conversion;
use crate::error::{ModelError, Result};
use jarvis_core::Cancel;
use std::path::Path;

/// Why weights cannot be converted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConvertError {
    #[error("the file is malformed ({0})")]
    Malformed(String),
    #[error("this kind of file is not supported ({0})")]
    Unsupported(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("it was cancelled")]
    Cancelled,
}

/// Converts the files in `folder` in place: what was only there to be converted is gone afterwards.
pub(crate) fn run(conversion: Conversion, id: &str, folder: &Path, cancel: &Cancel) -> Result<()> {
    let result = match conversion {
        Conversion::Whisper => whisper::convert(folder, cancel),
    };
    result.map_err(|error| match error {
        ConvertError::Cancelled => ModelError::Cancelled,
        ConvertError::Io(e) if e.kind() != std::io::ErrorKind::UnexpectedEof => ModelError::io("convert", folder, e),
        source => ModelError::Convert { id: id.to_owned(), source },
    })
}

/// Raised whenever a conversion writes something else, so that what older versions wrote is made anew.
pub(crate) fn revision(conversion: Conversion) -> &'static str {
    match conversion {
        Conversion::Whisper => "whisper 1",
    }
}
