import { LocalError, type OwnDeviceView, type ServerHandle } from '@skerry/core';
import { sayFailure } from '../../state/failure.ts';
import { t } from '../../i18n/t-pages.ts';
import type { Overlays } from '../../ui/overlays.svelte.ts';

/** A question about one device that is on screen, or the code that brings a new one. */
export type AskingDevice =
  { readonly kind: 'approve' | 'rename' | 'stolen'; readonly device: OwnDeviceView } | { readonly kind: 'link' };

/** What came of letting a device in. `changed`: it shows other words by now. */
export type Approval = 'done' | 'changed' | 'failed';

/** The name of a device; one without any is called by its number. */
export function deviceName({ label, device }: OwnDeviceView): string {
  return label.trim() === '' ? t.identity.devices.unnamed(device) : label;
}

/** What a person can do to their devices on one server. Each says its consequence first. */
export class DeviceVerbs {
  readonly server: ServerHandle;
  readonly #overlays: Overlays;
  asking: AskingDevice | undefined = $state.raw();

  constructor(server: ServerHandle, overlays: Overlays) {
    this.server = server;
    this.#overlays = overlays;
  }

  compare(device: OwnDeviceView): void {
    this.asking = { kind: 'approve', device };
  }
  rename(device: OwnDeviceView): void {
    this.asking = { kind: 'rename', device };
  }
  stolen(device: OwnDeviceView): void {
    this.asking = { kind: 'stolen', device };
  }
  link(): void {
    this.asking = { kind: 'link' };
  }
  close(): void {
    this.asking = undefined;
  }

  /** Only the device that showed exactly the words the person compared. */
  async approve({ device, words }: OwnDeviceView): Promise<Approval> {
    try {
      await this.server.keys.approve(device, words);
      return 'done';
    } catch (error) {
      if (error instanceof LocalError && error.code === 'bad_request') return 'changed';
      sayFailure(this.#overlays, error);
      return 'failed';
    }
  }

  deny({ device }: OwnDeviceView): Promise<boolean> {
    return this.#try(() => this.server.keys.revoke(device), t.identity.approve.denied);
  }

  async revoke(device: OwnDeviceView): Promise<void> {
    const says = t.identity.devices;
    const name = deviceName(device);
    const { label } = this.server.view.get();
    const agreed = await this.#overlays.confirm({
      title: says.revokeAsk(name),
      text: device.isThis ? says.revokeThisText(label) : says.revokeText(name, label),
      confirm: says.revokeConfirm,
      danger: true,
    });
    if (agreed) await this.#try(() => this.server.keys.revoke(device.device), says.revoked(name));
  }

  revokeAsStolen(device: OwnDeviceView): Promise<boolean> {
    return this.#try(
      () => this.server.keys.revokeAsStolen(device.device),
      t.identity.devices.stolenDone(deviceName(device)),
    );
  }

  setLabel(device: OwnDeviceView, label: string): Promise<boolean> {
    return this.#try(() => this.server.keys.rename(device.device, label));
  }

  /** @returns whether it worked; what went wrong was said */
  async #try(work: () => Promise<void>, said?: string): Promise<boolean> {
    try {
      await work();
      if (said !== undefined) this.#overlays.toast({ text: said });
      return true;
    } catch (error) {
      sayFailure(this.#overlays, error);
      return false;
    }
  }
}
