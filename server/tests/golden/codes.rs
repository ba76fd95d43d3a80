//! The tables of codes: error codes as clients read them, close codes, and whether a client comes back after one.

use protocol::{CloseCode, ErrorCode};

use crate::transcript::Transcript;

#[test]
fn error_codes_and_close_codes_are_unchanged() {
    let mut transcript = Transcript::default();
    transcript.heading("error codes");
    // As serde lists them when it meets another one.
    let names = serde_json::from_str::<ErrorCode>("\"?\"").unwrap_err().to_string();
    names.split('`').skip(3).step_by(2).for_each(|name| transcript.note("error", name));
    transcript.heading("close codes");
    for code in CloseCode::ALL {
        let comes_back = CloseCode::comes_back(code.number());
        transcript.note("close", &format!("{}, comes back: {comes_back}", code.number()));
    }
    transcript.compare("codes.txt");
}
