import { fileURLToPath } from 'node:url';

const markdown = (file: string): string => fileURLToPath(new URL(`./src/ui/markdown/${file}`, import.meta.url));

/**
 * What the Markdown parser imports and does not need here. Together they would be 24 kB of the first load after gzip.
 * Tests run on the same stand-ins as the build.
 */
export const aliases: Record<string, string> = {
  entities: markdown('no-entities.ts'),
  'linkify-it': markdown('plain-links.ts'),
  mdurl: markdown('no-url-tools.ts'),
  'punycode.js': markdown('no-url-tools.ts'),
  'uc.micro': markdown('unicode-classes.ts'),
};
