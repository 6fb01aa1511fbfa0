import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * WebKitGTK as Debian and its kin install it (`webkit2gtk-driver`, `xvfb`): the engine of webviews on Linux.
 * @returns {{ driver: string, browser: string, display: string } | undefined} undefined when a part is missing
 */
export function findWebkit() {
  const driver = '/usr/bin/WebKitWebDriver';
  const display = '/usr/bin/Xvfb';
  const browser = libraryFolders()
    .map((folder) => path.join(folder, 'MiniBrowser'))
    .find((file) => existsSync(file));
  return existsSync(driver) && existsSync(display) && browser !== undefined ? { driver, browser, display } : undefined;
}

/** @returns {string[]} */
function libraryFolders() {
  return ['/usr/lib', '/usr/lib64', '/usr/libexec']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => /linux-gnu|^webkit/.test(name))
        .flatMap((name) => {
          const inside = path.join(folder, name);
          if (name.startsWith('webkit')) return [inside];
          return readdirSync(inside)
            .filter((one) => one.startsWith('webkit'))
            .map((one) => path.join(inside, one));
        }),
    );
}
