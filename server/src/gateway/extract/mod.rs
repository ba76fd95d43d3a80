//! Extractors: bring handlers the parsed parts of a request, and answer whatever is wrong with them like every other error,
//! where the framework would answer with a text of its own; so nothing else may read these parts.

mod auth_user;
mod body;
mod path;
mod query;
mod sign_in_source;

pub(crate) use auth_user::Visitor;
pub(crate) use body::{ApiBody, FormBody};
pub(crate) use path::{
    ApiPath, JobPath, MemberPath, MessagePath, PathAndBody, PathId, PathResult, ReactionPath, RoomPath,
    SignInPath, UserPath,
};
pub(crate) use query::ApiQuery;

/// The pairs of a query or a form, in their order.
type Pairs = Vec<(String, String)>;
