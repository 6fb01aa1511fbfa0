import type { AccountId, ReportedAction } from '@skerry/protocol';
import { SkerryError } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Statements } from '../db/statements.ts';
import type { Tx } from '../log/tx.ts';
import { LogFixture } from '../testing/log-fixture.ts';
import { ASSISTANT_READS as reads, ASSISTANT_WRITES as writes } from './procedures.ts';

/** Two people who share two guilds, with the same things in each; every row says in its id whose it is. */
const GUILDS = { one: '200000000000000001', two: '200000000000000002' } as const;
type GuildName = keyof typeof GUILDS;
type Name = 'ann' | 'ben';
const NAMES = ['ann', 'ben'] as const;
const PLACES = NAMES.flatMap((name) => (['one', 'two'] as const).map((guild) => ({ name, guild })));

let fixture: LogFixture;
let accounts: Record<Name, AccountId>;
let admin: AccountId;

const TABLES: Readonly<Record<string, string>> = {
  discord_guilds: 'id',
  user_server_configs: 'id',
  server_websites: 'id',
  assistant_actions: 'id',
  assistant_days: "account_id || ' ' || server_id || ' ' || day",
  discord_bots: 'id',
  assistant_models: 'id',
  assistant_spending: "account_id || ' ' || day",
  chat_groups: 'id',
  chat_conversations: 'id',
  chat_messages: "conversation_id || ' ' || n",
  runners: 'id',
};

/** Every row by table and id, with the accounts by their names. */
function rows(): Map<string, string> {
  const all = new Map<string, string>();
  for (const [table, key] of Object.entries(TABLES))
    for (const row of fixture.db.all(`SELECT ${key} AS row_key, * FROM ${table}`)) {
      const named = (text: string) => NAMES.reduce((said, name) => said.replaceAll(accounts[name], name), text);
      all.set(named(`${table} ${String(row['row_key'])}`), named(JSON.stringify(row)));
    }
  return all;
}

/** What is another row afterwards: changed, gone (-) or new (+). */
function changed(act: (tx: Tx) => unknown): string[] {
  const before = rows();
  fixture.now += 1_000;
  fixture.do(act);
  const after = rows();
  return [
    ...[...before.keys()].filter((key) => !after.has(key)).map((key) => `- ${key}`),
    ...[...after.keys()].filter((key) => !before.has(key)).map((key) => `+ ${key}`),
    ...[...before].filter(([key, row]) => after.has(key) && after.get(key) !== row).map(([key]) => key),
  ].sort();
}

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'ok';
  } catch (error) {
    if (error instanceof SkerryError) return error.code;
    throw error;
  }
};

const of = (name: Name, guild: GuildName) => ({ account: accounts[name], serverId: guild });
const website = (name: Name, guild: GuildName, n = 1) => ({
  ...of(name, guild),
  websiteId: `${name}-${guild}-site${n}`,
});
const group = (name: Name, guild: GuildName, n = 1) => ({
  account: accounts[name],
  groupId: `${name}-${guild}-group${n}`,
});
const conversation = (name: Name, guild: GuildName, n = 1) => ({
  account: accounts[name],
  conversationId: `${name}-${guild}-group1-talk${n}`,
});
const page = (content: string) => ({ kind: 'read' as const, title: content, content, etag: null, lastModified: null });
const message = (text: string) => ({ role: 'person' as const, text, engine: null, stopped: false, sources: [] });
/** Messages seen, another number in each place. */
const RECEIVED = { ann: { one: 1, two: 20 }, ben: { one: 300, two: 4_000 } } as const;
const about = (name: Name, guild: GuildName, id: string) => ({
  id,
  accountId: accounts[name],
  guildId: GUILDS[guild],
  at: fixture.now,
});
const reported = (name: Name, guild: GuildName, id: string): ReportedAction => ({
  ...about(name, guild, id),
  kind: 'sent',
  channelId: GUILDS.one,
  channelName: 'general',
  messageId: null,
  text: id,
  context: [],
});
const botOf = (name: Name) => ({
  account: accounts[name],
  id: `${name}-bot`,
  botId: `of ${name}`,
  botName: name,
  applicationId: name,
  readsMessages: null,
  token: new Uint8Array([1]),
  connectedAt: 1,
});
const modelOf = (name: Name, model = name as string) => ({
  account: accounts[name],
  id: `${name}-model`,
  endpoint: 'https://m.example',
  model,
  apiKey: null,
  tokensPerDay: null,
});

beforeEach(async () => {
  fixture = await LogFixture.open();
  admin = fixture.person('admin').account;
  accounts = { ann: fixture.person().account, ben: fixture.person().account };
  const { now } = fixture;
  fixture.do((tx) => {
    for (const name of NAMES) {
      writes['assistants.connectBot'](tx, botOf(name));
      writes['assistants.setModel'](tx, modelOf(name));
      writes['assistants.spendTokens'](tx, { account: accounts[name], tokens: 5, now });
      writes['assistants.addRunner'](tx, {
        actor: admin,
        id: `runner-${name}`,
        label: name,
        publicKey: name,
        boxKey: name,
      });
    }
    for (const { name, guild } of PLACES) {
      const at = `${name}-${guild}`;
      const owned = of(name, guild);
      const account = accounts[name];
      const fresh = { id: `${at}-config`, freshServerId: guild };
      writes['assistants.addGuild'](tx, { account, guildId: GUILDS[guild], guildName: at, ...fresh });
      writes['assistants.updateGuild'](tx, { guild: owned, update: { information: `${at}-text`, botActive: true } });
      for (const n of [1, 2]) {
        const id = `${at}-site${n}`;
        writes['assistants.addWebsite'](tx, { guild: owned, id, url: `https://site${n}.example/`, now });
        const read = { of: { ...owned, websiteId: id }, outcome: page(`${id}-page`), now, dueAt: now + 9 };
        writes['assistants.keepWebsite'](tx, read);
        const groupId = `${at}-group${n}`;
        writes['assistants.addChatGroup'](tx, { account, id: groupId, serverId: guild, name: groupId });
        for (const talk of [1, 2]) {
          const id = `${groupId}-talk${talk}`;
          writes['assistants.addConversation'](tx, { group: { account, groupId }, id, title: id });
          writes['assistants.addChatMessage'](tx, { of: { account, conversationId: id }, ...message(`${id}-said`) });
        }
      }
      const seen = { ...about(name, guild, `${at}-seen`), kind: 'received' as const, count: RECEIVED[name][guild] };
      writes['assistants.takeReports'](tx, { actions: [reported(name, guild, `${at}-action`), seen], now });
    }
  });
});
afterEach(() => fixture[Symbol.dispose]());

describe('what one person does in one guild (T32, A-1)', () => {
  const day = () => new Date(fixture.now).toISOString().slice(0, 10);
  const CHANGES: readonly (readonly [string, (tx: Tx) => unknown, () => string[]])[] = [
    [
      'changing texts',
      (tx) => writes['assistants.updateGuild'](tx, { guild: of('ann', 'one'), update: { rules: 'x' } }),
      () => ['user_server_configs ann-one-config'],
    ],
    [
      'taking the guild away',
      (tx) => writes['assistants.removeGuild'](tx, of('ann', 'one')),
      () => [
        '- assistant_actions ann-one-action',
        `- assistant_days ann one ${day()}`,
        '- server_websites ann-one-site1',
        '- server_websites ann-one-site2',
        '- user_server_configs ann-one-config',
        ...[1, 2].flatMap((n) => [
          `chat_conversations ann-one-group${n}-talk1`,
          `chat_conversations ann-one-group${n}-talk2`,
        ]),
        'chat_groups ann-one-group1',
        'chat_groups ann-one-group2',
      ],
    ],
    [
      'adding a website',
      (tx) =>
        writes['assistants.addWebsite'](tx, { guild: of('ann', 'one'), id: 'new', url: 'https://n.example/', now: 1 }),
      () => ['+ server_websites new'],
    ],
    [
      'removing a website',
      (tx) => writes['assistants.removeWebsite'](tx, website('ann', 'one')),
      () => ['- server_websites ann-one-site1'],
    ],
    ...(
      [
        page('other'),
        { kind: 'unchanged' },
        { kind: 'failed', error: 'no', erase: false },
        { kind: 'failed', error: 'no', erase: true },
      ] as const
    ).map(
      (outcome) =>
        [
          `a website that is ${outcome.kind}`,
          (tx: Tx) => writes['assistants.keepWebsite'](tx, { of: website('ann', 'one'), outcome, now: 5, dueAt: 6 }),
          () => ['server_websites ann-one-site1'],
        ] as const,
    ),
    [
      'a bot of one’s own',
      (tx) => writes['assistants.connectBot'](tx, { ...botOf('ann'), id: 'new' }),
      () => ['+ discord_bots new', '- discord_bots ann-bot'],
    ],
    [
      'disconnecting',
      (tx) => writes['assistants.disconnectBot'](tx, { account: accounts.ann }),
      () => ['- discord_bots ann-bot'],
    ],
    [
      'another model',
      (tx) => writes['assistants.setModel'](tx, modelOf('ann', 'big')),
      () => ['assistant_models ann-model'],
    ],
    [
      'no model',
      (tx) => writes['assistants.removeModel'](tx, { account: accounts.ann }),
      () => ['- assistant_models ann-model'],
    ],
    [
      'tokens that were used',
      (tx) => writes['assistants.spendTokens'](tx, { account: accounts.ann, tokens: 1, now: tx.now }),
      () => [`assistant_spending ann ${day()}`],
    ],
    [
      'a group',
      (tx) => writes['assistants.addChatGroup'](tx, { account: accounts.ann, id: 'new', serverId: 'one', name: null }),
      () => ['+ chat_groups new'],
    ],
    [
      'moving a group to another guild',
      (tx) =>
        writes['assistants.updateChatGroup'](tx, {
          group: group('ann', 'one'),
          name: undefined,
          serverId: 'two',
          paneCount: undefined,
        }),
      () => [
        'chat_conversations ann-one-group1-talk1',
        'chat_conversations ann-one-group1-talk2',
        'chat_groups ann-one-group1',
      ],
    ],
    [
      'removing a group',
      (tx) => writes['assistants.removeChatGroup'](tx, group('ann', 'one')),
      () => [
        '- chat_conversations ann-one-group1-talk1',
        '- chat_conversations ann-one-group1-talk2',
        '- chat_groups ann-one-group1',
        '- chat_messages ann-one-group1-talk1 1',
        '- chat_messages ann-one-group1-talk2 1',
      ],
    ],
    [
      'a conversation',
      (tx) => writes['assistants.addConversation'](tx, { group: group('ann', 'one'), id: 'new', title: null }),
      () => ['+ chat_conversations new'],
    ],
    [
      'removing a conversation',
      (tx) => writes['assistants.removeConversation'](tx, conversation('ann', 'one')),
      () => ['- chat_conversations ann-one-group1-talk1', '- chat_messages ann-one-group1-talk1 1'],
    ],
    [
      'saying something',
      (tx) => writes['assistants.addChatMessage'](tx, { of: conversation('ann', 'one'), ...message('hi') }),
      () => [
        '+ chat_messages ann-one-group1-talk1 2',
        'chat_conversations ann-one-group1-talk1',
        'chat_groups ann-one-group1',
      ],
    ],
    [
      'what a runner reports',
      (tx) => writes['assistants.takeReports'](tx, { actions: [reported('ann', 'one', 'new')], now: tx.now }),
      () => ['+ assistant_actions new', `assistant_days ann one ${day()}`, 'user_server_configs ann-one-config'],
    ],
    [
      'a full log',
      (tx) => {
        const actions = Array.from({ length: 1_000 }, (_, n) => reported('ann', 'one', `more ${n}`));
        writes['assistants.takeReports'](tx, { actions, now: tx.now });
        // Only what is beyond the last thousand goes, and of this guild alone.
        tx.db.run("DELETE FROM assistant_actions WHERE id LIKE 'more %'");
      },
      () => [
        '- assistant_actions ann-one-action',
        `assistant_days ann one ${day()}`,
        'user_server_configs ann-one-config',
      ],
    ],
    [
      'a runner that goes',
      (tx) => writes['assistants.removeRunner'](tx, { actor: admin, id: 'runner-ann' }),
      () => ['- runners runner-ann'],
    ],
  ];

  it.each(CHANGES)('%s changes that and nothing else', (_what, act, expected) => {
    expect(changed(act)).toEqual(expected().sort());
  });

  it('a runner that signs in is the one it says', () => {
    const { now } = fixture;
    fixture.do((tx) => {
      for (const nonce of ['first', 'second'])
        tx.db.run('INSERT INTO challenges (nonce, expires_at) VALUES (?, ?)', nonce, now + 60_000);
    });
    const login = { publicKey: 'ben', nonce: 'first', expiry: now + 60_000, isGenuine: true, now };
    expect(changed((tx) => writes['assistants.runnerSignIn'](tx, login))).toEqual(['runners runner-ben']);
    expect(fixture.db.values('SELECT nonce FROM challenges')).toEqual(['second']);
    expect(fixture.do((tx) => writes['assistants.runnerSignIn'](tx, { ...login, nonce: 'second' }))).toEqual({
      id: 'runner-ben',
      boxKey: 'ben',
    });
  });
});

describe('another account’s ids (T32, S3.17)', () => {
  const tx = (act: (tx: Tx) => unknown) => () => fixture.do(act);
  const read = (act: (db: Statements) => unknown) => () => act(fixture.db);
  /** Ann with things that are Ben's, or her own in another guild. */
  const mixed = (as: 'ben' | 'ann'): Record<string, () => unknown> => {
    const guild = as === 'ann' ? 'two' : 'one';
    const site = { ...of('ann', 'one'), websiteId: `${as}-${guild}-site1` };
    return {
      removeWebsite: tx((t) => writes['assistants.removeWebsite'](t, site)),
      websiteSource: read((db) => reads['assistants.websiteSource'](db, site)),
    };
  };
  const foreign = (): Record<string, () => unknown> => {
    const account = accounts.ann;
    const theirs = { account, groupId: group('ben', 'one').groupId };
    const talk = { account, conversationId: conversation('ben', 'one').conversationId };
    const update = { group: theirs, name: 'x', serverId: undefined, paneCount: undefined };
    return {
      ...mixed('ben'),
      updateChatGroup: tx((t) => writes['assistants.updateChatGroup'](t, update)),
      removeChatGroup: tx((t) => writes['assistants.removeChatGroup'](t, theirs)),
      addConversation: tx((t) => writes['assistants.addConversation'](t, { group: theirs, id: 'new', title: null })),
      removeConversation: tx((t) => writes['assistants.removeConversation'](t, talk)),
      addChatMessage: tx((t) => writes['assistants.addChatMessage'](t, { of: talk, ...message('x') })),
      conversation: read((db) => reads['assistants.conversation'](db, talk)),
    };
  };
  /** A guild that only Ben has. */
  const absent = (): Record<string, () => unknown> => {
    const guild = { account: accounts.ann, serverId: 'three' };
    const site = { ...guild, websiteId: 'ben-three-site' };
    const group1 = group('ann', 'one');
    return {
      guild: read((db) => reads['assistants.guild'](db, guild)),
      updateGuild: tx((t) => writes['assistants.updateGuild'](t, { guild, update: { rules: 'x' } })),
      removeGuild: tx((t) => writes['assistants.removeGuild'](t, guild)),
      stats: read((db) => reads['assistants.stats'](db, { guild, days: 1, now: fixture.now })),
      actions: read((db) => reads['assistants.actions'](db, { guild, before: null, limit: 5 })),
      websites: read((db) => reads['assistants.websites'](db, guild)),
      addWebsite: tx((t) =>
        writes['assistants.addWebsite'](t, { guild, id: 'new', url: 'https://n.example/', now: 1 }),
      ),
      removeWebsite: tx((t) => writes['assistants.removeWebsite'](t, site)),
      websiteSource: read((db) => reads['assistants.websiteSource'](db, site)),
      knowledge: read((db) => reads['assistants.knowledge'](db, { guild })),
      byDiscord: read((db) =>
        reads['assistants.knowledge'](db, { account: accounts.ann, guildId: '200000000000000003' }),
      ),
      chatGroups: read((db) => reads['assistants.chatGroups'](db, guild)),
      addChatGroup: tx((t) => writes['assistants.addChatGroup'](t, { ...guild, id: 'new', name: null })),
      updateChatGroup: tx((t) =>
        writes['assistants.updateChatGroup'](t, { group: group1, name: 'x', serverId: 'three', paneCount: undefined }),
      ),
    };
  };

  it('are not found, whoever’s and wherever they are, and nothing changes', () => {
    const account = accounts.ben;
    fixture.do((t) => {
      const fresh = { id: 'ben-three-config', freshServerId: 'three' };
      writes['assistants.addGuild'](t, { account, guildId: '200000000000000003', guildName: 'ben-three', ...fresh });
      const guild = { account, serverId: 'three' };
      writes['assistants.addWebsite'](t, { guild, id: 'ben-three-site', url: 'https://site1.example/', now: 1 });
    });
    const before = rows();
    const tries = [...Object.entries(mixed('ann')), ...Object.entries(foreign()), ...Object.entries(absent())];
    expect(tries.map(([name, act]) => [name, codeOf(act)])).toEqual(tries.map(([name]) => [name, 'not_found']));
    const gone = { of: { ...of('ann', 'one'), websiteId: 'ben-one-site1' }, outcome: page('x'), now: 1, dueAt: 2 };
    expect(fixture.do((t) => writes['assistants.keepWebsite'](t, gone))).toBeNull();
    const elsewhere = { ...reported('ann', 'one', 'late'), guildId: '200000000000000003' };
    expect(fixture.do((t) => writes['assistants.takeReports'](t, { actions: [elsewhere], now: 1 }))).toMatchObject({
      dropped: 1,
    });
    expect(rows()).toEqual(before);
  });

  it('take no name that is taken: a bot is one account’s, a guild and a website are there once for one person (S3.9)', () => {
    const tries = {
      bot: tx((t) => writes['assistants.connectBot'](t, { ...botOf('ann'), botId: 'of ben' })),
      guild: tx((t) =>
        writes['assistants.addGuild'](t, {
          account: accounts.ann,
          guildId: GUILDS.one,
          guildName: 'x',
          id: 'new',
          freshServerId: 'new',
        }),
      ),
      website: tx((t) =>
        writes['assistants.addWebsite'](t, {
          guild: of('ann', 'one'),
          id: 'new',
          url: 'https://site1.example/',
          now: 1,
        }),
      ),
      runner: tx((t) =>
        writes['assistants.addRunner'](t, { actor: admin, id: 'new', label: 'x', publicKey: 'ben', boxKey: 'x' }),
      ),
    };
    const before = rows();
    for (const [name, act] of Object.entries(tries)) expect([name, codeOf(act)]).toEqual([name, 'already_exists']);
    expect(rows()).toEqual(before);
  });
});

describe('what one person reads of one guild (A-1)', () => {
  const marksIn = (told: unknown): string[] =>
    [...new Set(JSON.stringify(told).match(/\b(?:ann|ben)-(?:one|two)-[\w-]+/g))].sort();
  const READS = {
    guild: (db: Statements) => reads['assistants.guild'](db, of('ann', 'one')),
    websites: (db: Statements) => reads['assistants.websites'](db, of('ann', 'one')),
    actions: (db: Statements) => reads['assistants.actions'](db, { guild: of('ann', 'one'), before: null, limit: 9 }),
    knowledge: (db: Statements) => reads['assistants.knowledge'](db, { guild: of('ann', 'one') }),
    byDiscord: (db: Statements) => reads['assistants.knowledge'](db, { account: accounts.ann, guildId: GUILDS.one }),
    chatGroups: (db: Statements) => reads['assistants.chatGroups'](db, of('ann', 'one')),
    conversation: (db: Statements) => reads['assistants.conversation'](db, conversation('ann', 'one')),
    websiteSource: (db: Statements) => reads['assistants.websiteSource'](db, website('ann', 'one')),
  };
  const talks = [1, 2].flatMap((n) => [`ann-one-group${n}`, `ann-one-group${n}-talk1`, `ann-one-group${n}-talk2`]);
  const EXPECTED: Record<keyof typeof READS, string[]> = {
    guild: ['ann-one-config', 'ann-one-text'],
    websites: ['ann-one-site1', 'ann-one-site1-page', 'ann-one-site2', 'ann-one-site2-page'],
    actions: ['ann-one-action'],
    knowledge: ['ann-one-config', 'ann-one-site1-page', 'ann-one-site2-page', 'ann-one-text'],
    byDiscord: ['ann-one-config', 'ann-one-site1-page', 'ann-one-site2-page', 'ann-one-text'],
    chatGroups: talks,
    conversation: ['ann-one-group1', 'ann-one-group1-talk1', 'ann-one-group1-talk1-said'],
    websiteSource: ['ann-one-site1'],
  };

  it.each(Object.keys(READS) as (keyof typeof READS)[])('%s holds theirs, all of it, and nothing else', (name) => {
    expect(marksIn(READS[name](fixture.db))).toEqual([...EXPECTED[name]].sort());
  });

  it('lists hold all of one person’s, and figures count theirs alone (S3.2, S3.15, S3.23, S3.48)', () => {
    const { db, now } = fixture;
    const account = accounts.ann;
    expect(marksIn(reads['assistants.guilds'](db, { account })).filter((mark) => mark.endsWith('config'))).toEqual([
      'ann-one-config',
      'ann-two-config',
    ]);
    expect(reads['assistants.guilds'](db, { account }).map(({ websiteCount }) => websiteCount)).toEqual([2, 2]);
    const groups = reads['assistants.chatGroups'](db, { account, serverId: null });
    expect(groups.map(({ id }) => id).sort()).toEqual(
      ['one', 'two'].flatMap((guild) => [`ann-${guild}-group1`, `ann-${guild}-group2`]),
    );
    expect(reads['assistants.status'](db, { account })).toEqual({
      connected: true,
      serverCount: 2,
      activeServerCount: 2,
      totalMessagesSent: 2,
      totalMessagesReceived: 21,
    });
    const { days } = reads['assistants.stats'](db, { guild: of('ann', 'one'), days: 1, now });
    expect(days.map(({ sent, received }) => [sent, received])).toEqual([[1, 1]]);
    expect(reads['assistants.bot'](db, { account })?.id).toBe('ann-bot');
    expect(reads['assistants.model'](db, { account, now })).toMatchObject({ own: { id: 'ann-model' }, tokensToday: 5 });
    fixture.do((tx) => writes['assistants.disconnectBot'](tx, { account }));
    expect(reads['assistants.bot'](db, { account })).toBeNull();
    expect(reads['assistants.status'](db, { account }).connected).toBe(false);
    fixture.do((tx) => writes['assistants.removeModel'](tx, { account }));
    expect(reads['assistants.model'](db, { account, now })).toMatchObject({ own: null });
  });

  it('pages of the log stay in their guild', () => {
    const { db, now } = fixture;
    fixture.do((tx) => {
      for (const { name, guild } of PLACES)
        writes['assistants.takeReports'](tx, { actions: [reported(name, guild, `${name}-${guild}-later`)], now });
    });
    const first = reads['assistants.actions'](db, { guild: of('ann', 'one'), before: null, limit: 1 });
    expect(first.actions.map(({ id }) => id)).toEqual(['ann-one-later']);
    const second = reads['assistants.actions'](db, { guild: of('ann', 'one'), before: first.next, limit: 1 });
    expect([second.actions.map(({ id }) => id), second.next]).toEqual([['ann-one-action'], null]);
  });

  it('a runner is told each person’s guilds with each one’s texts and websites (S3.24)', () => {
    const { tokens } = reads['assistants.runnerConfig'](fixture.db, null);
    expect(
      tokens.map(({ id, servers }) => [
        id,
        servers.map(({ serverId, information, websites }) => [
          serverId,
          information,
          websites.map(({ title }) => title),
        ]),
      ]),
    ).toEqual(
      NAMES.map((name) => [
        `${name}-bot`,
        ['one', 'two'].map((guild) => {
          const at = `${name}-${guild}`;
          return [guild, `${at}-text`, [`${at}-site1-page`, `${at}-site2-page`]];
        }),
      ]),
    );
  });
});

describe('what goes with what (S3.10, S3.14)', () => {
  const left = (like: string) => [...rows().keys()].filter((key) => key.includes(like));

  it('an account takes everything of its own along, and nothing of anybody else', () => {
    const bens = left('ben');
    expect(left('ann').length).toBe(bens.length);
    fixture.do((tx) => {
      tx.db.run('DELETE FROM sessions WHERE account_id = ?', accounts.ann);
      tx.db.run('DELETE FROM accounts WHERE id = ?', accounts.ann);
    });
    expect(left('ann').filter((key) => !key.startsWith('runners'))).toEqual([]);
    expect(left('ben')).toEqual(bens);
  });

  it('a guild takes configurations, websites, figures and log along, and leaves groups and conversations without one', () => {
    fixture.do((tx) => tx.db.run("DELETE FROM discord_guilds WHERE id = 'one'"));
    const gone = ['user_server_configs', 'server_websites', 'assistant_actions', 'assistant_days'];
    for (const table of gone) {
      const kept = [...rows().keys()].filter((key) => key.startsWith(`${table} `));
      expect([table, kept.length > 0, kept.some((key) => /[- ]one\b/.test(key))]).toEqual([table, true, false]);
    }
    for (const table of ['chat_groups', 'chat_conversations']) {
      const of = (like: string) => fixture.db.values(`SELECT DISTINCT server_id FROM ${table} WHERE id LIKE ?`, like);
      expect([table, of('%-one-%'), of('%-two-%')]).toEqual([table, [null], ['two']]);
    }
    expect(fixture.db.value<number>('SELECT count(*) FROM chat_messages')).toBe(16);
  });

  it('a guild that nobody has any more is forgotten, one that somebody has stays', () => {
    const left = changed((tx) => writes['assistants.removeGuild'](tx, of('ann', 'two')));
    expect(left.some((key) => key.startsWith('- user_server_configs '))).toBe(true);
    expect(left.filter((key) => key.includes('discord_guilds'))).toEqual([]);
    const gone = changed((tx) => writes['assistants.removeGuild'](tx, of('ben', 'two')));
    expect(gone.filter((key) => key.includes('discord_guilds'))).toEqual(['- discord_guilds two']);
  });
});
