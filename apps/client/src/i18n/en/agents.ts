/** Machines and runs over all servers. */
export const agents = {
  title: 'Agents',
};
