/** What chooses an emoji. */
export const emoji = {
  search: 'Find an emoji',
  groups: 'Groups of emoji',
  group: [
    'Used lately',
    'Smileys',
    'People',
    'Animals and nature',
    'Food',
    'Places and travel',
    'Activities',
    'Objects',
    'Symbols',
    'Flags',
  ],
  tone: (tone: number) =>
    `Skin tone: ${['none', 'light', 'medium light', 'medium', 'medium dark', 'dark'][tone] ?? 'none'}. Press for the next one`,
  none: 'No emoji of that name',
};
