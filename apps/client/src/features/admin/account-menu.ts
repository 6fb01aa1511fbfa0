import type { ServerHandle } from '@skerry/core';
import type { Account, Role } from '@skerry/protocol';
import { t } from '../../i18n/t-pages.ts';
import { sayFailure } from '../../state/failure.ts';
import type { MenuEntry, MenuSpec, Overlays } from '../../ui/overlays.svelte.ts';

type Parts = {
  readonly me: Account;
  readonly server: ServerHandle;
  readonly overlays: Overlays;
  readonly onreset: () => void;
};

const RANK: readonly Role[] = ['member', 'moderator', 'admin', 'owner'];
const rank = (account: Account): number => RANK.indexOf(account.role);

/** What an admin may do about an account: only about those below, and never beyond their own role. The server decides again. */
export function accountMenu(account: Account, parts: Parts): MenuSpec {
  const { me, server, overlays, onreset } = parts;
  const isOwner = me.role === 'owner';
  const isBelow = isOwner || rank(account) < rank(me);
  const entries: MenuEntry[] = [];
  if (isBelow) {
    for (const role of RANK.filter((one) => isOwner || RANK.indexOf(one) < rank(me)))
      entries.push({
        kind: 'check',
        label: t.channels.members.role[role],
        checked: account.role === role,
        onselect: () => void setRole(role),
      });
    entries.push({ kind: 'separator' });
    entries.push({ kind: 'action', label: t.admin.resetLink, onselect: onreset });
    entries.push({
      kind: 'action',
      label: account.disabled ? t.admin.enable : t.admin.disable,
      danger: !account.disabled,
      onselect: () => void setDisabled(!account.disabled),
    });
  }
  return {
    label: t.channels.members.actions(account.displayName),
    header: { title: account.displayName, detail: `@${account.username}` },
    entries:
      entries.length > 0
        ? entries
        : [{ kind: 'action', label: t.admin.notAllowed, disabled: true, onselect: () => undefined }],
    align: 'end',
  };

  async function setRole(role: Role): Promise<void> {
    if (role === account.role) return;
    await server
      .run({ kind: 'account.role', account: account.id, role })
      .catch((error: unknown) => sayFailure(overlays, error));
  }

  async function setDisabled(disabled: boolean): Promise<void> {
    if (disabled) {
      const agreed = await overlays.confirm({
        title: t.admin.disableAsk(account.displayName),
        text: t.admin.disableText,
        confirm: t.admin.disable,
        danger: true,
      });
      if (!agreed) return;
    }
    await server
      .run({ kind: 'account.disable', account: account.id, disabled })
      .catch((error: unknown) => sayFailure(overlays, error));
  }
}
