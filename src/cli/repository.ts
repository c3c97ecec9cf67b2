/** The value of `--repo`: where a package repository is, as the host it is published through reaches it. */
import { err, ok, type Result } from "../domain/result.ts";

/** Longest name of a repository, characters; a path on Solaris has 1,024 at most. */
const MAX_CHARS = 1024;

/** Accepts `http://`, `https://` and `file:///` URIs and absolute paths; an error is what is wrong with the text. */
export const readRepository = (text: string): Result<string, string> => {
  if (text.length > MAX_CHARS) return err(`is longer than ${MAX_CHARS} characters`);
  // A path may hold anything a file's name may; what cannot be shown cannot be confirmed.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return err("has characters that cannot be seen");
  if (text.startsWith("/")) return ok(text);
  if (!/^(?:https?|file):\/\//.test(text)) return err("is neither a URI nor an absolute path");
  if (!/^[A-Za-z0-9._~:/[\]@!$&'()*+,;=%-]+$/.test(text)) return err("has characters that no URI of a repository has");
  return text.startsWith("file:") ? fileUri(text) : networkUri(text);
};

const fileUri = (text: string): Result<string, string> =>
  text.startsWith("file:///") ? ok(text) : err("names no file on that host: file:/// is followed by a path");

const networkUri = (text: string): Result<string, string> => {
  const url = URL.parse(text);
  if (url === null) return err("is no URI");
  // It stands in the journal, and in the host's list of processes.
  return url.username !== "" || url.password !== "" ? err("holds a user or a password, which would be seen") : ok(text);
};
