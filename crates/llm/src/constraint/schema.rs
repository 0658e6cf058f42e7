//! JSON Schema (draft 2020-12) to a network.
//!
//! Owns what of it is understood, in [`Compiler::body`] and below. What is not is refused by name, never ignored: an
//! answer is promised to be valid. Answers are a part of what a schema allows: on one line, members in the order of
//! `properties`, none that is not named there (unless none is), and no numbers that readers would round.

use super::json::{Json, quoted};
use super::network::{Builder, END, Network, RuleId, State, StateId};
use super::numbers::{self, MOST};
use super::pattern::{self, Within};
use super::refused;
use crate::error::{LlmError, Result};
use std::collections::HashMap;

/// Bytes that a schema may have.
const MAX_SCHEMA: usize = 256 << 10;
/// What says nothing about which values are valid.
const ANNOTATIONS: [&str; 13] = [
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
];
const TYPES: [(&str, &[&str]); 7] = [
    ("null", &[]),
    ("boolean", &[]),
    ("integer", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    ("number", &["minimum", "maximum"]),
    ("string", &["minLength", "maxLength", "pattern"]),
    ("array", &["items", "minItems", "maxItems"]),
    ("object", &["properties", "required", "additionalProperties"]),
];

/// The network of the JSON texts that the schema `text` allows.
pub(super) fn compile(text: &str) -> Result<Network> {
    if text.len() > MAX_SCHEMA {
        return Err(refused(format!("the schema has {} bytes, more than {MAX_SCHEMA}", text.len())));
    }
    let root: Json =
        serde_json::from_str(text).map_err(|error| refused(format!("the schema is not sound JSON: {error}")))?;
    let mut compiler = Compiler {
        root: &root,
        builder: Builder::new(),
        rules: HashMap::new(),
        waiting: Vec::new(),
        character: None,
        anything: None,
        numbers: HashMap::new(),
    };
    let rule = compiler.rule(&root, "#")?;
    // In turn and not within each other: a schema may refer to another, and so on, as often as it likes.
    while let Some((schema, place, rule)) = compiler.waiting.pop() {
        let entry = compiler.body(schema, &place)?;
        compiler.builder.define(rule, entry);
    }
    let start = compiler.builder.call(rule, END)?;
    Ok(compiler.builder.finish(start))
}

struct Compiler<'a> {
    root: &'a Json,
    builder: Builder,
    /// The rule of each schema that was asked for, by where it lies in memory.
    rules: HashMap<*const Json, RuleId>,
    /// Schemas whose rule has no body yet, and where they are in the text.
    waiting: Vec<(&'a Json, String, RuleId)>,
    character: Option<RuleId>,
    anything: Option<RuleId>,
    numbers: HashMap<(bool, i64, i64), RuleId>,
}

type Members = [(String, Json)];

impl<'a> Compiler<'a> {
    /// The rule of `schema`, which is at `place`.
    fn rule(&mut self, schema: &'a Json, place: &str) -> Result<RuleId> {
        if let Some(rule) = self.rules.get(&std::ptr::from_ref(schema)) {
            return Ok(*rule);
        }
        let rule = self.builder.rule()?;
        self.rules.insert(std::ptr::from_ref(schema), rule);
        self.waiting.push((schema, place.to_owned(), rule));
        Ok(rule)
    }

    /// Values that `schema` allows, then the rule's end.
    fn body(&mut self, schema: &'a Json, place: &str) -> Result<StateId> {
        let members = match schema {
            Json::Bool(true) => return self.anything(END),
            Json::Bool(false) => return self.builder.any(Vec::new()),
            Json::Map(members) => members,
            _ => return Err(at(place, "a schema has to be an object, true or false")),
        };
        let types = types(schema, place)?;
        if let Some(reference) = schema.get("$ref") {
            only(members, &["$ref"], "$ref", place)?;
            let target = reference.as_text().ok_or_else(|| at(place, "`$ref` has to be text"))?;
            let found = self.resolve(target).ok_or_else(|| {
                at(place, format!("{target:?} is not there; references can only lead to a place in the schema itself"))
            })?;
            let rule = self.rule(found, target)?;
            return self.builder.call(rule, END);
        }
        for (key, values) in
            [("const", schema.get("const").map(std::slice::from_ref)), ("enum", list(schema, "enum", place)?)]
        {
            let Some(values) = values else { continue };
            only(members, &[key, "type"], key, place)?;
            let mut ways = Vec::new();
            for value in values.iter().filter(|value| types.is_none() || types.iter().flatten().any(|t| is_a(value, t)))
            {
                let mut text = String::new();
                value.write(&mut text);
                ways.push(self.builder.literal(&text, END)?);
            }
            return self.builder.any(ways);
        }
        for key in ["anyOf", "allOf"] {
            let Some(schemas) = list(schema, key, place)? else { continue };
            only(members, &[key], key, place)?;
            if key == "allOf" && schemas.len() != 1 {
                return Err(at(place, "`allOf` is understood with a single schema in it"));
            }
            let mut ways = Vec::new();
            for (index, schema) in schemas.iter().enumerate() {
                let rule = self.rule(schema, &format!("{place}/{key}/{index}"))?;
                ways.push(self.builder.call(rule, END)?);
            }
            return self.builder.any(ways);
        }
        let types = types.unwrap_or_else(|| implied(schema));
        let known: Vec<&str> =
            TYPES.iter().filter(|(name, _)| types.contains(name)).flat_map(|(_, keys)| keys.iter().copied()).collect();
        only(members, &[&known[..], &["type"]].concat(), &types.join(" or "), place)?;
        if types.is_empty() {
            return self.anything(END);
        }
        let ways = types.iter().map(|name| self.of_type(name, schema, place)).collect::<Result<Vec<_>>>()?;
        self.builder.any(ways)
    }

    fn of_type(&mut self, name: &str, schema: &'a Json, place: &str) -> Result<StateId> {
        match name {
            "null" => self.builder.literal("null", END),
            "boolean" => self.boolean(END),
            "string" => self.string(schema, place),
            "array" => self.array(schema, place),
            "object" => self.object(schema, place),
            number => {
                let bound = |key: &str| number_of(schema, key, place);
                // The nearest whole numbers within the bounds.
                let least = [bound("minimum")?.map(f64::ceil), bound("exclusiveMinimum")?.map(|x| x.floor() + 1.0)];
                let most = [bound("maximum")?.map(f64::floor), bound("exclusiveMaximum")?.map(|x| x.ceil() - 1.0)];
                let limit = MOST as f64;
                let least = least.into_iter().flatten().fold(-limit, f64::max);
                let most = most.into_iter().flatten().fold(limit, f64::min);
                if least > most {
                    return Err(at(place, "no whole number is within its bounds"));
                }
                let rule = self.number((number == "integer", least as i64, most as i64))?;
                self.builder.call(rule, END)
            }
        }
    }

    /// The rule of numbers that may have to be whole and are from one bound to the other.
    fn number(&mut self, kind: (bool, i64, i64)) -> Result<RuleId> {
        if let Some(rule) = self.numbers.get(&kind) {
            return Ok(*rule);
        }
        let (is_whole, least, most) = kind;
        let rule = self.builder.rule()?;
        let write = if is_whole { numbers::integers } else { numbers::decimals };
        let entry = write(&mut self.builder, least, most, END)?;
        self.builder.define(rule, entry);
        self.numbers.insert(kind, rule);
        Ok(rule)
    }

    fn boolean(&mut self, next: StateId) -> Result<StateId> {
        let ways = vec![self.builder.literal("true", next)?, self.builder.literal("false", next)?];
        self.builder.any(ways)
    }

    fn string(&mut self, schema: &Json, place: &str) -> Result<StateId> {
        let close = self.builder.literal("\"", END)?;
        let (least, most) = (count_of(schema, "minLength", place)?, count_of(schema, "maxLength", place)?);
        let inside = match schema.get("pattern") {
            Some(pattern) => {
                if least.is_some() || most.is_some() {
                    return Err(at(place, "`pattern` is not understood together with a length; say the length in it"));
                }
                let pattern = pattern.as_text().ok_or_else(|| at(place, "`pattern` has to be text"))?;
                pattern::matching(&mut self.builder, pattern, Within::JsonString, close)
                    .map_err(|error| located(error, place))?
            }
            None if least.is_none() && most.is_none() => self.characters(close)?,
            None => {
                let character = self.character()?;
                self.repeat((least.unwrap_or(0), most), close, |compiler, next| compiler.builder.call(character, next))?
            }
        };
        self.builder.literal("\"", inside)
    }

    /// Any characters of a string, then `next`.
    fn characters(&mut self, next: StateId) -> Result<StateId> {
        let again = self.builder.reserve()?;
        let one = self.one_character(again)?;
        self.builder.set(again, State::Any(vec![next, one]));
        Ok(again)
    }

    fn character(&mut self) -> Result<RuleId> {
        if let Some(rule) = self.character {
            return Ok(rule);
        }
        let rule = self.builder.rule()?;
        let one = self.one_character(END)?;
        self.builder.define(rule, one);
        self.character = Some(rule);
        Ok(rule)
    }

    /// One character of a string: as itself in UTF-8 (the table is 3-7 of the Unicode standard), or escaped where it
    /// has to be.
    fn one_character(&mut self, next: StateId) -> Result<StateId> {
        let builder = &mut self.builder;
        let mut ways = vec![
            builder.range(0x20, b'"' - 1, next)?,
            builder.range(b'"' + 1, b'\\' - 1, next)?,
            builder.range(b'\\' + 1, 0x7f, next)?,
        ];
        let escapes = [b'"', b'\\', b'n', b't'].map(|byte| builder.range(byte, byte, next));
        let escape = builder.any(escapes.into_iter().collect::<Result<_>>()?)?;
        ways.push(builder.range(b'\\', b'\\', escape)?);
        let last = builder.range(0x80, 0xbf, next)?;
        let two = builder.range(0x80, 0xbf, last)?;
        let three = builder.range(0x80, 0xbf, two)?;
        ways.push(builder.range(0xc2, 0xdf, last)?);
        for (lead, second, after) in [
            ((0xe0, 0xe0), Some((0xa0, 0xbf)), last),
            ((0xe1, 0xec), None, two),
            ((0xed, 0xed), Some((0x80, 0x9f)), last),
            ((0xee, 0xef), None, two),
            ((0xf0, 0xf0), Some((0x90, 0xbf)), two),
            ((0xf1, 0xf3), None, three),
            ((0xf4, 0xf4), Some((0x80, 0x8f)), two),
        ] {
            let after = match second {
                Some((low, high)) => builder.range(low, high, after)?,
                None => after,
            };
            ways.push(builder.range(lead.0, lead.1, after)?);
        }
        builder.any(ways)
    }

    fn array(&mut self, schema: &'a Json, place: &str) -> Result<StateId> {
        let (least, most) = (count_of(schema, "minItems", place)?, count_of(schema, "maxItems", place)?);
        let item = match schema.get("items") {
            Some(items) => self.rule(items, &format!("{place}/items"))?,
            None => self.any_rule()?,
        };
        self.list((least.unwrap_or(0), most), item, END)
    }

    fn list(&mut self, (least, most): (usize, Option<usize>), item: RuleId, next: StateId) -> Result<StateId> {
        if most.is_some_and(|most| most < least) {
            return self.builder.any(Vec::new());
        }
        let close = self.builder.literal("]", next)?;
        let rest = (least.saturating_sub(1), most.map(|most| most.saturating_sub(1)));
        let inside = if most == Some(0) {
            close
        } else {
            let others = self.repeat(rest, close, |compiler, next| {
                let call = compiler.builder.call(item, next)?;
                compiler.builder.literal(", ", call)
            })?;
            let first = self.builder.call(item, others)?;
            if least == 0 { self.builder.any(vec![close, first])? } else { first }
        };
        self.builder.literal("[", inside)
    }

    /// `piece` at least and at most so often, then `next`.
    fn repeat(
        &mut self,
        (least, most): (usize, Option<usize>),
        next: StateId,
        mut piece: impl FnMut(&mut Self, StateId) -> Result<StateId>,
    ) -> Result<StateId> {
        if most.is_some_and(|most| most < least) {
            return self.builder.any(Vec::new());
        }
        let mut state = next;
        match most {
            None => {
                state = self.builder.reserve()?;
                let one = piece(self, state)?;
                self.builder.set(state, State::Any(vec![next, one]));
            }
            Some(most) => {
                for _ in least..most {
                    let one = piece(self, state)?;
                    state = self.builder.any(vec![next, one])?;
                }
            }
        }
        for _ in 0..least {
            state = piece(self, state)?;
        }
        Ok(state)
    }

    fn object(&mut self, schema: &'a Json, place: &str) -> Result<StateId> {
        let named: &'a Members = match schema.get("properties") {
            None => &[],
            Some(Json::Map(members)) => members,
            Some(_) => return Err(at(place, "`properties` has to be an object")),
        };
        let others = schema.get("additionalProperties");
        let mut required = Vec::new();
        for name in list(schema, "required", place)?.unwrap_or_default() {
            required.push(name.as_text().ok_or_else(|| at(place, "`required` has to be a list of names"))?);
        }
        let mut members: Vec<(&str, RuleId)> = Vec::new();
        for (name, schema) in named {
            members.push((name, self.rule(schema, &format!("{place}/properties/{}", name.replace('/', "~1")))?));
        }
        let other = match others {
            None => None,
            Some(Json::Bool(true)) => None,
            Some(schema) => Some(self.rule(schema, &format!("{place}/additionalProperties"))?),
        };
        for name in &required {
            if !named.iter().any(|(known, _)| known == name) && !members.iter().any(|(known, _)| known == name) {
                let rule = if let Some(other) = other { other } else { self.any_rule()? };
                members.push((name, rule));
            }
        }
        let close = self.builder.literal("}", END)?;
        let inside = if members.is_empty() && others != Some(&Json::Bool(false)) {
            let value = if let Some(other) = other { other } else { self.any_rule()? };
            self.map(value, close)?
        } else {
            // From the last member to the first: what may come when none was said yet, and when one was.
            let (mut first, mut more) = (close, close);
            for (name, rule) in members.iter().rev() {
                let value = self.builder.call(*rule, more)?;
                let member = self.builder.literal(&format!("{}: ", quoted(name)), value)?;
                let another = self.builder.literal(", ", member)?;
                let is_required = required.contains(name);
                first = if is_required { member } else { self.builder.any(vec![first, member])? };
                more = if is_required { another } else { self.builder.any(vec![more, another])? };
            }
            first
        };
        self.builder.literal("{", inside)
    }

    /// Members of any names, each with a value of `rule`, then `close`.
    fn map(&mut self, rule: RuleId, close: StateId) -> Result<StateId> {
        let again = self.builder.reserve()?;
        let value = self.builder.call(rule, again)?;
        let colon = self.builder.literal("\": ", value)?;
        let name = self.characters(colon)?;
        let member = self.builder.literal("\"", name)?;
        let another = self.builder.literal(", ", member)?;
        self.builder.set(again, State::Any(vec![close, another]));
        self.builder.any(vec![close, member])
    }

    fn anything(&mut self, next: StateId) -> Result<StateId> {
        let rule = self.any_rule()?;
        self.builder.call(rule, next)
    }

    /// The rule of any JSON value.
    fn any_rule(&mut self) -> Result<RuleId> {
        if let Some(rule) = self.anything {
            return Ok(rule);
        }
        let rule = self.builder.rule()?;
        self.anything = Some(rule);
        let close = self.builder.literal("\"", END)?;
        let characters = self.characters(close)?;
        let string = self.builder.literal("\"", characters)?;
        let number = self.number((false, -MOST, MOST))?;
        let brace = self.builder.literal("}", END)?;
        let members = self.map(rule, brace)?;
        let ways = vec![
            self.builder.literal("null", END)?,
            self.boolean(END)?,
            self.builder.call(number, END)?,
            string,
            self.list((0, None), rule, END)?,
            self.builder.literal("{", members)?,
        ];
        let entry = self.builder.any(ways)?;
        self.builder.define(rule, entry);
        Ok(rule)
    }

    /// The value at a JSON pointer (RFC 6901) behind `#`.
    fn resolve(&self, reference: &str) -> Option<&'a Json> {
        let mut found = self.root;
        for step in reference.strip_prefix('#')?.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            found = match found {
                Json::List(list) => list.get(step.parse::<usize>().ok()?)?,
                other => other.get(&step)?,
            };
        }
        (reference == "#" || reference.starts_with("#/")).then_some(found)
    }
}

/// What `type` says; none when it is not there.
fn types(schema: &Json, place: &str) -> Result<Option<Vec<&'static str>>> {
    let names = match schema.get("type") {
        None => return Ok(None),
        Some(Json::List(list)) if list.is_empty() => return Err(at(place, "`type` names no type")),
        Some(Json::List(list)) => &list[..],
        Some(one) => std::slice::from_ref(one),
    };
    let known = |name: &Json| TYPES.iter().map(|(known, _)| *known).find(|known| name.as_text() == Some(known));
    let names = names.iter().map(|name| known(name).ok_or_else(|| at(place, "`type` names a type that JSON lacks")));
    names.collect::<Result<Vec<_>>>().map(Some)
}

/// The type that a schema without `type` means by what else it says; none when it says nothing.
fn implied(schema: &Json) -> Vec<&'static str> {
    let Json::Map(members) = schema else { return Vec::new() };
    let speaks_of = |keys: &[&str]| members.iter().any(|(key, _)| keys.contains(&key.as_str()));
    TYPES.iter().filter(|(name, keys)| *name != "integer" && speaks_of(keys)).map(|(name, _)| *name).collect()
}

fn is_a(value: &Json, name: &str) -> bool {
    match value {
        Json::Null => name == "null",
        Json::Bool(_) => name == "boolean",
        Json::Number(number) => name == "number" || (name == "integer" && !number.is_f64()),
        Json::Text(_) => name == "string",
        Json::List(_) => name == "array",
        Json::Map(_) => name == "object",
    }
}

/// Refuses what is neither an annotation nor in `known`.
fn only(members: &Members, known: &[&str], form: &str, place: &str) -> Result<()> {
    let odd = members.iter().find(|(key, _)| !ANNOTATIONS.contains(&&key[..]) && !known.contains(&&key[..]));
    let form = if form.is_empty() { String::new() } else { format!(" with {form}") };
    odd.map_or(Ok(()), |(key, _)| Err(at(place, format!("`{key}` is not understood{form}"))))
}

fn list<'a>(schema: &'a Json, key: &str, place: &str) -> Result<Option<&'a [Json]>> {
    let read = |value: &'a Json| value.as_list().ok_or_else(|| at(place, format!("`{key}` has to be a list")));
    schema.get(key).map(read).transpose()
}

fn number_of(schema: &Json, key: &str, place: &str) -> Result<Option<f64>> {
    match schema.get(key) {
        None => Ok(None),
        Some(Json::Number(number)) => Ok(number.as_f64()),
        Some(_) => Err(at(place, format!("`{key}` has to be a number"))),
    }
}

fn count_of(schema: &Json, key: &str, place: &str) -> Result<Option<usize>> {
    match number_of(schema, key, place)? {
        Some(number) if number < 0.0 || number.fract() != 0.0 => {
            Err(at(place, format!("`{key}` has to be a whole number that is not negative")))
        }
        number => Ok(number.map(|number| number as usize)),
    }
}

fn at(place: &str, reason: impl std::fmt::Display) -> LlmError {
    // A place may be as long as the schema.
    let place: String = place.chars().take(200).collect();
    refused(format!("{reason} (at {place})"))
}

fn located(error: LlmError, place: &str) -> LlmError {
    match error {
        LlmError::BadConstraint(reason) => at(place, reason),
        other => other,
    }
}
