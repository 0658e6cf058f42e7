//! Numbers as people say them.
