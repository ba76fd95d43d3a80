//! Draft store: what this browser keeps of an account between two visits. `draft_store.js` does it, and this gives it types.
//! In JavaScript, because IndexedDB is made of callbacks, and each of them costs WebAssembly more than the whole script.

use protocol::json::from_text;
use protocol::{DraftId, RoomId, UserId};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::model::pending_post::PendingPost;

#[wasm_bindgen(module = "/src/pending_posts/draft_store.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = savePost)]
    async fn js_save_post(
        account: &str,
        room: &str,
        draft: &str,
        body: &str,
        at: f64,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = loadPosts)]
    async fn js_load_posts(account: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = removePost)]
    async fn js_remove_post(account: &str, draft: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = failPost)]
    async fn js_fail_post(account: &str, draft: &str, reason: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = saveText)]
    fn js_save_text(account: &str, room: &str, text: &str);
    #[wasm_bindgen(catch, js_name = loadText)]
    async fn js_load_text(account: &str, room: &str) -> Result<JsValue, JsValue>;
}

/// Saves a post as the last one. Returns its order.
///
/// # Errors
/// What the browser says, as of all functions here.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "whole numbers far below 2^53, as JavaScript has them"
)]
pub(super) async fn save_post(account: &UserId, post: &PendingPost) -> Result<u64, JsValue> {
    let draft = post.draft.0.to_string();
    let order =
        js_save_post(account.as_str(), post.room.as_str(), &draft, &post.body, post.at_ms as f64).await?;
    Ok(order.as_f64().unwrap_or_default() as u64)
}

/// Every post of this account, in order.
pub(super) async fn load_posts(account: &UserId) -> Result<Vec<PendingPost>, JsValue> {
    let text = js_load_posts(account.as_str()).await?.as_string().unwrap_or_default();
    from_text(&text).map_err(|error| JsValue::from(error.to_string()))
}

/// Removes a post: it is acknowledged, or is not to be sent any more.
pub(super) async fn remove_post(account: &UserId, draft: DraftId) -> Result<(), JsValue> {
    js_remove_post(account.as_str(), &draft.0.to_string()).await.map(drop)
}

/// Notes why a post is not sent again by itself.
pub(super) async fn fail_post(account: &UserId, draft: DraftId, reason: &str) -> Result<(), JsValue> {
    js_fail_post(account.as_str(), &draft.0.to_string(), reason).await.map(drop)
}

/// Saves what stands in the field of a room; nothing once it is empty.
pub(crate) fn save_text(account: &UserId, room: &RoomId, text: &str) {
    js_save_text(account.as_str(), room.as_str(), text);
}

/// What stood in the field of a room.
pub(crate) async fn load_text(account: &UserId, room: &RoomId) -> Result<String, JsValue> {
    js_load_text(account.as_str(), room.as_str()).await.map(|text| text.as_string().unwrap_or_default())
}
