//! Words of the screen and of a request, made comparable.
//!
//! Owns: what counts as the same word, how labels abbreviate, and how much a word may be misread or misheard. Never decides
//! what is looked for.

/// How a label writes what people say.
const SAME: [(&str, &[&str]); 9] = [
    ("number", &["no", "nr", "num", "#", "nbr"]),
    ("phone", &["tel", "telephone", "mobile", "cell"]),
    ("total", &["sum"]),
    ("email", &["mail"]),
    ("address", &["addr"]),
    ("quantity", &["qty"]),
    ("reference", &["ref"]),
    ("date", &["dated"]),
    ("ok", &["okay"]),
];

/// The words of `text` in lower case, without punctuation; `#` is one, and "e-mail" is "email".
pub(super) fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut all: Vec<String> = Vec::new();
    for word in lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '#' | '\'' | '’'))) {
        let bare;
        let word = if word.contains(['\'', '’']) {
            bare = word.replace(['\'', '’'], "");
            &bare
        } else {
            word
        };
        let (sign, rest) = if let Some(rest) = word.strip_prefix('#') { (true, rest) } else { (false, word) };
        if sign {
            all.push("#".into());
        }
        if rest == "mail" && all.last().is_some_and(|last| last == "e") {
            all.pop();
            all.push("email".into());
        } else if !rest.is_empty() {
            all.push(rest.replace('#', ""));
        }
    }
    all
}

/// How well `said` is `read`, 0 (not at all) to 1.
pub(super) fn likeness(said: &str, read: &str) -> f32 {
    if said == read {
        return 1.0;
    }
    if SAME
        .iter()
        .any(|(name, short)| (said == *name && short.contains(&read)) || (read == *name && short.contains(&said)))
    {
        return 0.9;
    }
    if is_inflected(said, read) || is_inflected(read, said) {
        return 0.85;
    }
    let letters = said.chars().count();
    let allowed = match letters {
        0..=3 => return 0.0,
        4..=7 => 1,
        _ => 2,
    };
    // A digit that differs is another number.
    if said.chars().any(|c| c.is_ascii_digit()) || read.chars().any(|c| c.is_ascii_digit()) {
        return 0.0;
    }
    if edits(said, read, allowed) <= allowed { 0.6 } else { 0.0 }
}

/// Whether `longer` is `word` in another form: "tax" and "taxes", "use" and "used", "order" and "ordered".
fn is_inflected(word: &str, longer: &str) -> bool {
    let end = longer.strip_prefix(word).filter(|_| word.len() >= 3 && word.ends_with(|c: char| c.is_alphabetic()));
    match end {
        Some("s" | "es" | "ed" | "ing") => true,
        Some("d") => word.ends_with('e'),
        _ => false,
    }
}

/// How many letters have to be put in, left out or changed to make one of the other; anything over `most` is `most + 1`.
fn edits(one: &str, other: &str, most: usize) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > most {
        return most + 1;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()].min(most + 1)
}

/// Where the words of `wanted` are among those of `read`, and how well they fit: side by side better than apart, as they are
/// written better than nearly so. `None` if one is missing.
pub(super) fn find(wanted: &[String], read: &[String]) -> Option<(f32, std::ops::Range<usize>)> {
    if wanted.is_empty() || read.is_empty() {
        return None;
    }
    let mut best: Option<(f32, std::ops::Range<usize>)> = None;
    let mut take = |fit: f32, place: std::ops::Range<usize>| {
        if fit > 0.0 && best.as_ref().is_none_or(|(known, _)| fit > *known) {
            best = Some((fit, place));
        }
    };
    for from in 0..read.len().saturating_sub(wanted.len() - 1) {
        let place = from..from + wanted.len();
        take(pairwise(wanted, &read[place.clone()]), place);
    }
    // "Sign in" where "Signin" stands, and the other way round.
    let joined = wanted.concat();
    for from in 0..read.len() {
        let mut together = String::new();
        for (count, word) in read[from..].iter().take(wanted.len() + 2).enumerate() {
            together.push_str(word);
            if together == joined {
                take(0.95, from..from + count + 1);
            }
        }
    }
    let places: Vec<(f32, usize)> = wanted.iter().filter_map(|word| nearest(word, read)).collect();
    if places.len() == wanted.len() {
        let fit = places.iter().map(|(fit, _)| *fit).fold(1.0, f32::min) * 0.8;
        let (from, to) = places.iter().fold((usize::MAX, 0), |(from, to), (_, at)| (from.min(*at), to.max(at + 1)));
        take(fit, from..to);
    }
    best
}

fn pairwise(wanted: &[String], read: &[String]) -> f32 {
    wanted.iter().zip(read).map(|(said, read)| likeness(said, read)).fold(1.0, f32::min)
}

fn nearest(word: &str, read: &[String]) -> Option<(f32, usize)> {
    let fits = read.iter().enumerate().map(|(at, read)| (likeness(word, read), at));
    fits.filter(|(fit, _)| *fit > 0.0).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(wanted: &str, read: &str) -> f32 {
        find(&words(wanted), &words(read)).map_or(0.0, |(fit, _)| fit)
    }

    #[test]
    fn as_written_is_best_then_side_by_side_then_nearly() {
        let exact = fit("invoice number", "Invoice Number: 4711");
        let short = fit("invoice number", "Invoice No. 4711");
        let apart = fit("invoice number", "Number of the invoice");
        let nearly = fit("invoice number", "Invoise Number");
        assert!(exact > short && short > apart && apart > nearly && nearly > 0.0, "{exact} {short} {apart} {nearly}");
        assert_eq!(fit("invoice number", "Invoice #4711"), short);
        assert!(fit("sign in", "Signin") > 0.9 && fit("signin", "Sign in") > 0.9);
        assert!(fit("email", "E-Mail:") > 0.9);
        assert!(fit("taxes", "Tax 19 %") > 0.8 && fit("use", "kWh used") > 0.8 && fit("car", "Card") == 0.0);
        for (wanted, read) in
            [("invoice number", "Invoice"), ("total", "Toast"), ("4711", "4712"), ("cat", "car"), ("", "a"), ("a", "")]
        {
            assert_eq!(fit(wanted, read), 0.0, "{wanted} in {read}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_in_itself(text in "\\PC{0,40}", before in "[a-z ]{0,10}", after in "[a-z ]{0,10}") {
            let wanted = words(&text);
            let read = words(&format!("{before} {text} {after}"));
            let found = find(&wanted, &read);
            prop_assert_eq!(found.is_none(), wanted.is_empty());
            if let Some((fit, place)) = found {
                prop_assert!(fit >= 0.7 && place.end <= read.len() && place.start < place.end);
            }
        }

        #[test]
        fn edits_are_symmetric_and_bounded(a in "[a-c]{0,8}", b in "[a-c]{0,8}", most in 0..4usize) {
            prop_assert_eq!(edits(&a, &b, most), edits(&b, &a, most));
            prop_assert!(edits(&a, &b, most) <= most + 1);
            prop_assert_eq!(edits(&a, &b, most) == 0, a == b);
        }
    }
}
