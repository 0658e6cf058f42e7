//! What the kinds of objects that AT-SPI knows mean to us.
//!
//! Owns the numbers of roles and states, and which of them tell text. Never asks anything.
//!
//! <https://docs.gtk.org/atspi2/enum.Role.html>, <https://docs.gtk.org/atspi2/enum.StateType.html>

use jarvis_core::screen::TextRole;
use serde::Serialize;
use std::collections::HashMap;
use zbus::zvariant::Type;

/// The window has the keyboard.
pub const ACTIVE: u32 = 1;
/// What it holds can be typed into.
pub const EDITABLE: u32 = 7;
/// The object has the keyboard.
pub const FOCUSED: u32 = 12;
/// It and all that holds it is shown.
pub const SHOWING: u32 = 25;
/// It would be shown if what holds it is.
pub const VISIBLE: u32 = 30;

/// The field of a password.
pub const PASSWORD: u32 = 40;

/// Whether the states that an object told hold `state`.
pub fn has(states: &[u32], state: u32) -> bool {
    states.get(state as usize / 32).is_some_and(|word| word & (1 << (state % 32)) != 0)
}

/// Whether a window of this role is a dialog or an alert.
pub const fn is_dialog(role: u32) -> bool {
    // Alert, color chooser, dialog, file chooser, font chooser.
    matches!(role, 2 | 9 | 16 | 19 | 22)
}

/// How an object tells its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// By its name.
    Name(TextRole),
    /// By its text, or else its name.
    Text(TextRole),
    /// By its text alone: its name is for the ear only.
    OwnText,
    /// By a text that may be far longer than what is seen of it.
    Long,
    /// What it shows is hidden on purpose.
    Hidden,
    /// By its children.
    Children,
    /// Not at all, although there may be some in it.
    Nothing,
}

/// How objects of a role tell their text; nothing for those that only arrange others.
pub const fn tells(role: u32) -> Option<Tells> {
    use TextRole::{Alert, Control, Field, Heading, Text};
    Some(match role {
        // Check box and its menu item, desktop icon, menu and its items, tab, button, radio button, toggle, link,
        // button with a menu, switch. A combo box is named after what is chosen.
        7 | 8 | 11 | 13 | 33 | 35 | 37 | 43 | 44 | 45 | 62 | 88 | 129 | 130 => Tells::Name(Control),
        // Math is named by its formula.
        113 => Tells::Name(Text),
        // Alert, tool tip, notification, info bar.
        2 | 64 | 101 | 102 => Tells::Text(Alert),
        83 => Tells::Text(Heading),
        // Date editor, spin button, autocompletion, edit bar, entry.
        12 | 52 | 76 | 77 | 79 => Tells::Text(Field),
        // Headers of columns and rows, label, list item, cell, paragraph, caption, tree item, comment, definition, log, marquee,
        // timer, static text, sub- and superscript, term and its description, footnote, deletion, insertion, mark, suggestion.
        10
        | 29
        | 32
        | 47
        | 54
        | 56
        | 57
        | 58
        | 73
        | 81
        | 91
        | 97
        | 108
        | 111
        | 112
        | 115
        | 116
        | 119
        | 120
        | 122..=128 => Tells::Text(Text),
        // Header, footer, document, page, section, form, the documents, block quote, article, landmark.
        71 | 72 | 82 | 84 | 85 | 87 | 92..=96 | 105 | 109 | 110 => Tells::OwnText,
        // Terminal, text.
        60 | 61 => Tells::Long,
        PASSWORD => Tells::Hidden,
        // List, table, tree, tree table, list box.
        31 | 55 | 65 | 66 | 98 => Tells::Children,
        // Animation, canvas, drawing area, icon, image, unknown, chart, image map, video.
        3 | 6 | 18 | 26 | 27 | 67 | 80 | 100 | 107 => Tells::Nothing,
        _ => return None,
    })
}

/// A question to `org.a11y.atspi.Collection.GetMatches`, by which an application searches its own tree: its states, attributes,
/// roles and interfaces, each with how it is to match, and whether to turn all around.
#[derive(Debug, Clone, Serialize, Type)]
pub struct MatchRule {
    states: Vec<i32>,
    states_match: i32,
    attributes: HashMap<String, String>,
    attributes_match: i32,
    roles: Vec<i32>,
    roles_match: i32,
    interfaces: Vec<String>,
    interfaces_match: i32,
    invert: bool,
}

const ALL: i32 = 1;
const ANY: i32 = 2;

impl MatchRule {
    /// Objects that have all of `states` and one of the roles that `wanted` names; any role if it names none.
    pub fn new(states: &[u32], wanted: impl Fn(u32) -> bool) -> Self {
        let mut roles = vec![0_i32; 5];
        for role in (0..131).filter(|role| wanted(*role)) {
            roles[role as usize / 32] |= (1_u32 << (role % 32)).cast_signed();
        }
        let roles_match = if roles.iter().any(|word| *word != 0) { ANY } else { ALL };
        let mut words = vec![0_i32; 2];
        for state in states {
            words[*state as usize / 32] |= (1_u32 << (state % 32)).cast_signed();
        }
        Self {
            states: words,
            states_match: ALL,
            attributes: HashMap::new(),
            attributes_match: ALL,
            roles,
            roles_match,
            interfaces: Vec::new(),
            interfaces_match: ALL,
            invert: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_the_signature_and_the_bits_of_the_interface() {
        let rule = MatchRule::new(&[SHOWING, VISIBLE], |role| role == PASSWORD || role == 130);
        assert_eq!(MatchRule::SIGNATURE.to_string(), "(aiia{ss}iaiiasib)");
        assert_eq!(rule.states, [(1 << 25) | (1 << 30), 0]);
        assert_eq!((rule.roles, rule.roles_match), (vec![0, 1 << 8, 0, 0, 1 << 2], ANY));
        let all = MatchRule::new(&[], |_| false);
        assert_eq!((all.roles_match, all.states), (ALL, vec![0, 0]));
    }

    #[test]
    fn states_are_read_from_their_words_however_many_there_are() {
        assert!(has(&[0x4320_0102, 0], ACTIVE) && has(&[1 << 25], SHOWING));
        assert!(!has(&[], ACTIVE) && !has(&[0, 0], VISIBLE) && !has(&[u32::MAX], 40));
    }

    #[test]
    fn what_arranges_tells_nothing_and_what_hides_is_known() {
        // Filler, panel, application, and numbers that are to come.
        assert!([20, 39, 75, 131, u32::MAX].iter().all(|role| tells(*role).is_none()));
        assert_eq!(tells(PASSWORD), Some(Tells::Hidden));
    }
}
