/** Reading a code with the camera. */
export const camera = {
  label: 'What the camera sees',
  asking: 'Waiting for the camera. The browser may ask you.',
  denied: 'Skerry may not use the camera. Allow it in the settings of the browser, or go on without it.',
  missing: 'No camera was found. Go on without it.',
  busy: 'The camera does not answer. Another program may be using it.',
  unsupported: 'This page cannot use a camera: it needs an encrypted connection (https).',
};
