export { FakeServer, json, type Lies } from './fake-server.ts';
export { ManualClock, settle } from './manual-clock.ts';
export { memoryPlatform, type MemoryPlatform, type MemoryPlatformOptions, MemoryTabs } from './memory-platform.ts';
export { createMemoryStorage, MemoryDisk } from '../stores/memory-storage.ts';
export { ModelServer } from './model-server.ts';
export { type NetworkServer, type Peer, type PeerHandlers, ScriptedNetwork, type Sent } from './scripted-network.ts';
