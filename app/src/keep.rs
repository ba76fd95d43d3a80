//! What this browser keeps between two visits, by account: see `keep.js`, which this only gives types. In JavaScript,
//! because IndexedDB is made of callbacks, and each of them costs WebAssembly more than the whole script.

use protocol::json::from_text;
use protocol::{DraftId, RoomId, UserId};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::model::kept::Kept;

#[wasm_bindgen(module = "/src/keep.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = keepPost)]
    async fn keep_post(
        account: &str,
        room: &str,
        draft: &str,
        body: &str,
        at: f64,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = keptPosts)]
    async fn kept_posts(account: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = dropPost)]
    async fn drop_post(account: &str, draft: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = refusePost)]
    async fn refuse_post(account: &str, draft: &str, reason: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = keepText)]
    fn keep_text(account: &str, room: &str, text: &str);
    #[wasm_bindgen(catch, js_name = keptText)]
    async fn kept_text(account: &str, room: &str) -> Result<JsValue, JsValue>;
}

/// Keeps a post as the last one. Gives its place in the order.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "whole numbers far below 2^53, as JavaScript has them"
)]
pub(crate) async fn keep(account: &UserId, post: &Kept) -> Result<u64, JsValue> {
    let draft = post.draft.0.to_string();
    let order =
        keep_post(account.as_str(), post.room.as_str(), &draft, &post.body, post.at_ms as f64).await?;
    Ok(order.as_f64().unwrap_or_default() as u64)
}

/// Every post that has no answer yet, in order.
pub(crate) async fn posts(account: &UserId) -> Result<Vec<Kept>, JsValue> {
    let text = kept_posts(account.as_str()).await?.as_string().unwrap_or_default();
    from_text(&text).map_err(|error| JsValue::from(error.to_string()))
}

/// Forgets a post: the server has it, or nobody wants it sent.
pub(crate) async fn forget(account: &UserId, draft: DraftId) -> Result<(), JsValue> {
    drop_post(account.as_str(), &draft.0.to_string()).await.map(drop)
}

/// Notes that a post is not tried again by itself.
pub(crate) async fn refuse(account: &UserId, draft: DraftId, reason: &str) -> Result<(), JsValue> {
    refuse_post(account.as_str(), &draft.0.to_string(), reason).await.map(drop)
}

/// Keeps what stands in the field of a room; nothing once it is empty.
pub(crate) fn note_text(account: &UserId, room: &RoomId, text: &str) {
    keep_text(account.as_str(), room.as_str(), text);
}

/// What stood in the field of a room.
pub(crate) async fn text(account: &UserId, room: &RoomId) -> Result<String, JsValue> {
    kept_text(account.as_str(), room.as_str()).await.map(|text| text.as_string().unwrap_or_default())
}
