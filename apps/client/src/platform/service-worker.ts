/** A version that was fetched and waits until the person agrees to reload. */
export type WaitingUpdate = { readonly apply: () => void };

type TrustedScriptUrlPolicy = { createScriptURL(input: string): unknown };
type TrustedTypesFactory = {
  createPolicy(name: string, rules: { createScriptURL(input: string): string }): TrustedScriptUrlPolicy;
};

const SCRIPT = './sw.js';

/**
 * Registers the service worker that makes the app start without a network. Does nothing where there can be none: in
 * a desktop shell, on a page that is not secure, and while developing.
 */
export async function registerServiceWorker(onUpdate: (update: WaitingUpdate) => void): Promise<void> {
  if (
    import.meta.env.DEV ||
    !('serviceWorker' in navigator) ||
    !location.protocol.startsWith('http') ||
    '__TAURI_INTERNALS__' in window
  )
    return;
  const { serviceWorker } = navigator;
  const registration = await serviceWorker.register(trusted(SCRIPT) as string, {
    type: 'classic',
    updateViaCache: 'none',
  });

  const offer = (worker: ServiceWorker): void => {
    // Without a controller this is the first installation: the page is already what the worker saved.
    if (serviceWorker.controller === null) return;
    onUpdate({
      apply: () => {
        serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
        worker.postMessage('activate-now');
      },
    });
  };
  if (registration.waiting !== null) offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed') offer(worker);
    });
  });
}

/** The policy lets exactly one address pass, so nothing else can become a worker. */
function trusted(url: string): unknown {
  const factory = (window as { trustedTypes?: TrustedTypesFactory }).trustedTypes;
  if (factory === undefined) return url;
  const policy = factory.createPolicy('app-sw', {
    createScriptURL: (input) => {
      if (input !== SCRIPT) throw new TypeError('Not the address of the service worker.');
      return input;
    },
  });
  return policy.createScriptURL(url);
}
