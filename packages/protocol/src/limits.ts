/** Every number a peer may rely on; the server repeats the ones it enforces in `welcome`. */
export const LIMITS = {
  /** Bytes of one frame from client to server; a larger one closes the socket with 4413. */
  frameUpBytes: 64 * 1024,
  /** Bytes of one frame from server to client; a client closes on a larger one. */
  frameDownBytes: 1024 * 1024,
  /** Nesting of JSON values in a frame. */
  jsonDepth: 32,
  /** Unicode code points of a message; every length of text here counts code points, as JSON Schema does. */
  messageText: 8_000,
  displayName: 48,
  channelName: 48,
  topic: 240,
  serverName: 48,
  serverDescription: 400,
  deviceLabel: 80,
  passwordMin: 10,
  passwordMax: 256,
  /** Distinct emoji on one message, and accounts told per emoji. */
  reactionsPerMessage: 24,
  accountsPerReaction: 1_000,
  mentionsPerMessage: 50,
  /** Messages in one page. */
  page: 100,
  /** Events a resume may replay before a reset is cheaper. */
  resumeEvents: 1_000,
  /** Commands one client keeps in flight. */
  inFlight: 16,
  /** A link of the grammar, in characters. */
  link: 2_048,
  channelsPerServer: 5_000,
  accountsPerServer: 100_000,
  inboxItems: 600,
  /** Bytes of a server's icon, and the kinds of picture it may be: PNG, JPEG, WebP. */
  iconBytes: 256 * 1024,
  /** Bytes of the JSON of one HTTP request: an encrypted message to many devices outgrows a frame. */
  requestBytes: 2 * 1024 * 1024,
  devicesPerAccount: 16,
  machinesPerAccount: 32,
  prekeysPerUpload: 100,
  /** One-time prekeys kept of a device. */
  prekeysPerDevice: 200,
  groupMembers: 64,
  /** Bytes of one ciphertext. */
  sealedBytes: 64 * 1024,
  envelopesPerSend: 1_024,
  blobsPerMessage: 10,
  /** Bytes of one attachment, encrypted. */
  blobBytes: 26 * 1024 * 1024,
  /** Bytes of the encrypted copy of a client's state. */
  backupBytes: 64 * 1024 * 1024,
  /** Items that wait for one device. */
  queueItems: 10_000,
} as const;

/** Milliseconds. */
export const TIMES = {
  /** The server says something at least this often on every socket. */
  heartbeatMs: 25_000,
  /** A side that heard nothing for this long takes the socket for dead. */
  silenceMs: 55_000,
  /** A socket must have sent `hello` by then. */
  helloMs: 5_000,
  accessTokenMs: 15 * 60_000,
  resetLinkMs: 24 * 3_600_000,
  /** A typing notice is forgotten after this. */
  typingMs: 6_000,
  /** A challenge to sign in by key. */
  challengeMs: 60_000,
  /** What waits for a device, and blobs no message names, are dropped after these. */
  queueMs: 30 * 24 * 3_600_000,
  looseBlobMs: 24 * 3_600_000,
} as const;

/** WebSocket close codes. SPEC P-8. */
export const CLOSE = {
  protocol: 4400,
  auth: 4401,
  forbidden: 4403,
  helloLate: 4408,
  replaced: 4409,
  tooLarge: 4413,
  slow: 4429,
  restarting: 4503,
} as const;
