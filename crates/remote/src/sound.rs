//! Sound as servers take and give it: 16-bit PCM, with the header of a WAV file or without.
//!
//! Pure bytes and samples. A server's sound is not trusted: what does not fit is refused, and sizes in it are not believed.

/// Samples per second of raw PCM, by the interface's own definition.
pub(crate) const RAW_RATE: u32 = 24_000;
/// Bytes of a file's beginning in which its samples have to begin.
const LONGEST_HEADER: usize = 4096;

/// 16 kHz mono samples as a WAV file (RIFF, format 1, 16 bits).
pub(crate) fn wav(samples: &[f32]) -> Vec<u8> {
    const RATE: u32 = jarvis_core::SAMPLE_RATE;
    let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(samples.len() * 2 + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(bytes + 36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(&2_u16.to_le_bytes());
    file.extend_from_slice(&16_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&bytes.to_le_bytes());
    for sample in samples {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of the type")]
        let sample = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
        file.extend_from_slice(&sample.to_le_bytes());
    }
    file
}

/// Sound that comes in pieces of bytes, cut anywhere: raw PCM, or a WAV file, which some servers send whatever was asked.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// What is not yet a sample, or not yet known to be one.
    pending: Vec<u8>,
    rate: Option<u32>,
}

impl Incoming {
    pub(crate) fn new() -> Self {
        Self { pending: Vec::new(), rate: None }
    }

    /// Takes bytes, appends the samples (-1..=1) that they complete, and tells the rate once it is known.
    ///
    /// # Errors
    /// Why it is no sound that can be played.
    pub(crate) fn push(&mut self, bytes: &[u8], samples: &mut Vec<f32>) -> Result<Option<u32>, &'static str> {
        self.pending.extend_from_slice(bytes);
        if self.rate.is_none() {
            let Some((rate, begin)) = header(&self.pending)? else { return Ok(None) };
            self.rate = Some(rate);
            self.pending.drain(..begin);
        }
        let whole = self.pending.len() / 2 * 2;
        samples.extend(
            self.pending[..whole]
                .chunks_exact(2)
                .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0),
        );
        self.pending.drain(..whole);
        Ok(self.rate)
    }
}

/// The rate, and where samples begin; none while that can't be told yet.
fn header(bytes: &[u8]) -> Result<Option<(u32, usize)>, &'static str> {
    if bytes.len() < 12 {
        return Ok(None);
    }
    if &bytes[..3] == b"ID3" || (bytes[0] == 0xff && bytes[1] & 0xe0 == 0xe0 && bytes[1] != 0xff) {
        return Err("its sound is MP3, where PCM was asked for");
    }
    if &bytes[..4] == b"OggS" || &bytes[..4] == b"fLaC" {
        return Err("its sound is packed, where PCM was asked for");
    }
    if &bytes[..4] != b"RIFF" {
        return Ok(Some((RAW_RATE, 0)));
    }
    let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let (mut at, mut rate) = (12_usize, None);
    loop {
        if at > LONGEST_HEADER {
            return Err("its sound is a WAV file without samples");
        }
        if bytes.len() < at + 8 {
            return Ok(None);
        }
        let (name, length, body) = (&bytes[at..at + 4], u32_at(at + 4) as usize, at + 8);
        match name {
            b"data" => return rate.map(|rate| Some((rate, body))).ok_or("its sound is a WAV file without a format"),
            b"fmt " => {
                if bytes.len() < body + 16 {
                    return Ok(None);
                }
                let is_fit = u16_at(body) == 1 && u16_at(body + 2) == 1 && u16_at(body + 14) == 16;
                let found = u32_at(body + 4);
                if !is_fit || !(8_000..=48_000).contains(&found) {
                    return Err("its sound is none of 16 bits and one channel");
                }
                rate = Some(found);
            }
            _ => {}
        }
        at = body.saturating_add(length).saturating_add(length % 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(file: &[u8], cut: usize) -> Result<(Vec<f32>, Option<u32>), &'static str> {
        let (mut incoming, mut samples, mut rate) = (Incoming::new(), Vec::new(), None);
        for piece in file.chunks(cut.max(1)) {
            rate = incoming.push(piece, &mut samples)?;
        }
        Ok((samples, rate))
    }

    proptest! {
        #[test]
        fn a_file_comes_back_however_it_is_cut(
            samples in proptest::collection::vec(-1.0_f32..=1.0, 8..200),
            cut in 1_usize..100,
        ) {
            let (back, rate) = read(&wav(&samples), cut).unwrap();
            prop_assert_eq!(rate, Some(jarvis_core::SAMPLE_RATE));
            prop_assert_eq!(back.len(), samples.len());
            for (a, b) in samples.iter().zip(&back) {
                prop_assert!((a - b).abs() < 1e-4);
            }
        }

        #[test]
        fn any_bytes_are_sound_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 1_usize..50) {
            let _ = read(&bytes, cut);
            let riff: Vec<u8> = b"RIFF\x00\x00\x00\x00WAVE".iter().copied().chain(bytes).collect();
            let _ = read(&riff, cut);
        }
    }

    #[test]
    fn raw_sound_has_the_interface_s_rate_and_an_odd_byte_waits() {
        let mut raw: Vec<u8> = [0_i16, 16384, -32768, 1, 2, 3].iter().flat_map(|s| s.to_le_bytes()).collect();
        raw.push(7);
        let (samples, rate) = read(&raw, 5).unwrap();
        assert_eq!(rate, Some(RAW_RATE));
        assert_eq!(samples[..3], [0.0, 0.5, -1.0]);
        assert_eq!(samples.len(), 6);
    }

    #[test]
    fn packed_sound_is_refused() {
        assert!(read(b"ID3\x04aaaaaaaaaaaaaaa", 100).is_err());
        assert!(read(b"\xff\xfb\x90\x64aaaaaaaaaaaaa", 100).is_err());
        assert!(read(b"OggSaaaaaaaaaaaaaaa", 100).is_err());
        let mut stereo = wav(&[0.0; 10]);
        stereo[22] = 2;
        assert!(read(&stereo, 100).is_err());
    }
}
