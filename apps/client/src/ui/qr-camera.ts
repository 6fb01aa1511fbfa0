import decodeQR from 'qr/decode.js';
import { bytesOf, latin1 } from './qr-code.ts';

/** Why nothing can be read. */
export type CameraFailure = 'denied' | 'missing' | 'busy' | 'unsupported';

const EVERY_MS = 120;
/** Larger frames are read no better and take longer. */
const MAX_PX = 800;

/**
 * Shows the camera in `video` and tells of each code it reads until the signal aborts; then the camera is switched off.
 * @throws CameraError when there is no camera to be had
 */
export async function readCodes(
  video: HTMLVideoElement,
  options: { readonly signal: AbortSignal; readonly onread: (bytes: Uint8Array<ArrayBuffer>) => void },
): Promise<void> {
  const { signal, onread } = options;
  const stream = await openCamera();
  const stop = (): void => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  if (signal.aborted) return stop();
  signal.addEventListener('abort', stop, { once: true });
  video.srcObject = stream;
  await video.play().catch(() => undefined);
  const canvas = document.createElement('canvas');
  const look = (): void => {
    if (signal.aborted) return;
    const read = readFrame(video, canvas);
    if (read !== undefined) onread(read);
    setTimeout(look, EVERY_MS);
  };
  look();
}

export class CameraError extends Error {
  readonly why: CameraFailure;
  constructor(why: CameraFailure) {
    super(`no camera: ${why}`);
    this.name = 'CameraError';
    this.why = why;
  }
}

async function openCamera(): Promise<MediaStream> {
  // Missing where the page is not secure, whatever its type says.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices?.getUserMedia === undefined) throw new CameraError('unsupported');
  try {
    return await devices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'NotFoundError' || name === 'OverconstrainedError') throw new CameraError('missing');
    if (name === 'NotReadableError' || name === 'AbortError') throw new CameraError('busy');
    throw new CameraError('denied');
  }
}

function readFrame(video: HTMLVideoElement, canvas: HTMLCanvasElement): Uint8Array<ArrayBuffer> | undefined {
  const { videoWidth, videoHeight } = video;
  if (videoWidth === 0 || videoHeight === 0) return undefined;
  const scale = Math.min(1, MAX_PX / Math.max(videoWidth, videoHeight));
  canvas.width = Math.round(videoWidth * scale);
  canvas.height = Math.round(videoHeight * scale);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return undefined;
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  return readImage(context.getImageData(0, 0, canvas.width, canvas.height));
}

/** The bytes of the code in a picture; undefined where there is none. */
export function readImage(image: {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}): Uint8Array<ArrayBuffer> | undefined {
  try {
    return bytesOf(decodeQR(image, { textDecoder: latin1 }));
  } catch {
    // It throws for every frame without a code.
    return undefined;
  }
}
