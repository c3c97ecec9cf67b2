import type { Host } from "../domain/host.ts";
import type { Layer } from "../domain/layer.ts";
import type { Failure } from "../domain/outcome.ts";
import { type ReplyLine, ReplyReader } from "../remote/reply.ts";
import { ReplyStore } from "../remote/reply-store.ts";
import type { Transport } from "../transport/transport.ts";

/** Of what a node says besides our lines, this much is kept: enough for the sentence of an error. */
export const MAX_STDERR_CHARS = 4096;

/** How one script on one host went. */
export interface Conversation {
  readonly reply: ReplyStore;
  /** The script's first refusal, if any. */
  readonly refusal?: { readonly code: string; readonly text: string };
  /** The line broke before the exit status came. */
  readonly lost?: Failure;
  /** The line broke after the script was on its way: it may run although it never said so. */
  readonly scriptSent: boolean;
  readonly status: number | null;
  readonly stderr: string;
}

/** What the caller sees while the script runs. */
export interface Listener {
  readonly layer: (layer: Layer) => void;
  readonly line: (line: ReplyLine) => void;
  readonly stderr: (text: string) => void;
  /** Nothing more comes. */
  readonly ended: () => void;
}

/** Sends one script to one host and reads its answer to the end. Never throws for the host's trouble. */
export const converse = async (
  transport: Transport,
  host: Host,
  script: string,
  nonce: string,
  signal: AbortSignal,
  listener: Listener,
): Promise<Conversation> => {
  const reply = new ReplyStore();
  let refusal: Conversation["refusal"];
  let stderr = "";
  const reader = new ReplyReader(nonce, (line) => {
    reply.accept(line);
    if (line.kind === "refuse") refusal ??= { code: line.code, text: line.text };
    listener.line(line);
  });
  const ended = (status: number | null, lost?: Failure, scriptSent = false): Conversation => {
    reader.finish();
    listener.ended();
    return {
      reply,
      status,
      scriptSent,
      stderr: stderr.trim(),
      ...(refusal === undefined ? {} : { refusal }),
      ...(lost === undefined ? {} : { lost }),
    };
  };
  for await (const chunk of transport.run(host, script, signal)) {
    switch (chunk.kind) {
      case "layer":
        listener.layer(chunk.layer);
        break;
      case "stdout":
        reader.push(chunk.bytes);
        break;
      case "stderr": {
        const text = chunk.bytes.toString("utf8");
        stderr = `${stderr}${text}`.slice(0, MAX_STDERR_CHARS);
        listener.stderr(text);
        break;
      }
      case "exit":
        return ended(chunk.status);
      case "lost":
        return ended(null, chunk.failure, chunk.scriptSent === true);
    }
  }
  return ended(null, { code: "E_LOST", message: "the connection ended without an exit status" });
};
