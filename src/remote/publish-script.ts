/** The script of `package publish`: lint, look, publish. docs/remote-protocol.md, "The publish script". */
import { type CleanerPackage, CONTENT_ATTRIBUTE } from "./payload/package.ts";
import { quote } from "./quote.ts";
import { ownScript } from "./script.ts";

export interface PublishInputs {
  /** Hex; new for every script. */
  readonly nonce: string;
  /** `0`, or `any` where the login user publishes. */
  readonly wantUid: "0" | "any";
  readonly packaged: CleanerPackage;
  /** `http://…`, `https://…`, `file:///…` or an absolute path. */
  readonly repository: string;
  /** Lint and look only. */
  readonly check: boolean;
  readonly hostTimeoutS: number;
}

/** Its answer: rows `lint`, then the fact `there` or `published` with the FMRI, or neither; or a refusal, or step 1 failed. */
export const publishScript = (inputs: PublishInputs): string => {
  const { publisher, name, version, fmri, manifest, files, content } = inputs.packaged;
  return ownScript({
    values: {
      N: inputs.nonce,
      WANT_UID: inputs.wantUid,
      PUBLISHER: publisher,
      PACKAGE: name,
      RELEASE: version,
      FMRI: fmri,
      ATTRIBUTE: CONTENT_ATTRIBUTE,
      CONTENT: content,
      REPOSITORY: inputs.repository,
      CHECK: inputs.check ? "1" : "0",
      HOST_TIMEOUT: String(inputs.hostTimeoutS),
    },
    file: "publish.sh",
    calls: [
      ["publish_begin", ...directoriesOf(files.map(({ path }) => `proto/${path}`)).map(quote)].join(" "),
      ...files.map(({ path, text }) => `publish_file ${quote(`proto/${path}`)} ${quote(text)}`),
      `publish_file ${quote(`${name}.p5m`)} ${quote(manifest)}`,
      "publish",
    ],
    onExit: "publish_exit",
  });
};

/** Every directory above these files, parents first. */
const directoriesOf = (paths: readonly string[]): readonly string[] => [
  ...new Set(
    paths.flatMap((path) => {
      const names = path.split("/").slice(0, -1);
      return names.map((_, at) => names.slice(0, at + 1).join("/"));
    }),
  ),
];
