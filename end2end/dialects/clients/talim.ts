// Talim's hook, rebuilt from its described interface: connection, rooms, and listeners that can be taken back.
import { io, type Socket } from 'socket.io-client';
import { Heard } from '../../fixtures/heard';

export type ConnectionStatus = 'disconnected' | 'connecting' | 'connected' | 'error';

export interface ChatMessage {
  _id: string;
  senderId: string;
  content: string;
  roomId: string;
  senderName: string;
  type: string;
  timestamp: string;
  readBy: string[];
}

export interface History {
  roomId: string;
  messages: ChatMessage[];
}

export interface Notification {
  id: string;
  title: string;
  message: string;
  type: string;
  timestamp: string;
}

export interface Outgoing {
  content: string;
  roomId: string;
  senderName: string;
  type: string;
}

/** What came of an event whose sender asked. */
export interface Answer {
  ok: boolean;
  _id?: string;
  seq?: number;
  code?: string;
  message?: string;
}

export class TalimSocket {
  connectionStatus: ConnectionStatus = 'disconnected';
  readonly statuses = new Heard<ConnectionStatus>();
  readonly connects = new Heard<{ recovered: boolean; id: string | undefined }>();
  readonly disconnects = new Heard<string>();
  readonly refusals = new Heard<Error>();
  readonly messages = new Heard<ChatMessage>();
  readonly histories = new Heard<History>();
  readonly notifications = new Heard<Notification>();
  readonly errors = new Heard<{ code: string; message: string }>();
  /** Every event with its name, as it came. */
  readonly told = new Heard<{ event: string; data: unknown }>();
  readonly socket: Socket;

  /** The document's hook passes the person's id in the query. Where the server asks for proof, a token comes along. */
  constructor(url: string, userId: string, token?: string) {
    this.socket = io(url, {
      autoConnect: false,
      forceNew: true,
      query: { userId },
      ...(token !== undefined && { auth: { token } }),
      reconnection: true,
    });
    this.socket.on('connect', () => {
      this.turn('connected');
      this.connects.push({ recovered: this.socket.recovered, id: this.socket.id });
    });
    this.socket.on('disconnect', (reason) => {
      this.turn('disconnected');
      this.disconnects.push(reason);
    });
    this.socket.on('connect_error', (error) => {
      this.turn('error');
      this.refusals.push(error);
    });
    this.socket.io.on('reconnect_attempt', () => this.turn('connecting'));
    this.socket.on('chat-message', (message) => this.messages.push(message));
    this.socket.on('chat-room-history', (history) => this.histories.push(history));
    this.socket.on('notification', (notification) => this.notifications.push(notification));
    this.socket.on('error', (error) => this.errors.push(error));
    this.socket.onAny((event, data) => this.told.push({ event, data }));
  }

  get isConnected(): boolean {
    return this.socket.connected;
  }

  connect(): this {
    this.turn('connecting');
    this.socket.connect();
    return this;
  }

  close(): void {
    this.socket.disconnect();
  }

  joinChatRoom(roomId: string): void {
    this.socket.emit('join-chat-room', roomId);
  }

  leaveChatRoom(roomId: string): void {
    this.socket.emit('leave-chat-room', roomId);
  }

  sendChatMessage(message: Outgoing): void {
    this.socket.emit('send-chat-message', message);
  }

  markMessageRead(messageId: string): void {
    this.socket.emit('mark-message-read', { messageId });
  }

  /** The answer is a function that takes the listener back. */
  onChatMessage(listener: (message: ChatMessage) => void): () => void {
    this.socket.on('chat-message', listener);
    return () => this.socket.off('chat-message', listener);
  }

  onNotification(listener: (notification: Notification) => void): () => void {
    this.socket.on('notification', listener);
    return () => this.socket.off('notification', listener);
  }

  /** Asks what came of an event. */
  ask(event: string, data: unknown): Promise<Answer> {
    return this.socket.emitWithAck(event, data);
  }

  /** Joins, and waits until the room's history is there. */
  async enter(roomId: string): Promise<History> {
    const before = this.histories.all.length;
    this.joinChatRoom(roomId);
    const histories = await this.histories.some(before + 1, 'history');
    return histories[before] as History;
  }

  contents(): string[] {
    return this.messages.all.map((message) => message.content);
  }

  private turn(status: ConnectionStatus): void {
    this.connectionStatus = status;
    this.statuses.push(status);
  }
}
