import { describeFlags, type FlagTable, readFlags } from '@skerry/server/command-line';
import type { Verb } from '../verb.ts';

const FLAGS = {
  data: { value: 'folder', help: "The stopped server's data", fallback: './data' },
  from: { value: 'file', help: 'SQLite database in which a person had one guild', fallback: null },
  'discord-api': {
    value: 'url',
    help: "Where Discord's REST interface is, which tokens of bots are shown to",
    fallback: 'https://discord.com/api/v10',
  },
} as const satisfies FlagTable;

export const importAssistantsVerb: Verb = {
  help: `skerry import-assistants --from <file> [flags]\n\n${describeFlags(FLAGS)}\n\nPeople are found by their user names. Once everything is copied and verified, the old columns are dropped from the file; keep a copy of it.`,
  async run(argv, { environment, stdout }) {
    const flags = readFlags(FLAGS, argv, environment);
    const { importAssistants } = await import('@skerry/server');
    const report = await importAssistants({
      data: flags.required('data'),
      from: flags.required('from'),
      now: Date.now(),
      discordApi: flags.required('discord-api'),
    });
    const { imported, known, withoutGuild, groups, websites, bots, botless, broken } = report;
    stdout.write(
      `Imported ${imported} assistants, ${groups} groups, ${websites} websites and ${bots} bots; ${known} were there already, ${withoutGuild} people had no guild.\n`,
    );
    for (const { id, why } of botless)
      stdout.write(`The bot of ${JSON.stringify(id)} is to be connected again, since ${why}.\n`);
    for (const { id, why } of broken) stdout.write(`Not imported: ${JSON.stringify(id)}, since ${why}.\n`);
    if (broken.length > 0) stdout.write('The old columns stay until these are mended and the import is run again.\n');
    return broken.length === 0 ? 0 : 1;
  },
};
