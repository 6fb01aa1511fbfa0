import type { Role } from '@skerry/protocol';
import { RANK, isAtLeast } from '../log/command-handler.ts';

/** Whether somebody may silence another, take them out of voice or move them: moderators, whoever is below them. SPEC V-6. */
export const mayModerate = (actor: Role, target: Role): boolean =>
  isAtLeast({ role: actor }, 'moderator') && (actor === 'owner' || RANK[actor] > RANK[target]);
