/** The race: user nova swaps the old cache, or the directory above it, for a link, over and over, while a purge runs. */
import { CANARY, cacheAt, image, usual } from "./situation.ts";

export interface Racer {
  readonly name: string;
  /** The old cache. */
  readonly cache: string;
  /** What is swapped: the cache or what lies above it. */
  readonly swapped: string;
  /** The most microseconds that it stays a directory, and a link. */
  readonly directoryUs: number;
  readonly linkUs: number;
}

export const RACERS = 50;
/** From links half of the time to links for moments: those come furthest. */
const times: readonly (readonly [directoryUs: number, linkUs: number])[] = [
  [4_000, 4_000],
  [10_000, 2_000],
  [50_000, 1_000],
  [300_000, 1_000],
  [100_000, 50_000],
];

export const racers: readonly Racer[] = Array.from({ length: RACERS }, (_, at) => {
  const above = at % 2 === 1;
  const [directoryUs, linkUs] = times[at % times.length] ?? [4_000, 4_000];
  return {
    name: `race-${String(at + 1).padStart(2, "0")}`,
    cache: above ? "/var/lib/nova/old/images" : "/var/lib/nova/images",
    swapped: above ? "/var/lib/nova/old" : "/var/lib/nova/images",
    directoryUs,
    linkUs,
  };
});

const images = [1, 2, 3, 4, 5, 6];

/** The cache's own files. */
export const ownFiles = ({ cache }: Racer): ReadonlySet<string> => new Set(images.map((n) => `${cache}/${image(n)}`));

/** Shell: a cache, and a directory of as many files with the same names where the link leads. */
export const arranged = ({
  cache,
}: Racer): string => `${usual}${cacheAt(cache, images)}${cacheAt(CANARY, images)}${cacheAt(`${CANARY}/images`, images)}
chown -R nova:nova /var/lib/nova
`;

/** Swaps by renaming until it is killed; says a line once it has begun. Perl, because a shell's mv takes milliseconds. */
export const swapper = ({ swapped, directoryUs, linkUs }: Racer): readonly string[] => [
  // The purge shall have the machine.
  ...["/usr/bin/nice", "-n", "19", "/usr/bin/perl", "-e"],
  `my ($at, $to, $stays, $leads) = @ARGV;
symlink($to, "$at.link") or die;
$| = 1;
for (my $n = 0; ; $n++) {
  rename($at, "$at.away") or die "away: $!";
  rename("$at.link", $at) or die "link: $!";
  print "swapping\\n" if $n == 0;
  select(undef, undef, undef, rand($leads) / 1e6);
  rename($at, "$at.link") or die "back: $!";
  rename("$at.away", $at) or die "home: $!";
  select(undef, undef, undef, rand($stays) / 1e6);
}`,
  swapped,
  CANARY,
  String(directoryUs),
  String(linkUs),
];

/** Shell: after the swapper's end everything has its own name again. */
export const settledPlaces = ({ swapped }: Racer): string =>
  `if [ -d ${swapped}.away ]; then rm -f ${swapped}; mv ${swapped}.away ${swapped}; fi; rm -f ${swapped}.link\n`;
