//! Claims role: what a user or a service is to the application, by its token or its account. Not to be confused with the role
//! of a member in a room.

use serde_json::{Map, Value};

/// The claim that names a role of the hub where no other one is chosen. An application's own `role` says nothing about
/// this hub: its users would be administrators here without a decision of the operator.
const DEFAULT_CLAIM: &str = "hubbub_role";

/// Claims that name roles in many applications.
const USUAL_CLAIMS: [&str; 2] = ["role", "roles"];

/// Claims that mean something else here.
const TAKEN_CLAIMS: [&str; 11] =
    ["aud", "email", "exp", "iat", "iss", "jti", "name", "nbf", "sid", "sub", "username"];

/// Whether a token belongs to a user or to a part of the application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimsRole {
    /// A user of it.
    #[default]
    User,
    /// A part of it, which may act for any user.
    Service,
    /// An operator of it; may do whatever a service may.
    Admin,
}

impl ClaimsRole {
    /// The highest that a claim names: a word, or a list of words. Others are the application's own and mean nothing here.
    fn in_claim(claim: Option<&Value>) -> Self {
        let named = claim.into_iter().flat_map(|claim| match claim {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        });
        let known = named.filter_map(Value::as_str).map(|name| match name {
            "admin" => Self::Admin,
            "service" => Self::Service,
            _ => Self::User,
        });
        known.max().unwrap_or_default()
    }

    /// Whether it may act for any user.
    pub fn is_service(self) -> bool {
        self >= Self::Service
    }
}

/// Which claim of a token names a role of the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleClaim {
    name: String,
    is_chosen: bool,
}

impl Default for RoleClaim {
    fn default() -> Self {
        Self { name: DEFAULT_CLAIM.to_owned(), is_chosen: false }
    }
}

impl RoleClaim {
    /// The claim of this name; `None` for a name that means something else in a token.
    pub fn chosen(name: &str) -> Option<Self> {
        let is_free = !name.is_empty() && !TAKEN_CLAIMS.contains(&name);
        is_free.then(|| Self { name: name.to_owned(), is_chosen: true })
    }

    /// What the bearer of a token with these claims is.
    pub fn claims_role(&self, claims: &Map<String, Value>) -> ClaimsRole {
        ClaimsRole::in_claim(claims.get(&self.name))
    }

    /// The claim that names a role of the hub and is passed over, because no setting has chosen it.
    pub fn passed_over(&self, claims: &Map<String, Value>) -> Option<&'static str> {
        let is_known = self.is_chosen || claims.contains_key(DEFAULT_CLAIM);
        let mut usual = USUAL_CLAIMS.into_iter().filter(|_| !is_known);
        usual.find(|name| ClaimsRole::in_claim(claims.get(*name)).is_service())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(claims: &Value) -> Map<String, Value> {
        claims.as_object().unwrap().clone()
    }

    #[test]
    fn the_highest_known_word_of_the_claim_counts() {
        for (claim, claims_role) in [
            (json!(null), ClaimsRole::User),
            (json!("service"), ClaimsRole::Service),
            (json!(["editor", "service", "admin"]), ClaimsRole::Admin),
            (json!("editor"), ClaimsRole::User),
            (json!([]), ClaimsRole::User),
            (json!("ADMIN"), ClaimsRole::User),
            (json!({ "admin": true }), ClaimsRole::User),
            (json!(["service"]), ClaimsRole::Service),
            (json!([["admin"], null]), ClaimsRole::User),
        ] {
            let named = claims(&json!({ "hubbub_role": claim }));
            assert_eq!(RoleClaim::default().claims_role(&named), claims_role, "{claim}");
        }
    }

    #[test]
    fn an_applications_own_role_counts_only_where_it_is_chosen() {
        let named = claims(&json!({ "role": "admin", "roles": ["service"] }));
        assert_eq!(RoleClaim::default().claims_role(&named), ClaimsRole::User);
        assert_eq!(RoleClaim::default().passed_over(&named), Some("role"));
        let chosen = RoleClaim::chosen("roles").unwrap();
        assert_eq!(chosen.claims_role(&named), ClaimsRole::Service);
        assert_eq!(chosen.passed_over(&named), None);
        for harmless in [json!({ "role": "editor" }), json!({ "role": "admin", "hubbub_role": "service" })] {
            assert_eq!(RoleClaim::default().passed_over(&claims(&harmless)), None, "{harmless}");
        }
        assert_eq!(RoleClaim::chosen("sub"), None);
        assert_eq!(RoleClaim::chosen(""), None);
    }
}
