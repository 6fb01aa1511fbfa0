import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CLOSE,
  LIMITS,
  ROUTES,
  SkerryError,
  mentionOf,
  type ChannelId,
  type Command,
  type Down,
  type DownOf,
  type ErrorCode,
  type MessageId,
  type RouteName,
  type SignedIn,
} from '@skerry/protocol';
import { call, callLoosely, newId, newNonce, proofHolds, RawSocket } from '../harness/raw-client.ts';

/** A server nobody has an account on yet, with open registration. */
export interface ContractSubject extends AsyncDisposable {
  readonly origin: string;
  readonly setupCode: string;
}

const password = 'correct horse battery';

/** What every server of this protocol does, the real one and the fixture that can lie. Cites the rules of SPEC.md. */
export function serverContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`${name} keeps the contract`, () => {
    let subject: ContractSubject;
    let origin: string;
    let owner: SignedIn;
    let member: SignedIn;
    let general: ChannelId;

    beforeAll(async () => {
      subject = await open();
      origin = subject.origin;
      owner = await register('olga', subject.setupCode);
      member = await register('mara', null);
      general = (await call(origin, 'snapshot', { token: owner.accessToken })).channels[0]!.channel.id;
    });
    afterAll(() => subject[Symbol.asyncDispose]());

    const register = (username: string, code: string | null): Promise<SignedIn> =>
      call(origin, 'register', { body: { username, password, displayName: username, device: 'contract', code } });
    const signIn = (username: string): Promise<SignedIn> =>
      call(origin, 'signIn', { body: { username, password, device: 'contract' } });
    const live = (who: SignedIn): Promise<RawSocket> => RawSocket.live(origin, who.accessToken);
    const send = async (
      who: SignedIn,
      text: string,
      more: { channel?: ChannelId; replyTo?: MessageId } = {},
    ): Promise<MessageId> => {
      const id = newId();
      const command: Command = {
        kind: 'message.send',
        channel: more.channel ?? general,
        text,
        replyTo: more.replyTo ?? null,
      };
      await call(origin, 'command', { token: who.accessToken, body: { id, command } });
      return id as string as MessageId;
    };
    const run = (who: SignedIn, command: Command, id = newId()) =>
      call(origin, 'command', { token: who.accessToken, body: { id, command } });

    describe('who it is', () => {
      it('S0.59, S0.61: says that it is here, and what it is, the same in both places', async () => {
        const health = await call(origin, 'health');
        const info = await call(origin, 'info');
        expect(health.serverId).toBe(info.serverId);
        expect(info.needsSetup).toBe(false);
        expect(info.registration).toBe('open');
        expect(info.words).toHaveLength(6);
      });

      it('P-13 proves its key over nonce, origin and id, by HTTP and by socket alike', async () => {
        const info = await call(origin, 'info');
        const asked = { nonce: newNonce(), origin };
        const proof = await call(origin, 'proof', { body: asked });
        expect(proof.key).toBe(info.key);
        expect(proofHolds(proof, asked)).toBe(true);
        expect(proofHolds(proof, { ...asked, origin: 'https://elsewhere.example' })).toBe(false);
        expect(proofHolds(proof, { ...asked, nonce: newNonce() })).toBe(false);
        using socket = await RawSocket.open(origin);
        expect((await socket.hello()).proof.key).toBe(info.key);
      });
    });

    describe('getting in', () => {
      it('refuses a wrong password and an unknown name with the same words', async () => {
        const wrong = await callLoosely(origin, 'signIn', {
          body: { username: 'olga', password: 'not that one', device: 'x' },
        });
        const unknown = await callLoosely(origin, 'signIn', {
          body: { username: 'nobody', password: 'not that one', device: 'x' },
        });
        expect(wrong.status).toBe(401);
        expect(unknown).toEqual(wrong);
      });

      it('refuses a name that is taken', async () => {
        await refused(register('mara', null), 'name_taken');
      });

      it('lets people in by invite alone, or not at all, as its owner wants', async () => {
        const about = { kind: 'server.update', name: 'Picky', description: '' } as const;
        const invite = { token: owner.accessToken, body: { expiresInMs: null, uses: 1 } };
        const { code } = await call(origin, 'createInvite', invite);
        const { code: revoked, id } = await call(origin, 'createInvite', invite);
        await call(origin, 'revokeInvite', { token: owner.accessToken, params: { inviteId: id } });
        await run(owner, { ...about, registration: 'invite' });
        await refused(register('late', null), 'invite_required');
        for (const wrong of [subject.setupCode, revoked, 'no-such-code'])
          await refused(register('late', wrong), 'code_invalid');
        expect((await register('invited', code)).account.role).toBe('member');
        await refused(register('later', code), 'code_invalid');
        await run(owner, { ...about, registration: 'closed' });
        await refused(register('latest', code), 'registration_closed');
        await run(owner, { ...about, registration: 'open' });
      });

      it('P-25 trades a refresh token for the same successor until that one is used, then ends the session', async () => {
        const first = (await signIn('mara')).refreshToken;
        const second = await call(origin, 'refresh', { body: { refreshToken: first } });
        const again = await call(origin, 'refresh', { body: { refreshToken: first } });
        expect(again.refreshToken).toBe(second.refreshToken);
        const third = await call(origin, 'refresh', { body: { refreshToken: second.refreshToken } });
        expect(third.refreshToken).not.toBe(second.refreshToken);
        await refused(call(origin, 'refresh', { body: { refreshToken: first } }), 'session_revoked');
        await refused(call(origin, 'refresh', { body: { refreshToken: third.refreshToken } }), 'session_revoked');
        await refused(call(origin, 'snapshot', { token: third.accessToken }), 'session_revoked', 'unauthorized');
      });

      it('ends a session by signing out, and its socket with 4401', async () => {
        const session = await signIn('mara');
        using socket = await live(session);
        await call(origin, 'signOut', { token: session.accessToken });
        expect((await socket.end()).code).toBe(CLOSE.auth);
        await refused(call(origin, 'snapshot', { token: session.accessToken }), 'session_revoked', 'unauthorized');
      });

      it('lists sessions and ends one of them alone', async () => {
        const kept = await signIn('mara');
        const gone = await signIn('mara');
        const { sessions } = await call(origin, 'sessions', { token: kept.accessToken });
        expect(sessions.find((one) => one.current)?.id).toBe(kept.sessionId);
        expect(sessions.map((one) => one.id)).toContain(gone.sessionId);
        await call(origin, 'revokeSession', { token: kept.accessToken, params: { sessionId: gone.sessionId } });
        await refused(call(origin, 'snapshot', { token: gone.accessToken }), 'session_revoked', 'unauthorized');
        await call(origin, 'snapshot', { token: kept.accessToken });
      });

      it('ends every other session when the password changes', async () => {
        const person = await register('paula', null);
        const other = await signIn('paula');
        await call(origin, 'changePassword', {
          token: person.accessToken,
          body: { current: password, next: 'another long password' },
        });
        await call(origin, 'snapshot', { token: person.accessToken });
        await refused(call(origin, 'snapshot', { token: other.accessToken }), 'session_revoked', 'unauthorized');
        await refused(signIn('paula'), 'credentials_wrong');
      });

      it('lets an admin make a link that sets a new password once', async () => {
        const person = await register('rosa', null);
        const { code } = await call(origin, 'resetLink', {
          token: owner.accessToken,
          params: { accountId: person.account.id },
        });
        expect(await call(origin, 'reset', { body: { code, password: 'a wholly new password' } })).toEqual({
          username: 'rosa',
        });
        await refused(call(origin, 'reset', { body: { code, password: 'a wholly new password' } }), 'code_invalid');
        await refused(call(origin, 'snapshot', { token: person.accessToken }), 'session_revoked', 'unauthorized');
      });

      it('makes, lists and ends invites, for admins only', async () => {
        const made = await call(origin, 'createInvite', {
          token: owner.accessToken,
          body: { expiresInMs: null, uses: 1 },
        });
        expect(made.code).not.toBeNull();
        const { invites } = await call(origin, 'invites', { token: owner.accessToken });
        expect(invites.find((one) => one.id === made.id)).toMatchObject({ code: null, usesLeft: 1 });
        await call(origin, 'revokeInvite', { token: owner.accessToken, params: { inviteId: made.id } });
        expect(
          (await call(origin, 'invites', { token: owner.accessToken })).invites.some((one) => one.id === made.id),
        ).toBe(false);
        await refused(
          call(origin, 'createInvite', { token: member.accessToken, body: { expiresInMs: null, uses: 1 } }),
          'forbidden',
        );
      });

      it('asks for a session on every route that needs one', async () => {
        const names = Object.values(ROUTES).flatMap(({ path }) =>
          [...path.matchAll(/:(\w+)/g)].map((match) => match[1]),
        );
        const params = Object.fromEntries(names.map((name) => [name, name === 'device' ? 1 : newId()]));
        for (const [route, { auth }] of Object.entries(ROUTES) as [RouteName, { auth: string }][]) {
          if (auth === 'none') continue;
          for (const token of [undefined, 'A'.repeat(43)]) {
            const { status } = await callLoosely(origin, route, { params, ...(token === undefined ? {} : { token }) });
            expect({ route, status }).toEqual({ route, status: 401 });
          }
        }
      });
    });

    describe('the socket', () => {
      it('P-19 answers in order: proof, welcome, reset new, presence in full', async () => {
        using socket = await live(member);
        expect(socket.frames.map((frame) => frame.t).filter((t) => t !== 'mark')).toEqual([
          'proof',
          'welcome',
          'reset',
          'presence',
        ]);
        expect(await socket.next('reset')).toMatchObject({ reason: 'new' });
        expect(await socket.next('welcome')).toMatchObject({ account: member.account.id, resumed: false });
        expect((await socket.next('presence')).full).toBe(true);
      });

      it('closes with 4401 for a token that is none', async () => {
        using socket = await RawSocket.open(origin);
        await socket.hello();
        socket.send({ t: 'auth', token: 'A'.repeat(43), resume: null });
        expect((await socket.end()).code).toBe(CLOSE.auth);
      });

      it('P-8 closes the older socket of a session with 4409 when a newer one comes', async () => {
        const session = await signIn('mara');
        using older = await live(session);
        using newer = await live(session);
        expect((await older.end()).code).toBe(CLOSE.replaced);
        newer.send({ t: 'ping', n: 1 });
        await newer.next('pong');
      });

      it('P-11 answers an unknown kind with bad_frame and stays open', async () => {
        using socket = await live(member);
        socket.send({ t: 'dance' });
        expect(await socket.next('fail')).toMatchObject({ id: null, error: { code: 'bad_frame' } });
        socket.send({ t: 'ping', n: 7 });
        expect(await socket.next('pong')).toMatchObject({ n: 7 });
      });

      it('P-9 closes with 4413 for a frame beyond 64 KiB, and with 4400 for a binary one', async () => {
        using large = await live(member);
        large.send(JSON.stringify({ t: 'ping', n: 1, pad: 'x'.repeat(LIMITS.frameUpBytes) }));
        expect((await large.end()).code).toBe(CLOSE.tooLarge);
        using binary = await live(member);
        binary.send(Buffer.from([1, 2, 3]));
        expect((await binary.end()).code).toBe(CLOSE.protocol);
      });

      it('says no without a common version', async () => {
        using socket = await RawSocket.open(origin);
        socket.send({ t: 'hello', v: { min: 9_000, max: 9_001 }, device: 'x', nonce: newNonce(), origin });
        expect(await socket.next('fail')).toMatchObject({ error: { code: 'incompatible' } });
      });

      it('tells presence and typing to others only', async () => {
        using other = await live(owner);
        const person = await register('tilda', null);
        using socket = await live(person);
        await other.find(
          (frame) =>
            frame.t === 'presence' &&
            !frame.full &&
            frame.accounts.some(([id, state]) => id === person.account.id && state === 'online'),
        );
        socket.send({ t: 'typing', channel: general });
        expect(await other.next('typing')).toMatchObject({ channel: general, account: person.account.id });
        socket.ws.close();
        await other.find(
          (frame) =>
            frame.t === 'presence' &&
            frame.accounts.some(([id, state]) => id === person.account.id && state === 'offline'),
        );
        expect(socket.frames.some((frame) => frame.t === 'typing')).toBe(false);
      });
    });

    describe('commands', () => {
      it('P-20 P-22 tells a message to everybody in the channel, then the mark', async () => {
        using mine = await live(owner);
        using theirs = await live(member);
        const id = newId();
        const result = await mine.command(
          { kind: 'message.send', channel: general, text: 'hello all', replyTo: null },
          id,
        );
        for (const socket of [mine, theirs]) {
          const event = await messageEvent(socket, id);
          expect(event).toMatchObject({
            seq: result.seq,
            n: result.n,
            message: { id, text: 'hello all', author: owner.account.id, n: result.n, rev: result.n },
          });
          await socket.find((frame) => frame.t === 'mark' && frame.seq >= result.seq);
        }
      });

      it('P-21 does one id once: the same answer for the same bytes, id_conflict for others', async () => {
        using socket = await live(member);
        const id = newId();
        const command: Command = { kind: 'message.send', channel: general, text: 'once', replyTo: null };
        const first = await socket.command(command, id);
        expect(await socket.command(command, id)).toEqual(first);
        expect(await run(member, command, id)).toEqual(first);
        await refused(socket.command({ ...command, text: 'twice' }, id), 'id_conflict');
        await refused(run(owner, command, id), 'id_conflict');
        const page = await call(origin, 'messages', { token: member.accessToken, params: { channelId: general } });
        expect(page.messages.filter((message) => message.id === (id as string))).toHaveLength(1);
      });

      it('records nothing of a refusal', async () => {
        const id = newId();
        await refused(
          run(member, { kind: 'message.send', channel: newId<ChannelId>(), text: 'x', replyTo: null }, id),
          'not_found',
        );
        expect(
          (await run(member, { kind: 'message.send', channel: general, text: 'now', replyTo: null }, id)).n,
        ).toBeGreaterThan(0);
      });

      it('edits and deletes; a higher rev each time, and only the shell is left', async () => {
        const id = await send(member, 'first');
        await run(member, { kind: 'message.edit', message: id, text: 'second' });
        const edited = await call(origin, 'message', { token: owner.accessToken, params: { messageId: id } });
        expect(edited).toMatchObject({ text: 'second', deleted: false });
        expect(edited.editedAt).not.toBeNull();
        expect(edited.rev).toBeGreaterThan(edited.n);
        await refused(run(owner, { kind: 'message.edit', message: id, text: 'not mine' }), 'forbidden');
        await run(owner, { kind: 'message.delete', message: id });
        const deleted = await call(origin, 'message', { token: member.accessToken, params: { messageId: id } });
        expect(deleted).toMatchObject({
          id,
          n: edited.n,
          author: member.account.id,
          text: '',
          deleted: true,
          reactions: [],
          mentions: [],
        });
        expect(deleted.rev).toBeGreaterThan(edited.rev);
      });

      it('keeps reactions as a set', async () => {
        const id = await send(member, 'react to me');
        const reacted = async () =>
          (await call(origin, 'message', { token: owner.accessToken, params: { messageId: id } })).reactions;
        await run(owner, { kind: 'reaction.set', message: id, emoji: '🎉', on: true });
        expect(await run(owner, { kind: 'reaction.set', message: id, emoji: '🎉', on: true })).toEqual({
          seq: 0,
          n: 0,
        });
        await run(member, { kind: 'reaction.set', message: id, emoji: '🎉', on: true });
        expect(await reacted()).toEqual([{ emoji: '🎉', accounts: [owner.account.id, member.account.id] }]);
        await run(owner, { kind: 'reaction.set', message: id, emoji: '🎉', on: false });
        await run(member, { kind: 'reaction.set', message: id, emoji: '🎉', on: false });
        expect(await reacted()).toEqual([]);
      });

      it('puts mentions and replies into the inbox of the others, and keeps its state', async () => {
        using socket = await live(owner);
        const asked = await send(owner, 'who knows?');
        const answer = await send(member, 'I do', { replyTo: asked });
        const mention = await send(member, `ask ${mentionOf(owner.account.id)} and ${mentionOf(member.account.id)}`);
        const items = async () => (await call(origin, 'snapshot', { token: owner.accessToken })).inbox;
        const inbox = await items();
        expect(inbox.find((item) => item.message.id === answer)).toMatchObject({ reason: 'reply', state: 'open' });
        expect(inbox.find((item) => item.message.id === mention)).toMatchObject({
          reason: 'mention',
          message: { mentions: [owner.account.id] },
        });
        const own = (await call(origin, 'snapshot', { token: member.accessToken })).inbox;
        expect(own.some((item) => item.message.id === mention)).toBe(false);
        await socket.find(
          (frame) =>
            frame.t === 'events' &&
            frame.stream === 'account' &&
            frame.events.some((event) => event.kind === 'inbox' && event.item.message.id === mention),
        );
        await run(owner, { kind: 'inbox.set', message: mention, state: 'later' });
        expect((await items()).find((item) => item.message.id === mention)?.state).toBe('later');
      });

      it('L-12 never moves a marker back or past the head', async () => {
        const state = async () =>
          (await call(origin, 'snapshot', { token: owner.accessToken })).channels.find(
            (one) => one.channel.id === general,
          )!;
        await send(member, 'unread one');
        await send(member, 'unread two');
        expect((await state()).unread).toBeGreaterThanOrEqual(2);
        await run(owner, { kind: 'marker.set', channel: general, n: Number.MAX_SAFE_INTEGER });
        const after = await state();
        expect(after).toMatchObject({ unread: 0, readN: after.head });
        expect(await run(owner, { kind: 'marker.set', channel: general, n: 1 })).toEqual({ seq: 0, n: 0 });
        expect((await state()).readN).toBe(after.readN);
      });

      it('refuses bad input with a code and changes nothing', async () => {
        const before = (await call(origin, 'snapshot', { token: member.accessToken })).asOf;
        const bad: unknown[] = [
          null,
          {},
          { id: newId(), command: { kind: 'message.send', channel: general, text: '', replyTo: null } },
          {
            id: newId(),
            command: {
              kind: 'message.send',
              channel: general,
              text: 'x'.repeat(LIMITS.messageText + 1),
              replyTo: null,
            },
          },
          { id: newId(), command: { kind: 'message.send', channel: general, text: 'x', replyTo: null, extra: 1 } },
          { id: 'not-an-id', command: { kind: 'channel.join', channel: general } },
          { id: newId(), command: { kind: 'marker.set', channel: general, n: -1 } },
          { id: newId(), command: { kind: 'marker.set', channel: general, n: 1e300 } },
          { id: newId(), command: { kind: 'no.such' } },
        ];
        for (const body of bad) {
          const answer = await callLoosely(origin, 'command', { token: member.accessToken, body });
          expect(answer).toMatchObject({ status: 400, body: { error: { code: 'bad_request' } } });
        }
        expect((await call(origin, 'snapshot', { token: member.accessToken })).asOf).toEqual(before);
      });
    });

    describe('channels', () => {
      it('hides a private channel from those outside, and tells members of joining and leaving', async () => {
        using socket = await live(member);
        const id = newId();
        const channel = id as string as ChannelId;
        await run(
          owner,
          { kind: 'channel.create', name: 'quiet', topic: '', visibility: 'private', history: 'joined' },
          id,
        );
        const early = await send(owner, 'before you came', { channel });
        await refused(run(member, { kind: 'channel.join', channel }), 'not_found');
        await refused(
          call(origin, 'messages', { token: member.accessToken, params: { channelId: channel } }),
          'not_found',
        );
        await run(owner, { kind: 'channel.add', channel, account: member.account.id });
        await accountEvent(socket, (event) => event.kind === 'joined' && event.state.channel.id === channel);
        const late = await send(owner, 'now you are here', { channel });
        await messageEvent(socket, late);
        // L-14: that something old has changed is told, what it says is not.
        await run(owner, { kind: 'reaction.set', message: early, emoji: '👍', on: true });
        const hidden = (frame: Down): boolean =>
          frame.t === 'events' && frame.stream === channel && frame.events.some((event) => event.kind === 'hidden');
        await socket.find(hidden);
        expect(JSON.stringify(socket.frames)).not.toContain('before you came');
        const page = await call(origin, 'messages', { token: member.accessToken, params: { channelId: channel } });
        expect(page.messages.map((message) => message.id)).toEqual([late]);
        await refused(
          call(origin, 'message', { token: member.accessToken, params: { messageId: early } }),
          'not_found',
        );
        const { accounts } = await call(origin, 'members', {
          token: member.accessToken,
          params: { channelId: channel },
        });
        expect([...accounts].sort()).toEqual([owner.account.id, member.account.id].sort());
        await run(member, { kind: 'channel.leave', channel });
        await accountEvent(socket, (event) => event.kind === 'left' && event.channel === channel);
        const after = await send(owner, 'you are gone', { channel });
        await send(owner, 'flush');
        await socket.find((frame) => frame.t === 'events' && frame.stream === general);
        expect(allMessages(socket)).not.toContain(after);
        await refused(
          call(origin, 'messages', { token: member.accessToken, params: { channelId: channel } }),
          'not_found',
        );
      });

      it('takes no changes in an archived channel, and still reads', async () => {
        const id = newId();
        const channel = id as string as ChannelId;
        await run(owner, { kind: 'channel.create', name: 'old', topic: '', visibility: 'public', history: 'all' }, id);
        const message = await send(owner, 'kept', { channel });
        await refused(run(member, { kind: 'channel.archive', channel, archived: true }), 'forbidden');
        await run(owner, { kind: 'channel.archive', channel, archived: true });
        await refused(send(owner, 'too late', { channel }), 'archived');
        await refused(run(owner, { kind: 'reaction.set', message, emoji: '👍', on: true }), 'archived');
        const page = await call(origin, 'messages', { token: owner.accessToken, params: { channelId: channel } });
        expect(page.messages.map((one) => one.text)).toEqual(['kept']);
      });

      it('pages both ways and around a number without gap or overlap', async () => {
        const id = newId();
        const channelId = id as string as ChannelId;
        await run(owner, { kind: 'channel.create', name: 'long', topic: '', visibility: 'public', history: 'all' }, id);
        for (let i = 0; i < 25; i++) await send(owner, `line ${i}`, { channel: channelId });
        const get = (query: Record<string, number>) =>
          call(origin, 'messages', { token: owner.accessToken, params: { channelId }, query: { ...query, limit: 10 } });
        const newest = await get({});
        expect(newest.messages.map((one) => one.text)).toEqual(Array.from({ length: 10 }, (_, i) => `line ${i + 15}`));
        expect(newest).toMatchObject({ older: true, newer: false });
        const older = await get({ before: newest.messages[0]!.n });
        const oldest = await get({ before: older.messages[0]!.n });
        expect([...oldest.messages, ...older.messages, ...newest.messages].map((one) => one.text)).toEqual(
          Array.from({ length: 25 }, (_, i) => `line ${i}`),
        );
        expect(oldest).toMatchObject({ older: false, newer: true });
        const after = await get({ after: oldest.messages[4]!.n });
        expect(after.messages).toEqual(older.messages);
        const around = await get({ around: older.messages[5]!.n });
        expect(around.messages.map((one) => one.n)).toContain(older.messages[5]!.n);
        expect(around).toMatchObject({ older: true, newer: true });
      });
    });

    describe('resuming', () => {
      it('L-3 replays what was missed, then the mark, and nothing else', async () => {
        using before = await live(member);
        const known = (await before.next('welcome')).head;
        before.ws.close();
        await before.end();
        const missed = [await send(owner, 'missed one'), await send(owner, 'missed two')];
        using again = await RawSocket.live(origin, member.accessToken, known);
        expect(await again.next('welcome')).toMatchObject({ resumed: true });
        expect(allMessages(again)).toEqual(missed);
        const mark = await again.next('mark');
        expect(mark.seq).toBe((await again.next('welcome')).head.seq);
        expect(again.frames.some((frame) => frame.t === 'reset')).toBe(false);
      });

      it('L-3 resets as diverged for another tag, or a place the log has not reached', async () => {
        using first = await live(member);
        const { seq, tag } = (await first.next('welcome')).head;
        for (const resume of [
          { seq, tag: 'another' },
          { seq: seq + 1_000_000, tag },
        ]) {
          using socket = await RawSocket.live(origin, member.accessToken, resume);
          expect(await socket.next('welcome')).toMatchObject({ resumed: false });
          expect(await socket.next('reset')).toMatchObject({ reason: 'diverged' });
        }
      });

      it('L-2 numbers each stream without a gap', async () => {
        using socket = await live(member);
        await Promise.all(Array.from({ length: 20 }, (_, i) => send(owner, `burst ${i}`)));
        await socket.find((frame) => frame.t === 'mark' && allMessages(socket).length >= 20);
        const numbers = new Map<string, number[]>();
        for (const frame of socket.frames)
          if (frame.t === 'events')
            numbers.set(frame.stream, [...(numbers.get(frame.stream) ?? []), ...frame.events.map((event) => event.n)]);
        for (const list of numbers.values()) expect(list).toEqual(list.map((_, i) => list[0]! + i));
      });
    });

    describe('people', () => {
      it('keeps the last owner, and lets roles rule only those below', async () => {
        await refused(run(owner, { kind: 'account.role', account: owner.account.id, role: 'member' }), 'last_owner');
        await refused(run(member, { kind: 'account.role', account: member.account.id, role: 'owner' }), 'forbidden');
        await refused(run(member, { kind: 'account.disable', account: owner.account.id, disabled: true }), 'forbidden');
        await refused(
          run(member, { kind: 'server.update', name: 'Mine', description: '', registration: 'open' }),
          'forbidden',
        );
      });

      it('ends everything of a disabled account', async () => {
        const person = await register('dora', null);
        using socket = await live(person);
        await run(owner, { kind: 'account.disable', account: person.account.id, disabled: true });
        expect((await socket.end()).code).toBe(CLOSE.auth);
        await refused(signIn('dora'), 'credentials_wrong', 'forbidden');
        const { accounts } = await call(origin, 'snapshot', { token: owner.accessToken });
        expect(accounts.find((one) => one.id === person.account.id)?.disabled).toBe(true);
      });

      it('tells everybody of a new name, of a person and of the server', async () => {
        using socket = await live(owner);
        await run(member, { kind: 'profile.update', displayName: 'Mara M.' });
        await socket.find(
          (frame) =>
            frame.t === 'events' &&
            frame.events.some((event) => event.kind === 'account' && event.account.displayName === 'Mara M.'),
        );
        await run(owner, { kind: 'server.update', name: 'Renamed', description: 'd', registration: 'open' });
        await socket.find(
          (frame) =>
            frame.t === 'events' &&
            frame.events.some((event) => event.kind === 'server' && event.server.name === 'Renamed'),
        );
        expect((await call(origin, 'health')).name).toBe('Renamed');
      });
    });
  });
}

type Events = DownOf<'events'>['events'];

async function messageEvent(socket: RawSocket, id: string): Promise<Events[number]> {
  const fits = (event: Events[number]): boolean => event.kind === 'message' && event.message.id === id;
  const frame = await socket.find((one): one is DownOf<'events'> => one.t === 'events' && one.events.some(fits));
  return frame.events.find(fits)!;
}

async function accountEvent(socket: RawSocket, fits: (event: Events[number]) => boolean): Promise<void> {
  await socket.find((frame) => frame.t === 'events' && frame.stream === 'account' && frame.events.some(fits));
}

function allMessages(socket: RawSocket): MessageId[] {
  return socket.frames
    .flatMap((frame) => (frame.t === 'events' ? frame.events : []))
    .flatMap((event) => (event.kind === 'message' ? [event.message.id] : []));
}

async function refused(attempt: Promise<unknown>, ...codes: ErrorCode[]): Promise<void> {
  const error: unknown = await attempt.then(
    () => new Error('it was not refused'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof SkerryError)) throw error;
  expect(codes).toContain(error.code);
}
