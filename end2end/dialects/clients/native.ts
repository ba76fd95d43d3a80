// A client of our own protocol, for what other clients are compared with.
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { Account } from '../../fixtures/account';
import { Heard } from '../../fixtures/heard';

// The frames are written down in docs/PROTOCOL.md; a test there reads them.
export type Frame = { type: string; message?: string; data: any };

export class Native {
  readonly frames = new Heard<Frame>();
  readonly closes = new Heard<{ code: number; reason: string }>();
  private readonly socket: WebSocket;

  constructor(account: Account) {
    this.socket = new WebSocket(`${account.server.wsUrl}/api/v1/ws?token=${account.token}`);
    this.socket.onmessage = ({ data }) => this.frames.push(JSON.parse(data.toString()));
    // A close follows each error and is told.
    this.socket.onerror = () => {};
    this.socket.onclose = ({ code, reason }) => this.closes.push({ code, reason });
  }

  send(type: string, data: object): void {
    this.socket.send(JSON.stringify({ type, data }));
  }

  sendRaw(raw: string | Buffer): void {
    this.socket.send(raw);
  }

  async join(room: string): Promise<void> {
    await this.frames.first('welcome', ({ type }) => type === 'welcome');
    this.send('join', { room });
    await this.frames.first(`joined ${room}`, ({ type, data }) => type === 'joined' && data.room === room);
  }

  post(room: string, body: string): void {
    this.send('post', { room, draft: randomUUID(), body });
  }

  /** What was said, in the order in which it came. */
  messages() {
    return this.frames.all.filter(({ type }) => type === 'message').map(({ data }) => data);
  }

  close(): void {
    this.socket.terminate();
  }
}
