import { Dice } from './dice.ts';
import { engineeringTalk } from './engineering-talk.ts';
import { Life } from './life.ts';
import { clockOf, type Place } from './place.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const TEAM = ['ada', 'ben', 'lena', 'kofi', 'sara', 'milan', 'ines', 'oskar', 'wei'];

/** A small team that makes an open map of the tides. Ada, Ben and a Lena are here too: other accounts, another Lena. */
export const LIGHTHOUSE: Place = {
  name: 'Lighthouse',
  description: 'The team behind the open tide map. Builds, releases, and the people who sail by it.',

  life(now) {
    const began = now - 120 * DAY;
    const life = new Life({ dice: new Dice(4402), now, began, firstChannel: 'general' });
    const at = clockOf(now);
    life.person('ben', 'Ben Okafor', 'owner');
    life.person('ines', 'Inês Duarte', 'admin');
    life.person('ada', 'Ada Lind', 'moderator');
    life.person('lena', 'Lena Brandt');
    life.person('kofi', 'Kofi Mensah');
    life.person('sara', 'Sara Lindqvist');
    life.person('milan', 'Milan Petrov');
    life.person('oskar', 'Oskar Nowak');
    life.person('wei', 'Wei Zhang');

    life.topic('general', 'Announcements and good mornings', { by: 'ben', at: began + 30 * MINUTE });
    life.channel({
      name: 'engineering',
      topic: 'Code, reviews, builds',
      by: 'ben',
      members: TEAM,
      at: began + 40 * MINUTE,
    });
    life.channel({
      name: 'releases',
      topic: 'What goes out, and when',
      by: 'ines',
      members: ['ada', 'ben', 'sara', 'milan', 'wei'],
      at: began + DAY,
    });
    life.channel({
      name: 'design',
      topic: 'The map, its colours, its letters',
      by: 'sara',
      members: ['ada', 'ines', 'oskar', 'lena'],
      at: began + 2 * DAY,
    });
    life.channel({
      name: 'support',
      topic: 'What sailors write to us',
      by: 'kofi',
      members: TEAM,
      at: began + 2 * DAY,
    });
    life.channel({
      name: 'reading',
      topic: 'Papers and long articles',
      by: 'wei',
      members: ['milan', 'oskar'],
      at: began + 6 * DAY,
    });
    life.channel({
      name: 'on-call',
      topic: 'Whoever holds the pager',
      by: 'ben',
      members: ['ada', 'kofi', 'milan'],
      at: began + 3 * DAY,
      isPrivate: true,
    });
    life.channel({
      name: 'budget',
      topic: 'Money and grants',
      by: 'ben',
      members: ['ines', 'ada'],
      at: began + 4 * DAY,
      isPrivate: true,
    });

    engineeringTalk({ life, dice: new Dice(99), from: began + 5 * DAY, until: now - 8 * 60 * MINUTE, least: 3_100 });

    life.talk('general', at(5, 9, 2), GENERAL_MONDAY);
    life.talk('support', at(5, 14, 20), SUPPORT_SPRING);
    life.talk('design', at(4, 11, 0), DESIGN_DEPTH);
    life.talk('releases', at(4, 16, 30), RELEASE_PLAN);
    life.talk('on-call', at(3, 6, 12), ON_CALL);
    life.talk('budget', at(3, 15, 0), BUDGET);
    life.talk('reading', at(2, 13, 15), READING);
    life.talk('support', at(2, 10, 40), SUPPORT_NAMES);
    life.talk('design', at(1, 15, 25), DESIGN_NIGHT);
    life.talk('releases', at(1, 17, 10), RELEASE_NOTES);

    for (const who of ['ada', 'ben']) life.settle(who, now - 12 * 60 * MINUTE);
    // From here on Ada and Ben have not looked.
    life.read(
      'ada',
      ['general', 'engineering', 'releases', 'design', 'support', 'on-call', 'budget'],
      now - 110 * MINUTE,
    );
    life.read('ben', ['general', 'engineering', 'releases', 'support', 'on-call', 'budget'], now - 95 * MINUTE);
    life.talk('on-call', now - 84 * MINUTE, ON_CALL_NOW);
    life.talk('engineering', now - 52 * MINUTE, ENGINEERING_NOW);
    life.talk('design', now - 40 * MINUTE, DESIGN_NOW);
    life.talk('releases', now - 26 * MINUTE, RELEASE_NOW);
    life.talk('general', now - 7 * MINUTE, GENERAL_NOW);
    return life.seed();
  },

  later: [
    {
      channel: 'engineering',
      script: 'wei: The nightly build is green again. It was the clock of the runner.\nmilan: It is always the clock.',
    },
    {
      channel: 'support',
      script:
        'kofi: A fisherman asks whether we could show low water in red. He says his eyes are old and the rocks are not.\nsara: That is a good reason. I will try it.',
    },
    {
      channel: 'engineering',
      script:
        'lena: Reviewing the tile cache now. Nobody merge, please, for ten minutes.\nwei: Hands off the keyboard.',
    },
    {
      channel: 'general',
      script:
        'oskar: Cake in the kitchen. It is Milan’s birthday and he tried to hide it.\nines: Congratulations, Milan!',
    },
    {
      channel: 'releases',
      script: 'ines: Beta is out to forty boats.\nsara: Two reports already, both about the colour of the buoys.',
    },
    {
      channel: 'engineering',
      script:
        'milan: p95 of the forecast endpoint is down to 41 ms.\nkofi: From 120! What did you do?\nmilan: I removed a loop that I had written myself.',
    },
    {
      channel: 'design',
      script: 'sara: New contour labels are in the shared folder.\noskar: The small ones can be read now, thank you.',
    },
    {
      channel: 'support',
      script: 'kofi: The harbour master of Skagen says hello and that we saved him a phone call.\nines: Framing that.',
    },
  ],
};

const GENERAL_MONDAY = `
  ines: Good morning! This week: beta on Thursday, the grant report, and nobody works on Friday afternoon.
  kofi: I like the third one.
  ben: The third one is not optional. {🎉 kofi milan sara oskar wei}
  oskar: I am at the dentist until eleven.
  wei: Courage.
`;

const SUPPORT_SPRING = `
  kofi: Three letters about spring tides. People think the map is wrong because the water is where it has never been.
  lena: Is the map wrong?
  kofi: No. The moon is where it has not been for nineteen years.
  ines: Could we say that on the map? One line, when the range is above the 99th percentile.
  ada ^1: “The highest water in nineteen years. It is not a mistake.” {❤️ kofi sara ines ben}
  kofi: I am stealing that sentence.
`;

const DESIGN_DEPTH = `
  sara: Depth colours, second try. The shallow end no longer looks like a swimming pool.
  oskar: Much better. Could the zero line be a little stronger? On my phone it disappears in the sun.
  sara: How strong? The guideline says 3:1 against both neighbours.
  lena: 3.4:1 then, I will put it into the tokens.
  | \`\`\`css
  | --contour-zero: oklch(0.38 0.09 245);
  | --contour-shallow: oklch(0.86 0.05 220);
  | \`\`\`
  sara: Looks right on all three screens. {👍 oskar ada}
`;

const RELEASE_PLAN = `
  ines: Plan for 2.4: freeze on Wednesday at noon, beta on Thursday, everybody on Monday if it is quiet.
  milan: The migration takes four minutes on the big database. I would like to run it at night.
  ben: Wednesday night then. Who is awake?
  milan: I am always awake.
  ada: I take the second seat. {🙏 milan ines}
`;

const ON_CALL = `
  kofi: 06:09, forecast endpoint slow in the north. Looking.
  kofi: It is the model run: six hours late, so everything misses the cache.
  milan: Can we serve the old run and say so?
  kofi: Doing that. Banner says “forecast from midnight”.
  +35 kofi: New run is in, cache is warm, banner is gone. Nobody wrote. {👏 ada ben milan}
  ben: That is how it should look. Thank you, Kofi. Sleep.
`;

const BUDGET = `
  ines: The grant report is due on the 30th. I need hours per person for the spring.
  ben: You have mine.
  ada: Mine tonight. Do reviews count as development or as maintenance?
  ines ^1: As development. I asked them, in writing this time.
`;

const READING = `
  wei: A good one about storing time series by sorting first and thinking later. Twelve pages, three of them pictures.
  milan: “Thinking later” is in the title?
  wei: It should be.
  oskar: I read it on the tram. The trick on page seven would halve our tide tables.
`;

const SUPPORT_NAMES = `
  kofi: Somebody found two islands with the same name, eleven miles apart, and sailed to the wrong one.
  sara: Oh no. Are they all right?
  kofi: They are fine, they say the wrong island was nicer.
  lena: We could add the parish when a name is there twice.
  ines: Please. It is the second time. {👍 kofi ada sara}
`;

const DESIGN_NIGHT = `
  oskar: Night mode is too blue. On the water it takes my eyes ten minutes to get back.
  sara: Red then, like on the old plotters?
  oskar: Deep red, yes, and no white anywhere. Not even the logo.
  ada: Not even the logo. {🌙 oskar sara}
  lena: I will make it a third theme. Nobody has to lose their blue.
`;

const RELEASE_NOTES = `
  ines: Draft of the notes for 2.4:
  | - tides for 212 more harbours
  | - names that occur twice now say where they are
  | - the map starts in half the time
  wei: “Half” is 54 %, I measured.
  ines: Then it may say half. {😄 wei ben}
`;

const ON_CALL_NOW = `
  milan: Disk on the second database is at 81 %. Not urgent, will be by Sunday.
  kofi: The old tiles can go, can they not?
  milan: I think so, but I do not want to be the one who thinks so. @ben?
`;

const ENGINEERING_NOW = `
  wei: The interpolation is off by one hour for exactly two harbours, and only since the clocks changed.
  lena: Let me guess: the two that never changed theirs.
  wei: Yes.
  | \`\`\`ts
  | // was: the offset of the map's own zone
  | const offset = zoneOffset(station.zone, at);
  | return heights.map(({ t, h }) => ({ t: t + offset, h }));
  | \`\`\`
  lena: That is nice and small. @ada, could you review it? You wrote the zone table.
  wei: There is a test with both harbours. It fails without the change, I tried. {👍 lena}
  +8 kofi: @ben, is there a reason that we do not store everything in UTC?
`;

const DESIGN_NOW = `
  sara: The deep red theme is on the test server. Please look at it in a dark room.
  oskar: I am in a cupboard. It is perfect.
  sara: @ada, may I remove the logo for good in that theme?
`;

const RELEASE_NOW = `
  ines: Freeze is in a little over an hour. Open: the zone fix, and the labels.
  milan: The labels are merged.
  ines: @ben, go or wait for the zone fix?
  +4 ines: And @ada, you are down for the second seat tonight. Still fine?
`;

const GENERAL_NOW = `
  lena: Lunch? There is a new place at the ferry terminal.
  oskar: Yes.
  kofi: Yes, in ten minutes.
`;
