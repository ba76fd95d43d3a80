import { expect, test } from '../fixtures/hubbub';
import { RoomPage } from '../pages/room';

/** More lines than the document keeps for somebody who follows the newest. */
const MANY = 1_500;

test('a flood arrives whole and in order, and leaves the document small', async ({ register, open }) => {
  const alice = await register('alice');
  const bob = await register('bob');
  const room = await alice.createRoom('Busy room', bob);
  // Without the scissors on the wire, which take their time with each frame.
  const context = await open();
  await alice.signIn(context);
  const here = new RoomPage(await context.newPage());
  await here.open(room);
  await bob.sayMany(room, MANY);
  await expect(here.messages.last()).toHaveText(`line ${MANY}`);
  await expect(here.messages.last()).toBeInViewport();
  await expect.poll(() => here.messages.count()).toBeLessThanOrEqual(240);
  const texts = await here.messages.allTextContents();
  expect(texts).toEqual(texts.map((_, nth) => `line ${MANY - texts.length + 1 + nth}`));
  // What went is not lost: it comes back to whoever scrolls up.
  await here.messages.first().scrollIntoViewIfNeeded();
  await expect(here.messages.first()).not.toHaveText(texts[0] ?? '');
  await expect(here.messages.last()).toHaveText(`line ${MANY}`);
});

test('a tab out of view goes on hearing, and has everything when it is looked at', async ({ register, open }) => {
  const alice = await register('alice');
  const bob = await register('bob');
  const room = await alice.createRoom('Busy room', bob);
  const context = await open();
  await alice.signIn(context);
  const here = new RoomPage(await context.newPage());
  // As in a tab out of view: the browser asks for no pictures.
  await here.page.addInitScript(() => {
    window.requestAnimationFrame = () => 0;
  });
  await here.open(room);
  await bob.sayMany(room, 30);
  await expect(here.messages.last()).toHaveText('line 30');
  await expect(here.messages).toHaveCount(30);
});
