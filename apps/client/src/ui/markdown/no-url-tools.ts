/*
 * Stands in for the packages `mdurl` and `punycode.js`. The parser uses them in two functions that parse.ts replaces by
 * the gate for addresses, so none of these is ever called.
 */
export const encode = (text: string): string => text;
export const decode = Object.assign((text: string): string => text, { defaultChars: '' });
export const parse = (text: string): { pathname: string } => ({ pathname: text });
export const format = ({ pathname }: { pathname: string }): string => pathname;

const punycode = { toASCII: encode, toUnicode: encode };
// The package it stands in for is imported by its default export.
// eslint-disable-next-line no-restricted-syntax
export default punycode;
