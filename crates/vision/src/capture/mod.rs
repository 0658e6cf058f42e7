//! Pictures of the screen: of a monitor, a window, a region, or all of the desktop.
//!
//! Owns the connection to the window system and the memory that pictures stand in. Never decides whether it may look, and never reads text.
