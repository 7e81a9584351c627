//! The two declarations that shapes are made with.

/// Declares a table: a struct of optional fields, its reader and its JSON Schema.
///
/// ```text
/// table! {
///     /// What it is.
///     pub struct TomlThing: named Label {
///         /// What the key means.
///         some_key: String { default: "what holds if it is not written", example: "\"a\"" },
///     }
/// }
/// ```
/// Keys are the field names in kebab-case. `named` tables are entries of a [`Map`](super::Map) whose names
/// follow that syntax. Defaults and examples are TOML values in text.
macro_rules! table {
    ($(#[doc = $about:literal])+ pub struct $name:ident $(: named $names:ident)? {
        $($(#[doc = $doc:literal])+ $key:ident: $type:ty
            $({ $($what:ident: $text:literal),+ $(,)? })?,)*
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, Default)]
        pub struct $name { $($(#[doc = $doc])+ pub $key: Option<$crate::shape::Field<$type>>,)* }

        impl $name {
            /// The keys of this table in the order of the reference.
            pub fn keys() -> &'static [&'static str] {
                static KEYS: std::sync::OnceLock<Vec<&'static str>> = std::sync::OnceLock::new();
                KEYS.get_or_init(|| vec![$($crate::shape::kebab(stringify!($key))),*])
            }
        }

        impl $crate::shape::Shape for $name {
            const EXPECTED: &'static str = "a table";
            $(const NAMES: $crate::shape::Names = $crate::shape::Names::$names;)?

            fn read(node: &$crate::source::tree::Node, reader: &mut $crate::shape::Reader) -> Option<Self> {
                let $crate::source::tree::Value::Table(entries) = &node.value else {
                    reader.wrong_type::<Self>(node);
                    return None;
                };
                let mut out = Self::default();
                for (key, entry) in entries {
                    let mut known = Self::keys().iter();
                    $(if known.next().is_some_and(|name| name == key) {
                        out.$key = reader.enter(key, &entry.node);
                        continue;
                    })*
                    reader.unknown_key(key, entry.key, Self::keys());
                }
                Some(out)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).trim_start_matches("Toml").into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut table = $crate::shape::schema::Table::new(&[$($about),+]);
                let mut keys = Self::keys().iter();
                $(table.key(
                    keys.next().copied().unwrap_or_default(),
                    generator.subschema_for::<$type>(),
                    &[$($doc),+],
                    &[$($((stringify!($what), $text)),+)?],
                );)*
                table.finish()
            }
        }
    };
}
pub(crate) use table;

/// Declares a choice between words: an enum, its reader and its JSON Schema.
macro_rules! choice {
    ($(#[doc = $about:literal])+ pub enum $name:ident {
        $($(#[doc = $doc:literal])+ $id:ident = $word:literal,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[doc = $doc])+ $id,)+ }

        impl $name {
            /// Every choice.
            pub const ALL: &'static [Self] = &[$(Self::$id),+];

            /// The word in the policy.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$id => $word),+ }
            }
        }

        impl $crate::shape::Shape for $name {
            const EXPECTED: &'static str = "a string";

            fn read(node: &$crate::source::tree::Node, reader: &mut $crate::shape::Reader) -> Option<Self> {
                let $crate::source::tree::Value::String(text) = &node.value else {
                    reader.wrong_type::<Self>(node);
                    return None;
                };
                let found = Self::ALL.iter().copied().find(|choice| choice.word() == text);
                if found.is_none() {
                    reader.unknown_word(node, text, &[$($word),+]);
                }
                found
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::shape::schema::choice(&[$($about),+], &[$(($word, &[$($doc),+])),+])
            }
        }
    };
}
pub(crate) use choice;
