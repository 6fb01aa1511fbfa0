/** In a tab that does not live. */
export const otherTab = {
  title: 'Skerry is open in another tab',
  text: 'Only one tab holds the connections, so that nothing is sent twice.',
  useHere: 'Use here',
  handedOver: 'The link you opened is shown there. Only one tab holds the connections, so that nothing is sent twice.',
  refused: 'The other tab could not be taken over. Close it, or try again.',
};
