//! Screens made by hand.

use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// A line of 20 px, 10 px a letter.
pub fn line(text: &str, x: i32, y: i32) -> TextLine {
    sized(text, x, y, 20, TextRole::Text)
}

/// A line of any height and role.
pub fn sized(text: &str, x: i32, y: i32, height: u32, role: TextRole) -> TextLine {
    let width = text.chars().count() as u32 * height / 2;
    TextLine { text: text.into(), region: Region::new(x, y, width, height), confidence: 1.0, role }
}

/// A window of 900 by 600 px.
pub fn screen(lines: Vec<TextLine>) -> ScreenText {
    ScreenText { lines, region: Region::new(0, 0, 900, 600), ..ScreenText::default() }
}
