import { createBrowserPlatform } from '@skerry/core/browser';
import './theme/app.css';
import { mount } from 'svelte';
import { createClient } from '@skerry/core';
import App from './App.svelte';
import { readPageInfo } from './platform/mode.ts';
import { showStartFailure } from './platform/start-failure.ts';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element #app');
const info = readPageInfo(document);
// Nothing here may be awaited at the top: parts that are loaded on the way import this very file, and both would wait for ever.
void begin(target);

async function begin(target: HTMLElement): Promise<void> {
  try {
    const client = await createClient(
      createBrowserPlatform(),
      info.mode === 'hub' ? { mode: 'hub' } : { mode: 'hosted', origin: location.origin },
    );
    mount(App, { target, props: { client, welcome: info.welcome } });
  } catch (error) {
    reportError(error);
    showStartFailure(target, () => location.reload());
  }
}
