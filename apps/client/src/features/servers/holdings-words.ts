import type { Holdings } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';
import { bytes } from '../../ui/bytes.ts';

/** What is stored of a server, as a size where the device tells it, else as a number of messages. */
export function storedWords(holdings: Holdings): string {
  return holdings.bytes === null
    ? t.servers.storedMessages(holdings.messages)
    : t.servers.storedBytes(bytes(holdings.bytes));
}
