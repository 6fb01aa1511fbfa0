import type { ContentBlock, SessionUpdate } from '@agentclientprotocol/sdk';
import { describeAsk, describeWrite } from './describe-ask.ts';
import { plainText, quoted, shortened } from './plain-text.ts';
import type { RunEntry } from './run-entry.ts';

const MARKS = { pending: ' ', in_progress: '…', completed: 'x' };

/** Turns the entries of a run into what a terminal shows, in their order. */
export class RunRenderer {
  /** What the last line belongs to, while it may still grow. */
  #open: string | undefined;
  readonly #titles = new Map<string, string>();

  /** @returns text that ends where the next one is to go on */
  render(entry: RunEntry): string {
    switch (entry.kind) {
      case 'begun':
        return this.#line(
          BEGUN[entry.start] + (entry.modes === null ? '' : ` Mode: ${plainText(entry.modes.currentModeId)}.`),
        );
      case 'prompt':
        return this.#line(`> ${shortened(plainText(entry.text))}`);
      case 'update':
        return this.#update(entry.update);
      case 'mode':
        return this.#line(`Mode: ${plainText(entry.mode)}.`);
      case 'asked':
        return this.#line(`\n${describeAsk(entry.ask)}`);
      case 'answered':
        return this.#line(entry.choice === null ? 'Not decided.' : `Decided: ${plainText(entry.choice)}.`);
      case 'read':
        return this.#line(`Read ${quoted(entry.path)}.`);
      case 'wrote':
        return this.#line(`Wrote ${quoted(entry.path)} (${entry.bytes} bytes).`);
      case 'command':
        return this.#line(`$ ${shortened([entry.command, ...entry.args].map(quoted).join(' '))}`);
      case 'output':
        return this.#grow(`output ${entry.terminal}`, plainText(entry.text));
      case 'exited':
        return this.#line(
          entry.code === null ? `Ended by ${entry.signal ?? 'a signal'}.` : `Ended with ${entry.code}.`,
        );
      case 'refused':
        return this.#line(`Not done: ${shortened(entry.what)}. ${plainText(entry.why)}`);
      case 'turn':
        return this.#line(TURNS[entry.stop] + (entry.why === null ? '' : ` ${plainText(entry.why)}`));
      case 'ended':
        return this.#line(ENDS[entry.why]);
      default:
        return entry satisfies never;
    }
  }

  #update(update: SessionUpdate): string {
    switch (update.sessionUpdate) {
      case 'user_message_chunk':
      case 'agent_message_chunk':
      case 'agent_thought_chunk':
        return this.#grow(`${update.sessionUpdate} ${update.messageId ?? ''}`, plainText(textOf(update.content)));
      case 'plan':
        return this.#line(
          update.entries.map(({ status, content }) => `[${MARKS[status]}] ${plainText(content)}`).join('\n'),
        );
      case 'tool_call':
      case 'tool_call_update': {
        const title = update.title ?? this.#titles.get(update.toolCallId) ?? '';
        this.#titles.set(update.toolCallId, title);
        const places = (update.locations ?? []).map(
          ({ path, line }) => ` ${quoted(path)}${line == null ? '' : `:${line}`}`,
        );
        const parts = (update.content ?? []).flatMap((part) => {
          if (part.type === 'diff')
            return describeWrite({ ...part, before: part.oldText ?? null, after: part.newText });
          return part.type === 'content' ? [shortened(plainText(textOf(part.content)))] : [];
        });
        const status = update.status == null ? '' : ` (${update.status})`;
        return this.#line([`* ${shortened(quoted(title))}${status}${places.join('')}`, ...parts].join('\n'));
      }
      case 'current_mode_update':
        return this.#line(`Mode: ${plainText(update.currentModeId)}.`);
      case 'notice':
        return this.#line(plainText(`${update.title} ${update.description ?? ''}`));
      case 'available_commands_update':
      case 'config_option_update':
      case 'session_info_update':
      case 'usage_update':
      case 'compaction_update':
      case 'compaction_summary_chunk':
        return '';
      default:
        return update satisfies never;
    }
  }

  #grow(what: string, text: string): string {
    const isSame = this.#open === what;
    const start = isSame || this.#open === undefined ? '' : '\n';
    this.#open = text.endsWith('\n') ? undefined : what;
    return start + text;
  }

  #line(text: string): string {
    const start = this.#open === undefined ? '' : '\n';
    this.#open = undefined;
    return `${start}${text}\n`;
  }
}

const BEGUN = {
  new: 'The agent is there.',
  loaded: 'The agent is there and remembers this conversation.',
  anew: 'The agent is there, but knows nothing of what was said before.',
};
const TURNS = {
  end_turn: 'Done.',
  max_tokens: 'Stopped: the agent may not say more in one turn.',
  max_turn_requests: 'Stopped: the agent may not do more in one turn.',
  refusal: 'The agent refuses to go on.',
  cancelled: 'Cancelled.',
  failed: 'This failed.',
};
const ENDS = {
  closed: 'The run is closed.',
  agent_ended: 'The agent has ended.',
  cut: 'The run was cut off.',
};

function textOf(content: ContentBlock): string {
  switch (content.type) {
    case 'text':
      return content.text;
    case 'image':
    case 'audio':
      return `[${content.type} ${content.mimeType}]`;
    case 'resource_link':
      return `[${content.uri}]`;
    case 'resource':
      return `[${content.resource.uri}]`;
    default:
      return content satisfies never;
  }
}
