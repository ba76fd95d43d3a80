// QuizMaster's component: one socket while it is mounted, typed frames, a buffer for what cannot be sent yet.
import { WebSocket } from 'ws';
import { Heard } from '../../fixtures/heard';

export interface Frame {
  type: string;
  message?: string;
  data?: Record<string, unknown>;
}

/** The person whom the document's development setup uses in place of a token. */
export const MOCK_USER_ID = 'f9b5645d-898b-4d58-b10a-a6b50a9d234b';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;

export class QuizMaster {
  connected = false;
  /** Every frame, as it came. */
  readonly frames = new Heard<Frame>();
  readonly closes = new Heard<{ code: number; reason: string }>();
  private socket: WebSocket | null = null;
  private readonly buffer: Frame[] = [];
  private attempts = 0;
  private isMounted = false;
  private retry: NodeJS.Timeout | undefined;

  /** Without a token it connects as the document's component does, which passes none. */
  constructor(
    private readonly url: string,
    private readonly token?: string,
  ) {}

  mount(): this {
    this.isMounted = true;
    this.connect();
    return this;
  }

  unmount(): void {
    this.isMounted = false;
    clearTimeout(this.retry);
    this.socket?.close();
  }

  close(): void {
    this.unmount();
  }

  /** What is said while there is no connection goes out once there is one. */
  sendMessage(frame: Frame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
    else this.buffer.push(frame);
  }

  /** Sends what is no frame. */
  sendRaw(text: string): void {
    this.socket?.send(text);
  }

  private connect(): void {
    const query = this.token === undefined ? '' : `?token=${encodeURIComponent(this.token)}`;
    const socket = new WebSocket(`${this.url}/ws/endpoint${query}`);
    this.socket = socket;
    socket.onopen = () => {
      this.connected = true;
      this.attempts = 0;
      for (const frame of this.buffer.splice(0)) this.sendMessage(frame);
    };
    // A close follows each error and is acted upon.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      this.connected = false;
      this.closes.push({ code, reason });
      if (!this.isMounted) return;
      const delay = Math.min(FIRST_DELAY_MS * 2 ** this.attempts, LONGEST_DELAY_MS);
      this.attempts += 1;
      this.retry = setTimeout(() => this.connect(), delay);
    };
    socket.onmessage = ({ data }) => this.frames.push(JSON.parse(data.toString()));
  }
}
