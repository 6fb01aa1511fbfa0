import { createContext } from 'svelte';
import { entryOf, hrefOf, parseRoute, routeOfOutsideLink, type Route } from './route.ts';

/** The parts of a window the router uses. */
export type RouterWindow = Pick<Window, 'addEventListener' | 'location' | 'history'>;

/** The address of the page as state. Routes live behind `#`, so the same files work on any host and path. */
export class Router {
  readonly #window: RouterWindow;
  #route: Route = $state.raw({ kind: 'home' });
  /** How many of our own steps lie behind this one, so that "back" never leaves the app. */
  #depth = 0;
  readonly #lastChannel = new Map<string, string>();
  #lastEntry: string | undefined;
  #entryBefore: string | undefined;
  #guard: ((to: Route) => Promise<boolean>) | undefined;

  constructor(window: RouterWindow, signal: AbortSignal) {
    this.#window = window;
    const outside = routeOfOutsideLink(new URL(window.location.href));
    if (outside !== undefined) {
      const clean = window.location.pathname.replace(/l\/[a-z]+\/?$/, '');
      window.history.replaceState(null, '', `${clean}${hrefOf(outside)}`);
    }
    this.#take(parseRoute(window.location.hash));
    window.addEventListener('hashchange', () => this.#arrive(parseRoute(window.location.hash)), { signal });
  }

  get route(): Route {
    return this.#route;
  }

  /** The channel that was last open on a server, to return to. */
  lastChannel(entry: string): string | undefined {
    return this.#lastChannel.get(entry);
  }

  /** The server that was looked at before this one. */
  get entryBefore(): string | undefined {
    return this.#entryBefore;
  }

  /** Goes there; `replace` leaves no step behind to come back to. */
  go(route: Route, { replace = false }: { replace?: boolean } = {}): void {
    const href = hrefOf(route);
    if (href === (this.#window.location.hash || '#/')) return;
    if (replace) {
      this.#window.history.replaceState(null, '', href);
      // Replacing the state tells nobody.
      this.#take(route);
    } else {
      this.#depth += 1;
      this.#window.location.hash = href;
    }
  }

  /** One step back within the app, or to `fallback` where this page was the first. */
  back(fallback: Route): void {
    if (this.#depth > 0) {
      this.#depth -= 1;
      this.#window.history.back();
    } else {
      this.go(fallback, { replace: true });
    }
  }

  /** From now on whoever goes elsewhere is asked first, until the returned function is called. */
  guard(ask: (to: Route) => Promise<boolean>): () => void {
    this.#guard = ask;
    return () => {
      if (this.#guard === ask) this.#guard = undefined;
    };
  }

  /** The address has changed already: it is put back while the person is asked. */
  #arrive(route: Route): void {
    const ask = this.#guard;
    if (ask === undefined || hrefOf(route) === hrefOf(this.#route)) return this.#take(route);
    this.#window.history.replaceState(null, '', hrefOf(this.#route));
    void ask(route).then((agreed) => {
      if (!agreed) return;
      // Changing the address by this tells nobody, the guard neither: it ends with what it guards.
      this.#depth += 1;
      this.#window.history.pushState(null, '', hrefOf(route));
      this.#take(route);
    });
  }

  #take(route: Route): void {
    this.#route = route;
    const entry = entryOf(route);
    if (route.kind === 'channel') this.#lastChannel.set(route.entry, route.channel);
    if (entry !== undefined && entry !== this.#lastEntry) {
      this.#entryBefore = this.#lastEntry;
      this.#lastEntry = entry;
    }
  }
}

const [useRouter, provideRouter] = createContext<Router>();
export { provideRouter, useRouter };
