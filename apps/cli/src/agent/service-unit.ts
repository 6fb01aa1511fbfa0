import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '@skerry/server/command-line';
import { replaceFile } from '../machine/secret-store.ts';

/** How a system starts a program with its person's session. */
export type ServiceUnit = {
  /** Where the system looks for it. */
  readonly file: string;
  readonly text: string;
  /** What starts it from then on. */
  readonly command: string;
};

/**
 * The unit that keeps `skerry agent` running.
 * @throws StartError on systems that have nothing of the kind
 */
export function serviceUnit(
  argv: readonly string[],
  { platform, home }: { platform: NodeJS.Platform; home: string },
): ServiceUnit {
  switch (platform) {
    case 'linux':
      return {
        file: path.posix.join(home, '.config/systemd/user/skerry-agent.service'),
        text: systemdUnit(argv),
        command: 'systemctl --user daemon-reload && systemctl --user enable --now skerry-agent',
      };
    case 'darwin': {
      const file = path.posix.join(home, 'Library/LaunchAgents/skerry.agent.plist');
      return { file, text: launchdUnit(argv), command: `launchctl bootstrap gui/$(id -u) "${file}"` };
    }
    default:
      throw new StartError(
        'Skerry writes no service for this system. On Windows, let the Task Scheduler start "skerry agent" when you sign in.',
      );
  }
}

export function writeUnit({ file, text }: ServiceUnit): void {
  mkdirSync(path.dirname(file), { recursive: true });
  replaceFile(file, text);
}

function systemdUnit(argv: readonly string[]): string {
  return `[Unit]
Description=Skerry: runs your agents here, and relays them to your devices
After=network-online.target

[Service]
ExecStart=${argv.map(systemdWord).join(' ')}
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
`;
}

/** Neither a specifier nor a variable to systemd. */
function systemdWord(word: string): string {
  const plain = word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$');
  return `"${plain.replaceAll('\n', '\\n')}"`;
}

function launchdUnit(argv: readonly string[]): string {
  const words = argv.map((word) => `    <string>${xml(word)}</string>`).join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>skerry.agent</string>
  <key>ProgramArguments</key>
  <array>
${words}
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
</dict>
</plist>
`;
}

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
