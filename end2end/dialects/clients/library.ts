// The client library as it is published, with what it was told kept in order.
import { io as io48, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { io as io47 } from 'socket.io-client-4-7';
import type { Account } from '../../fixtures/account';
import { Heard } from '../../fixtures/heard';
import type { LibraryVersion } from '../../fixtures/page-host';

export interface Line {
  _id: string;
  content: string;
  roomId: string;
}

/** What came of an event. */
export interface Answer {
  ok: boolean;
  _id?: string;
  seq?: number;
  expires_in_ms?: number;
}

export type Options = Partial<ManagerOptions & SocketOptions>;

export class Library {
  /** The transports that engines began with. */
  readonly opens = new Heard<string>();
  readonly connects = new Heard<{ recovered: boolean; id: string | undefined }>();
  readonly upgrades = new Heard<string>();
  readonly disconnects = new Heard<string>();
  readonly refusals = new Heard<Error & { data?: { code?: string }; description?: unknown }>();
  readonly lines = new Heard<Line>();
  readonly told = new Heard<{ event: string; data: Record<string, unknown> }>();
  readonly socket: Socket;

  constructor(url: string, version: LibraryVersion, options: Options) {
    const connect = version === '4.8' ? io48 : (io47 as unknown as typeof io48);
    this.socket = connect(url, { forceNew: true, reconnectionDelay: 100, ...options });
    const { socket } = this;
    socket.io.on('open', () => {
      const { engine } = socket.io;
      this.opens.push(engine.transport.name);
      engine.once('upgrade', ({ name }: { name: string }) => this.upgrades.push(name));
    });
    socket.on('connect', () => this.connects.push({ recovered: socket.recovered, id: socket.id }));
    socket.on('disconnect', (reason) => this.disconnects.push(reason));
    socket.on('connect_error', (error) => this.refusals.push(error));
    socket.on('chat-message', (line: Line) => this.lines.push(line));
    socket.onAny((event, data) => this.told.push({ event, data }));
  }

  /** Somebody's client, by the token. */
  static of(account: Account, options: Options = {}, version: LibraryVersion = '4.8', url = account.server.url): Library {
    return new Library(url, version, { auth: { token: account.token }, ...options });
  }

  ask(event: string, data: unknown): Promise<Answer> {
    return this.socket.emitWithAck(event, data);
  }

  /** Joins, and waits for the history that this join brought. */
  async join(roomId: string): Promise<string[]> {
    const isHistory = ({ event }: { event: string }) => event === 'chat-room-history';
    const before = this.told.all.filter(isHistory).length;
    this.socket.emit('join-chat-room', roomId);
    const histories = await this.told.some(before + 1, 'history', isHistory);
    return (histories[before]?.data['messages'] as Line[]).map(({ content }) => content);
  }

  say(roomId: string, content: string): Promise<Answer> {
    return this.ask('send-chat-message', { roomId, content, type: 'text' });
  }

  contents(): string[] {
    return this.lines.all.map(({ content }) => content);
  }

  close(): void {
    this.socket.disconnect();
  }
}
