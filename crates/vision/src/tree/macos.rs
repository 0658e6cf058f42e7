//! AX: the tree that applications on macOS tell assistive programs.
