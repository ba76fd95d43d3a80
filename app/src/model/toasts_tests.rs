//! Notes come, fold, wait and go.

use protocol::{Job, JobId, JobStatus, NotificationId, Opaque, UserId};
use uuid::Uuid;

use super::*;

fn words(title: &str, tone: Tone) -> Words {
    Words { tone, title: title.to_owned(), message: String::new() }
}

/// That many, all at the same moment; called 1, 2, 3 …
fn with(count: u32, tone: Tone) -> Toasts {
    let mut toasts = Toasts::default();
    for n in 1..=count {
        assert!(toasts.push(words(&n.to_string(), tone), 0));
    }
    toasts
}

fn titles(toasts: &Toasts) -> Vec<&str> {
    toasts.shown().iter().map(|it| it.words.title.as_str()).collect()
}

#[test]
fn the_newest_three_are_shown_and_the_rest_is_folded() {
    let mut toasts = with(7, Tone::Info);
    assert_eq!((titles(&toasts), toasts.folded()), (vec!["7", "6", "5"], 4));
    assert!(toasts.unfold(0));
    assert_eq!((toasts.shown().len(), toasts.folded()), (7, 0));
    assert!(toasts.clear() && !toasts.clear());
    toasts.push(words("next", Tone::Info), 0);
    assert_eq!((titles(&toasts), toasts.folded()), (vec!["next"], 0));
}

#[test]
fn a_narrow_window_shows_two() {
    let mut toasts = with(7, Tone::Info);
    assert!(toasts.narrow(true) && !toasts.narrow(true));
    assert_eq!((titles(&toasts), toasts.folded()), (vec!["7", "6"], 5));
    assert!(toasts.narrow(false));
    assert_eq!(toasts.folded(), 4);
}

#[test]
fn a_storm_of_them_is_cut_off() {
    let toasts = with(1_000, Tone::Error);
    assert_eq!(toasts.shown().len() + toasts.folded(), MAX_KEPT);
    assert_eq!(titles(&toasts), ["1000", "999", "998"]);
}

#[test]
fn each_has_its_time_on_screen_and_those_that_were_folded_come_back() {
    let mut toasts = with(4, Tone::Info);
    assert_eq!(toasts.next_in(), Some(ON_SCREEN_MS));
    assert!(!toasts.pass(ON_SCREEN_MS - 1));
    assert!(toasts.pass(ON_SCREEN_MS));
    assert_eq!(titles(&toasts), ["1"]);
    assert_eq!(toasts.next_in(), Some(ON_SCREEN_MS), "its time begins when it is seen");
}

#[test]
fn a_closer_look_gives_them_all_their_time_again() {
    let mut toasts = with(1, Tone::Info);
    toasts.push(words("2", Tone::Error), 0);
    assert!(toasts.linger(ON_SCREEN_MS));
    assert_eq!(toasts.next_in(), Some(ON_SCREEN_MS));
    assert!(!toasts.pass(2 * ON_SCREEN_MS - 1));
    assert!(toasts.pass(2 * ON_SCREEN_MS));
    assert_eq!(titles(&toasts), ["2"]);
}

#[test]
fn errors_stay_until_they_are_taken_away() {
    let mut toasts = with(1, Tone::Error);
    assert_eq!(toasts.next_in(), None);
    assert!(!toasts.pass(i64::MAX));
    assert!(toasts.dismiss(1, i64::MAX) && !toasts.dismiss(1, i64::MAX));
    assert!(toasts.shown().is_empty());
}

#[test]
fn what_was_unfolded_folds_again_once_few_are_left() {
    let mut toasts = with(4, Tone::Error);
    toasts.unfold(0);
    toasts.dismiss(1, 0);
    toasts.push(words("5", Tone::Error), 0);
    assert_eq!((titles(&toasts), toasts.folded()), (vec!["5", "4", "3"], 1));
}

#[test]
fn a_notification_keeps_its_words_and_an_unknown_kind_is_news() {
    let notification = |kind: &str| Notification {
        id: NotificationId(Uuid::nil()),
        title: "Title".to_owned(),
        message: "Message".to_owned(),
        kind: kind.to_owned(),
        at_ms: 0,
        is_read: false,
    };
    for (kind, tone) in [
        ("info", Tone::Info),
        ("success", Tone::Success),
        ("warning", Tone::Warning),
        ("error", Tone::Error),
        ("invitation", Tone::Info),
    ] {
        let words = Words::of_notification(&notification(kind)).unwrap();
        assert_eq!((words.tone, words.title.as_str(), words.message.as_str()), (tone, "Title", "Message"));
    }
    let read = Notification { is_read: true, ..notification("info") };
    assert_eq!(Words::of_notification(&read), None);
}

fn job(kind: JobKind, step: JobStep) -> JobChange {
    let job = Job {
        id: JobId(Uuid::nil()),
        owner: UserId::parse("alice").unwrap(),
        kind,
        subject: Some("42".to_owned()),
        title: "Backup".to_owned(),
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
    JobChange { step, job }
}

#[test]
fn an_analysis_is_told_when_it_begins_and_no_end_is_told_twice() {
    let told = |kind, step| Words::of_job(&job(kind, step)).map(|it| it.title);
    let begun = told(JobKind::Analysis, JobStep::Started);
    assert_eq!(begun.as_deref(), Some("Video analysis started for interview 42"));
    for (kind, step) in [
        (JobKind::Task, JobStep::Started),
        (JobKind::Analysis, JobStep::Progressed),
        (JobKind::Analysis, JobStep::Completed),
        (JobKind::Task, JobStep::Failed),
    ] {
        assert_eq!(told(kind, step), None, "{kind:?} {step:?}");
    }
}
