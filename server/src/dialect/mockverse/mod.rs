//! MockVerse: changes of interviews, their analyses and reports, as events of Socket.IO.
//!
//! Its clients only receive; `docs/DIALECTS.md` has the table.

use bytes::Bytes;
use hub::{Event, Stamp};
use protocol::{Job, JobChange, JobKind, JobStep, Maintenance, Signal, Welcome};
use serde::Serialize;
use serde_json::Value;

use super::socketio::packet::socket_event;
use crate::clock::rfc3339;

/// The first event of a connection. It names the socket, which the hub does not know.
pub(super) fn welcome(welcome: &Welcome, socket_id: &str, stamp: &Stamp) -> Option<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        message: &'a str,
        user_id: &'a str,
        socket_id: &'a str,
        timestamp: String,
        server: &'a str,
    }
    let message = format!("Welcome, {}", welcome.name);
    let data = Data {
        message: &message,
        user_id: welcome.user.as_str(),
        socket_id,
        timestamp: rfc3339(stamp.at_ms),
        server: &welcome.server,
    };
    socket_event("connected", &data)
}

/// Encodes an event; `None` where this vocabulary has no name for it.
pub(super) fn encode(event: &Event) -> Option<Bytes> {
    match event {
        Event::Job(change, stamp, _) => job(change, stamp),
        Event::Signal(Signal { name, data }, _, _) => socket_event(name, data),
        Event::Closing(closing, stamp) => {
            #[derive(Serialize)]
            struct Data<'a> {
                message: &'a str,
                reconnect_in_ms: u32,
                timestamp: String,
                server: &'a str,
            }
            let data = Data {
                message: "The server is restarting",
                reconnect_in_ms: closing.reconnect_in_ms,
                timestamp: rfc3339(stamp.at_ms),
                server: &stamp.server,
            };
            socket_event("server:shutdown", &data)
        }
        Event::Maintenance(Maintenance { enabled, message }, stamp) => {
            #[derive(Serialize)]
            struct Data<'a> {
                enabled: bool,
                message: &'a str,
                timestamp: String,
                server: &'a str,
            }
            let timestamp = rfc3339(stamp.at_ms);
            let data = Data { enabled: *enabled, message, timestamp, server: &stamp.server };
            socket_event("maintenance:mode", &data)
        }
        _ => None,
    }
}

/// The state of an interview. Keys that do not belong to an event are absent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Interview<'a> {
    #[serde(rename = "interviewId")]
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<String>,
    timestamp: String,
    server: &'a str,
}

fn job(JobChange { step, job }: &JobChange, stamp: &Stamp) -> Option<Bytes> {
    let id = job.id.to_string();
    let bare = Interview {
        id: job.subject.as_deref().unwrap_or(&id),
        progress: None,
        stage: None,
        message: None,
        status: None,
        analysis: None,
        report: None,
        error: None,
        retryable: None,
        failed_at: None,
        timestamp: rfc3339(stamp.at_ms),
        server: &stamp.server,
    };
    let (name, data) = match job.kind {
        JobKind::Analysis | JobKind::Task => analysis(*step, job, bare, stamp)?,
        JobKind::Interview => interview(*step, job, bare),
        JobKind::Report => report(*step, job, bare)?,
    };
    socket_event(name, &data)
}

fn analysis<'a>(
    step: JobStep,
    job: &'a Job,
    bare: Interview<'a>,
    stamp: &Stamp,
) -> Option<(&'static str, Interview<'a>)> {
    Some(match step {
        JobStep::Started => {
            let message = Some("Video analysis has started");
            ("analysis:started", Interview { message, status: Some("processing"), ..bare })
        }
        JobStep::Progressed => {
            let progressed = Interview {
                progress: Some(job.progress),
                stage: Some(job.stage.as_deref().unwrap_or("processing")),
                message: Some(job.message.as_deref().unwrap_or("Video analysis is under way")),
                status: Some("processing"),
                ..bare
            };
            ("analysis:progress", progressed)
        }
        JobStep::Completed => {
            let message = Some("Video analysis completed successfully");
            let analysis = Some(job.result.as_ref().unwrap_or(&Value::Null));
            ("analysis:completed", Interview { message, status: Some("completed"), analysis, ..bare })
        }
        JobStep::Failed => {
            let failed = Interview {
                message: Some("Video analysis failed"),
                status: Some("failed"),
                error: Some(job.error.as_deref().unwrap_or_default()),
                retryable: Some(job.retryable),
                failed_at: Some(rfc3339(stamp.at_ms)),
                ..bare
            };
            ("analysis:failed", failed)
        }
        JobStep::Updated | JobStep::Deleted => return None,
    })
}

fn interview<'a>(step: JobStep, job: &'a Job, bare: Interview<'a>) -> (&'static str, Interview<'a>) {
    let status = match step {
        JobStep::Deleted => return ("interview:deleted", bare),
        JobStep::Started | JobStep::Progressed => "processing",
        JobStep::Completed | JobStep::Updated => "completed",
        JobStep::Failed => "failed",
    };
    let updated = Interview {
        progress: Some(job.progress),
        stage: job.stage.as_deref(),
        message: job.message.as_deref(),
        status: Some(status),
        error: job.error.as_deref(),
        ..bare
    };
    ("interview:updated", updated)
}

fn report<'a>(step: JobStep, job: &'a Job, bare: Interview<'a>) -> Option<(&'static str, Interview<'a>)> {
    let name = match step {
        JobStep::Completed => "report:generated",
        JobStep::Updated => "report:updated",
        JobStep::Started | JobStep::Progressed | JobStep::Failed | JobStep::Deleted => return None,
    };
    let (message, report) = (job.message.as_deref(), job.result.as_ref());
    Some((name, Interview { message, status: Some("completed"), report, ..bare }))
}

#[cfg(test)]
mod tests {
    use protocol::{JobId, JobStatus, Opaque, UserId};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const INTERVIEW: &str = "64a7b8c9d1e2f3g4h5i6j7k8";

    fn encoded(step: JobStep, change: impl FnOnce(&mut Job)) -> Value {
        let mut job = Job {
            id: JobId(Uuid::from_u128(7)),
            owner: UserId::parse("ann").unwrap(),
            kind: JobKind::Analysis,
            subject: Some(INTERVIEW.to_owned()),
            title: "Analysis".to_owned(),
            status: JobStatus::Running,
            progress: 0,
            stage: None,
            message: None,
            result: Opaque(None),
            error: None,
            retryable: false,
            created_at_ms: 0,
            updated_at_ms: 0,
        };
        change(&mut job);
        let stamp = Stamp { at_ms: 1_705_314_600_000, server: "production".into() };
        let frame = encode(&Event::Job(Box::new(JobChange { step, job }), stamp, None));
        frame.map_or(Value::Null, |it| serde_json::from_slice(it.strip_prefix(b"2").unwrap()).unwrap())
    }

    #[test]
    fn mv_09_mv_10_mv_11_analysis_events_are_as_printed() {
        assert_eq!(
            encoded(JobStep::Started, |_| {}),
            json!(["analysis:started", {
                "interviewId": INTERVIEW, "message": "Video analysis has started", "status": "processing",
                "timestamp": "2024-01-15T10:30:00.000Z", "server": "production",
            }])
        );
        let analysis =
            json!({ "summary": "Good", "analyzedAt": "2024-01-15T10:30:00.000Z", "fileSize": 15_728_640 });
        assert_eq!(
            encoded(JobStep::Completed, |job| job.result = Opaque(Some(analysis.clone()))),
            json!(["analysis:completed", {
                "interviewId": INTERVIEW, "message": "Video analysis completed successfully",
                "status": "completed", "analysis": analysis,
                "timestamp": "2024-01-15T10:30:00.000Z", "server": "production",
            }])
        );
        let failed = encoded(JobStep::Failed, |job| {
            job.error = Some("codec".to_owned());
            job.retryable = true;
        });
        assert_eq!(
            failed,
            json!(["analysis:failed", {
                "interviewId": INTERVIEW, "message": "Video analysis failed", "status": "failed",
                "error": "codec", "retryable": true, "failedAt": "2024-01-15T10:30:00.000Z",
                "timestamp": "2024-01-15T10:30:00.000Z", "server": "production",
            }])
        );
    }

    #[test]
    fn mv_12_progress_has_a_stage_and_a_message() {
        let progress = encoded(JobStep::Progressed, |job| {
            job.progress = 40;
            job.stage = Some("transcribing".to_owned());
            job.message = Some("Listening".to_owned());
        });
        assert_eq!(
            progress,
            json!(["analysis:progress", {
                "interviewId": INTERVIEW, "progress": 40, "stage": "transcribing", "message": "Listening",
                "status": "processing", "timestamp": "2024-01-15T10:30:00.000Z", "server": "production",
            }])
        );
    }

    #[test]
    fn mv_08_jobs_of_other_kinds_are_events_of_interviews_and_reports() {
        for (kind, step, name) in [
            (JobKind::Interview, JobStep::Progressed, json!("interview:updated")),
            (JobKind::Interview, JobStep::Deleted, json!("interview:deleted")),
            (JobKind::Report, JobStep::Completed, json!("report:generated")),
            (JobKind::Report, JobStep::Updated, json!("report:updated")),
            (JobKind::Report, JobStep::Started, Value::Null),
            (JobKind::Task, JobStep::Started, json!("analysis:started")),
        ] {
            let sent = encoded(step, |job| job.kind = kind);
            assert_eq!(sent.get(0).cloned().unwrap_or_default(), name, "{kind:?} {step:?}");
        }
    }
}
