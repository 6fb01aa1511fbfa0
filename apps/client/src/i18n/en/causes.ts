/** Why a connection ended, one sentence each. */
export const causes = {
  unreachable: (host: string) => `Nothing answers at ${host}. It may be off, or only reachable through a VPN.`,
  timeout: (host: string) => `${host} did not answer in time.`,
  closed: (host: string) => `${host} closed the connection.`,
  restarting: 'The server is restarting.',
  busy: 'The server is busy and asked to wait.',
  slowReader: 'This device could not keep up; what is missing is fetched on return.',
  proofFailed: 'The server did not prove that it holds its key. Nothing was sent.',
  suspended: 'The account was suspended by an admin.',
  serverTooOld: 'The server speaks a version this app no longer knows.',
  appTooOld: 'The server needs a newer version of Skerry.',
  notSkerry: (host: string) => `Something answers at ${host}, but it is not a Skerry server.`,
  insecure: (host: string) => `This page is encrypted, so the browser refuses ${host}, which is not.`,
  refusedOrigin: (host: string) => `${host} does not allow this page to talk to it. Its owner can allow this address.`,
  serverError: (host: string) => `Something is wrong at ${host}.`,
  protocol: 'The server sent something this app does not understand.',
};
