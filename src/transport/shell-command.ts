/** The one command a connection runs: a shell that reads the script, root where the host says so. */
import type { Become } from "../domain/host.ts";

const commands: Readonly<Record<Exclude<Become, "su">, string>> = {
  none: "/bin/sh -s",
  sudo: "sudo -n /bin/sh -s",
  pfexec: "pfexec /bin/sh -s",
};

/** `su` has none: it needs a terminal to ask on. */
export const shellCommand = (become: Become): string => commands[become === "su" ? "none" : become];
