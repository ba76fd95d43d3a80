//! The dialect of QuizMaster: `{"type", "message"?, "data"?}` both ways, at `/ws/endpoint`.

pub(super) mod page;

use std::time::Duration;

use bytes::Bytes;
use hub::store::InboxKind;
use hub::{CommandError, Encoder, Event, HubError};
use protocol::{Job, JobStep, RunId, RunOutcome, SimulationPlan, limits};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::common::{self, Notice};
use super::{Dialect, Request, Scope};

/// QuizMaster's dialect.
pub(super) static QUIZMASTER: Dialect = Dialect {
    name: "quizmaster",
    encoder: Encoder { settles: &[InboxKind::Job, InboxKind::Notification], ..Encoder::new(1, encode) },
    decode,
    carriers: &[],
    takes_first_frame: false,
    has_inbox_cursor: false,
};

/// A frame of a client.
#[derive(Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
enum ClientFrame {
    Simulate(Simulation),
    Authenticate { token: String },
}

const CLIENT_TYPES: [&str; 2] = ["simulate", "authenticate"];

/// The settings of a simulated job, in seconds.
#[derive(Deserialize)]
pub(super) struct Simulation {
    duration_seconds: f64,
    frequency_seconds: f64,
    message_prefix: String,
}

impl Simulation {
    /// The request for it. Its run has no name yet.
    ///
    /// # Errors
    /// A time outside its limits.
    pub(super) fn request(self) -> Result<Request, Box<CommandError>> {
        let duration_ms =
            whole_ms("duration_seconds", self.duration_seconds, &limits::SIMULATION_DURATION_MS)?;
        let frequency_ms =
            whole_ms("frequency_seconds", self.frequency_seconds, &limits::SIMULATION_FREQUENCY_MS)?;
        Ok(Request::SimulateUnnamed(SimulationPlan {
            run: RunId(Uuid::nil()),
            duration_ms,
            frequency_ms,
            prefix: self.message_prefix,
            failure_rate: 0.0,
        }))
    }
}

fn whole_ms(
    field: &'static str,
    seconds: f64,
    legal_ms: &std::ops::RangeInclusive<u64>,
) -> Result<u64, Box<CommandError>> {
    let legal = self::seconds(*legal_ms.start())..=self::seconds(*legal_ms.end());
    let outside = || {
        let message = format!("must be {} to {}", legal.start(), legal.end());
        HubError::Invalid { field, message }
    };
    let whole = Duration::try_from_secs_f64(seconds).ok().and_then(|it| u64::try_from(it.as_millis()).ok());
    // The seconds are checked, too: what lies outside must not be rounded in.
    Ok(whole.filter(|whole| legal_ms.contains(whole) && legal.contains(&seconds)).ok_or_else(outside)?)
}

/// Milliseconds as seconds.
pub(super) fn seconds(ms: u64) -> f64 {
    Duration::from_millis(ms).as_secs_f64()
}

fn decode(frame: &str, _: &Scope) -> Result<Request, Box<CommandError>> {
    match common::read(frame, &CLIENT_TYPES)? {
        ClientFrame::Simulate(simulation) => simulation.request(),
        ClientFrame::Authenticate { token } => Ok(Request::Authenticate { token, inbox: None }),
    }
}

/// A frame of the server. What is absent is absent, not `null`.
#[derive(Serialize)]
struct ServerFrame<'a, D: Serialize> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
}

fn server_frame<'a, D: Serialize>(
    kind: &'a str,
    message: impl Into<Option<&'a str>>,
    data: Option<D>,
) -> Option<Bytes> {
    common::frame(&ServerFrame { kind, message: message.into(), data })
}

fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Welcome(..) => server_frame("connection_status", "Connected successfully", None::<()>),
        Event::Progress(step) => {
            let whole_ms = step.elapsed_ms.saturating_add(step.remaining_ms).max(1);
            let data = json!({
                "elapsed_seconds": seconds(step.elapsed_ms),
                "remaining_seconds": seconds(step.remaining_ms),
                "progress": step.elapsed_ms.saturating_mul(100) / whole_ms,
            });
            server_frame("update", step.message.as_str(), Some(data))
        }
        Event::Finished(end) => match end.outcome {
            RunOutcome::Completed => {
                let duration = seconds(end.elapsed_ms);
                let data = json!({ "total_messages": end.steps_done, "duration_seconds": duration });
                server_frame("complete", "Simulation completed", Some(data))
            }
            // Runs of this dialect neither fail nor are cancelled, see `Simulation::request`.
            RunOutcome::Failed | RunOutcome::Cancelled => None,
        },
        Event::Job(change, _, _) => encode_job(change.step, &change.job),
        Event::Notification(it, _) => server_frame("notification", it.title.as_str(), Some(Notice::from(it))),
        Event::Failed(failure) => {
            let (sentence, detail) = common::error_body(failure, &[("prefix", "message_prefix")]);
            server_frame("error", sentence.as_str(), Some(detail))
        }
        other => common::connection_event(other)
            .and_then(|(kind, sentence, data)| server_frame(kind, sentence, Some(data))),
    }
}

fn encode_job(step: JobStep, job: &Job) -> Option<Bytes> {
    let lasted_ms = u64::try_from(job.updated_at_ms.saturating_sub(job.created_at_ms)).unwrap_or(0);
    let (job_id, message) = (job.id, job.message.as_deref());
    match step {
        JobStep::Started | JobStep::Progressed => {
            let mut data = json!({
                "job_id": job_id,
                "progress": job.progress,
                "elapsed_seconds": seconds(lasted_ms),
                // Unknown for work that is done elsewhere.
                "remaining_seconds": null,
            });
            put(&mut data, "stage", job.stage.clone().map(Value::from));
            server_frame("update", message.unwrap_or(&job.title), Some(data))
        }
        JobStep::Completed | JobStep::Updated => {
            let mut data = json!({ "job_id": job_id, "duration_seconds": seconds(lasted_ms) });
            put(&mut data, "result", job.result.0.clone());
            server_frame("complete", message.unwrap_or(&job.title), Some(data))
        }
        JobStep::Failed => {
            let data = json!({ "code": "job_failed", "job_id": job_id, "retryable": job.retryable });
            server_frame("error", job.error.as_deref().unwrap_or(&job.title), Some(data))
        }
        JobStep::Deleted => None,
    }
}

/// Inserts a value, if there is one.
fn put(data: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(fields), Some(value)) = (data.as_object_mut(), value) {
        fields.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::{
        ErrorCode, JobChange, JobId, JobKind, JobStatus, Notification, NotificationId, Opaque, RunEnd,
        RunStep, UserId,
    };

    use super::super::golden::{AT_MS, stamp, uuid, welcome};
    use super::*;

    fn encoded(event: &Event) -> Value {
        serde_json::from_str(&QUIZMASTER.encode_text(event).unwrap()).unwrap()
    }

    #[test]
    fn qm_02_the_first_frame_is_exactly_as_printed() {
        let first = r#"{"type":"connection_status","message":"Connected successfully"}"#;
        assert_eq!(QUIZMASTER.encode_text(&welcome()).unwrap(), first);
    }

    #[test]
    fn qm_03_unknown_keys_are_ignored_in_any_order() {
        for frame in [
            r#"{"type":"simulate","data":{"duration_seconds":1.5,"frequency_seconds":0.05,"message_prefix":"Step"}}"#,
            r#"{"message":"go","data":{"more":1,"message_prefix":"Step","frequency_seconds":0.05,"duration_seconds":1.5},"type":"simulate","id":7}"#,
        ] {
            let Request::SimulateUnnamed(plan) = QUIZMASTER.decode_text(frame, &Scope::Anything) else {
                panic!()
            };
            assert_eq!((plan.duration_ms, plan.frequency_ms, plan.prefix.as_str()), (1_500, 50, "Step"));
        }
    }

    #[test]
    fn qm_04_updates_and_the_completion_of_a_simulation() {
        let run = RunId(uuid(1));
        let message = "Step #1".to_owned();
        let step = RunStep { run, step: 1, steps: 4, message, elapsed_ms: 250, remaining_ms: 750 };
        assert_eq!(
            encoded(&Event::Progress(step)),
            json!({ "type": "update", "message": "Step #1",
                    "data": { "elapsed_seconds": 0.25, "remaining_seconds": 0.75, "progress": 25 } })
        );
        let end = RunEnd { run, outcome: RunOutcome::Completed, steps_done: 4, elapsed_ms: 1_000 };
        let sent = encoded(&Event::Finished(end));
        assert_eq!(sent["type"], "complete");
        assert_eq!(sent["data"], json!({ "total_messages": 4, "duration_seconds": 1.0 }));
    }

    #[test]
    fn qm_04_a_job_is_sent_as_updates_and_an_end() {
        let job = Job {
            id: JobId(uuid(9)),
            owner: UserId::parse("ann").unwrap(),
            kind: JobKind::Task,
            subject: None,
            title: "Import".to_owned(),
            status: JobStatus::Running,
            progress: 40,
            stage: Some("sorting".to_owned()),
            message: Some("Almost".to_owned()),
            result: Opaque(None),
            error: None,
            retryable: true,
            created_at_ms: AT_MS,
            updated_at_ms: AT_MS + 2_500,
        };
        let frame = |step, job: &Job| {
            encoded(&Event::Job(Box::new(JobChange { step, job: job.clone() }), stamp(), None))
        };
        assert_eq!(
            frame(JobStep::Progressed, &job),
            json!({ "type": "update", "message": "Almost",
                    "data": { "job_id": job.id, "progress": 40, "elapsed_seconds": 2.5,
                              "remaining_seconds": null, "stage": "sorting" } })
        );
        let unstaged = frame(JobStep::Started, &Job { stage: None, message: None, ..job.clone() });
        assert_eq!((&unstaged["message"], unstaged["data"].get("stage")), (&json!("Import"), None));
        let done =
            Job { status: JobStatus::Completed, result: Opaque(Some(json!({ "rows": 7 }))), ..job.clone() };
        assert_eq!(
            frame(JobStep::Completed, &done)["data"],
            json!({ "job_id": job.id, "duration_seconds": 2.5, "result": { "rows": 7 } })
        );
        let failed = Job { status: JobStatus::Failed, error: Some("disk full".to_owned()), ..job.clone() };
        assert_eq!(
            frame(JobStep::Failed, &failed),
            json!({ "type": "error", "message": "disk full",
                    "data": { "code": "job_failed", "job_id": job.id, "retryable": true } })
        );
    }

    #[test]
    fn qm_04_a_notification_has_its_title_for_a_message() {
        let notification = Notification {
            id: NotificationId(uuid(3)),
            title: "Hello".to_owned(),
            message: "there".to_owned(),
            kind: "info".to_owned(),
            at_ms: AT_MS,
            is_read: false,
        };
        assert_eq!(
            encoded(&Event::Notification(notification, None)),
            json!({ "type": "notification", "message": "Hello",
                    "data": { "id": uuid(3), "title": "Hello", "message": "there", "type": "info",
                              "timestamp": "2026-09-21T14:13:20.120Z" } })
        );
    }

    #[test]
    fn qm_05_bad_input_is_refused_by_name() {
        for (frame, code, field) in [
            ("{", ErrorCode::BadJson, None),
            ("[1]", ErrorCode::BadFrame, Some("type")),
            (r#"{"data":{}}"#, ErrorCode::BadFrame, Some("type")),
            (r#"{"type":7}"#, ErrorCode::BadFrame, Some("type")),
            (r#"{"type":"update","message":"forged"}"#, ErrorCode::UnknownType, None),
            (r#"{"type":"connection_status"}"#, ErrorCode::UnknownType, None),
            (r#"{"type":"simulate"}"#, ErrorCode::BadFrame, Some("data")),
            (
                r#"{"type":"simulate","data":{"duration_seconds":"1"}}"#,
                ErrorCode::BadFrame,
                Some("duration_seconds"),
            ),
            (
                r#"{"type":"simulate","data":{"duration_seconds":1,"frequency_seconds":1}}"#,
                ErrorCode::BadFrame,
                Some("message_prefix"),
            ),
        ] {
            let (found, named) = QUIZMASTER.decode_error(frame, &Scope::Anything);
            assert_eq!((found, named.as_deref()), (code, field), "{frame}");
        }
    }

    #[test]
    fn a_time_outside_the_limits_is_not_rounded_in() {
        let simulate = |duration: &str, frequency: &str| {
            format!(
                r#"{{"type":"simulate","data":{{"duration_seconds":{duration},"frequency_seconds":{frequency},"message_prefix":"x"}}}}"#
            )
        };
        for (duration, frequency) in [("0.1", "0.05"), ("3600", "60"), ("1", "1")] {
            QUIZMASTER.decode_text(&simulate(duration, frequency), &Scope::Anything);
        }
        for (duration, frequency, field) in [
            ("0.09999999", "0.05", "duration_seconds"),
            ("3600.0001", "1", "duration_seconds"),
            ("-1", "1", "duration_seconds"),
            ("1e300", "1", "duration_seconds"),
            ("1", "0.0499999", "frequency_seconds"),
            ("1", "60.5", "frequency_seconds"),
            ("1", "0", "frequency_seconds"),
        ] {
            let refused = QUIZMASTER.decode_error(&simulate(duration, frequency), &Scope::Anything);
            assert_eq!(refused, (ErrorCode::Invalid, Some(field.to_owned())), "{duration} {frequency}");
        }
        assert!((seconds(50) - Duration::from_millis(50).as_secs_f64()).abs() < f64::EPSILON);
    }

    #[test]
    fn an_error_has_a_sentence_and_a_code() {
        let failure = CommandError::from(HubError::UnknownType("shout".to_owned()));
        let sent = QUIZMASTER.encode_text(&Event::Failed(failure)).unwrap();
        let expected = r#"{"type":"error","message":"`shout` is not a frame that a client sends","data":{"code":"unknown_type"}}"#;
        assert_eq!(sent, expected);
    }

    #[test]
    fn every_client_frame_is_listed() {
        assert_eq!(super::super::golden::known::<ClientFrame>(), CLIENT_TYPES);
    }
}
