/** What turns a line around, as classes of a regular expression. */
const TURNING = String.raw`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;
/** What shows as nothing although it is there. */
const UNSEEN = String.raw`\u115f\u1160\u200b-\u200d\u2028\u2029\u2060-\u2065\u2800\u3164\ufeff\uffa0\u{e0000}-\u{e007f}`;
/** Control characters but for tab and new line. */
const CONTROLS = String.raw`[^\P{Cc}\t\n]`;

const IN_A_NAME = new RegExp(String.raw`[\p{Cc}${TURNING}${UNSEEN}]`, 'gu');
const IN_A_TEXT = new RegExp(String.raw`${CONTROLS}|[${TURNING}]`, 'gu');
const FOREIGN = new RegExp(String.raw`${CONTROLS}|[${TURNING}\u200b\u2060-\u2065\ufeff\u{e0000}-\u{e007f}]`, 'gu');

/** Whether something has no place in a name: controls, what turns the line around, what shows as nothing. T7. */
export const isUnsafeName = (name: string): boolean => name.search(IN_A_NAME) !== -1;

/** Whether something has no place in a text of several lines: what controls a terminal or turns a line around. T7. */
export const isUnsafeText = (text: string): boolean => text.search(IN_A_TEXT) !== -1;

/** A name with everything that has no place in one replaced. */
export const safeName = (name: string, by = ''): string => name.replace(IN_A_NAME, by);

/** A text of somebody unknown without what controls, turns lines around or hides. What joins letters and emoji stays. */
export const safeText = (text: string): string => text.replace(FOREIGN, '');
