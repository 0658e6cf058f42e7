//! The model's `config.json`, read and judged before anything is allocated by its numbers.

use super::super::SttError;
pub(super) use candle_transformers::models::whisper::Config;
use std::path::Path;

/// The largest `config.json` that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Reads and checks `config.json`.
pub(super) fn read(path: &Path) -> Result<Config, SttError> {
    let text = read_bounded(path, MAX_BYTES)?;
    let config: Config = serde_json::from_slice(&text).map_err(|error| SttError::damaged(path, error))?;
    check(&config).map_err(|reason| SttError::damaged(path, reason))?;
    Ok(config)
}

/// Reads a whole file of at most `limit` bytes.
pub(super) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, SttError> {
    let length = std::fs::metadata(path).map_err(|error| SttError::unreadable(path, error))?.len();
    if length > limit {
        return Err(SttError::damaged(path, format!("it has {length} bytes, at most {limit} are expected")));
    }
    std::fs::read(path).map_err(|error| SttError::unreadable(path, error))
}

/// Whether every number is one that a Whisper model can have.
fn check(config: &Config) -> Result<(), String> {
    let within = |name: &str, value: usize, low: usize, high: usize| {
        if (low..=high).contains(&value) {
            Ok(())
        } else {
            Err(format!("`{name}` is {value}, and has to be {low} to {high}"))
        }
    };
    within("d_model", config.d_model, 64, 4096)?;
    within("encoder_layers", config.encoder_layers, 1, 64)?;
    within("decoder_layers", config.decoder_layers, 1, 64)?;
    within("encoder_attention_heads", config.encoder_attention_heads, 1, 64)?;
    within("decoder_attention_heads", config.decoder_attention_heads, 1, 64)?;
    within("max_source_positions", config.max_source_positions, 1500, 1500)?;
    within("max_target_positions", config.max_target_positions, 32, 4096)?;
    within("vocab_size", config.vocab_size, 50_000, 60_000)?;
    if ![80, 128].contains(&config.num_mel_bins) {
        return Err(format!("`num_mel_bins` is {}, and has to be 80 or 128", config.num_mel_bins));
    }
    for (name, heads) in [
        ("encoder_attention_heads", config.encoder_attention_heads),
        ("decoder_attention_heads", config.decoder_attention_heads),
    ] {
        if !config.d_model.is_multiple_of(heads) {
            return Err(format!("`d_model`, {}, is not a multiple of `{name}`, {heads}", config.d_model));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = r#"{"num_mel_bins":80,"max_source_positions":1500,"d_model":384,"encoder_attention_heads":6,
        "encoder_layers":4,"vocab_size":51864,"max_target_positions":448,"decoder_attention_heads":6,"decoder_layers":4}"#;

    fn refused(text: &str) -> String {
        match serde_json::from_str::<Config>(text) {
            Ok(config) => check(&config).unwrap_err(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn numbers_are_refused_by_name() {
        check(&serde_json::from_str(TINY).unwrap()).unwrap();
        assert!(refused(&TINY.replace("384", "18446744073709551615")).contains("`d_model`"));
        assert!(
            refused(&TINY.replace("384", "-1")).contains("384") || refused(&TINY.replace("384", "-1")).contains("-1")
        );
        assert!(refused(&TINY.replace("\"encoder_layers\":4", "\"encoder_layers\":0")).contains("`encoder_layers`"));
        assert!(refused(&TINY.replace("448", "4000000000")).contains("`max_target_positions`"));
        assert!(
            refused(&TINY.replace("\"decoder_attention_heads\":6", "\"decoder_attention_heads\":7"))
                .contains("multiple")
        );
        assert!(refused(&TINY.replace("51864", "3")).contains("`vocab_size`"));
        assert!(refused(&TINY.replace(":80", ":0")).contains("`num_mel_bins`"));
        assert!(refused("{}").contains("num_mel_bins"));
    }
}
