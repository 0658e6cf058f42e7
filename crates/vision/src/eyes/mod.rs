//! All of sight behind one call: capture, masks, change, the accessibility tree or recognition, what was read before.
//!
//! Owns what may be seen, and the text of what was seen last. Never looks unasked, writes nothing to disk or log.
