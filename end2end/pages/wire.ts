// The wire between one page and the server, with scissors. `setOffline` leaves open sockets alone; this does not.
import type { BrowserContext, Page, WebSocketRoute } from '@playwright/test';

export class Wire {
  /** How many posts went through to the server. */
  posts = 0;
  private readonly open = new Set<WebSocketRoute>();
  private isCut = false;
  private isDeaf = false;
  private refusal: string | undefined;

  /** Everything that the target's pages open from now on goes through here. */
  static async on(target: Page | BrowserContext): Promise<Wire> {
    const wire = new Wire();
    await target.routeWebSocket(/\/api\/v1\/ws/, (socket) => wire.pass(socket));
    return wire;
  }

  /** Closes what is open, as a network does that goes away, and lets nothing new through. */
  async cut(): Promise<void> {
    this.isCut = true;
    const open = [...this.open];
    this.open.clear();
    await Promise.all(open.map((socket) => socket.close({ code: 1006 })));
  }

  /** Lets everything through again. */
  mend(): void {
    this.isCut = false;
    this.isDeaf = false;
    this.refusal = undefined;
  }

  /** What the page says still arrives, but it hears nothing more. */
  deafen(): void {
    this.isDeaf = true;
  }

  /** Answers posts in the server's place: refused, for this reason. */
  refusePosts(message: string): void {
    this.refusal = message;
  }

  /** Says something to every open page in the server's place. */
  tell(type: string, data: object): void {
    for (const socket of this.open) socket.send(JSON.stringify({ type, data }));
  }

  private pass(socket: WebSocketRoute): void {
    if (this.isCut) {
      void socket.close({ code: 1006 });
      return;
    }
    this.open.add(socket);
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      const frame = JSON.parse(text.toString());
      if (this.refusal !== undefined && frame.type === 'post') {
        socket.send(refused(frame.data, this.refusal));
      } else {
        if (frame.type === 'post') this.posts += 1;
        server.send(text);
      }
    });
    server.onMessage((text) => {
      if (!this.isDeaf) socket.send(text);
    });
    socket.onClose((code, reason) => {
      this.open.delete(socket);
      void server.close({ code, reason });
    });
    server.onClose((code, reason) => {
      this.open.delete(socket);
      void socket.close({ code, reason });
    });
  }
}

function refused(post: { room: string; draft: string }, message: string): string {
  return JSON.stringify({ type: 'error', message, data: { code: 'forbidden', room: post.room, draft: post.draft } });
}
