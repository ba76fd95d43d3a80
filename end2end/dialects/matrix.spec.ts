// One room, everybody in it by another dialect. QuizMaster and MockVerse have no word for talk: they take part as those who
// are told of jobs and notifications, and hear nothing of the room.
import type { Account, Room } from '../fixtures/account';
import { expect, type Keep, test } from '../fixtures/dialects';
import { Heard } from '../fixtures/heard';
import { Chat, type Frame, WebSocketService as ChatService } from './clients/chat-api';
import { WebSocketService as MockVerse } from './clients/mockverse';
import { Native } from './clients/native';
import { QuizMaster } from './clients/quizmaster';
import { SkillLift } from './clients/skilllift';
import { TalimSocket } from './clients/talim';

/** A message as a dialect told it; what it has no word for is absent. */
interface Line {
  id?: string;
  seq?: number;
  author: string;
  text: string;
}

/** Somebody who talks, by some dialect. */
interface Voice {
  account: Account;
  say(text: string): unknown;
  /** What was said, once there are so many lines. */
  lines(count: number): Promise<Line[]>;
}

type Dialect = 'native' | 'chat api' | 'skilllift' | 'talim' | 'rest';
type Register = (name: string) => Promise<Account>;

const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

function native(account: Account, room: Room, client: Native): Voice {
  const isMessage = ({ type }: { type: string }) => type === 'message';
  return {
    account,
    say: (text) => client.post(room.id, text),
    lines: async (count) => {
      const frames = await client.frames.some(count, 'message', isMessage);
      return frames.map(({ data }) => ({ id: data.id, seq: data.cursor.seq, author: data.author, text: data.body }));
    },
  };
}

function chatApi(account: Account, client: Chat): Voice {
  return {
    account,
    say: (text) => client.service.sendMessage(text),
    lines: async (count) => {
      const frames = await client.frames.some(count, 'message', ({ type }) => type === 'new_message');
      return frames.map(({ data }) => ({ id: data.id, author: data.sender_id, text: data.content }));
    },
  };
}

function skilllift(account: Account, client: SkillLift): Voice {
  return {
    account,
    say: (text) => client.sendChatMessage(text),
    lines: async (count) => {
      const frames = await client.frames.some(count, 'message', ({ type }) => type === 'chat_message');
      const text = (frame: { payload?: Record<string, unknown> }, key: string) => String(frame.payload?.[key]);
      return frames.map((frame) => ({ id: text(frame, 'messageId'), author: text(frame, 'userId'), text: text(frame, 'message') }));
    },
  };
}

function talim(account: Account, room: Room, client: TalimSocket): Voice {
  return {
    account,
    say: (content) => client.sendChatMessage({ content, roomId: room.id, senderName: 'whoever', type: 'text' }),
    lines: async (count) => {
      const messages = await client.messages.some(count, 'message');
      return messages.map(({ _id, senderId, content }) => ({ id: _id, author: senderId, text: content }));
    },
  };
}

function rest(account: Account, room: Room): Voice {
  const page = () => account.ask('GET', `chats/${room.id}/messages?limit=200`);
  return {
    account,
    say: (text) => account.say(room, text),
    lines: async (count) => {
      await expect.poll(async () => (await page()).messages.length).toBeGreaterThanOrEqual(count);
      const { messages } = await page();
      return messages.map((it: { id: string; seq: number; sender_id: string; content: string }) => ({
        id: it.id,
        seq: it.seq,
        author: it.sender_id,
        text: it.content,
      }));
    },
  };
}

class Everybody {
  private constructor(
    readonly room: Room,
    readonly voices: Record<Dialect, Voice>,
    readonly clients: { native: Native; chat: Chat; skilllift: SkillLift; talim: TalimSocket },
  ) {}

  static async gather(register: Register, keep: Keep): Promise<Everybody> {
    const [nat, chat, skill, tal, rst] = [await register('native'), await register('chat'), await register('skill'), await register('talim'), await register('rest')];
    const room = await rst.createRoom('One room', nat, chat, skill, tal);
    const { url, wsUrl } = rst.server;
    const clients = {
      native: keep(new Native(nat)),
      chat: keep(new Chat(wsUrl, room.id, chat.token)),
      skilllift: keep(new SkillLift(wsUrl, skill.token, room.id)),
      talim: keep(new TalimSocket(url, tal.id, tal.token).connect()),
    };
    await clients.native.join(room.id);
    await clients.chat.service.opens.first('open');
    await clients.skilllift.here(skill.id);
    await clients.talim.enter(room.id);
    const voices = {
      native: native(nat, room, clients.native),
      'chat api': chatApi(chat, clients.chat),
      skilllift: skilllift(skill, clients.skilllift),
      talim: talim(tal, room, clients.talim),
      rest: rest(rst, room),
    };
    return new Everybody(room, voices, clients);
  }

  get all(): [Dialect, Voice][] {
    return Object.entries(this.voices) as [Dialect, Voice][];
  }

  /** The room as REST tells it is what all dialects heard: same order, and same names and numbers where they have them. */
  async agree(count: number): Promise<Line[]> {
    const truth = await this.voices.rest.lines(count);
    expect(truth.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    for (const [dialect, voice] of this.all) {
      const heard = await voice.lines(count);
      const expected = truth.map((line, at) => {
        const { id, seq } = heard[at] ?? {};
        return { author: line.author, text: line.text, ...(id !== undefined && { id: line.id }), ...(seq !== undefined && { seq: line.seq }) };
      });
      expect(heard, dialect).toEqual(expected);
      expect(heard.every(({ id }) => id !== undefined), dialect).toBe(true);
    }
    return truth;
  }
}

test('X5 X6 X20 every sender reaches every receiver, under one name and number, in one order', async ({ register, keep }) => {
  const everybody = await Everybody.gather(register, keep);
  const ears = keep(new MockVerse(everybody.voices.rest.account.server.url).connect(everybody.voices.rest.account.token));
  const quiz = keep(new QuizMaster(everybody.voices.rest.account.server.wsUrl, everybody.voices.rest.account.token).mount());
  await ears.welcomes.first('welcome');
  await quiz.frames.first('welcome');
  let said = 0;
  for (const [dialect, voice] of everybody.all) {
    await voice.say(`from ${dialect}`);
    said += 1;
    const truth = await everybody.agree(said);
    expect(truth.at(-1)).toMatchObject({ author: voice.account.id, text: `from ${dialect}` });
  }
  // Talim asks for an answer and is told the same name and number.
  const { _id, seq } = await everybody.clients.talim.ask('send-chat-message', { content: 'answered', roomId: everybody.room.id, type: 'text' });
  expect((await everybody.agree(said + 1)).at(-1)).toMatchObject({ id: _id, seq });
  await everybody.voices.rest.account.ask('POST', 'notifications', { user_id: everybody.voices.rest.account.id, title: 'last' });
  await ears.told.first('notification');
  await quiz.frames.some(2, 'notification');
  expect(ears.told.all.map(({ event }) => event)).toEqual(['notification']);
  expect(quiz.frames.all.map(({ type }) => type)).toEqual(['connection_status', 'notification']);
});

test('X6 CA-18 all talk at once, and all hear one order', async ({ register, keep }) => {
  const everybody = await Everybody.gather(register, keep);
  const each = 30;
  const loud = everybody.all.filter(([dialect]) => dialect !== 'rest');
  for (let line = 1; line <= each; line++) for (const [dialect, voice] of loud) voice.say(`${dialect} ${line}`);
  for (let line = 1; line <= each; line++) await everybody.voices.rest.say(`rest ${line}`);
  const truth = await everybody.agree(each * everybody.all.length);
  for (const [dialect, { account }] of everybody.all) {
    const own = truth.filter(({ author }) => author === account.id).map(({ text }) => text);
    expect(own).toEqual(Array.from({ length: each }, (_, at) => `${dialect} ${at + 1}`));
  }
});

test('changes of messages reach every dialect in its own words', async ({ register, keep }) => {
  const everybody = await Everybody.gather(register, keep);
  const { chat, skilllift, talim } = everybody.clients;
  const { account } = everybody.voices.rest;
  await everybody.voices.rest.say('tea');
  const [{ id }] = (await everybody.agree(1)) as [Line];
  const cake = encodeURIComponent('🍰');
  await account.ask('PATCH', `messages/${id}`, { content: 'coffee' });
  await account.ask('PUT', `messages/${id}/reactions/${cake}`);
  await account.ask('DELETE', `messages/${id}/reactions/${cake}`);
  await account.ask('PUT', `messages/${id}/pin`);
  await account.ask('DELETE', `messages/${id}`);

  const inChat = await chat.frames.some(5, 'change', ({ type }) => type.startsWith('message_'));
  expect(inChat.map(({ type, data }) => [type, data.content ?? data.on])).toEqual([
    ['message_updated', 'coffee'],
    ['message_reaction', true],
    ['message_reaction', false],
    ['message_pinned', true],
    ['message_deleted', ''],
  ]);
  const inSkillLift = await skilllift.frames.some(4, 'change', ({ type }) => type.startsWith('message_'));
  expect(inSkillLift.map(({ type, payload }) => [type, payload?.['messageId'], payload?.['message'] ?? payload?.['on']])).toEqual([
    ['message_updated', id, 'coffee'],
    ['message_reaction', id, true],
    ['message_reaction', id, false],
    ['message_deleted', id, ''],
  ]);
  const inTalim = await talim.told.some(5, 'change', ({ event }) => event.startsWith('chat-message-'));
  expect(inTalim.map(({ event, data }) => [event, data])).toEqual([
    ['chat-message-updated', expect.objectContaining({ _id: id, content: 'coffee', editedAt: iso })],
    ['chat-message-reaction', { messageId: id, roomId: everybody.room.id, emoji: '🍰', userId: account.id, on: true }],
    ['chat-message-reaction', { messageId: id, roomId: everybody.room.id, emoji: '🍰', userId: account.id, on: false }],
    ['chat-message-updated', expect.objectContaining({ _id: id, pinned: true })],
    ['chat-message-deleted', expect.objectContaining({ _id: id, content: '', deletedAt: iso })],
  ]);
  // A native client that did not ask for changes notices nothing.
  expect(everybody.clients.native.frames.all.some(({ type }) => type === 'changed')).toBe(false);
});

/** Something of each script, what JSON and HTML escape, and what is easily lost, up to 60 KB of UTF-8. */
function everyScript(): string {
  const pieces = [
    'Latin àéîõü ß Å ﬁ', 'Ελληνικά', 'Кириллица', 'Հայերեն', 'ქართული', 'עברית ‏שלום', 'العربية مرحبا ‮rtl‬', 'فارسی', 'हिन्दी क्षत्रिय', 'বাংলা', 'தமிழ்', 'తెలుగు',
    'ಕನ್ನಡ', 'മലയാളം', 'සිංහල', 'ไทย', 'ລາວ', 'မြန်မာ', 'ភាសាខ្មែរ', 'བོད་ཡིག', 'አማርኛ', 'ᏣᎳᎩ', 'ᐃᓄᒃᑎᑐᑦ', '日本語 ひらがな カタカナ', '中文繁體简体', '한국어', 'ᠮᠣᠩᠭᠣᠯ', 'ⵜⴰⵎⴰⵣⵉⵖⵜ', '𐍈𐌰 𓂀 𒀭 𠀋',
    '👩‍👩‍👧‍👦 🏳️‍🌈 👋🏽 ✅ 🇺🇳 1️⃣', 'é e\u0301 \u200d\u200b\u2060 \u00a0 \u2028\u2029', '"quoted" \'single\' `tick` \\ / \\n \\u0041', '<script>alert(1)</script> &amp; <!-- --> ]]>', '{"type":"x"} ["y"] 42["z"]', 'tab\tline\nreturn\r\nend', '\u0001\u001f\u007f\u0085\ufffd\uffff',
  ];
  const one = pieces.join(' | ');
  const size = Buffer.byteLength(one);
  return ` ${Array.from({ length: Math.floor((60 * 1024) / (size + 1)) }, () => one).join('\n')} `;
}

test('CA-17 SL-14 TA-15 60 KB of every script arrive unchanged in every dialect, from every dialect', async ({ register, keep }) => {
  const everybody = await Everybody.gather(register, keep);
  const text = everyScript();
  expect(Buffer.byteLength(text)).toBeGreaterThan(56 * 1024);
  for (const [, voice] of everybody.all) await voice.say(text);
  const truth = await everybody.agree(everybody.all.length);
  for (const line of truth) expect(line.text === text, `from ${line.author}`).toBe(true);
});

test('CA-17 SL-14 20 MiB are refused by every door, and harm nobody', async ({ register, keep }) => {
  const everybody = await Everybody.gather(register, keep);
  const intruder = await register('intruder');
  const { server } = intruder;
  const huge = 'x'.repeat(20 * 1024 * 1024);
  const room = await intruder.createRoom('Elsewhere');

  const nat = keep(new Native(intruder));
  await nat.join(room.id);
  nat.post(room.id, huge);
  const chat = keep(new Chat(server.wsUrl, room.id, intruder.token));
  await chat.service.opens.first('open');
  chat.service.sendMessage(huge);
  const skill = keep(new SkillLift(server.wsUrl, intruder.token, room.id));
  await skill.here(intruder.id);
  skill.sendChatMessage(huge);
  const quiz = keep(new QuizMaster(server.wsUrl, intruder.token).mount());
  await quiz.frames.first('welcome');
  quiz.sendMessage({ type: 'simulate', message: huge });
  for (const { closes } of [nat, chat.service, skill, quiz]) expect((await closes.first('close')).code).toBe(1009);

  const tal = keep(new TalimSocket(server.url, intruder.id, intruder.token).connect());
  await tal.enter(room.id);
  tal.sendChatMessage({ content: huge, roomId: room.id, senderName: '', type: 'text' });
  await tal.disconnects.first('disconnect');
  await expect(intruder.say(room, huge)).rejects.toThrow(/answered 413|fetch failed/);
  expect(await intruder.history(room)).toEqual([]);

  for (const [dialect, voice] of everybody.all) await voice.say(`${dialect} unharmed`);
  await everybody.agree(everybody.all.length);
});

test('CA-07 CA-08 TA-05 typing and read marks are told in every dialect that has a word for them', async ({ register, keep }) => {
  const everybody = await Everybody.gather(register, keep);
  const { clients, voices, room } = everybody;
  const is = (type: string, user: string) => (frame: Frame) => frame.type === type && (frame.data.user_id ?? frame.data.user) === user;
  await voices.rest.say('read this');
  const [message] = await everybody.agree(1);

  clients.chat.type('H');
  const typing = await clients.native.frames.first('typing', is('typing', voices['chat api'].account.id));
  expect(typing.data).toEqual({ room: room.id, user: voices['chat api'].account.id, on: true });
  clients.native.send('typing', { room: room.id, on: true });
  const indicator = await clients.chat.frames.first('typing', is('typing_indicator', voices.native.account.id));
  expect(indicator.data).toEqual({ is_typing: true, user_id: voices.native.account.id });

  // The Chat API's component reads at once.
  const read = await clients.native.frames.first('read', is('read', voices['chat api'].account.id));
  expect(read.data).toEqual({ room: room.id, user: voices['chat api'].account.id, seq: 1 });
  clients.talim.markMessageRead(message?.id ?? '');
  const receipt = await clients.chat.frames.first('receipt', is('read_receipt', voices.talim.account.id));
  expect(receipt.data).toEqual({ message_id: message?.id, user_id: voices.talim.account.id });
  await clients.native.frames.first('read', is('read', voices.talim.account.id));
  clients.native.send('read', { room: room.id, seq: 1 });
  await clients.chat.frames.first('receipt', is('read_receipt', voices.native.account.id));

  const history = await clients.talim.enter(room.id);
  const readers = [voices['chat api'], voices.talim, voices.native].map(({ account }) => account.id);
  expect(history.messages[0]?.readBy.toSorted()).toEqual(readers.toSorted());
});

test('QM-04 MV-09 MV-10 TA-06 SL-03 a notification and a job reach every dialect of their person in its own spelling', async ({ alice, keep }) => {
  const { url, wsUrl } = alice.server;
  const [nat, quiz, skill] = [keep(new Native(alice)), keep(new QuizMaster(wsUrl, alice.token).mount()), keep(new SkillLift(wsUrl, alice.token))];
  const [tal, mock] = [keep(new TalimSocket(url, alice.id, alice.token).connect()), keep(new MockVerse(url).connect(alice.token))];
  const personal = new ChatService(wsUrl);
  keep({ close: () => personal.abandon() });
  const frames = new Heard<Frame>();
  personal.addMessageHandler((frame) => frames.push(frame));
  personal.connect({ person: alice.id }, alice.token);
  await personal.opens.first('open');
  await nat.frames.first('welcome');
  await quiz.frames.first('welcome');
  await skill.frames.first('connected');
  await tal.connects.first('connect');
  await mock.welcomes.first('welcome');

  const { notification } = await alice.ask('POST', 'notifications', { user_id: alice.id, title: 'Exam', message: 'At noon', type: 'info' });
  const { id } = notification;
  const notice = { id, title: 'Exam', message: 'At noon', type: 'info', timestamp: iso };
  const isNotice = ({ type }: { type: string }) => type === 'notification';
  expect((await nat.frames.first('notification', isNotice)).data).toMatchObject({ id, title: 'Exam', message: 'At noon' });
  expect(await quiz.frames.first('notification', isNotice)).toEqual({ type: 'notification', message: 'Exam', data: notice });
  expect(await skill.frames.first('notification', isNotice)).toEqual({ type: 'notification', payload: notice });
  expect(await tal.notifications.first('notification')).toEqual(notice);
  expect((await frames.first('notification', isNotice)).data).toEqual(notice);
  expect((await mock.told.first('notification', ({ event }) => event === 'notification')).data).toEqual(notice);

  const job = await alice.ask('POST', 'jobs', { kind: 'analysis', title: 'Analysis', subject: 'interview-7', message: 'Begun' });
  await alice.ask('PATCH', `jobs/${job.id}`, { progress: 60, stage: 'speech', message: 'Listening' });
  await alice.ask('PATCH', `jobs/${job.id}`, { status: 'completed', result: { summary: 'good' } });
  const ended = await nat.frames.first('the end', ({ type, data }) => type === 'job' && data.job.status === 'completed');
  expect(ended.data.job).toMatchObject({ id: job.id, subject: 'interview-7', result: { summary: 'good' } });
  const complete = await quiz.frames.first('complete', ({ type }) => type === 'complete');
  expect(complete.data).toMatchObject({ job_id: job.id, result: { summary: 'good' } });
  const updates = quiz.frames.all.filter(({ type }) => type === 'update').map(({ data }) => data?.['progress']);
  expect(updates).toEqual([0, 60]);
  const completed = await mock.told.first('completed', ({ event }) => event === 'analysis:completed');
  expect(completed.data).toMatchObject({ interviewId: 'interview-7', analysis: { summary: 'good' } });
  const about = mock.told.all.map(({ event }) => event).filter((event) => event !== 'notification');
  expect(about).toEqual(['analysis:started', 'analysis:progress', 'analysis:completed']);
  // Where there is no word for a job, its end is a notification.
  for (const heard of [frames, skill.frames]) await heard.some(2, 'notification', isNotice);
  await tal.notifications.some(2, 'notification');
  expect((await alice.ask('GET', 'jobs')).jobs).toHaveLength(1);
});
