/** The script of a rollback: the apply script's transaction around the changes that undo a run. docs/remote-protocol.md, "The rollback script". */
import { mayBreakCompute } from "../domain/change.ts";
import { type ApplyInputs, applyOnly, step, transactionScript } from "./script.ts";

/** Puts back what was planned, and looks again. Only where nova-compute is restarted the node has to be idle. */
export const rollbackScript = (inputs: ApplyInputs): string => {
  const steps = inputs.changes.map((change, at) => step(change, inputs.numbers[at]));
  const risky = inputs.changes.findIndex(mayBreakCompute);
  const calls = risky < 0 ? steps : ["idle_check", ...steps.toSpliced(risky, 0, ...(risky > 0 ? ["idle_check"] : []))];
  return transactionScript(inputs, calls, { values: applyOnly(inputs), files: ["rollback.sh"] });
};
