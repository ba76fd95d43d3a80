// MockVerse: the service that owns the socket, the service that listens to analyses, and what a page shows of them.
import { io, type Socket } from 'socket.io-client';
import { Heard } from '../../fixtures/heard';

export const WEBSOCKET_EVENTS = {
  ANALYSIS_STARTED: 'analysis:started',
  ANALYSIS_PROGRESS: 'analysis:progress',
  ANALYSIS_COMPLETED: 'analysis:completed',
  ANALYSIS_FAILED: 'analysis:failed',
  INTERVIEW_UPDATED: 'interview:updated',
  INTERVIEW_DELETED: 'interview:deleted',
  REPORT_GENERATED: 'report:generated',
  REPORT_UPDATED: 'report:updated',
  SERVER_SHUTDOWN: 'server:shutdown',
  MAINTENANCE_MODE: 'maintenance:mode',
} as const;

export interface Told {
  event: string;
  data: Record<string, unknown>;
}

export class WebSocketService {
  isConnected = false;
  socket: Socket | null = null;
  /** Connections, in the order in which they came about: whether each was recovered, and under which identifier. */
  readonly connects = new Heard<{ recovered: boolean; id: string | undefined }>();
  readonly disconnects = new Heard<string>();
  readonly errors = new Heard<Error>();
  readonly welcomes = new Heard<Record<string, unknown>>();
  /** Every other event, as it came. */
  readonly told = new Heard<Told>();

  constructor(private readonly serverUrl: string) {}

  connect(token: string): this {
    const socket = io(this.serverUrl, {
      auth: { token },
      transports: ['websocket', 'polling'],
      reconnection: true,
      reconnectionAttempts: 5,
      reconnectionDelay: 1000,
      // Each service is a tab of its own; without this the library lets them share one connection.
      forceNew: true,
    });
    this.socket = socket;
    socket.on('connect', () => {
      this.isConnected = true;
      this.connects.push({ recovered: socket.recovered, id: socket.id });
    });
    socket.on('disconnect', (reason) => {
      this.isConnected = false;
      this.disconnects.push(reason);
    });
    socket.on('connect_error', (error) => this.errors.push(error));
    socket.on('connected', (data) => this.welcomes.push(data));
    socket.onAny((event, data) => {
      if (event !== 'connected') this.told.push({ event, data });
    });
    return this;
  }

  disconnect(): void {
    this.socket?.disconnect();
    this.socket = null;
    this.isConnected = false;
  }

  close(): void {
    this.disconnect();
  }
}

/** What a page shows of one interview. */
export interface InterviewState {
  status: string;
  message?: string;
  analysis?: { summary: string; analyzedAt: string; fileSize: number };
  error?: string;
  mayRetry?: boolean;
}

export class VideoAnalysisService {
  readonly interviews = new Map<string, InterviewState>();
  readonly toasts = new Heard<string>();

  constructor(service: WebSocketService) {
    const { socket } = service;
    if (!socket) throw new Error('connect first');
    socket.on(WEBSOCKET_EVENTS.ANALYSIS_STARTED, ({ interviewId, message, status }) => {
      this.interviews.set(interviewId, { status, message });
      this.toasts.push(`Video analysis started for interview ${interviewId}`);
    });
    socket.on(WEBSOCKET_EVENTS.ANALYSIS_COMPLETED, ({ interviewId, analysis, status }) => {
      this.interviews.set(interviewId, { status, analysis });
      this.toasts.push('Video analysis completed! Check your interview report.');
    });
    socket.on(WEBSOCKET_EVENTS.ANALYSIS_FAILED, ({ interviewId, error, retryable, status }) => {
      this.interviews.set(interviewId, { status, error, mayRetry: retryable });
      this.toasts.push(`Analysis failed: ${error}`);
    });
  }
}

/** The test page, as somebody writes it who has a browser and a token: default transports, a line for each event. */
export function testPage(script: string, server: string, token: string): string {
  return `<!doctype html>
<title>WebSocket Test Client</title>
<script src="${script}"></script>
<div id="messages"></div>
<script>
  const say = (line) => { document.getElementById('messages').innerHTML += '<p>' + line + '</p>'; };
  const socket = io(${JSON.stringify(server)}, { auth: { token: ${JSON.stringify(token)} } });
  socket.on('connect', () => say('✅ Connected'));
  socket.on('analysis:started', (data) => say('📹 Analysis started for ' + data.interviewId));
  socket.on('analysis:completed', (data) => say('✅ Analysis completed for ' + data.interviewId));
  socket.on('analysis:failed', (data) => say('❌ Analysis failed for ' + data.interviewId + ': ' + data.error));
</script>`;
}
