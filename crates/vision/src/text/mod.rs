//! Text in pictures: lines are found, then read by PP-OCR through ONNX Runtime.
//!
//! Owns detection, recognition and reading order. Never captures, keeps nothing of what it read.
