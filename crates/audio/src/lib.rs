//! Sound in and out: capture, ring, resampling, playback.
