//! What a picture is made into before it is read: what changed, a smaller one, a fingerprint.
//!
//! Owns the kernels and their reused buffers. Never captures and never knows what text is.
