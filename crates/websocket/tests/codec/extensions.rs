//! The negotiation of permessage-deflate (RFC 7692, sections 5 and 7.1).

use http::header::SEC_WEBSOCKET_EXTENSIONS;
use websocket::codec::{Handshake, HandshakeError};

use crate::handshakes::{get, shake};

/// The answer to these headers.
fn answer(offers: &[&str]) -> Option<String> {
    let mut headers = get();
    for offer in offers {
        headers.append(SEC_WEBSOCKET_EXTENSIONS, offer.parse().unwrap());
    }
    let answer = shake(&headers).unwrap().headers();
    answer.get(SEC_WEBSOCKET_EXTENSIONS).map(|it| it.to_str().unwrap().to_owned())
}

const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

#[test]
fn every_form_of_the_offer_is_accepted() {
    for offer in [
        "permessage-deflate",
        "Permessage-Deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=15",
        "permessage-deflate; client_max_window_bits=8",
        "permessage-deflate;client_max_window_bits=\"10\" ; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        " , permessage-deflate ,, ",
        "x-webkit-deflate-frame, permessage-deflate",
    ] {
        assert_eq!(answer(&[offer]).as_deref(), Some(AGREED), "{offer}");
    }
    for bits in 9..=15 {
        let answer = answer(&[&format!("permessage-deflate; server_max_window_bits={bits}")]);
        assert_eq!(answer, Some(format!("{AGREED}; server_max_window_bits={bits}")));
    }
}

#[test]
fn nothing_is_agreed_without_an_offer_that_can_be_met() {
    assert_eq!(answer(&[]), None);
    for offer in [
        "permessage-bzip2",
        "permessage-deflate-2",
        "permessage-deflate; unknown",
        "permessage-deflate; Server_No_Context_Takeover",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=\"\u{41}\"",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=010",
        "permessage-deflate; client_max_window_bits=ten",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=256",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=15",
    ] {
        assert_eq!(answer(&[offer]), None, "{offer}");
    }
}

#[test]
fn the_first_offer_that_can_be_met_is_taken() {
    let narrow = Some(format!("{AGREED}; server_max_window_bits=10"));
    let eight_first = "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10, permessage-deflate";
    assert_eq!(answer(&[eight_first]), narrow);
    assert_eq!(
        answer(&["permessage-deflate; server_max_window_bits=8", "permessage-deflate"]).as_deref(),
        Some(AGREED)
    );
    assert_eq!(
        answer(&["permessage-deflate", "permessage-deflate; server_max_window_bits=9"]).as_deref(),
        Some(AGREED)
    );
}

#[test]
fn an_agreed_window_is_what_messages_are_compressed_for() {
    let mut headers = get();
    headers
        .insert(SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate; server_max_window_bits=11".parse().unwrap());
    assert_eq!(shake(&headers).unwrap().deflate.unwrap().window_bits, 11);
    let unwanted = Handshake::read(&http::Method::GET, &headers, false).unwrap();
    assert_eq!((unwanted.deflate, unwanted.headers().get(SEC_WEBSOCKET_EXTENSIONS)), (None, None));
}

#[test]
fn a_malformed_list_of_extensions_fails_the_handshake() {
    for broken in
        ["permessage-deflate;", ";", "a b", "a; b=", "a; b=\"", "a; b=\"x y\"", "a; b=\"\"", "a==b", "a; =b"]
    {
        let mut headers = get();
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, broken.parse().unwrap());
        assert!(matches!(shake(&headers), Err(HandshakeError::Extensions(_))), "{broken}");
    }
}
