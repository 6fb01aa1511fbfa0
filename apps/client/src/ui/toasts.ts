import { mount } from 'svelte';
import { toast } from 'svelte-sonner';
import type { ToastSpec } from './toast-spec.ts';
import Toaster from './Toaster.svelte';

let mounted = false;

/** Shows a toast. This file and its library are fetched with the first one. */
export function showToast(spec: ToastSpec): void {
  if (!mounted) {
    mounted = true;
    mount(Toaster, { target: document.body });
  }
  const show = spec.tone === 'ok' ? toast.success : spec.tone === 'danger' ? toast.error : toast;
  show(spec.text, {
    duration: spec.duration ?? (spec.action === undefined ? 5000 : 10_000),
    ...(spec.detail === undefined ? {} : { description: spec.detail }),
    ...(spec.id === undefined ? {} : { id: spec.id }),
    ...(spec.action === undefined ? {} : { action: { label: spec.action.label, onClick: spec.action.onselect } }),
  });
}
