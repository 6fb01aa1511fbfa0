import type { SkerryClient } from '@skerry/core';
import { createContext } from 'svelte';

const [useClient, provideClient] = createContext<SkerryClient>();
export { provideClient, useClient };
