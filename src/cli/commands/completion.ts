/** `novasweep completion SHELL`: the script that teaches a shell to complete novasweep. */
import { readFileSync } from "node:fs";
import type { Io } from "../io.ts";
import type { CompletionRequest } from "../request.ts";

/** Prints the script on stdout. */
export const completionCommand = ({ shell }: CompletionRequest, io: Pick<Io, "stdout">): number => {
  io.stdout.write(readFileSync(new URL(`../completion/novasweep.${shell}`, import.meta.url), "utf8"));
  return 0;
};
