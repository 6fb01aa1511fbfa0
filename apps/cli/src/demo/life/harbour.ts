import { Dice } from './dice.ts';
import { Life } from './life.ts';
import { clockOf, type Place } from './place.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const EVERYBODY = ['ada', 'ben', 'lena', 'marta', 'jonas', 'priya', 'tomas', 'yuki', 'noor'];

/** A neighbourhood with a boat shed, a garden and a long table. */
export const HARBOUR: Place = {
  name: 'Harbour',
  description: 'The neighbours of the old harbour: the boat shed, the garden, the long table.',

  life(now) {
    const began = now - 40 * DAY;
    const life = new Life({ dice: new Dice(4401), now, began, firstChannel: 'general' });
    const at = clockOf(now);
    life.person('ada', 'Ada Lind', 'owner');
    life.person('lena', 'Lena Sørensen', 'admin');
    life.person('marta', 'Marta Kowalska', 'moderator');
    life.person('ben', 'Ben Okafor');
    life.person('jonas', 'Jonas Weber');
    life.person('priya', 'Priya Nair');
    life.person('tomas', 'Tomás Rivera');
    life.person('yuki', 'Yuki Tanaka');
    life.person('noor', 'Noor Haddad');

    life.topic('general', 'Everything that has no better place', { by: 'ada', at: began + 30 * MINUTE });
    life.channel({
      name: 'boat-shed',
      topic: 'The slip, the tools, and who broke what',
      by: 'tomas',
      members: ['ada', 'ben', 'jonas', 'lena', 'marta'],
      at: began + DAY,
    });
    life.channel({
      name: 'garden',
      topic: 'Beds 1 to 12, watering by the list',
      by: 'priya',
      members: ['ada', 'ben', 'marta', 'noor', 'yuki', 'lena'],
      at: began + 2 * DAY,
    });
    life.channel({
      name: 'long-table',
      topic: 'Supper on Thursdays, seven o’clock, bring a plate',
      by: 'noor',
      members: EVERYBODY,
      at: began + 3 * DAY,
    });
    life.channel({
      name: 'night-sky',
      topic: 'Clear nights on the pier',
      by: 'yuki',
      members: ['tomas', 'noor', 'jonas'],
      at: began + 5 * DAY,
    });
    life.channel({
      name: 'keyholders',
      topic: 'Who has which key',
      by: 'ada',
      members: ['lena', 'marta'],
      at: began + DAY,
      isPrivate: true,
    });
    life.channel({
      name: 'summer-trip',
      topic: 'Four people, one boat, ten days',
      by: 'ben',
      members: ['ada', 'lena', 'tomas'],
      at: began + 9 * DAY,
      isPrivate: true,
    });

    life.talk('general', at(6, 9, 12), GENERAL_WELCOME);
    life.talk('boat-shed', at(6, 17, 40), SHED_PUMP);
    life.talk('garden', at(5, 8, 5), GARDEN_SLUGS);
    life.talk('long-table', at(5, 12, 30), TABLE_MENU);
    life.talk('keyholders', at(5, 20, 2), KEYS);
    life.talk('night-sky', at(4, 22, 15), SKY);
    life.talk('boat-shed', at(4, 10, 20), SHED_PAINT);
    life.talk('summer-trip', at(4, 19, 0), TRIP_ROUTE);
    life.talk('general', at(3, 8, 45), GENERAL_PARCEL);
    life.talk('garden', at(3, 18, 10), GARDEN_RAIN);
    life.talk('long-table', at(2, 21, 50), TABLE_AFTER);
    life.talk('boat-shed', at(2, 9, 30), SHED_LADDER);
    life.talk('general', at(1, 19, 5), GENERAL_POWER);
    life.talk('summer-trip', at(1, 20, 40), TRIP_FOOD);
    life.talk('garden', at(1, 7, 55), GARDEN_HARVEST);

    for (const who of ['ada', 'ben']) life.settle(who, now - 12 * 60 * MINUTE);
    // From here on Ada and Ben have not looked.
    life.read('ada', ['general', 'boat-shed', 'garden', 'long-table', 'keyholders', 'summer-trip'], now - 100 * MINUTE);
    life.read('ben', ['general', 'boat-shed', 'garden', 'long-table', 'summer-trip'], now - 130 * MINUTE);
    life.talk('keyholders', now - 92 * MINUTE, KEYS_NOW);
    life.talk('boat-shed', now - 71 * MINUTE, SHED_NOW);
    life.talk('summer-trip', now - 48 * MINUTE, TRIP_NOW);
    life.talk('general', now - 33 * MINUTE, GENERAL_NOW);
    life.talk('long-table', now - 12 * MINUTE, TABLE_NOW);
    return life.seed();
  },

  later: [
    { channel: 'general', script: `lena: Ferry is running again, the two o’clock one was on time.\nmarta: Finally.` },
    {
      channel: 'garden',
      script: `priya: Bed seven is watered. The list says Noor has tomorrow.\nnoor: I have it. Early, before the heat.`,
    },
    {
      channel: 'boat-shed',
      script: `tomas: Compressor is back on the wall. Please drain it after use.\njonas: Will do. I was the one who forgot.`,
    },
    {
      channel: 'long-table',
      script: `noor: Twelve people so far. We have chairs for fourteen.\nyuki: I can bring two stools.`,
    },
    {
      channel: 'general',
      script: `jonas: Somebody left a blue bicycle at the gate. It is unlocked.\npriya: Mine! Coming.`,
    },
    { channel: 'garden', script: `yuki: The basil survived the night.\npriya: Against all advice.` },
    {
      channel: 'boat-shed',
      script: `lena: Forecast says west five on Sunday. Not a day for the long ladder.\ntomas: Then we sand indoors.`,
    },
    {
      channel: 'general',
      script: `marta: The print shop has our posters. I will pick them up at four.\nlena: Thank you!`,
    },
  ],
};

const GENERAL_WELCOME = `
  ada: Good morning, harbour. Marta has moved in above the sail loft, she is here now too. {👋 lena priya tomas noor}
  marta: Hello everybody! I brought a cat and no furniture.
  lena: Welcome! There is a table in the shed that nobody claims. It only wobbles on Tuesdays.
  jonas: I can help carry. After five?
  marta: You are all very kind. After five is perfect. {❤️ lena jonas}
  +25 ben: What is the cat called?
  marta ^1: Ballast. {😂 ben ada lena tomas yuki}
  yuki: I like this cat already.
`;

const SHED_PUMP = `
  tomas: The bilge pump on the grey dinghy is dead. I took it apart: the impeller has lost three of its six wings.
  ben: Can we get a new one before the weekend?
  tomas: The shop in town has none. Two weeks by post.
  jonas: I could print one, just to get through the month. What is it, 42 millimetres?
  tomas ^1: 41.5, and the shaft is flat on one side. I will bring it to you.
  +180 jonas: Printed in the hard plastic. It spins. I would not cross an ocean with it. {👏 tomas ben ada}
  tomas: It pumps! Eleven litres a minute, I measured with the soup pot.
  ada: Please wash the soup pot. {😂 lena ben jonas}
`;

const GARDEN_SLUGS = `
  priya: Slugs in bed four. All of the lettuce, in one night.
  noor: Oh no. The collars did not help?
  priya: They climbed over the collars. I think they used them as a ladder.
  yuki: My grandmother went out with a lamp after rain. She said: one evening of patience, three weeks of salad.
  noor: I would do that with you. Tonight?
  yuki: Tonight, nine. Bring a jar.
  +760 noor: Sixty-one. We let them go behind the railway. {😮 priya ada marta}
  priya: You are heroes. I am planting again on Saturday, there are seedlings for everybody who helps.
`;

const TABLE_MENU = `
  noor: Thursday: lentils with lemon, flat bread, and whatever the garden gives. Who comes?
  ada: Me, with Ben.
  ben: Confirmed. I will make the pickles again.
  jonas: Me. I bring the guitar, but only if nobody asks for that song.
  lena: We will ask for that song.
  tomas: Two of us, my sister is visiting.
  marta: Me and Ballast, if Ballast may.
  noor ^1: Ballast may sit on the window sill. {🐈 ada ben marta}
  yuki: I come late, after the tide table is in.
`;

const KEYS = `
  lena: The shed lock sticks again. I put graphite in it.
  marta: Do I get a key, or do I call one of you?
  ada ^1: You get number four. It was in the drawer of the harbour office.
  marta: Got it. Signed the book.
  lena: Then it is one, two and four with us, and three is the one that fell into the water in March. {🌊 ada marta}
`;

const SKY = `
  yuki: Clear until two. Saturn is up over the breakwater, and I have the small telescope.
  tomas: On my way with tea.
  jonas: Is there room for one more?
  yuki: There is always room. Mind the third step.
  +70 jonas: I have seen the rings. I did not expect to feel anything. I felt something. {✨ yuki tomas noor}
`;

const SHED_PAINT = `
  ada: We have to decide about the hull paint. Copper-free costs twice as much.
  lena: And lasts one season instead of two.
  tomas: The yard across the river stopped using copper three years ago. They say scrub twice a summer and it is fine.
  ben: I would rather scrub than poison the mussels.
  jonas: Same.
  ada: Then copper-free, and a scrubbing rota. I will write one.
  | - first week of May: Ben, Jonas
  | - first week of July: Ada, Tomás
  | - hauling out in October: everybody {👍 ben jonas lena tomas}
`;

const TRIP_ROUTE = `
  ben: I have drawn a route. Ten days, never more than six hours a day at the tiller.
  tomas: What do we do if it blows on day three? There is nothing between the two lights.
  ben: Then we wait a day in Little Sound. There is a shop and a sauna.
  lena: I vote for waiting a day in Little Sound whatever the wind does. {😂 ada ben tomas}
  ada: Can we leave on the 14th? I have a thing on the 12th that may run over.
  ben ^1: The 14th works with the tide, high water at 06:40.
  tomas: Six forty. In the morning.
  ada: You may sleep until we hit something.
`;

const GENERAL_PARCEL = `
  jonas: There is a parcel for “the person with the cat” at the bakery.
  marta: That would be me! What is it?
  jonas: It is heavy and it says THIS SIDE UP on all sides.
  marta: My bookshelf. Oh dear. Six flights?
  tomas: We have a block and tackle, and a window. <~ We have a block and tackle, and a widow.
  lena ^1: I saw the first version of that. {😂 ada jonas ben noor}
  +95 marta: It is up. Nobody was hurt. I owe all of you a cake.
`;

const GARDEN_RAIN = `
  priya: Rain tonight, 15 mm they say. Nobody needs to water tomorrow.
  ada: I have moved my tomatoes under the roof.
  noor: The rain barrel is nearly full, could somebody open the second one?
  yuki: Done. It had a frog in it. The frog has agreed to move. {🐸 priya ada noor lena}
`;

const TABLE_AFTER = `
  noor: That was a good one. Nineteen people! We ran out of plates and used the lids.
  ada: The lentils. Noor, please write down the lentils.
  noor ^1: With pleasure:
  | 1. onions, slowly, until they are the colour of the shed
  | 2. lentils, cumin, a bay leaf, water to cover
  | 3. lemon at the very end, more than you think {📝 ada priya marta}
  jonas: Nobody asked for that song.
  lena: We are saving it.
`;

const SHED_LADDER = `
  ben: Has anybody seen the long ladder?
  tomas: Behind the kiln.
  ben: There is a short ladder behind the kiln.
  tomas: Then somebody has the long one.
  jonas: ... it is at my place. Bringing it back at noon. Sorry! {😅 ben tomas ada}
  ada: I will paint “LONG” on it, in long letters.
`;

const GENERAL_POWER = `
  lena: Power cut announced for tomorrow, 10 to 12, the whole quay.
  priya: The seed fridge! How long does it stay cold?
  lena: Four hours if nobody opens it. So nobody opens it.
  ben: I have a battery that runs the router. The server stays up. {🔋 ada lena marta}
  ada: Of all the things I thought would survive a power cut, I did not think of this chat.
`;

const TRIP_FOOD = `
  lena: Food for ten days, four people. I have a list, and it is mostly oats.
  tomas: I cannot eat oats for ten days.
  lena: There are also raisins.
  ada: I add cheese, crispbread, a cake in a tin, coffee for twelve days.
  ben ^1: Coffee for fourteen. {☕ ada tomas}
`;

const GARDEN_HARVEST = `
  noor: First courgettes! Eight of them, all at once, as they do.
  marta: I can take two.
  priya: Take four. You do not understand yet. There will be more tomorrow. {😂 ada noor yuki lena}
  yuki: There will be more *in an hour*.
`;

const KEYS_NOW = `
  marta: The cellar door was open this morning. Was that one of you?
  lena: Not me. @ada, did you lend yours to Jonas?
  marta: Nothing is missing as far as I can see. I locked it.
`;

const SHED_NOW = `
  tomas: The slip is booked for Saturday, 9 to 13. The tide is right and the winch is greased.
  jonas: I am in.
  tomas: We need one more pair of hands at the winch. @ben, can you?
  +6 tomas: And @ada, the new zincs are on your account at the chandler’s, they want a signature today.
  jonas: Gloves are in the red box. The good ones are under the bad ones. {🧤 tomas}
`;

const TRIP_NOW = `
  tomas: Insurance wrote back. We are covered to the outer light, not beyond.
  lena: Then the route has to turn one island earlier. @ben, can you redraw it?
  +9 lena: @ada, could you look over the crew list before I send it in? It is due tonight.
  tomas: I spelled everybody’s name right this time.
`;

const GENERAL_NOW = `
  priya: The city is asking whether we want the old crane as a monument. It is free. It is also eleven tonnes.
  yuki: Yes.
  lena: Where would it stand?
  yuki: Yes. {😂 lena priya noor}
  priya: They want an answer by Friday. @ada, does that need a vote?
`;

const TABLE_NOW = `
  noor: Thursday is the last one before the holidays. Who comes, and who brings what?
  marta: Me. Soup, the green one.
  jonas: Me, with bread. And I will play it. The song.
  noor: @ben, your pickles were asked for by name. Three times.
`;
