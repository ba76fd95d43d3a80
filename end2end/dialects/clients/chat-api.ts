// The Chat API's service, which owns a socket and its rule for coming back, and the component above it, which shows only
// what the server told: its own messages, too, are shown when their echo arrives.
import { WebSocket } from 'ws';
import { Heard } from '../../fixtures/heard';

export interface ChatMessage {
  id: string;
  chat_id: string;
  sender_id: string;
  content: string;
  message_type: string;
  parent_message_id: string | null;
  created_at: string;
  updated_at: string;
  sender: { id: string; username: string; email: string; is_active: boolean; created_at: string };
  read_by?: string[];
}

export interface Frame {
  type: string;
  message?: string;
  data: any;
}

type Handler = (frame: Frame) => void;

const MAX_ATTEMPTS = 5;

/** Where the service's socket goes: to a chat, or to what reaches a person. */
export type Door = { chat: string } | { person: string };

export class WebSocketService {
  readonly opens = new Heard<string>();
  readonly closes = new Heard<{ code: number; reason: string }>();
  /** Delays of the attempts to come back, in the order in which they were chosen. */
  readonly delays = new Heard<number>();
  /** The document's client has this, and never sets it. */
  userId: string | undefined;
  private socket: WebSocket | null = null;
  private readonly handlers = new Set<Handler>();
  private attempts = 0;
  private address = '';
  private retry: NodeJS.Timeout | undefined;

  constructor(private readonly url: string) {}

  connect(door: Door, token: string): void {
    const place = 'chat' in door ? `chat/${door.chat}` : door.person;
    this.open(`${this.url}/api/v1/ws/${place}?token=${token}`);
  }

  sendMessage(content: string, parentMessageId: string | null = null): void {
    if (this.socket?.readyState !== WebSocket.OPEN) throw new Error('WebSocket is not connected');
    this.send('send_message', { content, message_type: 'text', parent_message_id: parentMessageId });
  }

  sendDirectMessage(content: string, recipient_id: string, chat_id: string): void {
    this.send('direct_message', { content, message_type: 'text', recipient_id, chat_id });
  }

  sendTypingIndicator(isTyping: boolean): void {
    this.send('typing_indicator', { is_typing: isTyping, user_id: this.userId });
  }

  sendReadReceipt(messageId: string): void {
    this.send('read_receipt', { message_id: messageId, user_id: this.userId });
  }

  addMessageHandler(handler: Handler): void {
    this.handlers.add(handler);
  }

  removeMessageHandler(handler: Handler): void {
    this.handlers.delete(handler);
  }

  /** The document's rule: the close that this brings about makes the service come back. */
  disconnect(): void {
    this.socket?.close();
  }

  /** The tab is gone. */
  abandon(): void {
    this.attempts = MAX_ATTEMPTS;
    clearTimeout(this.retry);
    this.socket?.terminate();
  }

  /** Says something else. */
  send(type: string, data: object): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type, data }));
  }

  sendRaw(raw: string | Buffer): void {
    this.socket?.send(raw);
  }

  private open(address: string): void {
    this.address = address;
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      this.attempts = 0;
      this.opens.push(address);
    };
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data.toString());
      for (const handler of this.handlers) handler(frame);
    };
    // Both come when a connection cannot be made, and each is a reason to try again.
    socket.onerror = () => this.reconnect();
    socket.onclose = ({ code, reason }) => {
      this.closes.push({ code, reason });
      this.reconnect();
    };
  }

  private reconnect(): void {
    if (this.attempts >= MAX_ATTEMPTS) return;
    this.attempts += 1;
    const delay = Math.min(1000 * 2 ** this.attempts, 30_000);
    this.delays.push(delay);
    this.retry = setTimeout(() => this.open(this.address), delay);
  }
}

export class Chat {
  messages: ChatMessage[] = [];
  typingUsers = new Set<string>();
  readonly frames = new Heard<Frame>();
  readonly service: WebSocketService;
  private newMessage = '';
  private isTyping = false;
  private readonly handle: Handler;

  constructor(url: string, chatId: string, token: string) {
    this.service = new WebSocketService(url);
    this.handle = (frame) => this.take(frame);
    this.service.addMessageHandler(this.handle);
    this.service.connect({ chat: chatId }, token);
  }

  /** The first key of a message says that somebody types; nothing says it again. */
  type(text: string): void {
    this.newMessage = text;
    if (this.isTyping) return;
    this.isTyping = true;
    this.service.sendTypingIndicator(true);
  }

  /** Sends what was typed, if it is more than blanks. */
  submit(): void {
    if (!this.newMessage.trim()) return;
    this.service.sendMessage(this.newMessage);
    this.newMessage = '';
    this.isTyping = false;
    this.service.sendTypingIndicator(false);
  }

  say(text: string): void {
    this.type(text);
    this.submit();
  }

  contents(): string[] {
    return this.messages.map((message) => message.content);
  }

  readersOf(content: string): string[] {
    return this.messages.find((message) => message.content === content)?.read_by ?? [];
  }

  close(): void {
    this.service.removeMessageHandler(this.handle);
    this.service.abandon();
  }

  private take(frame: Frame): void {
    switch (frame.type) {
      case 'new_message':
        this.messages = [...this.messages, frame.data];
        this.service.sendReadReceipt(frame.data.id);
        break;
      case 'typing_indicator':
        if (frame.data.is_typing) this.typingUsers.add(frame.data.user_id);
        else this.typingUsers.delete(frame.data.user_id);
        break;
      case 'read_receipt':
        this.messages = this.messages.map((message) =>
          message.id === frame.data.message_id
            ? { ...message, read_by: [...(message.read_by ?? []), frame.data.user_id] }
            : message,
        );
        break;
    }
    // Last, so that who waits for a frame finds what it did.
    this.frames.push(frame);
  }
}
