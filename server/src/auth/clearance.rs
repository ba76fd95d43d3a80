//! What somebody is to the application, as the token says. Not to be confused with what somebody may do in a room.

use serde_json::Value;

/// Whether a token belongs to a person or to a part of the application. Only a signature proves it: sign-ins that are made
/// here never carry more than a person's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clearance {
    /// Somebody who uses it.
    #[default]
    Person,
    /// A part of it, which may act for anybody.
    Service,
    /// Who runs it; may do whatever a service may.
    Admin,
}

impl Clearance {
    /// The highest that claims name: words, or lists of words. Others are the application's own and mean nothing here.
    pub(super) fn in_claims(claims: [Option<&Value>; 2]) -> Self {
        let named = claims.into_iter().flatten().flat_map(|claim| match claim {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        });
        let known = named.filter_map(Value::as_str).map(|name| match name {
            "admin" => Self::Admin,
            "service" => Self::Service,
            _ => Self::Person,
        });
        known.max().unwrap_or_default()
    }

    /// Whether it may act for anybody.
    pub fn is_service(self) -> bool {
        self >= Self::Service
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_highest_known_word_counts() {
        for (role, roles, clearance) in [
            (json!(null), json!(null), Clearance::Person),
            (json!("service"), json!(null), Clearance::Service),
            (json!(null), json!(["editor", "service", "admin"]), Clearance::Admin),
            (json!("editor"), json!([]), Clearance::Person),
            (json!("ADMIN"), json!({ "admin": true }), Clearance::Person),
            (json!(["service"]), json!("x"), Clearance::Service),
            (json!(1), json!([["admin"], null]), Clearance::Person),
        ] {
            assert_eq!(Clearance::in_claims([Some(&role), Some(&roles)]), clearance, "{role} {roles}");
        }
    }
}
