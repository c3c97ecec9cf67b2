/** The sentences for a host that did not become root. Pure. */
import type { Host } from "../domain/host.ts";
import type { Failure } from "../domain/outcome.ts";
import { dialled } from "./failures.ts";
import { printable } from "./server-hello.ts";

const becomeFailure = (message: string, hint: string): Failure => ({ code: "E_BECOME", message, try: hint });

const saying = (said: string): string => (said === "" ? "" : `: ${said}`);

/** The password was told and a shell did not come of it. Wrong, or right and no rule: those who ask do not tell these apart. */
export const rejectedFailure = ({ become, user }: Host, said: string): Failure =>
  becomeFailure(
    `${become} did not take the password, which was tried once${saying(said)}`,
    `run again with the right one; if it is, let ${user} run /bin/sh there (${become}): docs/how-to/become-root.md`,
  );

/** The way ended before anybody asked for the password. */
export const noShellFailure = ({ become, user }: Host, status: number | null, said: string): Failure =>
  becomeFailure(
    `${become} did not start the script: ${said === "" ? `exit status ${status ?? "none"}` : said}`,
    `let ${user} run /bin/sh as root (${become}), or choose another --become`,
  );

/** Not tried, because of another host's answer. The same sentence for all of them. */
export const heldFailure = (host: Host, wrongOn: string): Failure =>
  wrongOn === host.name
    ? becomeFailure("not tried again: the password was wrong here", "run again with the right one")
    : becomeFailure(
        `not tried here: the password was wrong on ${printable(wrongOn)}`,
        `run again with the right one; if only ${printable(wrongOn)} has another, leave it out: all:!${printable(wrongOn)}`,
      );

/** It asks, and there is nothing to answer. */
export const unaskedFailure = ({ become }: Host): Failure =>
  becomeFailure(`${become} asks for a password, and none was given`, "--ask-become-pass asks for it before the run");

/** It asked twice before it was answered: nobody's sudo or su does. Nothing was told. */
export const askedTwiceFailure = (host: Host): Failure =>
  becomeFailure(
    `${host.become} on ${dialled(host)} asked for the password twice without waiting; it was not told`,
    "look at the start-up files of the login user's shell there, and at what sudo or su is",
  );

/** More came than anybody says before a shell is there. */
export const talkativeFailure = (host: Host, maxBytes: number): Failure => ({
  code: "E_FLOOD",
  message: `${dialled(host)} sent more than ${maxBytes / 1024} KiB before ${host.become} had started a shell`,
  try: "see what the login shell's startup files print",
});
