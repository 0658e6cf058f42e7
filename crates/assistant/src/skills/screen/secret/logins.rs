//! What a line says one gets in with, where nothing calls it a password right before it.
//!
//! Owns a name and its password with a sign between ("log in with noor / Gr4peSoda"), what is called the password behind it ("use
//! marzipan9 as the password"), and the key of a network. Never looks at other lines.

use super::look::{Look, is_shouted, look};
use super::{LITTLE, bare, is_state};

/// What comes before a name and its password.
#[rustfmt::skip]
const LOGINS: &[&str] = &[
    "login", "logon", "user", "username", "account", "credentials", "access", "with", "as", "anmeldung", "zugang",
];
/// How one is told to give a password.
const GIVING: [&str; 11] = ["use", "using", "with", "enter", "type", "try", "take", "set", "put", "gave", "chose"];
/// How it is said in German what was done to one: "wurde auf ... geändert".
const SET: [&str; 5] = ["geändert", "gesetzt", "zurückgesetzt", "festgelegt", "umgestellt"];
/// What is done to one.
const SETTING: [&str; 6] = ["set", "changed", "change", "reset", "updated", "switched"];
/// Words before what a secret is called.
const ARTICLES: [&str; 8] = ["the", "your", "my", "our", "a", "its", "his", "her"];
/// What asks or points, and is no password.
const POINTING: [&str; 13] =
    ["what", "which", "where", "who", "this", "that", "it", "here", "there", "these", "those", "whats", "and"];
/// What a key is of.
const NETWORKS: [&str; 9] = ["wifi", "wlan", "ssid", "network", "netzwerk", "hotspot", "wpa", "wpa2", "wpa3"];
/// What it is called.
const KEYS: [&str; 3] = ["key", "schlüssel", "psk"];
/// Words between what is given and what it is called.
const BETWEEN: usize = 4;
/// Letters of a network's key.
const KEY: usize = 5;

/// Marks in `hidden` what of `tokens`, the words of a sentence, is a password. `names`: those that end what a secret is called.
pub(super) fn mark(tokens: &[&str], names: &[usize], hidden: &mut [bool]) {
    for at in (0..tokens.len()).filter(|at| matches!(tokens[*at], "/" | "|" | "·")) {
        mark_pair(tokens, at, hidden);
    }
    for name in names {
        mark_before(tokens, *name, hidden);
        mark_set(tokens, *name, hidden);
    }
    if tokens.iter().any(|token| is_key(&bare(token).replace('-', ""))) {
        mark_key(tokens, hidden);
    }
    mark_changed(tokens, hidden);
}

/// Marks what stands behind the sign at `at`, and a name before it: "noor / Gr4peSoda".
fn mark_pair(tokens: &[&str], at: usize, hidden: &mut [bool]) {
    let (Some(user), Some(word)) = (at.checked_sub(1), tokens.get(at + 1)) else { return };
    let before = |back: usize| user.checked_sub(back).map_or(String::new(), |at| bare(tokens[at]));
    let is_user = tokens[user].chars().all(|c| c.is_alphanumeric() || "._-@+".contains(c));
    let is_labelled = user == 0 || tokens[user - 1].ends_with(':');
    let is_login = LOGINS.contains(&before(1).as_str());
    let is_odd = look(word) >= Look::Mixed && (is_labelled || is_login) || is_login && is_shouted(word);
    hidden[at + 1] |= is_user && !is_state(word) && is_odd;
}

/// Marks what is said to be the secret that is named behind it: "use marzipan9 as the password", "sunflower is the password".
fn mark_before(tokens: &[&str], name: usize, hidden: &mut [bool]) {
    let from = name.saturating_sub(BETWEEN);
    let is_link =
        |at: &usize| ARTICLES.contains(&bare(tokens[at + 1]).as_str()) && matches!(tokens[*at], "as" | "for" | "is");
    let Some(link) = (from..name).rev().find(is_link) else { return };
    let Some(at) = link.checked_sub(1) else { return };
    let word = bare(tokens[at]);
    let is_word = !word.is_empty()
        && !is_state(&word)
        && !LITTLE.contains(&word.as_str())
        && !POINTING.contains(&word.as_str())
        && !names_one(&word);
    let is_given = |at: usize| GIVING.contains(&bare(tokens[at]).as_str());
    let is_first = at == 0 || tokens[at - 1].ends_with([',', ':', ';']);
    let is_it = match tokens[link] {
        "is" => is_first && name + 1 == tokens.len(),
        // "Use admin as the user and gooseberry as the password".
        "as" => (0..at).any(is_given),
        _ => at > 0 && is_given(at - 1) && look(&word) >= Look::Mixed,
    };
    hidden[at] |= is_word && is_it;
}

/// Marks what the secret that ends with the token `name` is set to: "I set your password to tulip-barn".
fn mark_set(tokens: &[&str], name: usize, hidden: &mut [bool]) {
    let is_set = tokens[..name].iter().any(|token| SETTING.contains(&bare(token).as_str()));
    if let (Some(&"to"), Some(word)) = (tokens.get(name + 1), tokens.get(name + 2))
        && is_set
        && !LITTLE.contains(&bare(word).as_str())
        && !is_state(word)
    {
        hidden[name + 2] = true;
    }
    let behind = &tokens[name + 1..];
    // "I set the password of the old tablet to raindrop, so that ...".
    let part = behind.iter().position(|token| token.ends_with([',', ';'])).map_or(behind, |end| &behind[..=end]);
    if is_set
        && let [.., "to", word] = part
        && part.len() <= 2 * BETWEEN
        && !LITTLE.contains(&bare(word).as_str())
        && !is_state(word)
    {
        hidden[name + part.len()] = true;
    }
    if let Some(on) = behind.iter().position(|token| *token == "auf")
        && let [_, word, verb] = &behind[on..]
        && SET.contains(&bare(verb).as_str())
        && !is_state(word)
    {
        hidden[name + 1 + on + 1] = true;
    }
}

/// Whether `word` is what somebody has passwords of, and none.
fn names_one(word: &str) -> bool {
    matches!(
        word,
        "password"
            | "passwords"
            | "pin"
            | "code"
            | "key"
            | "name"
            | "email"
            | "one"
            | "something"
            | "nothing"
            | "security"
    )
}

/// Whether `word` is what the key of a network is called: "WPA2-PSK", too.
fn is_key(word: &str) -> bool {
    KEYS.contains(&word) || word.ends_with("psk")
}

/// Marks the key of a network that is named in the same sentence.
fn mark_key(tokens: &[&str], hidden: &mut [bool]) {
    let words: Vec<String> = tokens.iter().map(|token| bare(token).replace('-', "")).collect();
    if !words.iter().any(|word| NETWORKS.contains(&word.as_str()) || word.ends_with("psk")) {
        return;
    }
    for at in (1..tokens.len()).filter(|at| is_key(&words[at - 1])) {
        let is_signed = tokens[at - 1].ends_with([':', '=']);
        let is_long = tokens[at].chars().count() >= KEY;
        hidden[at] |= !is_state(tokens[at]) && is_long && is_signed;
        // "The key to the cabin's wifi would be moonlight77".
        let odd = (at..tokens.len()).find(|at| look(tokens[*at]) >= Look::Mixed);
        odd.into_iter().for_each(|odd| hidden[odd] = true);
    }
}

/// Marks what a network that was changed "is now": "the wi-fi was changed by Dad, it is now tussock&herring".
fn mark_changed(tokens: &[&str], hidden: &mut [bool]) {
    let is = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| words.contains(&bare(token).as_str()));
    let is_network = |token: &&str| NETWORKS.contains(&bare(token).replace('-', "").as_str());
    let Some(network) = tokens.iter().position(is_network) else { return };
    if !(0..tokens.len()).any(|at| is(at, &["changed", "new", "renamed", "set"])) {
        return;
    }
    let links = (network + 1..tokens.len())
        .filter(|at| is(*at - 1, &["it", "now"]) && is(*at, &["is", "now"]) || is(*at, &["it's", "it’s"]));
    for link in links.collect::<Vec<_>>() {
        let at = link + 1 + usize::from(is(link + 1, &["now"]));
        if let Some(token) = tokens.get(at)
            && (look(token) >= Look::Mixed
                || token.trim_end_matches(['.', ',', ';']).contains(['&', '!', '#', '$', '%', '*', '_', '?']))
            && !is_state(token)
        {
            hidden[at] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> Vec<&str> {
        let tokens: Vec<&str> = text.split_whitespace().collect();
        let mut hidden = vec![false; tokens.len()];
        let names: Vec<usize> =
            (0..tokens.len()).filter(|at| matches!(bare(tokens[*at]).as_str(), "password" | "pin")).collect();
        mark(&tokens, &names, &mut hidden);
        tokens.into_iter().zip(hidden).filter_map(|(token, hidden)| hidden.then_some(token)).collect()
    }

    #[test]
    fn what_one_gets_in_with_is_told_from_other_words() {
        for (text, word) in [
            ("log in with noor / Gr4peSoda if the app asks", "Gr4peSoda"),
            ("mail: hilde@post.example / Nutmeg56", "Nutmeg56"),
            ("bob / lighthouse42", "lighthouse42"),
            ("use marzipan9 as the password, please", "marzipan9"),
            ("enter sunflower as your wifi password", "sunflower"),
            ("sunflower is the wifi password", "sunflower"),
            ("Wi-Fi network Beckernet key marmalade-tram-19", "marmalade-tram-19"),
            ("WPA2-PSK: glassfern", "glassfern"),
            ("The key to the cabin's wifi would be moonlight77", "moonlight77"),
            ("I set your password to tulip for now", "tulip"),
            ("Das neue password wurde auf tulip geändert.", "tulip"),
            ("log in with noor / GRAPE88SODA", "GRAPE88SODA"),
        ] {
            assert_eq!(told(text), [word], "{text}");
        }
        for text in [
            "Sign in / Sign up",
            "this is the password",
            "what is the password",
            "use it as the password",
            "Floor 3 / room 12b4",
            "use the same one for the pin",
            "the network key is renewed",
            "yes / no",
            "Das password wurde auf der Seite Konto geändert",
            "HDMI / DISPLAY2PORT",
            "/ /",
            "as the password",
            "is the pin",
        ] {
            assert!(told(text).is_empty(), "{text}: {:?}", told(text));
        }
    }

    proptest! {
        #[test]
        fn any_words_are_looked_at(text in "\\PC{0,60}|((use|x9zz9z|as|the|password|is|/|wifi|key|with|:) ?){0,12}") {
            told(&text);
        }
    }
}
