import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];
const PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/opt/google/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * The Chromium that browser journeys run in: what CHROMIUM names, else one on the path or in a usual place.
 * @param {NodeJS.ProcessEnv} [env]
 * @param {(file: string) => boolean} [isProgram]
 * @returns {string | undefined} undefined when there is none, or when CHROMIUM names something that cannot be run
 */
export function findChromium(env = process.env, isProgram = canRun) {
  const named = env['CHROMIUM'];
  if (named !== undefined && named !== '') return isProgram(named) ? named : undefined;
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const candidates = [...folders, ...PLACES].flatMap((place) => [
    ...NAMES.map((name) => path.join(place, name)),
    place,
  ]);
  return candidates.find(isProgram);
}

/** @param {string} file */
function canRun(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
