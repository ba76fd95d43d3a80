//! History: reads pages of 50 messages at random positions of a long history, one after the other.

use memchr::memmem;
use serde_json::{Value, json};

use crate::casts::count;
use crate::clock::now;
use crate::failed::Failed;
use crate::http::Browser;
use crate::latency::{Histogram, histogram, microseconds};
use crate::options::Options;
use crate::rng::Rng;
use crate::token::token;
use crate::usage::Span;

const PAGE: u64 = 50;

/// Pages before the measurement.
const WARMUP: u64 = 50;

pub(crate) fn run(options: &Options) -> Result<Value, Failed> {
    let room = options.room(0);
    let mut browser = Browser::connect(options.port, token("c0", &options.secret)?)?;
    let mut rng = Rng::new();
    let mut time = histogram()?;
    let mut page = |time: &mut Histogram| {
        let before = PAGE + 1 + rng.below(options.messages.saturating_sub(PAGE));
        let began = now();
        let body = browser.get(&format!("/api/v1/chats/{room}/messages?before={before}&limit={PAGE}"))?;
        time.saturating_record(now() - began);
        let messages = count(memmem::find_iter(&body, br#""content":"#).count());
        if messages == PAGE {
            Ok(())
        } else {
            Err(Failed::Refused(format!("{messages} messages for a page")))
        }
    };
    for _ in 0..WARMUP {
        page(&mut time)?;
    }
    time.reset();
    let span = Span::begin(options.pid)?;
    let pages = count(options.window.max(1));
    for _ in 0..pages {
        page(&mut time)?;
    }
    let used = span.end()?;
    Ok(json!({
        "pages": pages, "messages": options.messages, "server_us_per_page": used.server_us_per(pages),
        "page_us": microseconds(&time), "shares": used.shares(),
    }))
}
