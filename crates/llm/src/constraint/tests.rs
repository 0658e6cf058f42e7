//! Forms held against a reader and a validator of their own, with a model that says anything at all.

use super::*;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

/// Every byte, pieces that cross the borders of a form's parts, halves of characters; the last one ends an answer.
fn vocabulary() -> Vec<Vec<u8>> {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    let pieces = [
        "{\"",
        "\": ",
        "\", \"",
        "\"}",
        "}, {",
        "[[",
        "]]",
        "], ",
        ", ",
        "true",
        "false",
        "null",
        "tr",
        "ue",
        "12",
        "000",
        ".5",
        "-1",
        "ab",
        "abcdef",
        "x-",
        "the quick",
        "é",
        "ß\"",
        "\\\"",
        "\\",
        "日本",
        "😀",
        " ",
        "  ",
        "\n",
    ];
    tokens.extend(pieces.map(|piece| piece.as_bytes().to_vec()));
    tokens.extend([vec![0xe6, 0x97], vec![0xa5, b'"'], vec![0xf0, 0x9f], b"ab".to_vec()]);
    tokens.push(Vec::new());
    tokens
}

fn lexicon() -> Arc<Lexicon> {
    let tokens = vocabulary();
    Arc::new(Lexicon::new(tokens.iter().map(Vec::as_slice), &[tokens.len() as u32 - 1]))
}

/// What a model says that gives tokens random scores, and long ones better scores by `eager`.
fn say(form: &Constraint, limit: usize, seed: u64, eager: f32) -> Result<(Vec<u8>, usize)> {
    let tokens = vocabulary();
    let end = tokens.len() as u32 - 1;
    let mut guide = Guide::new(form, lexicon(), limit)?;
    let mut random = StdRng::seed_from_u64(seed);
    let mut made: Vec<u32> = Vec::new();
    while made.len() < limit && !guide.is_complete() {
        let mut scores: Vec<f32> =
            tokens.iter().map(|token| random.random::<f32>() + eager * token.len() as f32).collect();
        let open = guide.mask(&mut scores);
        let best = crate::sampling::likeliest(&scores).filter(|_| open).map(|(token, _)| token);
        if best == Some(end) {
            break;
        }
        match best.filter(|token| guide.take(&tokens[*token as usize], limit - made.len() - 1)) {
            Some(token) => made.push(token),
            None => {
                made.extend(guide.ending());
                break;
            }
        }
    }
    Ok((made.iter().flat_map(|token| tokens[*token as usize].clone()).collect(), made.len()))
}

fn by_schema(schema: &Value) -> Constraint {
    Constraint::JsonSchema(schema.to_string())
}

fn refusal(form: &Constraint) -> String {
    match Guide::new(form, lexicon(), 4096) {
        Ok(_) => panic!("{form:?} is not refused"),
        Err(error) => error.to_string(),
    }
}

/// Whether a form has the text `text`.
fn has(network: network::Network, text: &str) -> bool {
    let (mut automaton, start) = Automaton::new(network);
    let at = automaton.walk(start, text.as_bytes());
    automaton.shortest(at) == Some(0)
}

fn schema_has(schema: &Value, text: &str) -> bool {
    has(schema::compile(&schema.to_string()).unwrap(), text)
}

/// A validator of what the strategy below makes, from the specification's words and not from our code.
fn valid(schema: &Value, value: &Value) -> bool {
    if let Some(any) = schema.get("anyOf") {
        return any.as_array().unwrap().iter().any(|schema| valid(schema, value));
    }
    if let Some(only) = schema.get("enum") {
        return only.as_array().unwrap().contains(value);
    }
    let whole = |key: &str| schema.get(key).and_then(Value::as_i64);
    match schema["type"].as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_i64().is_some_and(|n| {
            whole("minimum").is_none_or(|low| n >= low) && whole("maximum").is_none_or(|high| n <= high)
        }),
        "number" => value.as_f64().is_some_and(|n| {
            whole("minimum").is_none_or(|low| n >= low as f64) && whole("maximum").is_none_or(|high| n <= high as f64)
        }),
        "string" => value.as_str().is_some_and(|text| {
            let length = text.chars().count() as i64;
            let matches = match schema.get("pattern").and_then(Value::as_str) {
                None => true,
                Some("^[a-f]{2,4}$") => (2..=4).contains(&length) && text.chars().all(|c| ('a'..='f').contains(&c)),
                Some("é|x") => text.contains(['é', 'x']),
                Some(other) => panic!("{other}"),
            };
            matches && whole("minLength").is_none_or(|n| length >= n) && whole("maxLength").is_none_or(|n| length <= n)
        }),
        "array" => value.as_array().is_some_and(|list| {
            let length = list.len() as i64;
            whole("minItems").is_none_or(|n| length >= n)
                && whole("maxItems").is_none_or(|n| length <= n)
                && list.iter().all(|value| valid(&schema["items"], value))
        }),
        _ => value.as_object().is_some_and(|members| {
            let named = schema["properties"].as_object().unwrap();
            let required = schema["required"].as_array().unwrap();
            required.iter().all(|name| members.contains_key(name.as_str().unwrap()))
                && members.iter().all(|(name, value)| named.get(name).is_some_and(|schema| valid(schema, value)))
        }),
    }
}

fn schemas() -> impl Strategy<Value = Value> {
    let bounds = (prop::option::of(-1200i64..1200), prop::option::of(0i64..2000));
    let numbers = (bounds, prop::bool::ANY).prop_map(|((low, span), whole)| {
        let mut schema = json!({"type": if whole { "integer" } else { "number" }});
        if let Some(low) = low {
            schema["minimum"] = low.into();
        }
        if let Some(span) = span {
            schema["maximum"] = (low.unwrap_or(0) + span).into();
        }
        schema
    });
    let strings = (prop::option::of(0i64..4), prop::option::of(0i64..6)).prop_map(|(least, more)| {
        let mut schema = json!({"type": "string"});
        if let Some(least) = least {
            schema["minLength"] = least.into();
        }
        if let Some(more) = more {
            schema["maxLength"] = (least.unwrap_or(0) + more).into();
        }
        schema
    });
    let leaf = prop_oneof![
        Just(json!({"type": "null"})),
        Just(json!({"type": "boolean", "title": "Whether"})),
        numbers,
        strings,
        Just(json!({"type": "string", "pattern": "^[a-f]{2,4}$"})),
        Just(json!({"type": "string", "pattern": "é|x"})),
        Just(json!({"enum": ["on", "off", "on \"hold\"", null, 7, {"a": [1, 2.5]}]})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), 0i64..3, prop::option::of(0i64..3)).prop_map(|(items, least, more)| {
                let mut schema = json!({"type": "array", "items": items, "minItems": least});
                if let Some(more) = more {
                    schema["maxItems"] = (least + more).into();
                }
                schema
            }),
            prop::collection::vec((prop::bool::ANY, inner.clone()), 0..4).prop_map(|members| {
                let names = ["a", "ab", "the \"key\"", "日"];
                let required: Vec<&str> =
                    members.iter().zip(names).filter(|((required, _), _)| *required).map(|(_, name)| name).collect();
                let named: serde_json::Map<String, Value> =
                    members.iter().zip(names).map(|((_, schema), name)| (name.to_owned(), schema.clone())).collect();
                json!({"type": "object", "properties": named, "required": required, "additionalProperties": false})
            }),
            prop::collection::vec(inner, 1..4).prop_map(|any| json!({"anyOf": any})),
        ]
    })
}

proptest! {
    /// Whatever the schema, the room and the model, what is said is JSON that the schema allows.
    #[test]
    fn all_that_is_said_is_valid(schema in schemas(), limit in 1usize..80, seed in any::<u64>(), eager in 0f32..0.2) {
        match say(&by_schema(&schema), limit, seed, eager) {
            Err(error) => prop_assert!(error.to_string().contains("there is room for"), "{schema}: {error}"),
            Ok((text, tokens)) => {
                let text = String::from_utf8(text).unwrap();
                let value: Value = serde_json::from_str(&text).map_err(|e| TestCaseError::fail(format!("{schema}: {text}: {e}")))?;
                prop_assert!(valid(&schema, &value), "{schema}: {text}");
                prop_assert!(tokens <= limit, "{tokens} tokens");
            }
        }
    }

    /// Numbers within bounds are all there are, each and no other.
    #[test]
    fn bounds_are_kept(low in -2500i64..2500, span in 0i64..5000, number in -9000i64..9000, tenths in 0u8..10) {
        let high = low + span;
        let whole = json!({"type": "integer", "minimum": low, "maximum": high});
        for n in [number, low, high, low - 1, high + 1] {
            prop_assert_eq!(schema_has(&whole, &n.to_string()), (low..=high).contains(&n), "{}", n);
        }
        let broken = json!({"type": "number", "minimum": low, "maximum": high});
        let text = format!("{number}.{tenths}");
        prop_assert_eq!(schema_has(&broken, &text), (low as f64..=high as f64).contains(&text.parse::<f64>().unwrap()), "{}", text);
    }

    /// The tree decides as each token by itself would.
    #[test]
    fn a_mask_has_what_can_come_next(bytes in prop::collection::vec(prop::sample::select(b"ab\"x".to_vec()), 0..5)) {
        let tokens = vocabulary();
        let network = || pattern::compile("(ab|abcdef|x-|é|日本|[\"x])*").unwrap();
        let (mut automaton, start) = Automaton::new(network());
        let at = automaton.walk(start, &bytes);
        let mask = automaton.mask(at, &lexicon()).to_vec();
        for (token, id) in tokens.iter().zip(0..) {
            let expected = match token.is_empty() {
                true => automaton.shortest(at) == Some(0),
                false => { let next = automaton.walk(at, token); automaton.shortest(next).is_some() }
            };
            prop_assert_eq!(mask[id / 64] >> (id % 64) & 1 == 1, expected, "{:?}", token);
        }
    }

    /// Nothing that is given as a schema panics.
    #[test]
    fn any_text_is_compiled_or_refused(text in "\\PC{0,60}", keys in prop::collection::vec(prop::sample::select(vec![
        "type", "$ref", "enum", "anyOf", "allOf", "items", "minItems", "maxLength", "pattern", "properties", "required", "minimum", "not",
    ]), 0..4), number in any::<f64>()) {
        let _ = Guide::new(&Constraint::JsonSchema(text.clone()), lexicon(), 64);
        let _ = Guide::new(&Constraint::Regex(text.clone()), lexicon(), 64);
        for value in [json!(text), json!(number), json!([text]), json!({"a": {"type": "string"}}), json!("#"), json!([{}]), json!("object")] {
            let schema: serde_json::Map<String, Value> = keys.iter().map(|key| (key.to_string(), value.clone())).collect();
            let _ = Guide::new(&by_schema(&schema.into()), lexicon(), 64);
        }
    }
}

#[test]
fn members_come_in_the_order_of_the_schema() {
    let schema = r#"{"type": "object", "properties": {"why": {"type": "null"}, "answer": {"type": "boolean"}, "a": {}}, "required": ["why", "answer"]}"#;
    let network = || schema::compile(schema).unwrap();
    assert!(has(network(), r#"{"why": null, "answer": true}"#));
    assert!(has(network(), r#"{"why": null, "answer": true, "a": [1, {"b": "c"}]}"#));
    for wrong in
        [r#"{"answer": true, "why": null}"#, r#"{"why": null}"#, r#"{"why": null, "answer": true, "b": 1}"#, "{}"]
    {
        assert!(!has(network(), wrong), "{wrong}");
    }
}

#[test]
fn schemas_refer_to_each_other_and_to_themselves() {
    // `json!` sorts the members.
    let tree = json!({
        "$defs": {"node": {"type": "object", "properties": {"value": {"type": "integer"}, "below": {"type": "array", "items": {"$ref": "#/$defs/node"}}}, "required": ["value", "below"]}},
        "$ref": "#/$defs/node",
    });
    assert!(schema_has(&tree, r#"{"below": [{"below": [], "value": 2}], "value": 1}"#));
    assert!(!schema_has(&tree, r#"{"below": [{"value": 2}], "value": 1}"#));
    for seed in 0..20 {
        let (text, _) = say(&by_schema(&tree), 60, seed, 0.1).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap();
    }
    // The first of these two leads nowhere and the second says nothing new.
    assert!(refusal(&by_schema(&json!({"$ref": "#"}))).contains("no text has this form"));
    let left = json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}}, "$ref": "#/$defs/a"});
    assert_eq!(say(&by_schema(&left), 10, 1, 0.0).unwrap().0, b"null");
}

#[test]
fn nesting_without_end_is_ended() {
    // A model that only ever opens lists.
    let tokens = vocabulary();
    let mut guide = Guide::new(&by_schema(&json!({"type": "array"})), lexicon(), 300).unwrap();
    let mut text = Vec::new();
    for left in (0..300).rev() {
        let mut scores: Vec<f32> = tokens.iter().map(|token| f32::from(token == b"[")).collect();
        let open = guide.mask(&mut scores);
        let best = crate::sampling::likeliest(&scores).filter(|_| open).unwrap().0 as usize;
        if !guide.take(&tokens[best], left) {
            text.extend(guide.ending().iter().flat_map(|token| tokens[*token as usize].clone()));
            break;
        }
        text.extend(&tokens[best]);
        if guide.is_complete() {
            break;
        }
    }
    serde_json::from_slice::<Value>(&text)
        .unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(&text)));
}

#[test]
fn expressions_match_the_whole_text() {
    let form = |pattern: &str| Constraint::Regex(pattern.to_owned());
    let time = pattern::compile(r"([01]\d|2[0-3]):[0-5]\d").unwrap();
    assert!(has(time, "23:59"));
    let choice = || pattern::compile("yes|no|yes, please").unwrap();
    assert!(has(choice(), "yes") && has(choice(), "yes, please") && !has(choice(), "yes,") && !has(choice(), "yess"));
    assert_eq!(say(&form("a{7}"), 20, 3, 0.2).unwrap().0, b"aaaaaaa");
    assert_eq!(say(&form(""), 20, 3, 0.2).unwrap().0, b"");
    let (text, tokens) = say(&form(".*"), 12, 5, 0.0).unwrap();
    assert!(std::str::from_utf8(&text).is_ok() && tokens <= 12);
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    for (schema, word) in [
        (
            json!({"type": "object", "patternProperties": {}}),
            "`patternProperties` is not understood with object (at #)",
        ),
        (json!({"oneOf": [{}]}), "`oneOf` is not understood"),
        (json!({"properties": {"a": {"not": {}}}}), "(at #/properties/a)"),
        (json!({"enum": [1], "minimum": 2}), "`minimum` is not understood with enum"),
        (json!({"type": "string", "pattern": "(?=x)"}), "look-around"),
        (json!({"type": "string", "pattern": "\\bx", "maxLength": 3}), "together with a length"),
        (json!({"type": "strange"}), "`type` names a type"),
        (json!({"type": []}), "names no type"),
        (json!({"$ref": "other.json"}), "\"other.json\" is not there"),
        (json!({"$ref": "#/$defs/none"}), "is not there"),
        (json!({"type": "integer", "minimum": 3, "maximum": 2}), "no whole number"),
        (json!({"minItems": -1}), "not negative"),
        (json!({"minItems": 3, "maxItems": 1}), "no text has this form"),
        (json!({"minItems": 1, "maxItems": 0}), "no text has this form"),
        (json!({"properties": {"a": false}, "required": ["a"]}), "no text has this form"),
        (json!({"required": ["a"], "additionalProperties": false}), "no text has this form"),
        (json!([1]), "has to be an object"),
        (json!({"const": "x".repeat(70_000)}), "too complex"),
    ] {
        let reason = refusal(&by_schema(&schema));
        assert!(reason.contains(word), "{schema}: {reason}");
    }
    assert!(refusal(&Constraint::JsonSchema("{\"a\"".into())).contains("not sound JSON"));
    assert!(refusal(&Constraint::JsonSchema("{\"type\": \"null\", \"type\": \"null\"}".into())).contains("said twice"));
    assert!(refusal(&Constraint::Regex("a)(b".into())).contains("a)(b"));
    let tight = Guide::new(&by_schema(&json!({"const": "a long text"})), lexicon(), 3).err().unwrap().to_string();
    assert!(tight.contains("there is room for 3"), "{tight}");
}

#[test]
fn hostile_forms_are_refused() {
    let deep = format!("{}{}", "{\"items\": ".repeat(5000), "}".repeat(5000));
    assert!(refusal(&Constraint::JsonSchema(deep)).contains("recursion limit"));
    assert!(refusal(&Constraint::JsonSchema(" ".repeat(300_000))).contains("300000 bytes"));
    let wide: serde_json::Map<String, Value> = (0..3000).map(|n| (format!("p{n}"), json!({}))).collect();
    assert!(refusal(&by_schema(&json!({"properties": wide}))).contains("too complex"));
    assert!(refusal(&by_schema(&json!({"type": "string", "maxLength": 1e12}))).contains("too complex"));
    // Each is twice the one before: 2^40 in the end.
    let doubling: serde_json::Map<String, Value> = (0..40)
        .map(|n| (format!("d{n}"), json!({"minItems": 2, "items": {"$ref": format!("#/$defs/d{}", n + 1)}})))
        .chain([("d40".to_owned(), json!({"type": "null"}))])
        .collect();
    assert!(refusal(&by_schema(&json!({"$defs": doubling, "$ref": "#/$defs/d0"}))).contains("shortest text"));
    // One leads to the next, more often than a stack is deep.
    let chain: serde_json::Map<String, Value> =
        (0..1900).map(|n| (format!("d{n}"), json!({"$ref": format!("#/$defs/d{}", n + 1)}))).collect();
    assert!(refusal(&by_schema(&json!({"$defs": chain, "$ref": "#/$defs/d0"}))).contains("is not there"));
    for bomb in ["((a{100}){100}){100}", "(x|y)*x(x|y){40}", "\\w{2000}"] {
        assert!(refusal(&Constraint::Regex(bomb.into())).contains(bomb), "{bomb}");
    }
}

#[test]
fn the_tree_writes_with_the_longest_tokens() {
    let lexicon = lexicon();
    let tokens = vocabulary();
    let written = lexicon.write(r#"{"abcdefg": true}"#.as_bytes()).unwrap();
    let pieces: Vec<&[u8]> = written.iter().map(|token| tokens[*token as usize].as_slice()).collect();
    assert_eq!(pieces, [&b"{\""[..], b"abcdef", b"g", b"\": ", b"true", b"}"]);
    assert!(lexicon.has_all_bytes());
    let poor = Lexicon::new([b"a".as_slice(), b"abc"].into_iter(), &[]);
    assert_eq!((poor.write(b"abca"), poor.write(b"ab")), (Some(vec![1, 0]), None));
}
