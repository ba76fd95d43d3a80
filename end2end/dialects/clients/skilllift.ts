// SkillLift's hook: one socket for a room, a queue for what cannot be sent yet, a list of who is there.
import { WebSocket } from 'ws';
import { Heard } from '../../fixtures/heard';

export interface ChatMessage {
  roomId: string;
  userId: string;
  userName: string;
  message: string;
  messageType: string;
  timestamp: string;
}

export interface Frame {
  type: string;
  message?: string;
  payload?: Record<string, unknown>;
}

/** What the hook's configuration sets. */
const CONFIG = { reconnectDelayMs: 100, longestDelayMs: 5_000, attempts: 10, pingEveryMs: 30_000 };

export class SkillLift {
  isConnected = false;
  messages: ChatMessage[] = [];
  /** Names of those who are there, by their identifiers. */
  readonly participants = new Map<string, string>();
  readonly frames = new Heard<Frame>();
  readonly closes = new Heard<{ code: number; reason: string }>();
  private socket: WebSocket | null = null;
  private readonly queue: string[] = [];
  private attempts = 0;
  private isWanted = true;
  private pings: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;

  /** Without a room it only connects. */
  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly roomId?: string,
  ) {
    this.connect();
  }

  sendChatMessage(message: string): void {
    this.send('chat_message', { roomId: this.roomId, message, messageType: 'text' });
  }

  joinRoom(roomId: string): void {
    this.send('join_room', { roomId });
  }

  leaveRoom(roomId = this.roomId): void {
    this.send('leave_room', { roomId });
  }

  updateSession(roomId: string, status: string, details: object = {}): void {
    this.send('live_session_update', { roomId, status, ...details });
  }

  ping(): void {
    this.send('ping', {});
  }

  /** Goes out now, or in order once there is a connection. */
  send(type: string, data: object): void {
    const frame = JSON.stringify({ type, data });
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(frame);
    else this.queue.push(frame);
  }

  sendRaw(raw: string | Buffer): void {
    this.socket?.send(raw);
  }

  /** Joined, and told of oneself. */
  here(userId: string): Promise<Frame> {
    return this.frames.first('own arrival', (it) => it.type === 'user_joined' && it.payload?.['userId'] === userId);
  }

  contents(): string[] {
    return this.messages.map((message) => message.message);
  }

  close(): void {
    this.isWanted = false;
    clearTimeout(this.retry);
    clearInterval(this.pings);
    this.socket?.terminate();
  }

  private connect(): void {
    const socket = new WebSocket(`${this.url}/?token=${this.token}`);
    this.socket = socket;
    socket.onopen = () => {
      this.isConnected = true;
      this.attempts = 0;
      this.participants.clear();
      if (this.roomId !== undefined) this.joinRoom(this.roomId);
      for (const frame of this.queue.splice(0)) socket.send(frame);
      this.pings = setInterval(() => this.ping(), CONFIG.pingEveryMs);
    };
    socket.onmessage = ({ data }) => this.take(JSON.parse(data.toString()));
    // A close follows each error and is acted upon.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      this.isConnected = false;
      clearInterval(this.pings);
      this.closes.push({ code, reason });
      if (!this.isWanted || this.attempts >= CONFIG.attempts) return;
      const delay = Math.min(CONFIG.reconnectDelayMs * 2 ** this.attempts, CONFIG.longestDelayMs);
      this.attempts += 1;
      this.retry = setTimeout(() => this.connect(), delay);
    };
  }

  private take(frame: Frame): void {
    const payload = frame.payload ?? {};
    switch (frame.type) {
      case 'chat_message':
        this.messages = [...this.messages, payload as unknown as ChatMessage];
        break;
      case 'user_joined':
        this.participants.set(String(payload['userId']), String(payload['userName']));
        break;
      case 'user_left':
        this.participants.delete(String(payload['userId']));
        break;
    }
    this.frames.push(frame);
  }
}
