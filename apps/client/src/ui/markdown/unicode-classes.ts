/** Stands in for the package `uc.micro`: what it lists by hand every engine of ours knows by name. */
export const P = /\p{P}/u;
export const S = /\p{S}/u;
