export const firstRun = {
  title: 'All your servers, in one place',
  text: 'Every server you belong to stays connected, and separate from the others. What needs you comes to one inbox.',
  add: 'Add a server',
  addText: 'Type its address or paste an invite. You see who answers before you sign in.',
  importList: 'Import a list of servers',
  importListText: 'A file saved on another device. It holds addresses and labels, no passwords.',
  promise: 'Nothing leaves this device until you choose a server.',
};
