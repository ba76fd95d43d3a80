//! Tests of the outbox as its writer and its senders use it.

use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use super::*;

fn is_done(future: Pin<&mut impl Future<Output = ()>>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn frame(size: usize) -> Bytes {
    Bytes::from(vec![b'x'; size])
}

fn frames(sizes: &[usize]) -> Vec<OutboxItem> {
    sizes.iter().map(|size| OutboxItem::Frame(frame(*size))).collect()
}

#[tokio::test]
async fn slow_client_is_disconnected_at_once() {
    let (outbox, mut receiver) = outbox(1_000);
    assert_eq!(outbox.push(frame(600), DeliveryPolicy::Reliable), Ok(()));
    assert_eq!(outbox.push(frame(600), DeliveryPolicy::Reliable), Err(Disconnected));
    assert_eq!(receiver.next(&mut Vec::new(), 8).await, WriterAction::Close(CloseCode::TooSlow));
    assert_eq!(outbox.push(frame(1), DeliveryPolicy::Reliable), Err(Disconnected));
}

#[tokio::test]
async fn best_effort_frames_are_dropped_before_the_client_is_disconnected() {
    let (outbox, mut receiver) = outbox(1_000);
    assert_eq!(outbox.push(frame(300), DeliveryPolicy::Reliable), Ok(()));
    assert_eq!(outbox.push(frame(10), DeliveryPolicy::BestEffort), Ok(()));
    let mut taken = Vec::new();
    assert_eq!(receiver.next(&mut taken, 8).await, WriterAction::Frames);
    assert_eq!(taken, frames(&[300]));
}

#[tokio::test]
async fn writer_ends_when_the_last_outbox_is_dropped() {
    let (outbox, mut receiver) = outbox(1_000);
    let another = outbox.clone();
    drop(outbox);
    another.push(frame(10), DeliveryPolicy::Reliable).unwrap();
    drop(another);
    assert_eq!(receiver.next(&mut Vec::new(), 8).await, WriterAction::Frames);
    assert_eq!(receiver.next(&mut Vec::new(), 8).await, WriterAction::Close(CloseCode::Normal));
}

#[tokio::test]
async fn close_comes_after_the_frames_before_it() {
    let (outbox, mut receiver) = outbox(1_000);
    outbox.push(frame(10), DeliveryPolicy::Reliable).unwrap();
    outbox.close(CloseCode::Token);
    outbox.close(CloseCode::Normal);
    let mut taken = Vec::new();
    assert_eq!(receiver.next(&mut taken, 8).await, WriterAction::Frames);
    assert_eq!(receiver.next(&mut taken, 8).await, WriterAction::Close(CloseCode::Token));
}

#[tokio::test]
async fn room_available_resolves_when_there_is_room_and_at_the_end() {
    let (outbox, mut receiver) = outbox(1_000);
    outbox.room_available().await;
    for _ in 0..4 {
        outbox.push(frame(150), DeliveryPolicy::Reliable).unwrap();
    }
    let mut waiting = pin!(outbox.room_available());
    let mut taken = Vec::new();
    for frames_left in [3, 2] {
        assert_eq!(receiver.next(&mut taken, 1).await, WriterAction::Frames);
        assert!(!is_done(waiting.as_mut()), "{frames_left} wait");
    }
    assert_eq!(receiver.next(&mut taken, 1).await, WriterAction::Frames);
    assert!(is_done(waiting.as_mut()));

    outbox.push(frame(900), DeliveryPolicy::Reliable).unwrap();
    let mut waiting = pin!(outbox.room_available());
    assert!(!is_done(waiting.as_mut()));
    drop(receiver);
    assert!(is_done(waiting.as_mut()));
}

#[tokio::test]
async fn receipt_comes_after_the_last_frame_and_is_proven_by_its_own_token() {
    let (outbox, mut receiver) = outbox(1_000);
    outbox.push(frame(10), DeliveryPolicy::Reliable).unwrap();
    let mut receipt = outbox.receipt();
    let mut taken = Vec::new();
    assert_eq!(receiver.next(&mut taken, 8).await, WriterAction::Frames);
    assert_eq!(taken, [OutboxItem::Frame(frame(10)), OutboxItem::Ping(1)]);
    let mut cx = Context::from_waker(Waker::noop());
    outbox.answer(2);
    assert!(receipt.as_mut().poll(&mut cx).is_pending());
    outbox.answer(1);
    assert_eq!(receipt.as_mut().poll(&mut cx), Poll::Ready(Ok(())));

    let mut cut = outbox.receipt();
    outbox.close(CloseCode::Normal);
    outbox.answer(2);
    assert_eq!(cut.as_mut().poll(&mut cx), Poll::Ready(Err(Disconnected)), "a close proves nothing");
    assert_eq!(outbox.receipt().await, Err(Disconnected));
}

#[tokio::test]
async fn written_frames_do_not_count_and_one_frame_always_fits() {
    let (outbox, mut receiver) = outbox(1_000);
    for _ in 0..5 {
        outbox.push(frame(5_000), DeliveryPolicy::Reliable).unwrap();
        assert_eq!(receiver.next(&mut Vec::new(), 8).await, WriterAction::Frames);
    }
}
