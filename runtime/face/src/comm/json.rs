//! JSON, which comms speak: one small value type with a reader, a writer and the macro [`json!`](crate::json!).

use std::fmt::{self, Write as _};
use std::ops::Index;
use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// Lists and objects may be so deep when they are read.
const DEPTH_MAX: usize = 128;

/// A JSON value. The members of an object stay in order.
///
/// ```
/// use dagbok::comm::{Json, json};
///
/// let data = json!({"n": 3, "names": ["å", null], "share": 0.5});
/// assert_eq!(data.to_string(), r#"{"n":3,"names":["å",null],"share":0.5}"#);
/// assert_eq!(data["n"].as_i64(), Some(3));
/// assert_eq!(data["names"][0].as_str(), Some("å"));
/// assert!(data["nobody"].is_null());
/// assert_eq!(data.to_string().parse::<Json>()?, data);
/// # Ok::<(), dagbok::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    #[default]
    Null,
    Bool(bool),
    /// A number without a fraction.
    Int(i64),
    /// Any other number; what is not finite is written as `null`.
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

static NULL: Json = Json::Null;

impl Json {
    /// The member `key` of an object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        let members = self.as_object()?;
        // Of two of one name the later counts, as elsewhere.
        let found = members.iter().rfind(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        *self == Json::Null
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is one without a fraction.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Json::Int(value) => Some(*value),
            Json::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
            _ => None,
        }
    }

    /// The number, if this is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Json::Int(value) => Some(*value as f64),
            Json::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Json]> {
        match self {
            Json::List(items) => Some(items),
            _ => None,
        }
    }

    /// The members in order, if this is an object.
    pub fn as_object(&self) -> Option<&[(String, Json)]> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }
}

/// What is not there is `null`.
impl Index<&str> for Json {
    type Output = Json;

    fn index(&self, key: &str) -> &Json {
        self.get(key).unwrap_or(&NULL)
    }
}

/// What is not there is `null`.
impl Index<usize> for Json {
    type Output = Json;

    fn index(&self, idx: usize) -> &Json {
        self.as_list()
            .and_then(|items| items.get(idx))
            .unwrap_or(&NULL)
    }
}

/// A [`Json`](crate::comm::Json) value written as it looks; values may be any expressions that turn into one.
///
/// ```
/// use dagbok::comm::json;
///
/// let counts = vec![1, 2];
/// let data = json!({"kind": "counts", "counts": counts.clone(), "sum": counts.iter().sum::<i32>(), "more": {"any": null}});
/// assert_eq!(data.to_string(), r#"{"kind":"counts","counts":[1,2],"sum":3,"more":{"any":null}}"#);
/// ```
#[macro_export]
macro_rules! json {
    (null) => { $crate::comm::Json::Null };
    ([]) => { $crate::comm::Json::List(::std::vec::Vec::new()) };
    ({}) => { $crate::comm::Json::Object(::std::vec::Vec::new()) };
    ([$($items:tt)+]) => { $crate::json!(@list [] $($items)+) };
    ({$($members:tt)+}) => { $crate::json!(@object [] $($members)+) };

    (@list [$($done:expr,)*]) => { $crate::comm::Json::List(::std::vec![$($done),*]) };
    (@list [$($done:expr,)*] null $(, $($rest:tt)*)?) => { $crate::json!(@list [$($done,)* $crate::json!(null),] $($($rest)*)?) };
    (@list [$($done:expr,)*] [$($inner:tt)*] $(, $($rest:tt)*)?) => { $crate::json!(@list [$($done,)* $crate::json!([$($inner)*]),] $($($rest)*)?) };
    (@list [$($done:expr,)*] {$($inner:tt)*} $(, $($rest:tt)*)?) => { $crate::json!(@list [$($done,)* $crate::json!({$($inner)*}),] $($($rest)*)?) };
    (@list [$($done:expr,)*] $item:expr $(, $($rest:tt)*)?) => { $crate::json!(@list [$($done,)* $crate::comm::Json::from($item),] $($($rest)*)?) };

    (@object [$($done:expr,)*]) => { $crate::comm::Json::Object(::std::vec![$($done),*]) };
    (@object [$($done:expr,)*] $key:tt : null $(, $($rest:tt)*)?) => { $crate::json!(@object [$($done,)* (::std::string::String::from($key), $crate::json!(null)),] $($($rest)*)?) };
    (@object [$($done:expr,)*] $key:tt : [$($inner:tt)*] $(, $($rest:tt)*)?) => { $crate::json!(@object [$($done,)* (::std::string::String::from($key), $crate::json!([$($inner)*])),] $($($rest)*)?) };
    (@object [$($done:expr,)*] $key:tt : {$($inner:tt)*} $(, $($rest:tt)*)?) => { $crate::json!(@object [$($done,)* (::std::string::String::from($key), $crate::json!({$($inner)*})),] $($($rest)*)?) };
    (@object [$($done:expr,)*] $key:tt : $value:expr $(, $($rest:tt)*)?) => { $crate::json!(@object [$($done,)* (::std::string::String::from($key), $crate::comm::Json::from($value)),] $($($rest)*)?) };

    ($value:expr) => { $crate::comm::Json::from($value) };
}

macro_rules! from_int {
    ($($int:ty),*) => {$(
        impl From<$int> for Json {
            fn from(value: $int) -> Self {
                Json::Int(i64::from(value))
            }
        }
    )*};
}

from_int!(i8, i16, i32, i64, u8, u16, u32);

/// A number beyond those of `i64` becomes a [`Json::Float`].
impl From<u64> for Json {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Json::Float(value as f64), Json::Int)
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Self {
        Json::from(value as u64)
    }
}

impl From<isize> for Json {
    fn from(value: isize) -> Self {
        Json::Int(value as i64)
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Json::Float(value)
    }
}

impl From<f32> for Json {
    fn from(value: f32) -> Self {
        Json::Float(f64::from(value))
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Json::Text(value.to_owned())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Json::Text(value)
    }
}

impl From<&String> for Json {
    fn from(value: &String) -> Self {
        Json::Text(value.clone())
    }
}

impl From<&Json> for Json {
    fn from(value: &Json) -> Self {
        value.clone()
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Null, Into::into)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        Json::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Clone + Into<Json>> From<&[T]> for Json {
    fn from(items: &[T]) -> Self {
        Json::List(items.iter().cloned().map(Into::into).collect())
    }
}

impl<T: Into<Json>, const N: usize> From<[T; N]> for Json {
    fn from(items: [T; N]) -> Self {
        Json::List(items.into_iter().map(Into::into).collect())
    }
}

/// On one line, without spaces.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Int(value) => write!(f, "{value}"),
            Json::Float(value) if !value.is_finite() => f.write_str("null"),
            // With a point or an exponent, so that it is read as what it was.
            Json::Float(value) => write!(f, "{value:?}"),
            Json::Text(text) => write_text(f, text),
            Json::List(items) => {
                f.write_char('[')?;
                for (idx, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if idx == 0 { "" } else { "," })?;
                }
                f.write_char(']')
            }
            Json::Object(members) => {
                f.write_char('{')?;
                for (idx, (key, value)) in members.iter().enumerate() {
                    f.write_str(if idx == 0 { "" } else { "," })?;
                    write_text(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            char if char < ' ' => write!(f, "\\u{:04x}", u32::from(char))?,
            char => f.write_char(char)?,
        }
    }
    f.write_char('"')
}

/// # Errors
/// [`ErrorKind::Value`] for what is not JSON, saying at which byte; lists and objects may be 128 deep.
impl FromStr for Json {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut reader = Reader {
            text,
            at: 0,
            depth: 0,
        };
        let value = reader.value()?;
        reader.skip_space();
        match reader.peek() {
            None => Ok(value),
            Some(_) => Err(reader.error("the end")),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn error(&self, expected: &str) -> Error {
        let text = format!("this is not JSON: expected {expected} at byte {}", self.at);
        Error::new(ErrorKind::Value, text)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether `token` came next.
    fn take(&mut self, token: &str) -> bool {
        let is_next = self.text.as_bytes()[self.at..].starts_with(token.as_bytes());
        self.at += if is_next { token.len() } else { 0 };
        is_next
    }

    fn value(&mut self) -> Result<Json> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.take("null") => Ok(Json::Null),
            _ if self.take("true") => Ok(Json::Bool(true)),
            _ if self.take("false") => Ok(Json::Bool(false)),
            _ => Err(self.error("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json>) -> Result<Json> {
        if self.depth == DEPTH_MAX {
            return Err(self.error("an end of so many lists and objects"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Json> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take("]") {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.take("]") {
                return Ok(Json::List(items));
            }
            if !self.take(",") {
                return Err(self.error("`,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Json> {
        let mut members = Vec::new();
        self.skip_space();
        if self.take("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            self.skip_space();
            if !self.take(":") {
                return Err(self.error("`:`"));
            }
            members.push((key, self.value()?));
            self.skip_space();
            if self.take("}") {
                return Ok(Json::Object(members));
            }
            if !self.take(",") {
                return Err(self.error("`,` or `}`"));
            }
        }
    }

    fn number(&mut self) -> Result<Json> {
        let start = self.at;
        while matches!(
            self.peek(),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        ) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        let digits = text.trim_start_matches('-');
        let is_well_formed = text.len() - digits.len() <= 1
            && digits.ends_with(|last: char| last.is_ascii_digit())
            && digits.starts_with(|first: char| first.is_ascii_digit())
            && !(digits.starts_with('0') && digits[1..].starts_with(|c: char| c.is_ascii_digit()))
            && !digits.contains(".e")
            && !digits.contains(".E");
        let number = match text.parse() {
            Ok(int) => Some(Json::Int(int)),
            Err(_) => text.parse().ok().map(Json::Float),
        };
        match number.filter(|_| is_well_formed) {
            Some(number) => Ok(number),
            None => {
                self.at = start;
                Err(self.error("a number"))
            }
        }
    }

    fn string(&mut self) -> Result<String> {
        if !self.take("\"") {
            return Err(self.error("`\"`"));
        }
        let mut read = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.find(|c: char| c == '"' || c == '\\' || c < ' ');
            let Some(stop) = stop else {
                self.at = self.text.len();
                return Err(self.error("`\"`"));
            };
            read.push_str(&rest[..stop]);
            self.at += stop;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(read);
                }
                Some(b'\\') => read.push(self.escape()?),
                _ => return Err(self.error("an escape in place of a control character")),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        self.at += 1;
        let plain = match self.peek() {
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(char @ (b'"' | b'\\' | b'/')) => char::from(char),
            _ => return Err(self.error("an escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    /// Half of a pair without the other half becomes �.
    fn unicode(&mut self) -> Result<char> {
        let first = self.hex()?;
        let is_high = (0xd800..0xdc00).contains(&first);
        if !is_high || !self.text[self.at..].starts_with("\\u") {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        self.at += 2;
        let second = self.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = before;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let both = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let Some(number) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return Err(self.error("four hexadecimal digits"));
        };
        self.at += 4;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = text.parse::<Json>();
        let written = read.map_or_else(|error| error.to_string(), |json| json.to_string());
        assert_eq!(written, expected, "{text}");
    }

    #[test]
    fn what_is_read_is_written() {
        for same in [
            "null",
            "true",
            "[]",
            "{}",
            "0",
            "-12",
            "9223372036854775807",
            "0.5",
            "1.0",
            r#""å\n\"\\\u0001/😀""#,
            r#"{"a":[1,{"b":null}],"":""}"#,
        ] {
            check(same, same);
        }
        check(" [ 1 , 2.50 ,\n-0.0 ] ", "[1,2.5,-0.0]");
        check("1e3", "1000.0");
        check("18446744073709551615", "1.8446744073709552e19");
        check(r#""\u00e5\ud83d\ude00\ud83d\/\b""#, r#""å😀�/\u0008""#);
        check(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#);
        assert_eq!(json!({"a": 1, "a": 2})["a"], Json::Int(2));
        assert_eq!(Json::from(f64::NAN).to_string(), "null");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let check = |text: &str, what: &str| {
            check(text, &format!("this is not JSON: {what}"));
        };
        check("", "expected a value at byte 0");
        check("[1,]", "expected a value at byte 3");
        check("[1", "expected `,` or `]` at byte 2");
        check("{1:2}", "expected `\"` at byte 1");
        check(r#"{"a" 1}"#, "expected `:` at byte 5");
        check("1 2", "expected the end at byte 2");
        check("\"a", "expected `\"` at byte 2");
        check(
            "\"\n\"",
            "expected an escape in place of a control character at byte 1",
        );
        check(r#""\x""#, "expected an escape at byte 2");
        check(r#""\u12å""#, "expected four hexadecimal digits at byte 3");
        for number in ["01", "1.", "-", "1.e3", "--1", "1e", "+1", ".5"] {
            assert!(number.parse::<Json>().is_err(), "{number}");
        }
        let deep = "[".repeat(DEPTH_MAX + 1);
        assert!(deep.parse::<Json>().is_err());
        let deep = "[".repeat(DEPTH_MAX) + &"]".repeat(DEPTH_MAX);
        check_deep(&deep);
    }

    #[track_caller]
    fn check_deep(text: &str) {
        assert!(text.parse::<Json>().is_ok());
    }

    #[test]
    fn the_macro_takes_expressions() {
        let n = 2;
        let shown = |json: Json| json.to_string();
        assert_eq!(shown(json!(n + 1)), "3");
        assert_eq!(
            shown(json!([n, -1, [null], {"a": n}, "x".len(),])),
            r#"[2,-1,[null],{"a":2},1]"#
        );
        assert_eq!(
            shown(
                json!({"a": if n > 1 { "many" } else { "one" }, "b": [n, n], "c": Some(1.5), "d": None::<i32>,})
            ),
            r#"{"a":"many","b":[2,2],"c":1.5,"d":null}"#
        );
    }
}
