/**
 * Who may import whom. ARCHITECTURE.md says it in words; here it is enforced.
 * Imports of types count like imports of values: a boundary is a boundary.
 */

/** A package is met as its folder when it is built, and by its name when it is not. */
const CORE = ['^packages/core/', '^@skerry/core'];
const CRYPTO = ['^packages/crypto/', '^@skerry/crypto'];
const SERVER = ['^apps/server/', '^@skerry/server'];
const CLIENT = ['^apps/client/', '^@skerry/client'];
const CLI = ['^apps/cli/', '^skerry-cli'];
const OUTER = ['^(tests|bench)/', '^@skerry/(tests|bench)'];

const TEST = '\\.test\\.(ts|mjs)$';

/** Folders of the server that carry every feature; all the others are features. */
const SERVER_LAYERS = 'db|http|log|operate|realtime|seed|snapshot|testing';

module.exports = {
  forbidden: [
    {
      name: 'protocol-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^packages/protocol/' },
      to: { path: [...CORE, ...CRYPTO, ...SERVER, ...CLIENT, ...CLI, ...OUTER] },
    },
    {
      name: 'core-imports-only-protocol-and-crypto',
      severity: 'error',
      from: { path: '^packages/core/' },
      to: { path: [...SERVER, ...CLIENT, ...CLI, ...OUTER] },
    },
    {
      name: 'core-meets-crypto-in-three-folders',
      comment:
        'They are loaded once a person has keys; whoever only chats never downloads them. A machine is an entry of its own.',
      severity: 'error',
      from: {
        path: '^packages/core/src/',
        pathNot: ['^packages/core/src/(identity|keys|sealed|machine|testing)/', TEST],
      },
      to: { path: CRYPTO },
    },
    {
      name: 'machine-is-an-entry-of-its-own',
      comment: "What a computer that runs agents does is no part of a person's client.",
      severity: 'error',
      from: { path: '^packages/', pathNot: ['^packages/core/src/machine/', TEST] },
      to: { path: '^packages/core/(src|dist)/machine/' },
    },
    {
      name: 'crypto-imports-only-protocol',
      severity: 'error',
      from: { path: '^packages/crypto/' },
      to: { path: [...CORE, ...SERVER, ...CLIENT, ...CLI, ...OUTER] },
    },
    {
      name: 'server-imports-only-protocol',
      comment: 'The server must not be able to read what people encrypt.',
      severity: 'error',
      from: { path: '^apps/server/' },
      to: { path: [...CORE, ...CRYPTO, ...CLIENT, ...CLI, ...OUTER] },
    },
    {
      name: 'client-imports-core-and-protocol',
      severity: 'error',
      from: { path: '^apps/client/' },
      to: { path: [...SERVER, ...CLI, ...OUTER] },
    },
    {
      name: 'cli-never-imports-the-client',
      severity: 'error',
      from: { path: '^apps/cli/' },
      to: { path: [...CLIENT, ...OUTER] },
    },
    {
      name: 'workspaces-meet-at-their-entry',
      comment: 'Another workspace is entered by its package name, never by a path into its sources.',
      severity: 'error',
      from: { path: '^((?:packages|apps)/[^/]+|tests|bench)/' },
      to: { path: '^(packages|apps)/[^/]+/(src/|[^/]+\\.ts$)', pathNot: '^$1/' },
    },
    {
      name: 'no-inner-barrels',
      comment: 'An index is the door for other packages; inside, import the file itself.',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: TEST },
      to: { path: ['^(packages|apps)/[^/]+/src/index\\.ts$', '^(packages|apps)/[^/]+/src/.+/index\\.ts$'] },
    },
    {
      name: 'core-stays-headless',
      comment: 'What core needs from a platform comes in through its interfaces; adapters are entered by name.',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: ['^packages/core/src/(adapters|testing)/', TEST] },
      to: { path: '^packages/core/src/(adapters|testing)/' },
    },
    {
      name: 'core-without-node',
      severity: 'error',
      from: { path: '^packages/(core|protocol|crypto)/src/', pathNot: ['/src/(adapters|testing)/', TEST] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'server-features-stay-apart',
      comment: 'A feature reaches another one only through the ServerContext.',
      severity: 'error',
      from: { path: '^apps/server/src/([^/]+)/', pathNot: [`^apps/server/src/(${SERVER_LAYERS})/`, TEST] },
      to: { path: '^apps/server/src/[^/]+/', pathNot: [`^apps/server/src/($1|${SERVER_LAYERS})/`] },
    },
    {
      name: 'client-features-stay-apart',
      comment: 'Views compose features; a feature knows no other one and no view.',
      severity: 'error',
      from: { path: '^apps/client/src/features/([^/]+)/', pathNot: TEST },
      to: { path: '^apps/client/src/(features|views)/', pathNot: '^apps/client/src/features/$1/' },
    },
    {
      name: 'ui-knows-no-feature',
      severity: 'error',
      from: { path: '^apps/client/src/ui/', pathNot: TEST },
      to: { path: ['^apps/client/src/(features|views|shell|state|platform)/', ...CORE] },
    },
    {
      name: 'tauri-in-one-file',
      severity: 'error',
      from: { pathNot: '^apps/client/src/platform/tauri\\.ts$' },
      to: { path: '^@tauri-apps|node_modules/@tauri-apps/' },
    },
    {
      name: 'no-cycles',
      comment: 'A component may render itself (a quote within a quote); that is recursion, not a cycle.',
      severity: 'error',
      from: { path: '^(.+)$' },
      to: { circular: true, pathNot: '^$1$' },
    },
    {
      name: 'no-unresolved-imports',
      comment: 'Virtual modules are made by the bundler; hast is a package of types alone.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: ['^virtual:', '^hast$'] },
    },
    {
      name: 'programs-use-no-development-packages',
      severity: 'error',
      from: { path: '^(packages|apps/(server|cli))/', pathNot: ['/src/testing/', TEST] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: '^(packages|apps|tests|bench)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'tests-are-imported-by-nobody',
      severity: 'error',
      from: {},
      to: { path: TEST },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^(packages|apps)/[^/]+/dist/'] },
    exclude: { path: ['^(tests|bench|apps/client)/dist/', '^apps/client/gallery/'] },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'svelte', 'browser', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.svelte', '.json'],
      mainFields: ['module', 'main'],
    },
    progress: { type: 'none' },
  },
};
