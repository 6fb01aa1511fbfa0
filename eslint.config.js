import path from 'node:path';
import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './apps/client/svelte.config.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const TESTS = ['**/*.test.ts', '**/*.test.mjs', 'tests/**/*.ts', 'packages/core/src/testing/**/*.ts'];
const SVELTE = ['**/*.svelte', '**/*.svelte.ts'];

const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name, so that a thing has one name everywhere.',
};
const NO_WALL_CLOCK = {
  selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
  message: 'Take the time from the Clock that comes in.',
};

export default defineConfig(
  globalIgnores(['**/node_modules/', '**/dist/', '**/coverage/', '**/test-results/', 'data/', '.demo/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: {
        project: [
          'tsconfig.scripts.json',
          'packages/protocol/tsconfig.json',
          'packages/crypto/tsconfig.json',
          'packages/core/src/tsconfig.json',
          'packages/core/src/testing/tsconfig.json',
          'packages/core/src/adapters/tsconfig.*.json',
          'apps/server/tsconfig.json',
          'apps/cli/tsconfig.json',
          'apps/assistant-runner/tsconfig.json',
          'apps/client/tsconfig*.json',
          'tests/tsconfig.json',
          'bench/tsconfig.json',
          'oracles/tsconfig.json',
          '{packages,apps}/*/tsconfig.test.json',
          '{tests,bench}/tsconfig.test.json',
        ],
        tsconfigRootDir: here,
      },
    },
  },
  {
    files: SVELTE,
    languageOptions: {
      globals: globals.browser,
      parserOptions: { extraFileExtensions: ['.svelte'], parser: ts.parser, svelteConfig },
    },
  },

  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
      'max-params': 'off',
      '@typescript-eslint/max-params': ['error', { max: 3 }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // A default that calls unreachable(x) is the proof of exhaustiveness, not a way around it.
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Records of closures are taken apart freely; a method with #private fields that loses its object fails at once.
      '@typescript-eslint/unbound-method': 'off',
      // A Set or Map that nothing renders need not be a reactive one.
      'svelte/prefer-svelte-reactivity': 'off',
      // An interface may be met by a function that has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
    },
  },

  {
    name: 'components',
    files: ['**/*.svelte'],
    rules: {
      'prefer-const': 'off',
      'svelte/prefer-const': 'error',
      // A space between two pieces is written {' '}, and what follows the code in an ignore comment is its reason.
      'svelte/no-useless-mustaches': 'off',
      'svelte/no-unused-svelte-ignore': 'off',
      // Here an imported component is of type any; svelte-check knows its real type and checks it.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    name: 'packages and the server: only what comes in from outside',
    files: ['packages/*/src/**/*.ts', 'apps/server/src/**/*.ts', 'apps/client/src/**/*.{ts,svelte}'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^\\.{1,2}/(.*/)?index\\.(ts|js)$',
              message: 'Import the file itself; only other packages enter by index.',
            },
            { regex: '^\\.\\.?/?$', message: 'Import the file itself, not its folder.' },
          ],
        },
      ],
    },
  },
  {
    name: 'packages: time and chance come in through the Platform',
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/core/src/adapters/**', ...TESTS],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take the time from the Clock that comes in.' },
        { object: 'Math', property: 'random', message: 'Take chance from the Random that comes in.' },
      ],
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT, NO_WALL_CLOCK],
    },
  },
  {
    name: 'server: the environment is read in one file',
    files: ['apps/server/src/**/*.ts'],
    ignores: ['apps/server/src/config*.ts', 'apps/server/src/main.ts', ...TESTS],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Only config.ts reads the environment; take what you need from the config.',
        },
      ],
    },
  },
  {
    name: 'client: nothing a server sends becomes HTML',
    files: ['apps/client/src/**/*.{ts,svelte}'],
    rules: {
      'svelte/no-at-html-tags': 'error',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Render nodes; a server never gets to write HTML.' },
        { property: 'outerHTML', message: 'Render nodes; a server never gets to write HTML.' },
        { property: 'insertAdjacentHTML', message: 'Render nodes; a server never gets to write HTML.' },
      ],
    },
  },

  {
    name: 'programs that talk to a terminal',
    files: ['apps/cli/src/**/*.ts', 'bench/**/*.ts', 'scripts/**'],
    rules: { 'no-console': 'off' },
  },
  {
    name: 'scripts: plain JavaScript, checked by the compiler; a JSDoc cast is invisible here',
    files: ['scripts/**/*.mjs', '*.config.js'],
    rules: {
      'no-undef': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    name: 'tests read loose JSON and build rows of cases',
    files: TESTS,
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/max-params': 'off',
    },
  },
  {
    name: 'configurations that tools load by their default export',
    files: ['**/*.config.{js,ts}', '.dependency-cruiser.cjs', 'scripts/skip-all-runner.mjs'],
    languageOptions: { globals: globals.node },
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    name: 'plain scripts, outside of every TypeScript project',
    files: ['**/*.cjs', 'apps/client/public/**/*.js', 'apps/client/svelte.config.js'],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
  },
  {
    name: 'the classic script that runs before the modules, on whatever browser comes',
    files: ['apps/client/public/**/*.js'],
    rules: { 'object-shorthand': 'off', '@typescript-eslint/no-unused-vars': ['error', { caughtErrors: 'none' }] },
  },
);
