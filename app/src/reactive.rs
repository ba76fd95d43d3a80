//! Effects and memos through a box. Each closure that Leptos is given directly brings its own copy of the machinery
//! around it, about a kilobyte; through these there is one copy for all effects, and one for all memos of a type.

use leptos::prelude::*;

/// Runs in the browser once the page lives, and again when something changes that it reads. Never on the server.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    fn boxed(mut run: Box<dyn FnMut()>) {
        Effect::new(move |_| run());
    }
    boxed(Box::new(run));
}

/// A value that follows from others. Whoever reads it hears of it only when it is another one than before.
pub(crate) fn memo<T>(value: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    type Value<T> = Box<dyn Fn() -> T + Send + Sync>;
    fn boxed<T: PartialEq + Send + Sync + 'static>(value: Value<T>) -> Memo<T> {
        Memo::new(move |_| value())
    }
    boxed(Box::new(value))
}
