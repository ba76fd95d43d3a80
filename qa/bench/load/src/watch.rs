//! Watch: samples what our own server holds as time goes by: memory, connections, rooms.

use serde_json::{Value, json};

use crate::casts::fraction;
use crate::clock::{now, seconds};
use crate::failed::Failed;
use crate::http::Browser;
use crate::options::Options;
use crate::token::service_token;
use crate::usage::resident_kib;

/// How often a sample is taken.
const SAMPLE_EVERY: u64 = 10_000_000_000;

/// One sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    seconds: f64,
    rss_kib: u64,
    connected: u64,
    pub(crate) rooms: u64,
}

impl Sample {
    pub(crate) fn json(self) -> Value {
        let Self { seconds, rss_kib, connected, rooms } = self;
        json!({ "s": seconds, "rss_kib": rss_kib, "connected": connected, "rooms": rooms })
    }
}

pub(crate) struct Watch {
    began: u64,
    next: u64,
    pid: u32,
    port: u16,
    token: String,
    samples: Vec<Sample>,
}

impl Watch {
    pub(crate) fn begin(options: &Options) -> Result<Self, Failed> {
        let (began, token) = (now(), service_token(&options.secret)?);
        Ok(Self { began, next: began, pid: options.pid, port: options.port, token, samples: Vec::new() })
    }

    /// Takes a sample if it is due.
    pub(crate) fn sample_if_due(&mut self) -> Result<(), Failed> {
        if now() >= self.next {
            self.next += SAMPLE_EVERY;
            let sample = self.sample()?;
            self.samples.push(sample);
        }
        Ok(())
    }

    fn sample(&self) -> Result<Sample, Failed> {
        // Another connection each time: the server ends one that is quiet for so long.
        let body = Browser::connect(self.port, self.token.clone())?.get("/api/v1/websocket/stats")?;
        let counts: Value = serde_json::from_slice(&body).unwrap_or_default();
        let count = |name: &str| {
            let missing = || Failed::Usage(format!("the server does not say how many are {name}"));
            counts.pointer(&format!("/data/{name}")).and_then(Value::as_u64).ok_or_else(missing)
        };
        Ok(Sample {
            seconds: seconds(now() - self.began),
            rss_kib: resident_kib(self.pid)?,
            connected: count("connected")?,
            rooms: count("rooms")?,
        })
    }

    /// The newest sample.
    pub(crate) fn last(&self) -> Option<Sample> {
        self.samples.last().copied()
    }

    pub(crate) fn json(&self) -> Value {
        self.samples.iter().copied().map(Sample::json).collect()
    }

    /// How far memory was from the middle between its lowest and its highest in the last third of the samples.
    pub(crate) fn plateau(&self) -> Value {
        let last_third = self.samples.iter().skip(self.samples.len() - self.samples.len() / 3);
        let rss = || last_third.clone().map(|sample| sample.rss_kib);
        let (Some(lowest), Some(highest)) = (rss().min(), rss().max()) else { return Value::Null };
        let percent = 100.0 * fraction(highest - lowest) / fraction((highest + lowest).max(1));
        json!({ "lowest_kib": lowest, "highest_kib": highest, "percent": percent })
    }
}
