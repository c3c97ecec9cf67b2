import { Box, Text } from "ink";
import type { ReactNode } from "react";

/** One line of the terminal, painted and no wider than it. */
export interface Line {
  readonly id: number;
  readonly text: string;
}

/** Draws lines and decides nothing: what is on them comes from `frame`. */
export const Screen = ({ lines }: { readonly lines: readonly Line[] }): ReactNode => (
  <Box flexDirection="column">
    {lines.map(({ id, text }) => (
      <Text key={id} wrap="truncate">
        {text === "" ? " " : text}
      </Text>
    ))}
  </Box>
);
