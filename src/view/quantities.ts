/** Sizes, times and dates as a person reads them. */
import type { NodeSeconds } from "../domain/ids.ts";

/** `0 s`, `41 s`, `2 m 05 s`, `3 h 07 m`; whole seconds, rounded down; a negative one (clocks that step) is `0 s`. */
export const duration = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number): string => String(value).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} m`;
};

/** Milliseconds from one event's time to another's; 0 when either is not a time. */
export const between = (from: string | undefined, to: string | undefined): number => {
  const ms = Date.parse(to ?? "") - Date.parse(from ?? "");
  return Number.isFinite(ms) ? ms : 0;
};

/** `14:03:21` of an event's time, which is UTC. */
export const clock = (at: string): string => at.slice(11, 19);

/** `2026-03-01 14:03:21 UTC` of an event's time. */
export const dateTime = (at: string): string => `${at.slice(0, 10)} ${clock(at)} UTC`;

/** Epoch seconds of a node as RFC 3339, UTC; null when no date has them. */
export const nodeTime = (seconds: NodeSeconds): string | null => {
  const date = new Date(seconds * 1000);
  return Number.isFinite(date.getTime()) ? date.toISOString().replace(".000Z", "Z") : null;
};
