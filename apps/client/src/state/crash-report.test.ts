import { expect, it } from 'vitest';
import { crashReport } from './crash-report.ts';

it('says where our code failed and nothing that was being read', () => {
  const error = new TypeError('cannot read "meet at Harbour Street 4" of https://secret.example');
  error.stack = [
    `TypeError: ${error.message}`,
    '    at draw (https://secret.example/assets/start-abc.js:12:345)',
    '    at https://secret.example/assets/ChannelView-x.js:1:2',
    'render@http://10.0.0.4:8080/assets/start-abc.js:7:8',
  ].join('\n');
  const report = crashReport(error, '0.1.0');
  expect(report.split('\n')).toEqual([
    'skerry 0.1.0',
    'error: TypeError',
    '  draw start-abc.js:12:345',
    '  ? ChannelView-x.js:1:2',
    '  render start-abc.js:7:8',
  ]);
});

it('is short for what is no error', () => {
  expect(crashReport('thrown text with a secret', '1')).toBe('skerry 1\nerror: string');
});
