/** Cuts a stream of server-sent events into events, whatever pieces it comes in (WHATWG HTML §9.2.6). */
export class EventParser {
  private rest = "";
  private data: string[] = [];
  private id: string | null = null;

  constructor(private readonly onEvent: (data: string, id: string | null) => void) {}

  push(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.take(line.endsWith("\r") ? line.slice(0, -1) : line);
  }

  private take(line: string): void {
    if (line === "") {
      if (this.data.length > 0) this.onEvent(this.data.join("\n"), this.id);
      this.data = [];
      return;
    }
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    if (field === "id") this.id = value;
  }
}
