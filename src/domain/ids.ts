/** Plain names for the strings and numbers of the domain; the unit is in the name. */
export type HostName = string;
/** An absolute, normalised path on a node, made of `[A-Za-z0-9._/-]` when it is one of our settings. */
export type AbsPath = string;
/** A run's id, `YYYYMMDD-HHMMSS-xxxxxx` (UTC, six hex digits): sorts by time, safe in a file name. */
export type RunId = string;
/** Lower-case hex SHA-256. */
export type Digest = string;
export type Bytes = number;
export type Seconds = number;
/** Milliseconds since 1970 on the controller's clock. */
export type EpochMs = number;
/** Seconds since 1970 on the node's clock, never compared with the controller's. */
export type NodeSeconds = number;
