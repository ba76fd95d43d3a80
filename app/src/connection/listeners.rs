//! Listeners: calls back everyone who listens, in the order they came. They may come and go while they are called.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

type Call<T> = Rc<dyn Fn(&T)>;

pub(super) struct Listeners<T> {
    calls: RefCell<Vec<(u32, Call<T>)>>,
    next: Cell<u32>,
}

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self { calls: RefCell::default(), next: Cell::default() }
    }
}

impl<T> Listeners<T> {
    /// Adds one. The number removes it again.
    pub(super) fn add(&self, call: impl Fn(&T) + 'static) -> u32 {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        self.calls.borrow_mut().push((number, Rc::new(call)));
        number
    }

    pub(super) fn remove(&self, number: u32) {
        self.calls.borrow_mut().retain(|(it, _)| *it != number);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.borrow().is_empty()
    }

    /// Calls everyone who listens at this moment.
    pub(super) fn notify(&self, event: &T) {
        // Copied, because a listener may add or remove one.
        let calls: Vec<Call<T>> = self.calls.borrow().iter().map(|(_, call)| Rc::clone(call)).collect();
        for call in calls {
            call(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_called_in_order_until_they_are_removed() {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let listeners = Listeners::<u32>::default();
        let listen = |name: &'static str| {
            let heard = Rc::clone(&heard);
            listeners.add(move |event: &u32| heard.borrow_mut().push((name, *event)))
        };
        let first = listen("first");
        listen("second");
        listeners.notify(&1);
        listeners.remove(first);
        listeners.notify(&2);
        assert_eq!(*heard.borrow(), [("first", 1), ("second", 1), ("second", 2)]);
    }

    #[test]
    fn a_listener_may_be_removed_while_it_is_called() {
        let listeners = Rc::new(Listeners::<()>::default());
        let inside = Rc::clone(&listeners);
        listeners.add(move |()| inside.remove(0));
        listeners.notify(&());
        assert!(listeners.is_empty());
    }
}
