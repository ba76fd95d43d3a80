//! Page routes: the paths that the app's router lists, each with its handler.

use std::sync::OnceLock;

use app::App;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use leptos_axum::generate_route_list;

use super::{account, views};
use crate::state::AppState;

/// Where the paths of all pages are listed, for those that visit each: tests, and the service worker.
const LIST: &str = "/pages.json";

/// The paths of all pages, as the app's router lists them and as axum takes them.
fn paths() -> &'static [String] {
    static PATHS: OnceLock<Vec<String>> = OnceLock::new();
    PATHS.get_or_init(|| generate_route_list(App).iter().map(|page| page.path().to_owned()).collect())
}

/// The handler of each page, by its path.
fn handlers() -> Vec<(&'static str, MethodRouter<AppState>)> {
    vec![
        ("/", get(views::signed_in)),
        ("/rooms/{room}", get(views::room)),
        ("/live/{chat}", get(views::live)),
        ("/sign-in", get(views::entry)),
        ("/register", get(views::entry)),
        ("/account", get(account::show)),
        ("/devtools", get(views::open_to_all)),
        ("/test", get(views::open_to_all)),
    ]
}

/// All pages, except that the start page shares its path with a socket.
pub(crate) fn pages() -> Router<AppState> {
    let is_listed = |path: &str| path != "/" && paths().iter().any(|listed| listed == path);
    let pages = handlers().into_iter().filter(|(path, _)| is_listed(path));
    let router = pages.fold(Router::new(), |router, (path, handler)| router.route(path, handler));
    router.route(LIST, get(async || Json(paths())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_page_of_the_app_has_a_handler_and_each_handler_a_page() {
        let listed: BTreeSet<&str> = paths().iter().map(String::as_str).collect();
        let handled: BTreeSet<&str> = handlers().iter().map(|(path, _)| *path).collect();
        assert_eq!(listed, handled, "app/src/routes.rs, and `handlers` in this file");
        assert_eq!(listed.len(), paths().len(), "a path is listed twice");
    }
}
