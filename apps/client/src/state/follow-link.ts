import { createContext } from 'svelte';

/** Opens what a person clicked: a place in the app where it is one of its own links, else a page outside. */
export type FollowLink = (href: string) => void;

const [useFollowLink, provideFollowLink] = createContext<FollowLink>();
export { provideFollowLink, useFollowLink };
