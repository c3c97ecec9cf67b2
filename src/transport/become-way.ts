/** The one command that becomes root and starts the shell, for every way there is. Pure. */
import type { Become, Host } from "../domain/host.ts";

/** What is said on the way to root, before the script: each has a nonce, so nothing else can be taken for it. */
export interface Markers {
  /** A line before su asks; what comes before it is not looked at. Absent: sudo, whose prompt is a marker itself. */
  readonly start?: string;
  /** sudo's prompt. Absent: su's, which is its own. */
  readonly prompt?: string;
  /** A line: a shell runs as root and waits for the script. */
  readonly ready: string;
}

/** How one script gets its shell. */
export interface BecomeWay {
  readonly command: string;
  /** su reads a password from a terminal only. */
  readonly pty: boolean;
  /** Absent: nothing is asked, and the script may be sent at once. */
  readonly markers?: Markers;
}

const silent: Readonly<Record<Exclude<Become, "su">, string>> = {
  none: "/bin/sh -s",
  sudo: "sudo -n /bin/sh -s",
  pfexec: "pfexec /bin/sh -s",
};

/** Whose password is asked for: of these, one is right or wrong for all hosts alike. Undefined: no password can be asked for. */
export const accountOf = ({ become, user }: Pick<Host, "become" | "user">): string | undefined => {
  if (user === "root") return undefined;
  if (become === "sudo") return user;
  return become === "su" ? "root" : undefined;
};

/**
 * The way for a host. `nonce` is hex and new for each connection; `scriptBytes` is the length of what will be sent.
 * The commands are read by the login user's shell, whichever that is (csh and fish too): nothing in them is more than words
 * and quotes.
 */
export const becomeWay = (host: Host, hasPassword: boolean, nonce: string, scriptBytes: number): BecomeWay => {
  if (host.become === "su") return withSu(nonce, scriptBytes);
  if (host.become !== "sudo" || !hasPassword || accountOf(host) === undefined)
    return { command: silent[host.become], pty: false };
  return {
    // A shell that traces its commands shows this text: it has `%%` and `""` where the markers have `%` and nothing.
    // -k: what an earlier password opened does not count, nor does ours open anything for later.
    command: `sudo -k -S -p 'novasweep%%${nonce}' /bin/sh -c 'echo ready""-${nonce}; exec /bin/sh -s'`,
    pty: false,
    markers: { prompt: `novasweep%${nonce}`, ready: `ready-${nonce}\n` },
  };
};

/**
 * The terminal is raw and without echo before su asks, whatever the server made of the modes it was told. LC_ALL: the prompt
 * has to be recognised. On a terminal a script has no end, and a shell that reads one from there believes a person types it:
 * dd takes exactly the script, a byte a read, so the shell has a pipe that ends. In a trace the markers are not followed by a newline.
 */
const withSu = (nonce: string, scriptBytes: number): BecomeWay => {
  const shell = `echo ready-${nonce}; dd ibs=1 obs=8192 count=${scriptBytes} 2>/dev/null | /bin/sh -s`;
  const su = `exec su root -c "exec /bin/sh -c \\"${shell}\\""`;
  return {
    command: `/bin/sh -c 'stty raw -echo; LC_ALL=C; export LC_ALL; echo start-${nonce}; ${su}'`,
    pty: true,
    markers: { start: `start-${nonce}\n`, ready: `ready-${nonce}\n` },
  };
};
