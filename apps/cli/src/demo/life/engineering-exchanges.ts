/** What changes from one exchange to the next. */
export type Words = {
  /** Four different people. */
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly d: string;
  readonly module: string;
  readonly other: string;
  readonly call: string;
  readonly thing: string;
  readonly pr: number;
  readonly small: number;
  readonly medium: number;
  readonly large: number;
};

/** Short exchanges of people who write software together, as scripts. */
export const EXCHANGES: readonly ((words: Words) => string)[] = [
  ({ a, b, module, pr, medium }) => `
    ${a}: #${pr} is ready for a look: ${module} no longer reads the whole file, ${medium} lines, most of them tests.
    +${(pr % 40) + 5} ${b}: Reading it now.
    +12 ${b} ^2: Two small things, otherwise good. The name of the helper says less than its body.
    ${a}: Fair. Renamed, and the second one was a real bug, thank you. {🙏 ${b}}
    ${b}: Approved. {🚀 ${a}}`,
  ({ a, b, c, module, call, thing }) => `
    ${a}: \`${call}\` in ${module} throws when the ${thing} list is empty. Was it always like that?
    ${b}: It used to return nothing. I changed it in spring, because nobody noticed the nothing.
    ${a}: Then the caller has to look first:
    | \`\`\`ts
    | const found = ${thing}s.length === 0 ? undefined : ${call}(${thing}s);
    | if (found === undefined) return { kind: 'empty' };
    | \`\`\`
    ${c} ^1: I like that the empty case has a name.
    ${b}: Same. {👍 ${a} ${c}}`,
  ({ a, b, module, small, large }) => `
    ${a}: Build of ${module} fails on the runner, not here.
    ${b}: Which step?
    ${a}: Tests. ${small} of ${large} fail, all of them about dates.
    ${b}: The runner is in UTC and you are not.
    ${a}: … yes. {😄 ${b}}`,
  ({ a, b, c, module, medium, large }) => `
    ${a}: Measured ${module} again: ${large} requests, p50 ${Math.ceil(medium / 3)} ms, p95 ${medium} ms.
    ${b}: And before?
    ${a} ^1: p95 was ${medium * 3} ms. Same machine, same data, three runs each.
    ${c}: Where did the time go?
    ${a}: Into sorting something that came sorted.
    ${c}: The best kind of speed. {⚡ ${a} ${b}}`,
  ({ a, b, thing, call }) => `
    ${a}: Question: do we count a ${thing} without a position as a ${thing}?
    ${b}: In the list yes, on the map no.
    ${a}: Then \`${call}\` is right and the comment above it is wrong. I will fix the comment. <~ Then \`${call}\` is wrong and the comment above it is right. I will fix the code.
    ${b}: Wait, the other way round?
    ${a}: I read it again and edited myself. {😅 ${b}}`,
  ({ a, b, c, other, pr }) => `
    ${a}: I am about to merge #${pr}. It touches ${other}, so anybody with something open there should rebase.
    ${b}: Give me ten minutes.
    +11 ${b}: Done, go.
    ${a}: Merged.
    ${c}: Green on main. {✅ ${a} ${b}}`,
  ({ a, b, module, call }) => `
    ${a}: Could somebody explain this line of ${module} to me?
    | \`\`\`ts
    | return ${call}(a, b) ?? ${call}(b, a);
    | \`\`\`
    ${b}: The first order is the usual one. The second catches stations whose pair was stored the other way round, before we sorted them.
    ${a} ^1: So after the migration it could go?
    ${b}: After the migration and one full import.
    ${a}: I will write that down next to it.`,
  ({ a, b, c, module, medium }) => `
    ${a}: Today: finish the retry logic of ${module}, then reviews.
    ${b}: Today: the importer. It stumbles over row ${medium * 31}.
    ${c}: Today: reading what the two of you wrote yesterday.`,
  ({ a, b, d, thing, large, small }) => `
    ${a}: The import found ${large} new ${thing}s and ${small} that are in the middle of a forest.
    ${b}: Latitude and longitude swapped?
    ${a}: For ${small - 1} of them. The last one really is in a forest.
    ${d}: A tide gauge in a forest?
    ${a}: It is a very old river. {🌲 ${b} ${d}}`,
  ({ a, b, module, other }) => `
    ${a}: ${module} imports ${other} and ${other} imports ${module}. The check is right to complain.
    ${b}: What do they need from each other?
    ${a}: One type.
    ${b}: Then the type wants a file of its own.
    ${a}: It has one now.`,
  ({ a, b, c, pr, call }) => `
    ${a}: @${b} you asked for the failing case of #${pr}, here it is:
    | \`\`\`ts
    | expect(${call}([])).toEqual([]);
    | expect(${call}([1])).toEqual([1]);
    | expect(${call}([2, 1])).toEqual([1, 2]); // gives [2, 1]
    | \`\`\`
    ${b}: Got it, thanks. It compares them as text.
    ${c}: 10 before 9, the classic.
    ${b} ^2: Fixed, and the case is in the tests now. {👍 ${a} ${c}}`,
  ({ a, b, c, module }) => `
    ${a}: Do we still need the old path in ${module}?
    ${b}: Two boats still use it.
    ${c}: One. The other one sank.
    ${a}: Oh!
    ${c}: At the pier. Everybody is fine, they bought a newer phone. {😮 ${a} ${b}}`,
  ({ a, b, module, large }) => `
    ${a}: Memory of ${module} grows by ${Math.ceil(large / 100)} MB a day.
    ${b}: A cache without an end?
    ${a}: A list of listeners. Each reconnect added one and none ever left.
    ${b}: Could the test hold it for an hour of fake time?
    ${a} ^1: It does now: 3,600 reconnects, one listener. {💪 ${b}}`,
  ({ a, b, c, thing, call }) => `
    ${a}: Opinions, please. \`${call}\` may give
    | 1. the nearest ${thing}, always
    | 2. the nearest within five miles, or nothing
    ${b}: 2. A wrong harbour is worse than none.
    ${c}: 2, and say how far it was.
    ${a}: 2 it is. {2️⃣ ${b} ${c}}`,
  ({ a, b, module, pr }) => `
    ${a}: Reverting #${pr}: ${module} answers twice when the network blinks.
    ${b}: Sorry! I will look at it.
    ${a}: No harm done, staging only.
    +45 ${b} ^2: Found it. The retry had a new id each time, so nobody could tell that it was a retry.
    ${a}: That one belongs on a wall.`,
  ({ a, b, c, other, medium }) => `
    ${a}: Who knows the units in ${other}? I see ${medium} and do not know of what.
    ${b}: Decimetres. Do not ask.
    ${c}: I ask.
    ${b}: The first file we ever imported was in decimetres.
    ${a}: I will put the unit into the name. {❤️ ${b} ${c}}`,
  ({ a, b, module, small }) => `
    ${a}: New version of the map library is out. Changes we care about: ${small}.
    ${b}: Changes we have to care about?
    ${a}: One: \`resize\` is gone. ${module} calls it twice.
    ${b}: I can take that, I put it there.`,
  ({ a, b, d, call, module }) => `
    ${a}: Pairing on ${module} at two, anybody?
    ${b}: Me.
    ${d}: I would listen.
    +190 ${a}: Result: \`${call}\` is forty lines shorter, and ${d} found the off-by-one while listening. {👏 ${b} ${d}}`,
  ({ a, b, module }) => `
    ${a}: Small query that I always forget, so here it is once and for all:
    | \`\`\`sql
    | SELECT station, max(height) - min(height) AS span
    | FROM readings
    | WHERE at > unixepoch('now', '-1 day')
    | GROUP BY station
    | ORDER BY span DESC
    | LIMIT 10;
    | \`\`\`
    ${b}: Into the notes of ${module} with it. {📌 ${a}}`,
  ({ a, b, c, thing, pr }) => `
    ${a}: Is #${pr} blocked on me or on you?
    ${b}: On nobody. I forgot to press the button.
    ${c}: Pressed it. The ${thing} says thank you.`,
  ({ a, b, module, medium }) => `
    ${a}: Flaky test in ${module}: fails once in ${medium} runs.
    ${b}: Does it wait for a time or for a thing?
    ${a}: For a time.
    ${b}: Then it should wait for the thing.
    +30 ${a} ^1: 500 runs without a failure. {🎯 ${b}}`,
  ({ a, b, c, call, other }) => `
    ${a}: I would like to move \`${call}\` out of ${other}. Any objections?
    ${b}: None, as long as the history stays readable.
    ${c}: One commit that moves, one that changes. Then I am happy.
    ${a}: Two commits. <~ Two comits. {🤝 ${b} ${c}}`,
];
