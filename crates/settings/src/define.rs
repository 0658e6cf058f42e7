//! How one definition of a setting becomes a typed field, its default and its spec. Holds no setting itself.

use serde_json::Value;

/// A type that a setting can have. Checks of range belong to the spec; this is about shape alone.
pub(crate) trait SettingValue: Sized {
    /// The value as it stands in the file.
    fn to_json(&self) -> Value;
    /// The value from the file; `None` when the JSON has another type.
    fn from_json(value: &Value) -> Option<Self>;
}

impl SettingValue for bool {
    fn to_json(&self) -> Value {
        (*self).into()
    }
    fn from_json(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl SettingValue for u32 {
    fn to_json(&self) -> Value {
        (*self).into()
    }
    fn from_json(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }
}

impl SettingValue for f32 {
    /// By way of its shortest decimal form, so that 0.7 stays 0.7 and not 0.699999988.
    fn to_json(&self) -> Value {
        self.to_string().parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number)
    }
    #[expect(clippy::cast_possible_truncation, reason = "settings need no more than single precision")]
    fn from_json(value: &Value) -> Option<Self> {
        value.as_f64().map(|number| number as f32).filter(|number| number.is_finite())
    }
}

impl SettingValue for String {
    fn to_json(&self) -> Value {
        self.as_str().into()
    }
    fn from_json(value: &Value) -> Option<Self> {
        value.as_str().map(Self::from)
    }
}

/// Defines an enum that is a setting: its variants, their names in the file and their labels.
macro_rules! define_choice {
    ($(#[$doc:meta])* $Name:ident { $( $(#[$default:meta])* $Variant:ident = $value:literal, $label:literal; )* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $Name { $( #[doc = $label] $(#[$default])* $Variant, )* }

        impl $Name {
            /// What can be chosen.
            pub const OPTIONS: &'static [$crate::spec::ChoiceOption] =
                &[ $( $crate::spec::ChoiceOption { value: $value, label: $label }, )* ];
        }

        impl $crate::define::SettingValue for $Name {
            fn to_json(&self) -> serde_json::Value {
                match self { $( Self::$Variant => $value.into(), )* }
            }
            fn from_json(value: &serde_json::Value) -> Option<Self> {
                match value.as_str()? { $( $value => Some(Self::$Variant), )* _ => None }
            }
        }
    };
}

/// Defines the sections and [`Settings`](crate::Settings) from one line a setting.
macro_rules! define_settings {
    ($(
        $(#[$doc:meta])*
        $section:ident: $Section:ident, $title:literal {
            $( $field:ident: $ty:ty = $default:expr, $kind:expr, $label:literal, $help:literal
               $(, env $env:literal)? $( [$mark:ident] )? ; )*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq)]
            pub struct $Section { $( #[doc = $help] pub $field: $ty, )* }

            impl Default for $Section {
                fn default() -> Self {
                    Self { $( $field: $default.into(), )* }
                }
            }
        )*

        /// Everything that can be set, with the layers already applied, and where each value came from.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Settings {
            $( $(#[$doc])* pub $section: $Section, )*
            pub(crate) origins: std::collections::BTreeMap<&'static str, $crate::layers::Origin>,
            pub(crate) warnings: Vec<String>,
        }

        impl Settings {
            /// Every setting: what it is called, what it does, what it may be. Order is that of the settings window.
            pub fn schema() -> Vec<$crate::spec::FieldSpec> {
                vec![ $( $( $crate::spec::FieldSpec {
                    path: concat!(stringify!($section), ".", stringify!($field)),
                    section: $title,
                    label: $label,
                    help: $help,
                    kind: $kind,
                    default: $crate::define::SettingValue::to_json(&<$ty>::from($default)),
                    environment: $crate::define::environment(stringify!($section), stringify!($field), &[ $( $env )? ]),
                    restart: $crate::define::is_marked(&[ $( stringify!($mark) )? ], "restart"),
                    unused: $crate::define::is_marked(&[ $( stringify!($mark) )? ], "unused"),
                }, )* )* ]
            }

            /// The value at `path` as JSON.
            pub(crate) fn read(&self, path: &str) -> Option<serde_json::Value> {
                $( $(
                    if path == concat!(stringify!($section), ".", stringify!($field)) {
                        return Some($crate::define::SettingValue::to_json(&self.$section.$field));
                    }
                )* )*
                None
            }

            /// Puts an already checked value at `path`; false when its type does not fit.
            pub(crate) fn write(&mut self, path: &str, value: &serde_json::Value) -> bool {
                $( $(
                    if path == concat!(stringify!($section), ".", stringify!($field)) {
                        let Some(value) = $crate::define::SettingValue::from_json(value) else { return false };
                        self.$section.$field = value;
                        return true;
                    }
                )* )*
                false
            }
        }
    };
}

/// Names in the environment, strongest last: the short name where there is one, then `JARVIS_<SECTION>_<FIELD>`.
pub(crate) fn environment(section: &str, field: &str, short: &[&str]) -> Vec<String> {
    let long = format!("JARVIS_{}_{}", section.to_uppercase(), field.to_uppercase());
    short.iter().map(|name| (*name).to_owned()).chain([long]).collect()
}

/// Whether the definition carries this mark.
pub(crate) fn is_marked(marks: &[&str], mark: &str) -> bool {
    marks.contains(&mark)
}

pub(crate) use {define_choice, define_settings};
