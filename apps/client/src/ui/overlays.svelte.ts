import type { Component } from 'svelte';
import { createContext } from 'svelte';
import type { ToastSpec } from './toast-spec.ts';

export type MenuIcon = Component<{ size?: number | string }>;

export type MenuEntry =
  | {
      readonly kind: 'action';
      readonly label: string;
      readonly icon?: MenuIcon;
      readonly keys?: string;
      readonly danger?: boolean;
      readonly disabled?: boolean;
      readonly onselect: () => void;
    }
  | {
      readonly kind: 'check';
      readonly label: string;
      readonly checked: boolean;
      readonly icon?: MenuIcon;
      readonly onselect: () => void;
    }
  | { readonly kind: 'separator' };

export type MenuSpec = {
  /** Accessible name of the menu. */
  readonly label: string;
  /** Whom it is about: a name, and what tells it apart from others of that name. */
  readonly header?: { readonly title: string; readonly detail?: string };
  readonly entries: readonly MenuEntry[];
  readonly side?: 'top' | 'right' | 'bottom' | 'left';
  readonly align?: 'start' | 'center' | 'end';
};

export type MenuAnchor = HTMLElement | { readonly x: number; readonly y: number };

export type ConfirmSpec = {
  readonly title: string;
  /** What will happen, in full sentences, with numbers where there are any. */
  readonly text: string;
  readonly confirm: string;
  readonly cancel?: string;
  readonly danger?: boolean;
};

type OpenMenu = { readonly anchor: MenuAnchor; readonly spec: MenuSpec; readonly serial: number };
type OpenConfirm = { readonly spec: ConfirmSpec; readonly serial: number; readonly settle: (agreed: boolean) => void };
type Announcement = { readonly text: string; readonly serial: number };

/**
 * What lies above the page: one menu, one question, toasts, and the spoken line for screen readers. Components ask
 * for them here; what draws them is loaded on first use by `OverlayHost`.
 */
export class Overlays {
  #menu: OpenMenu | undefined = $state.raw();
  #confirm: OpenConfirm | undefined = $state.raw();
  #polite: Announcement = $state.raw({ text: '', serial: 0 });
  #urgent: Announcement = $state.raw({ text: '', serial: 0 });
  #serial = 0;

  get menu(): OpenMenu | undefined {
    return this.#menu;
  }
  get question(): OpenConfirm | undefined {
    return this.#confirm;
  }
  get polite(): Announcement {
    return this.#polite;
  }
  get urgent(): Announcement {
    return this.#urgent;
  }

  /** Opens a menu at an element or at a point; one that is open already gives way. */
  openMenu(anchor: MenuAnchor, spec: MenuSpec): void {
    this.#menu = { anchor, spec, serial: (this.#serial += 1) };
  }

  closeMenu(): void {
    this.#menu = undefined;
  }

  hasMenuAt(anchor: MenuAnchor | undefined): boolean {
    return anchor !== undefined && this.#menu?.anchor === anchor;
  }

  /** Asks; resolves to true only when the person pressed the confirming button. */
  confirm(spec: ConfirmSpec): Promise<boolean> {
    this.#confirm?.settle(false);
    return new Promise((resolve) => {
      const serial = (this.#serial += 1);
      this.#confirm = {
        spec,
        serial,
        settle: (agreed) => {
          if (this.#confirm?.serial === serial) this.#confirm = undefined;
          resolve(agreed);
        },
      };
    });
  }

  /** Shows a short notice at the top right; screen readers hear it too. */
  toast(spec: ToastSpec): void {
    void import('./toasts.ts').then(({ showToast }) => showToast(spec));
    this.announce(spec.detail === undefined ? spec.text : `${spec.text} ${spec.detail}`, spec.tone === 'danger');
  }

  /** Says a sentence to screen readers without moving the focus. */
  announce(text: string, urgent = false): void {
    const announcement = { text, serial: (this.#serial += 1) };
    if (urgent) this.#urgent = announcement;
    else this.#polite = announcement;
  }
}

const [useOverlays, provideOverlays] = createContext<Overlays>();
export { provideOverlays, useOverlays };
