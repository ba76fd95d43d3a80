//! The flat dialect of QuizMaster's public test page, at `/dev/ws/test`: the bare settings of a simulation in, its events
//! out. In development only.

use bytes::Bytes;
use hub::{CommandError, Encoder, Event};
use protocol::RunOutcome;
use serde_json::json;

use super::{Simulation, seconds};
use crate::dialect::{Dialect, Request, Scope, common};
use crate::json;

/// The dialect of QuizMaster's test page.
pub(in crate::dialect) static QUIZMASTER_PAGE: Dialect = Dialect {
    name: "quizmaster test page",
    encoder: Encoder { settles: &[], ..Encoder::new(2, encode) },
    decode,
    carriers: &[],
    takes_first_frame: false,
    has_inbox_cursor: false,
};

fn decode(frame: &str, _: &Scope) -> Result<Request, Box<CommandError>> {
    let value = json::parse(frame).map_err(|misread| common::misread_frame(&misread))?;
    if let Some(kind) = value.get("type") {
        return Err(common::unknown_type(kind.as_str().unwrap_or_default()).into());
    }
    let simulation = json::read_value::<Simulation>(&value);
    simulation.map_err(|misread| common::misread_frame(&misread))?.request()
}

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Welcome(..) => common::frame(&json!({ "type": "test", "message": "Connection successful" })),
        Event::RunStarted(plan) => common::frame(&json!({
            "type": "simulation_started",
            "config": {
                "duration_seconds": seconds(plan.duration_ms),
                "frequency_seconds": seconds(plan.frequency_ms),
                "message_prefix": plan.prefix,
            },
        })),
        Event::Progress(step) => common::frame(&json!({
            "type": "simulation_update",
            "message": step.message,
            "elapsed_seconds": seconds(step.elapsed_ms),
            "remaining_seconds": seconds(step.remaining_ms),
        })),
        Event::Finished(end) if end.outcome == RunOutcome::Completed => common::frame(&json!({
            "type": "simulation_complete",
            "total_messages": end.steps_done,
            "duration_seconds": seconds(end.elapsed_ms),
        })),
        Event::Failed(failure) => {
            let (sentence, detail) = common::error_body(failure, &[("prefix", "message_prefix")]);
            common::frame(&json!({ "type": "error", "message": sentence, "data": detail }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ErrorCode, RunEnd, RunId, RunStep, SimulationPlan};

    use serde_json::Value;

    use super::*;
    use crate::dialect::golden::{uuid, welcome};

    fn encoded(event: &Event) -> Value {
        serde_json::from_str(&QUIZMASTER_PAGE.encode_text(event).unwrap()).unwrap()
    }

    #[test]
    fn qm_17_the_bare_settings_start_a_simulation() {
        let frame = r#"{"duration_seconds":1,"frequency_seconds":0.5,"message_prefix":"Test"}"#;
        let Request::SimulateUnnamed(plan) = QUIZMASTER_PAGE.decode_text(frame, &Scope::Anything) else {
            panic!()
        };
        assert_eq!((plan.duration_ms, plan.frequency_ms, plan.prefix.as_str()), (1_000, 500, "Test"));
        for (frame, code, field) in [
            ("nonsense", ErrorCode::BadJson, None),
            ("7", ErrorCode::BadFrame, None),
            ("{}", ErrorCode::BadFrame, Some("duration_seconds")),
            (r#"[1,0.5,"Test"]"#, ErrorCode::BadFrame, None),
            (r#"{"duration_seconds":true}"#, ErrorCode::BadFrame, Some("duration_seconds")),
            (r#"{"type":"simulation_started"}"#, ErrorCode::UnknownType, None),
            (
                r#"{"duration_seconds":0,"frequency_seconds":1,"message_prefix":""}"#,
                ErrorCode::Invalid,
                Some("duration_seconds"),
            ),
        ] {
            let (found, named) = QUIZMASTER_PAGE.decode_error(frame, &Scope::Anything);
            assert_eq!((found, named.as_deref()), (code, field), "{frame}");
        }
    }

    #[test]
    fn qm_17_all_frames_are_flat() {
        let run = RunId(uuid(1));
        let prefix = "Test".to_owned();
        let plan = SimulationPlan { run, duration_ms: 1_000, frequency_ms: 500, prefix, failure_rate: 0.0 };
        assert_eq!(encoded(&welcome()), json!({ "type": "test", "message": "Connection successful" }));
        assert_eq!(
            encoded(&Event::RunStarted(plan)),
            json!({ "type": "simulation_started",
                    "config": { "duration_seconds": 1.0, "frequency_seconds": 0.5, "message_prefix": "Test" } })
        );
        let message = "Test #1".to_owned();
        let step = RunStep { run, step: 1, steps: 2, message, elapsed_ms: 500, remaining_ms: 500 };
        assert_eq!(
            encoded(&Event::Progress(step)),
            json!({ "type": "simulation_update", "message": "Test #1",
                    "elapsed_seconds": 0.5, "remaining_seconds": 0.5 })
        );
        let end = RunEnd { run, outcome: RunOutcome::Completed, steps_done: 2, elapsed_ms: 1_000 };
        assert_eq!(
            encoded(&Event::Finished(end)),
            json!({ "type": "simulation_complete", "total_messages": 2, "duration_seconds": 1.0 })
        );
    }
}
