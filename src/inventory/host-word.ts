import { type Complaint, err, ok, type Result } from "../domain/result.ts";
import { acceptedName, isHostName, splitPort } from "./address.ts";
import { MAX_HOSTS, type Variable } from "./model.ts";
import { expandRanges } from "./ranges.ts";
import { show } from "./show.ts";
import { bad, type Place } from "./statement.ts";

/** The names a host word stands for, ranges expanded, and what it says of them: `cn[01:20]:2222` sets the port. */
export const parseHostWord = (
  word: string,
  place: Place,
): Result<{ readonly names: readonly string[]; readonly variables: readonly Variable[] }, Complaint> => {
  const target = splitPort(word);
  if (!target.ok) return err(bad(place.where, target.error, "write name:port with a port of 1 to 65535"));
  const names = expandRanges(target.value.name, MAX_HOSTS);
  if (!names.ok)
    return err(
      bad(
        place.where,
        names.error,
        `a range is [01:20], [a:f] or [01:20:2]; an inventory holds at most ${MAX_HOSTS.toLocaleString("en")} hosts`,
      ),
    );
  const unfit = names.value.find((name) => !isHostName(name));
  if (unfit !== undefined)
    return err(bad(place.where, `${show(unfit)} cannot be the name of a host`, `accepted: ${acceptedName}`));
  const { port } = target.value;
  return ok({
    names: names.value,
    variables: port === undefined ? [] : [{ name: "ansible_port", value: port, ...place }],
  });
};
