//! A message of whatever type it is.

use serde_json::Value;

use super::segment::Part;
use super::{cq, json};

/// A message field of whatever type it is (`message_format` lies); `raw_message` stands in where it is missing.
pub(super) fn read(message: Value, raw_message: Value) -> Vec<Part> {
    match (message, raw_message) {
        (Value::Array(elements), _) => elements.into_iter().filter_map(read_element).collect(),
        (Value::String(text), _) => cq::parse(&text),
        (element @ Value::Object(_), _) => read_element(element).into_iter().collect(),
        (Value::Null, Value::String(text)) => cq::parse(&text),
        (number @ Value::Number(_), _) => json::to_word(number).map(Part::Text).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// One element of the array; `None` for junk (null, bare words, no type, a type that is no word).
fn read_element(element: Value) -> Option<Part> {
    let Value::Object(mut element) = element else { return None };
    let Value::String(kind) = json::take(&mut element, "type") else { return None };
    Some(Part::read(kind, json::object(&mut element, "data")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn junk_is_left_out() {
        let junk = json!([null, "bare", 42, {"data": {"text": "x"}}, {"type": 7}, {"type": "text", "data": null}]);
        assert_eq!(read(junk, Value::Null), [Part::Text(String::new())]);
        assert_eq!(read(Value::Null, json!("a")), [Part::Text("a".into())]);
        assert_eq!(read(json!(true), json!("a")), []);
    }
}
