//! Where something is, in words.

use jarvis_core::{Region, ScreenText, TextLine, TextRole};

/// Where `part` is in `whole`: "at the top left".
pub(super) fn place(part: &Region, whole: &Region) -> &'static str {
    // In thirds of the whole, by the middle of the part.
    let third = |from: i32, length: u32, whole_from: i32, whole_length: u32| {
        let middle = i64::from(from) + i64::from(length / 2) - i64::from(whole_from);
        (middle * 3).div_euclid(i64::from(whole_length.max(1))).clamp(0, 2)
    };
    match (third(part.y, part.height, whole.y, whole.height), third(part.x, part.width, whole.x, whole.width)) {
        (0, 0) => "at the top left",
        (0, 1) => "at the top",
        (0, _) => "at the top right",
        (1, 0) => "on the left",
        (1, 1) => "in the middle",
        (1, _) => "on the right",
        (_, 0) => "at the bottom left",
        (_, 1) => "at the bottom",
        _ => "at the bottom right",
    }
}

/// Where `line` is: its place, the dialog that it is in, the headline that it stands under.
pub(super) fn of_line(line: &TextLine, screen: &ScreenText) -> String {
    let mut words = place(&line.region, &screen.region).to_owned();
    if line.role == TextRole::Alert {
        words.push_str(", in the dialog");
    } else if let Some(heading) = heading_over(line, screen) {
        words.push_str(&format!(", under “{}”", super::say::beginning(&heading.text, 8)));
    }
    words
}

/// The nearest headline over `line`, in its column.
fn heading_over<'a>(line: &TextLine, screen: &'a ScreenText) -> Option<&'a TextLine> {
    let is_over = |heading: &&TextLine| {
        heading.role == TextRole::Heading
            && heading.region.bottom() <= line.region.y
            && heading.region.x < line.region.right()
            && line.region.x
                < heading.region.right().max(heading.region.x.saturating_add_unsigned(screen.region.width / 2))
    };
    screen.lines.iter().filter(is_over).max_by_key(|heading| heading.region.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_thirds() {
        let screen = Region::new(-1000, 0, 900, 900);
        let at = |x, y| place(&Region::new(x, y, 10, 10), &screen);
        assert_eq!(at(-1000, 0), "at the top left");
        assert_eq!(at(-560, 440), "in the middle");
        assert_eq!(at(-120, 880), "at the bottom right");
        assert_eq!(at(-120, 440), "on the right");
        assert_eq!(at(5000, -5000), "at the top right");
        assert_eq!(place(&Region::default(), &Region::default()), "at the top left");
        let far = Region::new(i32::MAX, i32::MIN, u32::MAX, u32::MAX);
        place(&far, &far);
    }
}
