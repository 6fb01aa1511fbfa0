export const READER = 'reader';
export const WRITER = 'writer';
export const PASSWORD = 'a password of the bench';
