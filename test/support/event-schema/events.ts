/** The schema of every event; `npx vitest run --root test --project unit events -u` writes it to docs/events.schema.json. */

import type { PurgeKind, StepKind } from "../../../src/domain/change.ts";
import type {
  Asked,
  CommandName,
  EventBody,
  EventHead,
  EventType,
  Given,
  Publication,
  RecordedStream,
  RemovedFile,
} from "../../../src/domain/event.ts";
import type { Layer } from "../../../src/domain/layer.ts";
import type { Outcome, Phase } from "../../../src/domain/outcome.ts";
import type { CacheChoice, PurgeAsked } from "../../../src/domain/purge/asked.ts";
import type { Tally } from "../../../src/domain/tally.ts";
import { defineFacts, digest } from "./facts.ts";
import {
  type AnySchema,
  atLeast,
  count,
  Definitions,
  flag,
  formed,
  integer,
  type Json,
  list,
  literal,
  map,
  number,
  object,
  optional,
  type Schema,
  text,
  union,
  word,
} from "./kit.ts";
import { definePlan, freed, host, runId } from "./plan.ts";

type BodyOf<T extends EventType> = Extract<EventBody, { readonly type: T }>;

const outcome = word<Outcome>({
  "in-sync": true,
  changed: true,
  drifted: true,
  refused: true,
  failed: true,
  unreachable: true,
  unknown: true,
  skipped: true,
});

const phase = word<Phase>({
  queued: true,
  connecting: true,
  probing: true,
  running: true,
  planned: true,
  waiting: true,
  applying: true,
  verifying: true,
  settled: true,
});

const stepKind = word<StepKind>({
  "dataset.create": true,
  "dataset.quota": true,
  "dataset.set": true,
  "directory.own": true,
  "cleaner.install": true,
  "cleaner.package": true,
  "cleaner.uninstall": true,
  "cleaner.configure": true,
  "cleaner.enable": true,
  "cleaner.disable": true,
  "cleaner.remove": true,
  "cache.migrate": true,
  "conf.set": true,
  "conf.restore": true,
  "compute.restart": true,
  "legacy.remove": true,
  "cache.evict": true,
  "boot-environment.destroy": true,
  "idle-wait": true,
  "write-proof": true,
  restore: true,
});

const layer = word<Layer>({
  bastion: true,
  queue: true,
  resolve: true,
  tcp: true,
  banner: true,
  kex: true,
  auth: true,
  channel: true,
  shell: true,
  script: true,
});

const tally = object<Tally>({
  "in-sync": count,
  changed: count,
  drifted: count,
  refused: count,
  failed: count,
  unreachable: count,
  unknown: count,
  skipped: count,
});

const asked = union<Asked, "kind">("kind", {
  command: object<Extract<Asked, { kind: "command" }>>({ kind: literal("command"), text }),
  script: object<Extract<Asked, { kind: "script" }>>({ kind: literal("script"), file: text, bytes: count, digest }),
});

const publication = object<Publication>({ fmri: text, repository: text, digest });

const choice = union<CacheChoice, "kind">("kind", {
  policy: object<Extract<CacheChoice, { kind: "policy" }>>({ kind: literal("policy") }),
  "to-limit": object<Extract<CacheChoice, { kind: "to-limit" }>>({ kind: literal("to-limit") }),
  "older-than": object<Extract<CacheChoice, { kind: "older-than" }>>({ kind: literal("older-than"), seconds: count }),
  image: object<Extract<CacheChoice, { kind: "image" }>>({ kind: literal("image"), images: list(text) }),
  "all-unused": object<Extract<CacheChoice, { kind: "all-unused" }>>({ kind: literal("all-unused") }),
});

const purge = union<PurgeAsked, "subject">("subject", {
  legacy: object<Extract<PurgeAsked, { subject: "legacy" }>>({
    subject: literal("legacy"),
    includeForeign: list(text),
  }),
  cache: object<Extract<PurgeAsked, { subject: "cache" }>>({ subject: literal("cache"), choice }),
  "boot-environments": object<Extract<PurgeAsked, { subject: "boot-environments" }>>({
    subject: literal("boot-environments"),
    keep: count,
    olderThanS: count,
  }),
});

const stream = object<RecordedStream>({ bytes: count, digest, text: optional(text) });

type Bodies = { readonly [T in EventType]: readonly [says: string, body: Schema<BodyOf<T>>] };

const bodies = (definitions: Definitions): Bodies => {
  const facts = defineFacts(definitions);
  const { failure, refusal, drift, plan } = definePlan(definitions);
  return {
    "run.started": [
      "The first event of every run.",
      object<BodyOf<"run.started">>({
        type: literal("run.started"),
        command: word<CommandName>({
          rollout: true,
          rollback: true,
          purge: true,
          status: true,
          exec: true,
          package: true,
        }),
        check: flag,
        patterns: list(text),
        hosts: list(host),
        by: object<BodyOf<"run.started">["by"]>({ user: text, controller: text, pid: atLeast(1) }),
        version: text,
        limits: map(number, "deadlines and limits; the unit ends the name"),
        exec: optional(asked),
        publication: optional(publication),
        purge: optional(purge),
        rollback: optional(object<NonNullable<BodyOf<"run.started">["rollback"]>>({ run: runId })),
        given: optional(object<Given>({ words: list(text), inventories: list(text), directory: text })),
      }),
    ],
    "run.resumed": [
      "Another process goes on with a run whose own is gone.",
      object<BodyOf<"run.resumed">>({
        type: literal("run.resumed"),
        by: object<BodyOf<"run.resumed">["by"]>({ user: text, controller: text, pid: atLeast(1) }),
        version: text,
      }),
    ],
    "host.phase": [
      "A host goes on to another phase, or a slow connection to another layer.",
      object<BodyOf<"host.phase">>({
        type: literal("host.phase"),
        host,
        phase,
        layer: optional(layer),
        since: optional(text),
        script: optional(formed("^[0-9a-f]{8}$")),
      }),
    ],
    "host.facts": [
      "A probe's reply is complete.",
      object<BodyOf<"host.facts">>({ type: literal("host.facts"), host, facts }),
    ],
    "plan.made": [
      "The survey is over, and what is to be done is decided.",
      object<BodyOf<"plan.made">>({ type: literal("plan.made"), plan }),
    ],
    "plan.accepted": [
      "The plan was accepted; from here on hosts change.",
      object<BodyOf<"plan.accepted">>({
        type: literal("plan.accepted"),
        by: word<BodyOf<"plan.accepted">["by"]>({ typed: true, "--yes": true }),
        changing: count,
      }),
    ],
    "wave.opened": [
      "The hosts of a wave may start.",
      object<BodyOf<"wave.opened">>({
        type: literal("wave.opened"),
        wave: atLeast(1),
        of: atLeast(1),
        hosts: list(host),
      }),
    ],
    "gate.decided": [
      "Whether another host may start.",
      object<BodyOf<"gate.decided">>({
        type: literal("gate.decided"),
        open: flag,
        bad: count,
        maxBad: count,
        reason: text,
      }),
    ],
    "host.step": [
      "A step of the apply script starts or ends.",
      object<BodyOf<"host.step">>({
        type: literal("host.step"),
        host,
        step: count,
        of: atLeast(1),
        change: stepKind,
        state: word<BodyOf<"host.step">["state"]>({ start: true, ok: true, fail: true }),
        code: optional(text),
        message: optional(text),
      }),
    ],
    "host.line": [
      "A line of output of a script on a host.",
      object<BodyOf<"host.line">>({
        type: literal("host.line"),
        host,
        stream: word<BodyOf<"host.line">["stream"]>({ stdout: true, stderr: true }),
        text,
      }),
    ],
    "host.ran": [
      "How the operator's command went on a host.",
      object<BodyOf<"host.ran">>({
        type: literal("host.ran"),
        host,
        status: optional(count),
        signal: optional(text),
        partial: optional(literal(true)),
        stdout: stream,
        stderr: stream,
      }),
    ],
    "package.published": [
      "The repository has the package, from before or from now on.",
      object<BodyOf<"package.published">>({ type: literal("package.published"), host, fmri: text, before: flag }),
    ],
    "host.removed": [
      "Files are gone from a directory; as many events as it takes.",
      object<BodyOf<"host.removed">>({
        type: literal("host.removed"),
        host,
        directory: text,
        files: list(object<RemovedFile>({ name: text, bytes: count, at: integer })),
      }),
    ],
    "host.purged": [
      "A step of a purge took something out.",
      object<BodyOf<"host.purged">>({
        type: literal("host.purged"),
        host,
        change: word<PurgeKind>({ "legacy.remove": true, "cache.evict": true, "boot-environment.destroy": true }),
        target: text,
        files: count,
        bytes: count,
        announced: freed,
        freedBytes: optional(count),
      }),
    ],
    "host.settled": [
      "How a host ended; every selected host settles exactly once.",
      object<BodyOf<"host.settled">>({
        type: literal("host.settled"),
        host,
        outcome,
        failure: optional(failure),
        refusals: optional(list(refusal)),
        drift: optional(list(drift)),
        note: optional(text),
        tookMs: integer,
      }),
    ],
    "host.retried": [
      "A host that had gone bad is tried again: it has not settled any more.",
      object<BodyOf<"host.retried">>({ type: literal("host.retried"), host }),
    ],
    "lock.taken": [
      "A host's stale lock was taken over.",
      object<BodyOf<"lock.taken">>({ type: literal("lock.taken"), host, from: text }),
    ],
    "operator.acted": [
      "The operator did something to the run.",
      object<BodyOf<"operator.acted">>({
        type: literal("operator.acted"),
        action: word<BodyOf<"operator.acted">["action"]>({
          declined: true,
          stopped: true,
          cut: true,
          held: true,
          "went-on": true,
          skipped: true,
          retried: true,
          parallel: true,
        }),
        by: optional(text),
        parallel: optional(atLeast(1)),
      }),
    ],
    "run.settled": [
      "The last event of every run that ended.",
      object<BodyOf<"run.settled">>({ type: literal("run.settled"), tally, exit: count, reason: optional(text) }),
    ],
  };
};

const head = object<EventHead>({
  v: literal(1),
  run: runId,
  seq: atLeast(1),
  at: formed("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$"),
}).json as { readonly properties: Json; readonly required: readonly string[] };

/** Every event's fields stand in one object, so that it can be closed. */
const whole = (says: string, { json }: AnySchema): Json => ({
  ...json,
  description: says,
  properties: { ...head.properties, ...(json["properties"] as Json) },
  required: [...head.required, ...(json["required"] as readonly string[])],
});

/** The whole document. */
export const eventsSchema = (): Json => {
  const definitions = new Definitions();
  const events = Object.entries(bodies(definitions)).map(([type, [says, body]]) =>
    definitions.define(type, { json: whole(says, body) }),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "An event of a novasweep run",
    description: "One line of --output ndjson and of a journal. docs/reference/events.md says when each is written.",
    oneOf: events.map(({ json }) => json),
    $defs: definitions.all,
  };
};
