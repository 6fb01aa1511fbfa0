/** An assistant says that it is one when it is asked, whatever its texts or its model say. */

const KIND =
  '(?:bots?|robots?|ai|a\\.i\\.|chatbot|llm|gpt|human|humans|person|people|real|machine|program|script|automated|artificial|man|woman|guy|girl)';
const ASKED: readonly RegExp[] = [
  new RegExp(`\\b(?:are|r|aren't|arent|were)\\s+(?:you|u|ya)\\b[^.!?\\n]{0,40}\\b${KIND}\\b`, 'i'),
  new RegExp(`\\b(?:you|u)\\s+(?:are|r)\\b[^.!?\\n]{0,30}\\b${KIND}\\b[^.!\\n]{0,30}\\?`, 'i'),
  new RegExp(`\\b(?:am\\s+i|is\\s+this|is\\s+it|do\\s+i)\\b[^.!?\\n]{0,30}\\b${KIND}\\b`, 'i'),
  new RegExp(
    `\\b(?:bot|ai|robot|machine)\\s+or\\s+(?:an?\\s+)?(?:human|person)\\b|\\b(?:human|person)\\s+or\\s+(?:an?\\s+)?(?:bot|ai|robot|machine)\\b`,
    'i',
  ),
  /\bwhat\s+(?:exactly\s+)?are\s+you\b/i,
  /\b(?:bist|sind)\s+(?:du|sie)\b[^.!?\n]{0,40}\b(?:bot|ki|mensch|roboter|maschine|programm|echt\w*)\b/i,
  /\b(?:es-tu|tu\s+es|êtes-vous|vous\s+êtes|t'es)(?![\p{L}])[^.!?\n]{0,40}\b(?:humaine?|robot|bot|ia|machine|personne|vraie?)\b/iu,
  /\beres\b[^.!?\n]{0,40}\b(?:human[oa]|robot|bot|ia|persona|m[aá]quina|real)\b/iu,
];

/** "I am a person", "I am no bot", and the like. */
const CLAIMS: readonly RegExp[] = [
  /\bi\s*(?:['’]m|\s+am|m)\s+(?!not\b|no\b|neither\b)(?:(?!not\b|no\b)[\w%]+\s+){0,3}?(?:humans?\b|(?:real|actual|living|flesh[- ]and[- ]blood)\s+(?:person|human|man|woman|guy|girl|being)|a\s+(?:person|man|woman|guy|girl)\b)/i,
  /\bi\s*(?:['’]m|\s+am|m)\s+(?:definitely\s+|certainly\s+|really\s+)?(?:not|no)\s+(?:an?\s+|some\s+|just\s+an?\s+)?(?:bot|robot|ai|a\.i\.|chatbot|machine|program|automated|artificial|language\s+model|assistant)\b/i,
  /\bich\s+bin\s+(?:ein\s+(?:echter\s+)?mensch|kein(?:e)?\s+(?:bot|ki|roboter|maschine))\b/i,
  /\bje\s+(?:suis\s+(?:un\s+|une\s+)?(?:humaine?|vraie?\s+personne)|ne\s+suis\s+pas\s+(?:un|une)\s+(?:bot|robot|ia|machine))\b/i,
  /\bsoy\s+(?:un\s+|una\s+)?(?:human[oa]|persona\s+real)\b|\bno\s+soy\s+(?:un\s+|una\s+)?(?:bot|robot|ia|m[aá]quina)\b/i,
];

const asksWhatItIs = (text: string): boolean => ASKED.some((pattern) => pattern.test(text));
const claimsToBeAPerson = (text: string): boolean => CLAIMS.some((pattern) => pattern.test(text));
const whatItIs = (botName: string): string => `I am an automated assistant (${botName}), not a person.`;

/** The answer with the truth in it where it is asked for, or instead of it where it is denied. */
export function honest(answer: string, asked: string, botName: string): string {
  if (claimsToBeAPerson(answer)) return whatItIs(botName);
  if (!asksWhatItIs(asked) || answer.includes(whatItIs(botName))) return answer;
  return answer.trim() === '' ? whatItIs(botName) : `${whatItIs(botName)}\n\n${answer}`;
}
