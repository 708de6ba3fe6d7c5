//! The trace that a request belongs to (W3C Trace Context).

use axum::http::HeaderMap;

use super::request_id::random_hex;

const HEADER: &str = "traceparent";

/// The caller's trace id, or a new one: 32 hexadecimal digits.
pub(super) fn trace_id(headers: &HeaderMap) -> String {
    let mut given = headers.get_all(HEADER).iter();
    // More than one can't all be right.
    match (given.next(), given.next()) {
        (Some(value), None) => value.to_str().ok().and_then(parsed).map_or_else(random_hex, str::to_owned),
        _ => random_hex(),
    }
}

/// The trace id of `VERSION-TRACE-PARENT-FLAGS`. A version after 00 may add parts; ff is none.
fn parsed(header: &str) -> Option<&str> {
    let mut parts = header.split('-');
    let version = parts.next().filter(|version| hex(version, 2) && *version != "ff")?;
    let trace = parts.next().filter(|trace| hex(trace, 32) && !zeros(trace))?;
    parts.next().filter(|parent| hex(parent, 16) && !zeros(parent))?;
    parts.next().filter(|flags| hex(flags, 2))?;
    let ends = parts.next().is_none();
    (ends || version != "00").then_some(trace)
}

fn hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn zeros(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_valid_header_gives_its_trace() {
        let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
        assert_eq!(parsed(&valid), Some(TRACE));
        assert_eq!(parsed(&format!("cc-{TRACE}-00f067aa0ba902b7-01-more")), Some(TRACE));
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, valid.parse().unwrap());
        assert_eq!(trace_id(&headers), TRACE);
        headers.append(HEADER, valid.parse().unwrap());
        assert_ne!(trace_id(&headers), TRACE, "two headers");
    }

    #[test]
    fn an_invalid_header_gives_a_new_trace() {
        let zeros = "0".repeat(32);
        for header in [
            "",
            "00",
            TRACE,
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7"),
            &format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{zeros}-00f067aa0ba902b7-01"),
            &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            &format!("00-{}-00f067aa0ba902b7-01", &TRACE[1..]),
        ] {
            assert_eq!(parsed(header), None, "{header}");
        }
        assert!(hex(&trace_id(&HeaderMap::new()), 32));
    }
}
