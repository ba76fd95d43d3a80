//! `/api/v1/jobs`: starts, lists, reports and deletes jobs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub::{Hub, JobReport};
use protocol::rest::{JobPatch, Jobs, NewJob};
use protocol::{Job, JobId};
use serde::Deserialize;

use super::page_size;
use crate::auth::AuthUser;
use crate::error::ApiError;
use crate::gateway::extract::{ApiBody, ApiQuery, JobPath, PathAndBody};

/// Which part of the list.
#[derive(Deserialize)]
pub(crate) struct JobQuery {
    before: Option<JobId>,
    limit: Option<u32>,
}

pub(crate) async fn start(
    State(hub): State<Hub>,
    caller: AuthUser,
    ApiBody(new): ApiBody<NewJob>,
) -> Result<(StatusCode, Json<Job>), ApiError> {
    hub.count(caller.requester())?;
    let owner = new.owner_id.unwrap_or_else(|| caller.user.id.clone());
    if owner != caller.user.id && !caller.claims_role.is_service() {
        return Err(ApiError::NotAllowed("only a part of the application starts jobs for others"));
    }
    let job = hub::NewJob { kind: new.kind, subject: new.subject, title: new.title, message: new.message };
    let started = hub.start_job(caller.requester(), &owner, job).await;
    let job = started.map_err(|error| ApiError::renaming(error, "user_ids", "owner_id"))?;
    Ok((StatusCode::CREATED, Json(job)))
}

pub(crate) async fn list(
    State(hub): State<Hub>,
    caller: AuthUser,
    ApiQuery(query): ApiQuery<JobQuery>,
) -> Result<Json<Jobs>, ApiError> {
    let limit = page_size(query.limit);
    // One more than shown tells whether there is another page.
    let mut jobs = hub.jobs(&caller.user.id, query.before, limit + 1).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = jobs.len() > shown;
    jobs.truncate(shown);
    let next = jobs.last().filter(|_| more).map(|job| job.id.0.to_string());
    Ok(Json(Jobs { jobs, next }))
}

pub(crate) async fn show(
    State(hub): State<Hub>,
    caller: AuthUser,
    JobPath(job): JobPath,
) -> Result<Json<Job>, ApiError> {
    Ok(Json(hub.job(caller.requester(), job).await?))
}

pub(crate) async fn report(
    State(hub): State<Hub>,
    caller: AuthUser,
    PathAndBody(job, patch): PathAndBody<JobPath, JobPatch>,
) -> Result<Json<Job>, ApiError> {
    hub.count(caller.requester())?;
    let JobPath(job) = job?;
    let JobPatch { progress, stage, message, status, result, error, retryable } = patch;
    let report = JobReport { progress, stage, message, status, result, error, retryable };
    Ok(Json(hub.report_job(caller.requester(), job, report).await?))
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    caller: AuthUser,
    JobPath(job): JobPath,
) -> Result<StatusCode, ApiError> {
    hub.delete_job(caller.requester(), job).await?;
    Ok(StatusCode::NO_CONTENT)
}
