/** Most one script may send back, both streams together, bytes. A probe with a nova.conf of 1 MiB in it is below 3 MiB. */
export const MAX_REPLY_BYTES = 8 * 1024 ** 2;
