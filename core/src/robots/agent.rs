//! Names of crawlers: in user-agent lines, and as the crawler gives its own.

/// The name that stands for all crawlers without a group of their own.
pub(super) const EVERYBODY: &str = "*";

/// What a user-agent line names. All in lower case.
#[derive(Clone, Debug)]
pub(super) struct AgentName {
    /// The product token by RFC 9309, 2.2.1: `FooBot1.2 (x)` names `foobot`.
    token: String,
    /// The first word without its version, for names that are no product tokens: `1bot`, `MJ12bot`.
    word: String,
}

impl AgentName {
    /// Reads the value of a user-agent line; none if it names nobody.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        if value.first() == Some(&b'*') && value.get(1).is_none_or(u8::is_ascii_whitespace) {
            return Some(Self::everybody());
        }
        let token = value.iter().take_while(|byte| is_token_byte(**byte));
        let token = token.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
        let value = String::from_utf8_lossy(value);
        let word = plain_name(value.split_whitespace().next().unwrap_or_default());
        (!word.is_empty()).then_some(Self { token, word })
    }

    pub(super) fn everybody() -> Self {
        Self { token: EVERYBODY.to_owned(), word: EVERYBODY.to_owned() }
    }

    /// Whether `product`, in lower case, is meant.
    pub(super) fn is(&self, product: &str) -> bool {
        self.token == product || self.word == product
    }
}

/// The products that a crawler calls itself by, the most particular first.
///
/// A name without a version is taken whole, so that one of several words is nobody's. In a whole user agent such
/// as `Mozilla/5.0 (compatible; FooBot/2.1)` every word before a slash is a product.
pub(super) fn products(name: &str) -> Vec<String> {
    let name = name.trim();
    if name == EVERYBODY {
        return vec![EVERYBODY.to_owned()];
    }
    let Some((named, _version)) = name.rsplit_once('/') else { return vec![plain_name(name)] };
    let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';' | ',' | '+');
    let last_word = |text: &str| plain_name(text.trim().rsplit(ends).next().unwrap_or_default());
    named.split('/').rev().map(last_word).filter(|product| !product.is_empty()).collect()
}

/// Without version and wildcards: `foo*bot` is how some write `foobot`.
fn plain_name(word: &str) -> String {
    word.split('/').next().unwrap_or_default().replace('*', "").to_lowercase()
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_')
}

/// Whether a crawler can be addressed by this product token: letters, `-` and `_` only.
pub fn is_product_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(is_token_byte)
}
