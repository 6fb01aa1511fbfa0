import type { Found, Picture, SkerryClient } from '@skerry/core';

/** The picture of a server that was found: none until it came, and none when it cannot be shown. */
export class FoundPicture {
  #picture: Picture | undefined = $state.raw();

  /** Made inside of a component: what is on its way ends with that. */
  constructor(client: Pick<SkerryClient, 'foundIcon'>, found: () => Found) {
    $effect(() => {
      const leaving = new AbortController();
      this.#picture = undefined;
      void client.foundIcon(found(), leaving.signal).then((picture) => {
        if (!leaving.signal.aborted) this.#picture = picture;
      });
      return () => leaving.abort();
    });
  }

  get current(): Picture | undefined {
    return this.#picture;
  }
}
