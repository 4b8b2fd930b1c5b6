//! Signatures: HMAC-SHA256, as Base64 or in hexadecimal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// In Base64.
pub fn base64(key: &[u8], message: &[u8]) -> String {
    STANDARD.encode(tag(key, message))
}

/// In lower-case hexadecimal.
pub fn hex(key: &[u8], message: &[u8]) -> String {
    tag(key, message).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tag(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_signature_comes_out() {
        // RFC 4231, case 2.
        let want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(b"Jefe", b"what do ya want for nothing?"), want);
        assert_eq!(base64(b"Jefe", b"what do ya want for nothing?"), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }
}
